"""What the routes of golden sets take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from eval.questions import MAX_TAG_CHARS
from retrieval.retrieve import MAX_QUESTION_CHARS
from retrieval.revisions import MAX_URI_BYTES

# What an answer, its conversation and feedback can hold is no longer than this.
QuestionText = Annotated[str, Field(max_length=MAX_QUESTION_CHARS)]
Words = Annotated[str, Field(max_length=20_000)]
DocumentName = Annotated[str, Field(max_length=MAX_URI_BYTES)]
Tag = Annotated[str, Field(max_length=MAX_TAG_CHARS)]


class GoldenTurnBody(BaseModel):
    """An earlier turn."""

    role: Literal["user", "assistant"]
    text: Words


class GoldenPassageBody(BaseModel):
    """A stretch of a document that answers the question, word for word."""

    document: DocumentName
    text: str = Field(max_length=100_000)


class QuestionChangesBody(BaseModel):
    """What is known of a question besides its id; what is left out is unknown, or in a review stays as it is."""

    model_config = ConfigDict(extra="forbid")

    text: QuestionText | None = Field(default=None, examples=["How many days of annual leave do I get?"])
    history: list[GoldenTurnBody] | None = Field(
        default=None, max_length=200, description="Earlier turns, oldest first."
    )
    answer: Words | None = Field(default=None, description="A reference answer.", examples=["27 days a year."])
    evidence: Words | None = Field(default=None, description="A sentence of a document that answers it.")
    answerable: bool | None = Field(default=None, description="False when saying that there is no answer is right.")
    documents: list[DocumentName] | dict[DocumentName, float] | None = Field(
        default=None,
        max_length=10_000,
        description="Documents that answer it, by uri, id, or the end of their path; or name -> grade.",
    )
    passages: list[GoldenPassageBody] | None = Field(default=None, max_length=1_000)
    tags: dict[Tag, Tag] | None = Field(
        default=None, max_length=100, description="What slices are made of: department, language, ..."
    )
    variants: dict[Tag, QuestionText] | None = Field(
        default=None, max_length=100, description="`paraphrase` or a language code -> the question."
    )


class GoldenQuestionBody(QuestionChangesBody):
    """A question and what is known about its answer."""

    # Fields that published sets carry beside the question become tags.
    model_config = ConfigDict(extra="allow", populate_by_name=True)

    id: str = Field(alias="_id", min_length=1, max_length=255, examples=["q01"])
    text: str = Field(min_length=1, max_length=4000, examples=["How many days of annual leave do I get?"])
    draft: bool | None = Field(default=None, description="Made by a machine and not reviewed yet.")


class KeptQuestionBody(BaseModel):
    """A question as it is kept, without the bounds of what is taken: whatever is kept can be shown."""

    model_config = ConfigDict(populate_by_name=True)

    id: str = Field(alias="_id", examples=["q01"])
    text: str = Field(examples=["How many days of annual leave do I get?"])
    history: list[dict[str, str]] | None = Field(default=None, description="`role` and `text`, oldest first.")
    answer: str | None = None
    evidence: str | None = None
    answerable: bool | None = None
    documents: list[str] | dict[str, float] | None = None
    passages: list[dict[str, str]] | None = Field(default=None, description="`document` and `text`.")
    tags: dict[str, str] | None = None
    variants: dict[str, str] | None = None
    draft: bool | None = None
    withheld: bool | None = Field(
        default=None,
        description="True when `history`, `answer`, `evidence` and `passages` are kept, but of documents that you may "
        "not read. They stay when they are not given.",
    )


class VersionBody(BaseModel):
    """One version of a golden set; no version ever changes."""

    name: str = Field(examples=["handbook"])
    version: int = Field(description="From 1.")
    sha256: str = Field(description="Of the questions; equal for the same questions.")
    note: str
    created_by: str
    created_at: datetime
    count: int = Field(description="Questions, drafts among them.")
    drafts: int = Field(description="Questions that nobody has reviewed yet; nothing is measured with them.")


class VersionsBody(BaseModel):
    """Versions of golden sets."""

    golden_sets: list[VersionBody]


class DescriptionBody(BaseModel):
    """What can be measured with a golden set, with the documents that the caller may read."""

    counts: dict[str, int]
    tags: dict[str, dict[str, int]] = Field(description="Tag -> value -> questions.")
    measurable: dict[str, int] = Field(description="Figures -> questions they would stand on.")
    missing: list[str] = Field(description="What cannot be measured, and why.")
    notes: list[str] = Field(description="What weakens the figures.")


class WrittenBody(VersionBody):
    """The version that came of a change; the one before when nothing changed."""

    description: DescriptionBody


class GoldenSetBody(WrittenBody):
    """A golden set with its questions."""

    questions: list[KeptQuestionBody]


class DraftedBody(WrittenBody):
    """The version that came of making questions."""

    added: int = Field(description="Questions that are new in this version.")
    skipped: dict[str, int] = Field(description="What was left out, in words, and how many of it.")


class NewVersionBody(BaseModel):
    """All questions of a new version."""

    model_config = ConfigDict(extra="forbid")

    questions: list[GoldenQuestionBody] = Field(max_length=100_000)
    note: str = Field(default="", max_length=1000, description="Why.")
    after: int | None = Field(
        default=None,
        ge=0,
        lt=2**31,
        description="The version these were made from: 409 when there is a newer one. 0: none yet.",
    )


class DraftBody(BaseModel):
    """What to draft from."""

    model_config = ConfigDict(extra="forbid")

    collection: str | None = Field(default=None, max_length=64, description="Draft from this collection only.")
    limit: int = Field(default=50, ge=1, le=500, description="Most drafts.")


class ReviewBody(BaseModel):
    """What becomes of a question."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["approve", "edit", "reject"] = Field(
        description="approve: it is no draft any more; edit: it stays what it is; reject: it is taken out."
    )
    changes: QuestionChangesBody = Field(default_factory=QuestionChangesBody)


class QuestionReviewBody(ReviewBody):
    """What becomes of one question of several; each is named once."""

    key: str = Field(min_length=1, max_length=255, description="The question's `_id`.")
