"""Conversations: what somebody asked one after the other, for that person alone."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import Services
from app.conversation_text import markdown
from app.dependencies import CallerDep, PrincipalDep, ServicesDep, asker
from app.routes.answer_bodies import AnswerBody, CitationBody, answer_body
from app.routes.feedback_bodies import FeedbackBody, feedback_body
from retrieval.conversations import MAX_PAGE, Conversation
from retrieval.errors import InvalidInputError
from retrieval.types import Feedback, Interaction, Principal
from retrieval.withhold import VOID, is_shown

router = APIRouter(prefix="/v1", tags=["conversations"], dependencies=[Depends(asker)])

Title = Annotated[str, Field(min_length=1, max_length=200, examples=["Annual leave"])]
ConversationId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


class NewConversationBody(BaseModel):
    """A conversation to begin."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = Field(default=None, description="The first question becomes it when there is none.")


class TitleBody(BaseModel):
    """Another title."""

    model_config = ConfigDict(extra="forbid")

    title: Title


class ConversationBody(BaseModel):
    """One conversation."""

    id: str
    title: str = Field(description="Empty until something was asked.", examples=["How many days of leave do I get?"])
    created_at: datetime
    updated_at: datetime = Field(description="When something was asked in it last, or its title changed.")


class ConversationsBody(BaseModel):
    """A page of conversations, the one that was used last first."""

    conversations: list[ConversationBody]
    next: str | None = Field(description="Give this as `after` to get the next page; null on the last.")


class StoredCitationBody(CitationBody):
    """A quote, as far as it may be shown today."""

    available: bool = Field(description="False when its document was deleted or is not for you any more: it is empty.")


class StoredTurnBody(AnswerBody):
    """A question with its answer, as far as it may be shown today."""

    question: str
    asked_at: datetime
    available: bool = Field(description="False when the answer is withheld, because a document it cites is.")
    citations: list[StoredCitationBody]  # type: ignore[assignment]
    nearest: list[StoredCitationBody]  # type: ignore[assignment]
    feedback: FeedbackBody | None = Field(description="What you said about it; null for nothing, or when withheld.")


class OpenedConversationBody(ConversationBody):
    """A conversation with its last turns."""

    turns: list[StoredTurnBody] = Field(description="In the order in which they were asked.")
    before: str | None = Field(description="Give this as `before` to get the turns before these; null at the first.")


@router.get("/conversations", summary="List conversations")
def conversations(
    services: ServicesDep,
    principal: PrincipalDep,
    q: Annotated[str, Query(max_length=200, description="In the title or in a question, in any case.")] = "",
    after: Annotated[str | None, Query(max_length=120, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> ConversationsBody:
    """List your conversations."""
    place = None if after is None else _place(after)
    page = services.conversations.page(principal=principal, words=q, after=place, limit=limit)
    following = f"{page[-1].updated_at:%Y-%m-%dT%H:%M:%S.%fZ}~{page[-1].id}" if len(page) == limit else None
    return ConversationsBody(conversations=[_body(one) for one in page], next=following)


@router.post("/conversations", status_code=201, summary="Begin a conversation")
def begin(body: NewConversationBody, services: ServicesDep, principal: PrincipalDep) -> ConversationBody:
    """Begin an empty conversation."""
    return _body(services.conversations.create(principal=principal, title=body.title or ""))


@router.get("/conversations/{conversation_id}", summary="Open a conversation")
def conversation(
    conversation_id: ConversationId,
    services: ServicesDep,
    principal: PrincipalDep,
    before: Annotated[str | None, Query(max_length=64, description="`before` of what was opened last.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> OpenedConversationBody:
    """Open a conversation of yours at its end, with what of its answers may be shown today."""
    found = services.conversations.get(conversation_id, principal=principal)
    asked = services.conversations.interactions(conversation_id, principal=principal, before=before, limit=limit)
    said = _said(services, asked, principal)
    return _opened(found, asked, said, before=asked[0].id if len(asked) == limit else None)


@router.patch("/conversations/{conversation_id}", summary="Rename a conversation")
def rename(
    conversation_id: ConversationId, body: TitleBody, services: ServicesDep, principal: PrincipalDep
) -> ConversationBody:
    """Give a conversation of yours another title."""
    return _body(services.conversations.rename(conversation_id, body.title, principal=principal))


@router.delete("/conversations/{conversation_id}", status_code=204, summary="Delete a conversation")
def delete(conversation_id: ConversationId, services: ServicesDep, caller: CallerDep) -> Response:
    """Delete a conversation of yours; the record of what was answered stays in the interaction log."""
    services.conversations.delete(conversation_id, principal=caller.principal)
    services.audit_log.append("conversation.delete", f"conversation:{conversation_id}", caller=caller)
    return Response(status_code=204)


@router.get(
    "/conversations/{conversation_id}/export",
    summary="Export a conversation",
    response_model=OpenedConversationBody,
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}},
)
def export(
    conversation_id: ConversationId,
    services: ServicesDep,
    caller: CallerDep,
    form: Annotated[Literal["json", "markdown"], Query(alias="format")] = "json",
) -> Response:
    """Return a conversation of yours as a file, all of it."""
    found = services.conversations.get(conversation_id, principal=caller.principal)
    asked = _all(services, conversation_id, caller.principal)
    details = {"format": form, "answers": len(asked)}
    services.audit_log.append("conversation.export", f"conversation:{found.id}", caller=caller, details=details)
    said = _said(services, asked, caller.principal)
    body = _opened(found, asked, said, before=None).model_dump(mode="json")
    words = markdown(body) if form == "markdown" else json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    name = f"conversation-{found.id}.{'md' if form == 'markdown' else 'json'}"
    media_type = "text/markdown; charset=utf-8" if form == "markdown" else "application/json"
    # A question may hold half a character, which no file can.
    content = words.encode(errors="replace")
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _all(services: Services, conversation_id: str, principal: Principal) -> list[Interaction]:
    asked: list[Interaction] = []
    while True:
        before = asked[0].id if asked else None
        page = services.conversations.interactions(conversation_id, principal=principal, before=before)
        asked = [*page, *asked]
        if len(page) < MAX_PAGE:
            return asked


def _place(after: str) -> Conversation:
    moment, _, key = after.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidInputError("after is not the `next` of a page") from error
    if at.tzinfo is None or not key.isalnum():
        raise InvalidInputError("after is not the `next` of a page")
    return Conversation(key, "", at, at)


def _body(conversation: Conversation) -> ConversationBody:
    return ConversationBody(
        id=conversation.id,
        title=conversation.title,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
    )


def _said(services: Services, asked: list[Interaction], principal: Principal) -> dict[str, Feedback]:
    """Return what the asker said about each; an administrator's rights show them nobody else's."""
    me = replace(principal, administrator=False)
    said = services.feedback.of_interactions([interaction.id for interaction in asked], principal=me)
    return {key: given[-1] for key, given in said.items()}


def _opened(
    found: Conversation, asked: list[Interaction], said: Mapping[str, Feedback], *, before: str | None
) -> OpenedConversationBody:
    turns = [_turn(interaction, said.get(interaction.id)) for interaction in asked]
    return OpenedConversationBody(**_body(found).model_dump(), turns=turns, before=before)


def _turn(interaction: Interaction, said: Feedback | None) -> StoredTurnBody:
    body = answer_body(interaction).model_dump()
    for listed, citations in (("citations", interaction.answer.citations), ("nearest", interaction.answer.nearest)):
        body[listed] = [shown | {"available": is_shown(c)} for shown, c in zip(body[listed], citations, strict=True)]
    available = interaction.answer.text not in VOID
    return StoredTurnBody(
        **body,
        question=interaction.question.encode(errors="replace").decode(),
        asked_at=interaction.asked_at,
        available=available,
        feedback=feedback_body(said) if said is not None and available else None,
    )
