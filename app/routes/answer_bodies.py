"""What is sent and received about questions and answers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.routes.explanation_bodies import ExplanationBody
from app.routes.filter_bodies import FiltersBody
from retrieval.types import Box, Citation, Interaction, Query, Sampling, SentenceVerdict, Support, Turn


class TurnBody(BaseModel):
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str = Field(min_length=1, max_length=20_000)


class SamplingBody(BaseModel):
    """How a language model draws its words; what is left out is as the settings say. Recorded with the answer."""

    model_config = ConfigDict(extra="forbid")

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=8192)
    seed: int | None = Field(default=None, ge=0, lt=2**63, description="For models that honour one.")
    adapter: str | None = Field(
        default=None, max_length=100, description="Name of a LoRA adapter of a local model; for administrators."
    )


class QuestionBody(BaseModel):
    """A question, with the conversation it stands in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "How many days of annual leave do I get?"}]},
    )

    question: str = Field(min_length=1, max_length=4000, description="1 to 4,000 characters.")
    collection: str | None = Field(default=None, max_length=64, description="Search this collection only.")
    filters: FiltersBody = Field(default_factory=FiltersBody, description="Which documents are searched.")
    history: list[TurnBody] = Field(default=[], max_length=200, description="Earlier turns, oldest first.")
    conversation_id: str | None = Field(
        default=None,
        max_length=64,
        description="The stored conversation it goes on with, in place of a history; `new` begins one.",
    )
    assistant: str | None = Field(
        default=None,
        max_length=64,
        description="Id of the assistant that is asked: its collection is searched, and its instructions are heeded.",
    )
    replaces: str | None = Field(
        default=None,
        max_length=64,
        description="With `conversation_id`: the `interaction_id` in it whose place this takes. That turn and all "
        "after it leave the conversation once the new answer is stored.",
    )
    explain: bool = Field(
        default=False, description="Say why each passage was found; for administrators, and not in a stream."
    )
    sampling: SamplingBody = Field(default_factory=SamplingBody, description="How a language model draws its words.")

    def query(self) -> Query:
        """Shape it for the question path.

        Returns:
            What is asked.

        Raises:
            InvalidInputError: A filter's value can be no document's.
        """
        return Query(
            text=self.question,
            collection=self.collection,
            filters=self.filters.filters(),
            history=tuple(Turn(turn.role, turn.text) for turn in self.history),
            sampling=Sampling(**self.sampling.model_dump()),
        )


class BoxBody(BaseModel):
    """A rectangle on a page: points (1/72 inch), origin at the top left."""

    x0: float
    y0: float
    x1: float
    y1: float


class CitationBody(BaseModel):
    """A verbatim quote: characters ``start`` to ``end`` of the revision's text are ``quote``."""

    number: int = Field(description="The [n] in the answer.", examples=[1])
    document_id: str = Field(examples=["0d6a2c1f5b1e4d2c8f0a9b7c6d5e4f30"])
    revision_id: str
    chunk_id: str = Field(description="Of its passage: what feedback and readings name.")
    title: str = Field(examples=["Annual leave"])
    uri: str = Field(examples=["file:///srv/handbook/people/leave.md"])
    section: list[str] = Field(description="Headings above the quote, outermost first.", examples=[["Entitlement"]])
    page: int | None = Field(description="Page, slide or sheet from 1, where the format has one.")
    box: BoxBody | None = Field(default=None, description="Where on the page, where the format says.")
    start: int = Field(ge=0, examples=[120])
    end: int = Field(ge=0, examples=[168])
    quote: str = Field(examples=["You earn 27 days of annual leave in a full year."])
    suspect: bool = Field(default=False, description="Something in its passage speaks to a language model.")
    masked: bool = Field(
        default=False,
        description="Secrets or personal data in the quote are replaced by marks: it is verbatim but there.",
    )


class SentenceBody(BaseModel):
    """How far one sentence of the answer is borne out by what it cites."""

    start: int = Field(ge=0, description="Character offset into the answer.")
    end: int = Field(ge=0)
    verdict: Support
    citations: list[int] = Field(description="The numbers it carries.", examples=[[1]])
    missing: list[str] = Field(description="Numbers, names and denials that its quotes lack.", examples=[["27"]])


class GuardBody(BaseModel):
    """What a guard did."""

    action: Literal["refused", "masked"]
    rule: str = Field(examples=["email"])
    where: Literal["question", "answer"]
    count: int = Field(examples=[1])


class AnswerBody(BaseModel):
    """An answer with the quotes it stands on."""

    answer: str = Field(examples=["You earn 27 days of annual leave in a full year. [1]"])
    abstained: bool = Field(description="True when the documents do not answer the question.")
    confidence: float = Field(ge=0, le=1)
    citations: list[CitationBody]
    nearest: list[CitationBody] = Field(description="The closest passages, when there is no answer.")
    sentences: list[SentenceBody] = Field(description="Each sentence of the answer, checked against its quotes.")
    removed: int = Field(description="Sentences left out because nothing bears them out, where the settings say so.")
    blocked: str | None = Field(
        default=None, description="The rule of a guard by which there is no answer.", examples=["topic:salaries"]
    )
    guards: list[GuardBody] = Field(default=[], description="What guards masked or refused in question and answer.")
    degraded: bool = Field(description="True when the language model failed and quotes took its place.")
    generator: str = Field(examples=["extractive"])
    interaction_id: str
    conversation_id: str | None = Field(default=None, description="The stored conversation it stands in.")
    assistant: str | None = Field(default=None, description="Id of the assistant that was asked.")
    searched: str = Field(description="What was searched for in place of a follow-up; empty for the question itself.")
    explanations: list[ExplanationBody] | None = Field(
        default=None, description="Why each passage that the answer was made from was found, when that was asked for."
    )
    timings_ms: dict[str, float] = Field(examples=[{"retrieve": 14.1, "generate": 3.3, "total": 17.4}])


class ReplayBody(BaseModel):
    """A stored question, answered again from what was recorded."""

    same: bool = Field(description="True when the words, the citations and the verdicts are the same.")
    differences: list[str] = Field(examples=[["the words differ"]])
    recorded: str = Field(description="The answer as it was given.")
    answer: str = Field(description="The answer as it is now.")
    generation: dict[str, Any] = Field(
        description="With what the words were drawn: template and its sha256, mark, model, temperature, top_p, "
        "max_tokens, seed, where they apply.",
        examples=[{"template": "answer-2", "temperature": 0.0, "seed": 7}],
    )


def answer_body(interaction: Interaction) -> AnswerBody:
    """Shape an interaction for the API."""
    answer = interaction.answer
    return AnswerBody(
        answer=answer.text,
        abstained=answer.abstained,
        confidence=round(answer.confidence, 4),
        citations=[citation_body(c) for c in answer.citations],
        nearest=[citation_body(c) for c in answer.nearest],
        sentences=[sentence_body(verdict) for verdict in answer.sentences],
        removed=answer.removed,
        blocked=answer.blocked,
        guards=[GuardBody(action=g.action, rule=g.rule, where=g.where, count=g.count) for g in answer.guards],
        degraded=answer.degraded,
        generator=answer.generator,
        interaction_id=interaction.id,
        conversation_id=interaction.conversation_id,
        assistant=interaction.assistant,
        searched=interaction.searched,
        timings_ms=dict(interaction.timings_ms),
    )


def citation_body(citation: Citation) -> CitationBody:
    """Shape a citation for the API."""
    return CitationBody(
        number=citation.number,
        document_id=citation.document_id,
        revision_id=citation.revision_id,
        chunk_id=citation.chunk_id,
        title=citation.title,
        uri=citation.uri,
        section=list(citation.section),
        page=citation.page,
        box=box_body(citation.box),
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        suspect=citation.suspect,
        masked=bool(citation.masked),
    )


def sentence_body(verdict: SentenceVerdict) -> SentenceBody:
    """Shape the verdict on a sentence for the API."""
    return SentenceBody(
        start=verdict.start,
        end=verdict.end,
        verdict=verdict.verdict,
        citations=list(verdict.citations),
        missing=list(verdict.missing),
    )


def box_body(box: Box | None) -> BoxBody | None:
    """Shape a rectangle for the API."""
    return None if box is None else BoxBody(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
