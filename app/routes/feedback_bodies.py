"""What feedback and readings look like in the API."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.hearing import Heard
from app.routes.moment import Moment
from finetune.caps import GiverReport
from retrieval.feedback_types import Counts, ReadingKind
from retrieval.retrieve import MAX_QUESTION_CHARS
from retrieval.types import Feedback, Reading, Reason, Verdict

Words = Annotated[str, Field(min_length=1, max_length=8000)]
Id = Annotated[str, Field(min_length=1, max_length=64)]
Ids = Annotated[list[Id], Field(max_length=20)]


class NewFeedbackBody(BaseModel):
    """What you say about an answer; at least one thing."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"verdict": "down", "reasons": ["outdated"], "answer": "It is 27 days now."}]},
    )

    verdict: Verdict | None = None
    reasons: list[Reason] = Field(default=[], max_length=7, description="Why.")
    answer: Words | None = Field(default=None, description="The right answer, in your words.")
    evidence: Words | None = Field(default=None, description="A sentence of a document that holds it.")
    right_documents: Ids = Field(default=[], description="Ids of documents that hold the right answer.")
    wrong_documents: Ids = Field(default=[], description="Ids of cited documents that do not.")
    right_chunks: Ids = Field(default=[], description="`chunk_id` of passages of the answer that hold it.")
    wrong_chunks: Ids = Field(default=[], description="`chunk_id` of passages of the answer that do not.")
    preferred_over: Id | None = Field(
        default=None, description="`interaction_id` of another answer of the same asker, which is worse than this one."
    )


class FeedbackBody(BaseModel):
    """What somebody said about an answer."""

    id: str
    interaction_id: str
    principal_id: str = Field(description="Who said it.")
    given_at: datetime
    verdict: Verdict | None
    reasons: list[Reason]
    answer: str | None
    evidence: str | None
    right_documents: list[str]
    wrong_documents: list[str]
    right_chunks: list[str]
    wrong_chunks: list[str]
    preferred_over: str | None
    approved_by: str | None = Field(description="Who found it right.")
    refused_by: str | None = Field(description="Who found it wrong: nothing is learned from it.")


class ChosenBody(BaseModel):
    """A document that is named as right."""

    document_id: str
    title: str
    uri: str


class AskedFeedbackBody(FeedbackBody):
    """What somebody said, with the question it is about."""

    question: str
    withheld: bool = Field(
        description="Neither question nor words nor documents are shown: it is about a document that was deleted "
        "or that you may not read."
    )
    given: str = Field(
        description="The answer as it was given; words that say so where it stands on more than you may read, and "
        "nothing where it is `withheld`."
    )
    chosen: list[ChosenBody] = Field(description="What it names as right, by document or passage.")
    entry: str | None = Field(description="Id of the document that its approval made, where you may read it.")


class FeedbackQuery(BaseModel):
    """Which feedback is listed."""

    since: Moment | None = Field(default=None, description="Only what was said after this moment.")
    limit: int = Field(default=50, ge=1, le=1000)
    only: Literal["corrections"] | None = Field(
        default=None,
        description="`corrections`: what gives a right answer, evidence, or right or wrong sources; "
        "what this or the next two narrow is looked for among the last 1,000.",
    )
    approved: bool | None = Field(
        default=None, description="Whether it was approved; `false` is what waits for that, without what was refused."
    )
    refused: bool | None = Field(default=None, description="Whether it was refused.")


class FeedbackListBody(BaseModel):
    """Feedback, the newest first."""

    feedback: list[AskedFeedbackBody]


class NewReadingBody(BaseModel):
    """What you did with a citation of an answer."""

    model_config = ConfigDict(extra="forbid")

    chunk_id: Id = Field(description="As the citation has it.")
    kind: ReadingKind = Field(description="`opened`, or `copied`.")
    seconds: float = Field(
        default=0,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        description="How long it was looked at; an hour at most counts.",
    )


class ReadingBody(BaseModel):
    """That somebody opened or copied a citation."""

    chunk_id: str
    kind: ReadingKind
    position: int = Field(description="Place of the passage in the answer, from 1.")
    seconds: float
    at: datetime


class GivenBody(BaseModel):
    """What another system, or a set of judgements, says of a document or a passage and a question."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    question: Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARS)]
    document: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        description="Its id, its uri, or what its uri ends with."
    )
    evidence: Words | None = Field(default=None, description="Words of the passage that is meant.")
    label: float = Field(ge=-1, le=1, allow_inf_nan=False, description="How right it is: 1 answers, -1 does not.")
    giver: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Who said it there; a set of judgements when left out."
    )
    given_at: Moment | None = Field(default=None, description="Now when left out.")


class GivenFeedbackBody(BaseModel):
    """Labels to take in."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,64}$")] = Field(description="What they come from.")
    collection: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="The one collection that their documents are in."
    )
    labels: list[GivenBody] = Field(min_length=1, max_length=1000)


class RefusedBody(BaseModel):
    """A label that was not taken."""

    label: int = Field(description="Its place in the list, from 0.")
    reason: str


class TakenBody(BaseModel):
    """What became of given labels."""

    added: int
    replaced: int = Field(description="Known already: what was said before is replaced.")
    refused: list[RefusedBody]


class GiverBody(BaseModel):
    """How somebody's feedback stands beside that of the others."""

    giver: str = Field(description="Principal id, or the name of a giver that was imported.")
    votes: int = Field(description="Labels of a passage and a question.")
    weight: float
    share: float = Field(description="Of the weight of all.")
    contradicted: float = Field(description="Share of the votes of which most others say the opposite.")
    alone: float = Field(description="Share of the votes for a document that no other who voted there names.")
    trusted: bool = Field(description="Some of it was approved, or judged for this purpose.")
    allies: list[str] = Field(
        description="With whom it votes together against the rest: all of them count as one person."
    )
    outlier: bool = Field(description="Somebody should look at it.")


class GiversBody(BaseModel):
    """Who gives feedback, outliers first."""

    givers: list[GiverBody]


class FeedbackCountsBody(BaseModel):
    """How much was said."""

    up: int
    down: int
    corrections: int
    approved: int = Field(description="Corrections that somebody found right.")
    refused: int = Field(description="Corrections that somebody found wrong.")
    given: dict[str, int] = Field(description="Labels that were taken in, by the source that gave them.")


class OwnFeedbackBody(BaseModel):
    """What you said about an answer and did with it."""

    feedback: FeedbackBody | None = Field(description="Null where you said nothing.")
    readings: list[ReadingBody]


def feedback_body(said: Feedback) -> FeedbackBody:
    """Shape feedback for the API."""
    return FeedbackBody(
        id=said.id,
        interaction_id=said.interaction_id,
        principal_id=said.principal_id,
        given_at=said.given_at,
        verdict=said.verdict,
        reasons=list(said.reasons),
        answer=said.answer,
        evidence=said.evidence,
        right_documents=list(said.right_documents),
        wrong_documents=list(said.wrong_documents),
        right_chunks=list(said.right_chunks),
        wrong_chunks=list(said.wrong_chunks),
        preferred_over=said.preferred_over,
        approved_by=said.approved_by,
        refused_by=said.refused_by,
    )


def feedback_counts_body(counts: Counts, given: Mapping[str, int]) -> FeedbackCountsBody:
    """Shape how much was said for the API."""
    return FeedbackCountsBody(**asdict(counts), given=dict(given))


def giver_body(report: GiverReport) -> GiverBody:
    """Shape the report of a giver for the API."""
    return GiverBody(**asdict(report), outlier=report.outlier)


def reading_body(reading: Reading) -> ReadingBody:
    """Shape a reading for the API."""
    return ReadingBody(
        chunk_id=reading.chunk_id,
        kind=reading.kind,
        position=reading.position,
        seconds=reading.seconds,
        at=reading.at,
    )


def asked_feedback_body(found: Heard) -> AskedFeedbackBody:
    """Shape feedback with what it is about for the API."""
    return AskedFeedbackBody(
        **feedback_body(found.said).model_dump(),
        question=found.question,
        withheld=found.withheld,
        given=found.given,
        chosen=[ChosenBody(**asdict(one)) for one in found.chosen],
        entry=found.entry,
    )
