"""Questions and answers."""

import time
from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app import logs
from app.bootstrap import Services
from app.dependencies import PrincipalDep, ServicesDep
from app.sse import MEDIA_TYPE, event
from retrieval.types import Box, Citation, Interaction, Principal, Turn

QUESTION_MAX_BYTES = 8 * 2**20  # a question with 200 long turns before it

router = APIRouter(prefix="/v1", tags=["answers"])


class TurnBody(BaseModel):
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str = Field(min_length=1, max_length=20_000)


class QuestionBody(BaseModel):
    """A question, with the conversation it stands in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "How many days of annual leave do I get?"}]},
    )

    question: str = Field(min_length=1, max_length=4000, description="1 to 4,000 characters.")
    collection: str | None = Field(default=None, max_length=64, description="Search this collection only.")
    history: list[TurnBody] = Field(default=[], max_length=200, description="Earlier turns, oldest first.")


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
    title: str = Field(examples=["Annual leave"])
    uri: str = Field(examples=["file:///srv/handbook/people/leave.md"])
    section: list[str] = Field(description="Headings above the quote, outermost first.", examples=[["Entitlement"]])
    page: int | None = Field(description="Page, slide or sheet from 1, where the format has one.")
    box: BoxBody | None = Field(default=None, description="Where on the page, where the format says.")
    start: int = Field(ge=0, examples=[120])
    end: int = Field(ge=0, examples=[168])
    quote: str = Field(examples=["You earn 27 days of annual leave in a full year."])


class AnswerBody(BaseModel):
    """An answer with the quotes it stands on."""

    answer: str = Field(examples=["You earn 27 days of annual leave in a full year. [1]"])
    abstained: bool = Field(description="True when the documents do not answer the question.")
    confidence: float = Field(ge=0, le=1)
    citations: list[CitationBody]
    nearest: list[CitationBody] = Field(description="The closest passages, when there is no answer.")
    degraded: bool = Field(description="True when the language model failed and quotes took its place.")
    generator: str = Field(examples=["extractive"])
    interaction_id: str
    timings_ms: dict[str, float] = Field(examples=[{"retrieve": 14.1, "generate": 3.2, "cite": 0.1, "total": 17.4}])


_EVENTS = {
    "description": "The answer. As `text/event-stream` when the request accepts that: events `retrieval` (the "
    "passages' documents), `token` (a piece of the answer), `citation`, `done` (the whole answer) or `error`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.post(
    "/answers",
    max_body_size=QUESTION_MAX_BYTES,
    response_model=AnswerBody,
    responses={200: _EVENTS},
    summary="Ask a question",
)
def ask(body: QuestionBody, request: Request, services: ServicesDep, principal: PrincipalDep) -> Response:
    """Answer from the documents the caller may read, with citations, or say that they hold no answer."""
    interaction = _answer(body, request, services, principal)
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(_events(interaction), media_type=MEDIA_TYPE)
    return JSONResponse(answer_body(interaction).model_dump())


def _answer(body: QuestionBody, request: Request, services: Services, principal: Principal) -> Interaction:
    interaction = services.answerer.answer(
        body.question,
        principal=principal,
        collection=body.collection,
        history=[Turn(turn.role, turn.text) for turn in body.history],
    )
    ended_ns = time.time_ns()
    services.interactions.record(interaction)
    services.observing.telemetry.answered(interaction)
    logs.answered(interaction, question=services.settings.log_questions)
    if traces := services.observing.traces:
        traces.answered(interaction, headers=request.headers, ended_ns=ended_ns)
    return interaction


def _events(interaction: Interaction) -> Iterator[bytes]:
    body = answer_body(interaction)
    documents = [
        {"document_id": p.chunk.document_id, "title": p.title, "score": round(p.score, 4)} for p in interaction.passages
    ]
    yield event("retrieval", {"passages": documents})
    for piece in body.answer.split("\n\n"):
        yield event("token", {"text": piece + "\n\n"})
    for citation in body.citations:
        yield event("citation", citation.model_dump())
    yield event("done", body.model_dump())


def answer_body(interaction: Interaction) -> AnswerBody:
    """Shape an interaction for the API."""
    answer = interaction.answer
    return AnswerBody(
        answer=answer.text,
        abstained=answer.abstained,
        confidence=round(answer.confidence, 4),
        citations=[citation_body(c) for c in answer.citations],
        nearest=[citation_body(c) for c in answer.nearest],
        degraded=answer.degraded,
        generator=answer.generator,
        interaction_id=interaction.id,
        timings_ms=dict(interaction.timings_ms),
    )


def citation_body(citation: Citation) -> CitationBody:
    """Shape a citation for the API."""
    return CitationBody(
        number=citation.number,
        document_id=citation.document_id,
        revision_id=citation.revision_id,
        title=citation.title,
        uri=citation.uri,
        section=list(citation.section),
        page=citation.page,
        box=box_body(citation.box),
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
    )


def box_body(box: Box | None) -> BoxBody | None:
    """Shape a rectangle for the API."""
    return None if box is None else BoxBody(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
