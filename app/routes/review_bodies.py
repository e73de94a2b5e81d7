"""What review looks like in the API: groups of questions, and content gaps."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.gaps import ContentGap
from app.hearing import Heard
from app.reviewing import Complaint, Kind, QuestionGroup
from app.routes.answer_bodies import CitationBody, citation_body
from app.routes.feedback_bodies import AskedFeedbackBody, asked_feedback_body
from app.routes.moment import Moment
from eval.review_store import GroupState, State
from retrieval.types import Interaction

_SAMPLES = 20

Wanted = Literal["any", "open", "handled", "dismissed"]


class GroupsQuery(BaseModel):
    """Which groups are listed."""

    kind: Kind = Field(default="all", description="Rated down, without an answer, or both.")
    state: Wanted = Field(default="any", description="Where nobody set one it is `open`.")
    since: Moment | None = Field(default=None, description="Only what was asked after this moment.")
    limit: int = Field(default=50, ge=1, le=200)


class GapsQuery(BaseModel):
    """Which content gaps are listed."""

    state: Wanted = Field(default="open", description="Where nobody set one it is `open`.")
    answered: bool = Field(default=False, description="Also those that would be answered now.")
    since: Moment | None = Field(default=None, description="Only what was asked after this moment.")
    limit: int = Field(default=20, ge=1, le=50)


class NewStateBody(BaseModel):
    """What becomes of a group of questions."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    state: State
    note: str = Field(default="", max_length=2000, description="What was done, or why nothing is.")


class StateBody(BaseModel):
    """What became of a group of questions."""

    state: State
    note: str
    set_by: str = Field(description="Principal id.")
    set_at: datetime


class SampleBody(BaseModel):
    """A question of a group."""

    interaction_id: str
    question: str
    asked_at: datetime
    abstained: bool
    down: bool = Field(description="Somebody rated the answer down.")


class AskedBody(BaseModel):
    """A question that was asked, with its answer and what people said of it."""

    interaction_id: str
    question: str
    asked_at: datetime
    abstained: bool
    answer: str = Field(description="As it was given; words that say so where it stands on more than you may read.")
    citations: list[CitationBody]
    nearest: list[CitationBody] = Field(description="The closest passages, when there was no answer.")
    said: list[AskedFeedbackBody] = Field(description="The newest first.")


class QuestionGroupBody(BaseModel):
    """Questions that ask for the same thing."""

    id: str = Field(description="`interaction_id` of its oldest question that you may see.")
    title: str = Field(description="The question that is nearest to all of them.")
    count: int
    askers: int = Field(description="How many people asked.")
    first_asked: datetime
    last_asked: datetime
    abstained: float = Field(description="Share of the questions that got no answer.")
    down: float = Field(description="Share of the questions whose answers somebody rated down.")
    reasons: dict[str, int] = Field(description="How often each was given.")
    samples: list[SampleBody] = Field(description="The last ones, the newest first.")
    state: StateBody | None = Field(description="Null where nobody set one.")
    asked_since: int = Field(description="How many were asked since its state was set.")


class QuestionGroupsBody(BaseModel):
    """Groups of questions, the largest first."""

    groups: list[QuestionGroupBody]
    withheld: int = Field(
        description="Questions whose answers name a document that was deleted or that you, an administrator, may not "
        "read: they are not shown."
    )
    passed_over: int = Field(description="Questions that say nothing without the conversation they stand in.")


class NearDocumentBody(BaseModel):
    """A document that comes near."""

    document_id: str
    chunk_id: str = Field(description="Its best passage.")
    title: str
    uri: str
    collection: str
    score: float = Field(description="Comparable within one gap only.")
    similarity: float | None = Field(description="Cosine similarity; null when the dense search found none of it.")


class ContentGapBody(QuestionGroupBody):
    """Questions to which the documents gave no answer."""

    confidence: float = Field(description="How likely what you may read answers its title now, 0 to 1.")
    answered_now: bool = Field(description="It would be answered: something was added since.")
    nearest: list[NearDocumentBody]


class GapsBody(BaseModel):
    """Content gaps, those that were asked most first."""

    gaps: list[ContentGapBody]
    withheld: int = Field(description="As of groups.")


def group_body(group: QuestionGroup) -> QuestionGroupBody:
    """Shape a group for the API."""
    questions = group.questions
    return QuestionGroupBody(
        id=group.id,
        title=group.title,
        count=len(questions),
        askers=len({one.asked.principal_id for one in questions}),
        first_asked=questions[0].asked.asked_at,
        last_asked=group.last_asked,
        abstained=sum(one.asked.abstained for one in questions) / len(questions),
        down=sum(one.down for one in questions) / len(questions),
        reasons=group.reasons,
        samples=[_sample(one) for one in questions[: -_SAMPLES - 1 : -1]],
        state=None if group.state is None else state_body(group.state),
        asked_since=group.asked_since(),
    )


def asked_body(asked: Interaction, said: Sequence[Heard]) -> AskedBody:
    """Shape a question with its answer, as far as it may be shown, and what was said of it for the API."""
    return AskedBody(
        interaction_id=asked.id,
        question=asked.question,
        asked_at=asked.asked_at,
        abstained=asked.answer.abstained,
        answer=asked.answer.text,
        citations=[citation_body(citation) for citation in asked.answer.citations],
        nearest=[citation_body(citation) for citation in asked.answer.nearest],
        said=[asked_feedback_body(one) for one in said],
    )


def state_body(state: GroupState) -> StateBody:
    """Shape what became of a group for the API."""
    return StateBody(state=state.state, note=state.note, set_by=state.set_by, set_at=state.set_at)


def gap_body(gap: ContentGap) -> ContentGapBody:
    """Shape a content gap for the API."""
    return ContentGapBody(
        **group_body(gap.group).model_dump(),
        confidence=gap.confidence,
        answered_now=gap.answered_now,
        nearest=[NearDocumentBody(**asdict(one)) for one in gap.nearest],
    )


def _sample(one: Complaint) -> SampleBody:
    asked = one.asked
    return SampleBody(
        interaction_id=asked.id,
        question=asked.question,
        asked_at=asked.asked_at,
        abstained=asked.abstained,
        down=one.down,
    )
