"""Questions and answers."""

from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.answering import Asked, answered, events
from app.auth import Caller
from app.bootstrap import Services
from app.dependencies import CallerDep, ServicesDep, administrator, answering, asker
from app.errors import status_of
from app.routes.answer_bodies import AnswerBody, QuestionBody, ReplayBody, answer_body, citation_body, sentence_body
from app.routes.explanation_bodies import (
    ANEW,
    ExplanationBody,
    ExplanationsBody,
    explained_passages,
    explanation_bodies,
)
from app.sse import MEDIA_TYPE, UNBUFFERED, event
from app.streaming import Ended
from retrieval.errors import AttuneError, ConflictError
from retrieval.events import Cited, Event, Judged, Restarted, Retrieved, Token
from retrieval.replay import check_readable, replay, searched_for
from retrieval.types import Interaction, Query
from retrieval.withhold import named_documents, withhold

# Words of the answer before, whose documents are not among those that were looked at; what who set up an assistant
# tells a language model.
_UNTOLD = frozenset({"search_context", "instructions"})
QUESTION_MAX_BYTES = 8 * 2**20  # a question with 200 long turns before it

router = APIRouter(prefix="/v1", tags=["answers"], dependencies=[Depends(asker)])

_EVENTS = {
    "description": "The answer. As `text/event-stream` when the request accepts that, the events `retrieval`, `token`, "
    "`citation`, `verdict`, `done` (the whole answer) and `error`.",
    "content": {"text/event-stream": {}},
}


@router.post(
    "/answers",
    max_body_size=QUESTION_MAX_BYTES,
    response_model=AnswerBody,
    responses={200: _EVENTS},
    dependencies=[Depends(answering)],
    summary="Ask a question",
)
async def ask(body: QuestionBody, request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """Answer from the documents the caller may read, with citations, or say that they hold no answer."""
    if body.explain:
        administrator(caller.principal)
    asked = Asked(body.query(), caller, body.conversation_id, body.replaces, body.assistant, request.headers)
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(_stream(events(services, asked)), media_type=MEDIA_TYPE, headers=UNBUFFERED)
    found = await answered(services, asked, request)
    answer = answer_body(found)
    if body.explain:
        answer.explanations = await run_in_threadpool(_explanations, services, asked, found)
    return JSONResponse(answer.model_dump())


def _explanations(services: Services, asked: Asked, found: Interaction) -> list[ExplanationBody]:
    searched = searched_for(found)
    query = replace(asked.query, collection=found.collection)  # an assistant may have named it
    return explanation_bodies(services, query, found.passages, principal=asked.principal, searched=searched)


@router.get("/answers/{interaction_id}", summary="Open a stored answer")
def stored(interaction_id: str, services: ServicesDep, caller: CallerDep) -> AnswerBody:
    """Return an answer of the caller's as it was given; withheld when one of its documents may not be read any more.

    Administrators may open anybody's.

    Returns:
        The answer.
    """
    interaction = _opened(services, interaction_id, caller)
    named = named_documents([interaction])
    return answer_body(withhold(interaction, services.catalog.readable_documents(named, principal=caller.principal)))


@router.post(
    "/answers/{interaction_id}/replay", dependencies=[Depends(answering)], summary="Answer a stored question again"
)
def replayed(interaction_id: str, services: ServicesDep, caller: CallerDep) -> ReplayBody:
    """Answer again from the same passages with the same prompt, sampling and seed; nothing is recorded.

    404 also when one of the passages may not be read any more; 409 for an answer in somebody else's conversation.

    Returns:
        Both answers, and what differs.

    Raises:
        ConflictError: A model would be given what was said before to somebody else, and might say it again.
    """
    interaction = _opened(services, interaction_id, caller)
    _check_stands_alone(interaction, caller, "replayed")
    made = replay(services.answerer, interaction, principal=caller.principal)
    return ReplayBody(
        same=not made.differences,
        differences=list(made.differences),
        recorded=interaction.answer.text,
        answer=made.answer.text,
        generation={name: value for name, value in interaction.generation.items() if name not in _UNTOLD},
    )


@router.get(
    "/answers/{interaction_id}/explanations",
    dependencies=[Depends(administrator), Depends(answering)],
    summary="Explain a stored answer",
)
def explained(interaction_id: str, services: ServicesDep, caller: CallerDep) -> ExplanationsBody:
    """Say why each passage of a stored answer was chosen, from the record as far as it goes; for administrators.

    404 also when one of the passages may not be read any more; 409 for an answer in somebody else's conversation.

    Returns:
        As `explain` of `POST /v1/answers`, and which of it had to be computed anew.

    Raises:
        ConflictError: What was said before to somebody else would be searched for once more.
    """
    interaction = _opened(services, interaction_id, caller)
    _check_stands_alone(interaction, caller, "explained")
    check_readable(services.catalog, interaction, principal=caller.principal)
    query, passages = Query(interaction.question, interaction.collection, interaction.filters), interaction.passages
    searched = searched_for(interaction)
    told = explanation_bodies(services, query, passages, principal=caller.principal, searched=searched)
    return ExplanationsBody(
        question=interaction.question.encode(errors="replace").decode(),
        searched=interaction.searched,
        asked_at=interaction.asked_at,
        versions=dict(interaction.versions),
        computed_anew=list(ANEW),
        explanations=told,
        passages=explained_passages(passages),
    )


def _check_stands_alone(interaction: Interaction, caller: Caller, done: str) -> None:
    if interaction.history and interaction.principal_id != caller.principal.id:
        raise ConflictError(f"this answer goes on with somebody else's conversation; only they can have it {done}")


def _opened(services: Services, interaction_id: str, caller: Caller) -> Interaction:
    found = services.interactions.get(interaction_id, principal=caller.principal)
    if found.principal_id != caller.principal.id:
        # An administrator reads what somebody else was told: that is told of them too.
        services.audit_log.append("answer.open", f"answer:{found.id}", caller=caller)
    return found


async def _stream(happening: AsyncIterator[Event | Ended | AttuneError]) -> AsyncIterator[bytes]:
    async for happened in happening:
        yield _event(happened)


def _event(happened: Event | Ended | AttuneError) -> bytes:
    """Write what happened as it goes over the wire."""
    match happened:
        case Retrieved():
            found = [
                {"document_id": p.chunk.document_id, "title": p.title, "score": round(p.score, 4)}
                for p in happened.passages
            ]
            written = event("retrieval", {"passages": found, "searched": happened.searched})
        case Token():
            written = event("token", {"text": happened.text})
        case Cited():
            written = event("citation", citation_body(happened.citation).model_dump())
        case Judged():
            written = event("verdict", sentence_body(happened.verdict).model_dump())
        case Restarted():
            written = event("error", {"recoverable": True, "title": "Restarted", "detail": happened.reason})
        case Ended():
            written = event("done", answer_body(happened.result).model_dump())
        case AttuneError():
            status, title = status_of(happened)
            written = event("error", {"recoverable": False, "status": status, "title": title, "detail": str(happened)})
    return written
