"""One question, from request to record: history, answer, log, metrics, traces. Every way to ask goes through here."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from app import logs
from app.assistants import through
from app.auth import Caller
from app.bootstrap import Services
from app.streaming import Ended
from retrieval.deadline import Deadline
from retrieval.errors import AttuneError, CancelledError, InvalidInputError, NotFoundError
from retrieval.events import Event, Listen
from retrieval.quoting import Quoted
from retrieval.types import Interaction, Principal, Query
from retrieval.withhold import named_documents, withhold

NEW = "new"
"""In the place of a conversation's id: the answer begins one."""

_LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as somebody asked it.

    Attributes:
        conversation: Id of the one it goes on with, ``new`` to begin one, None for none.
        replaces: The interaction of that conversation whose place the answer takes, with all that came after it.
        assistant: Id of the assistant that is asked; None for none.
        headers: Of the request, for traces.
    """

    query: Query
    caller: Caller
    conversation: str | None = None
    replaces: str | None = None
    assistant: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def principal(self) -> Principal:
        """What access lists are matched with."""
        return self.caller.principal


def answer(services: Services, asked: Asked, *, listen: Listen, left: Callable[[], bool]) -> Interaction:
    """Answer a question and keep what came of it.

    Args:
        services: What answers.
        asked: The question.
        listen: Told what happens, as it happens.
        left: Says whether nobody waits for the answer any more; then nothing is kept.

    Returns:
        The answer; as it was recorded, unless something in it was taken from its reader while it was made.

    Raises:
        InvalidInputError: The question is empty or too long, has both a history and a conversation, takes the place of
            one outside of a conversation, names an adapter that is not there or not the asker's to choose, or another
            collection than its assistant searches.
        NotFoundError: There is no such collection, conversation or assistant, or what it replaces does not stand in
            that conversation.
        CancelledError: Whoever asked left.
    """
    begun = datetime.now(UTC)
    query, principal = _through_assistant(services, asked, _remembered(services, asked)), asked.principal
    deadline = Deadline(services.settings.llm_timeout_s, left)
    # Groups, suspension, a revoked key: what the asker lost meanwhile is not cited any more.
    answerer = replace(services.answerer, current=lambda _: services.authenticator.still(asked.caller))
    interaction = answerer.answer(query, principal=principal, listen=listen, deadline=deadline)
    ended_ns = time.time_ns()
    services.limits.answered(asked.caller, sum(interaction.tokens.values()))
    deadline.check()  # whoever stops at the last word has stopped it: nothing is kept, nothing is replaced
    services.interactions.record(interaction)
    services.learned.asked(interaction, principal=principal)
    _note_guards(services, asked, interaction)
    interaction = _in_conversation(services, asked, interaction)
    _forget_late(services, asked, interaction, since=begun)
    services.observing.telemetry.answered(interaction)
    logs.answered(interaction, question=services.settings.log_questions)
    if traces := services.observing.traces:
        traces.answered(interaction, headers=asked.headers, ended_ns=ended_ns)
    return _shown_now(services, asked, interaction)


def _shown_now(services: Services, asked: Asked, interaction: Interaction) -> Interaction:
    """Withhold what its reader lost while a model spoke: a stream's end would show it whole once more."""
    named = named_documents([interaction])
    principal = services.authenticator.still(asked.caller)
    readable = services.catalog.readable_documents(named, principal=principal)
    return interaction if named <= readable else withhold(interaction, readable)


def _forget_late(services: Services, asked: Asked, interaction: Interaction, *, since: datetime) -> None:
    """Forget what was forgotten while a model spoke: the erasure may have looked through the log before this was kept.

    Looked for after it was kept, so that whatever is begun later finds it itself.
    """
    key = asked.principal.id
    subjects = {*named_documents([interaction]), key.removeprefix("u:")}
    for kind, subject in services.erasures.met(subjects, since=since):
        if kind == "user":
            services.conversations.forget_all(key)
            services.interactions.forget_asker(key)
            continue
        held = services.interactions.remembered(subject)
        services.interactions.forget_document(subject, held.chunk_ids, Quoted(held.texts))


def _note_guards(services: Services, asked: Asked, interaction: Interaction) -> None:
    """Note in the audit log what was refused and masked, by which rule and how often."""
    for action in ("refused", "masked"):
        decided = [one for one in interaction.answer.guards if one.action == action]
        if decided:
            details = {"collection": interaction.collection} | {
                where: {one.rule: one.count for one in decided if one.where == where}
                for where in sorted({one.where for one in decided})
            }
            services.audit_log.append(
                f"guard.{action}", f"answer:{interaction.id}", caller=asked.caller, details=details
            )


def _in_conversation(services: Services, asked: Asked, interaction: Interaction) -> Interaction:
    if asked.conversation is None:
        return interaction
    kept, principal = services.conversations, asked.principal
    key = kept.create(principal=principal).id if asked.conversation == NEW else asked.conversation
    try:
        kept.append(key, interaction.id, principal=principal, replaces=asked.replaces)
    except NotFoundError:
        # Deleted or replaced while its answer was made: the answer is there all the same, and stands in none.
        return interaction
    return replace(interaction, conversation_id=key)


def _remembered(services: Services, asked: Asked) -> Query:
    # Its weights may have been trained on what not everybody may read.
    if asked.query.sampling.adapter is not None and not asked.principal.administrator:
        raise InvalidInputError("only administrators choose an adapter")
    if asked.conversation in {None, NEW}:
        if asked.replaces is not None:
            raise InvalidInputError("replaces: name the conversation that it stands in")
        return asked.query
    if asked.query.history:
        raise InvalidInputError("a question has a history or a conversation, not both")
    key, replaces = str(asked.conversation), asked.replaces
    history = services.conversations.history(key, principal=asked.principal, before=replaces)
    return replace(asked.query, history=history)


def _through_assistant(services: Services, asked: Asked, query: Query) -> Query:
    if asked.assistant is None:
        return query
    return through(query, services.assistants.use(asked.assistant, principal=asked.principal))


def events(services: Services, asked: Asked) -> AsyncIterator[Event | Ended | AttuneError]:
    """Answer in a thread of its own; closing the iterator ends the work.

    Returns:
        An iterator over what happens; last ``Ended`` with the interaction, or the error that ended it.
    """

    def work(tell: Callable[[Any], None], gone: Callable[[], bool]) -> Interaction:
        return answer(services, asked, listen=tell, left=gone)

    return services.works.followed(work, name="answer")


async def answered(services: Services, asked: Asked, request: Request) -> Interaction:
    """Wait for an answer as long as the client does.

    Returns:
        The answer.

    Raises:
        AttuneError: What ended the work.
        CancelledError: The client left, or the server stops.
    """
    # Waited for as one task: a model that speaks without pause must not keep us from seeing that the client left.
    ending = asyncio.ensure_future(_ended(events(services, asked)))
    try:
        while not ending.done():
            await asyncio.wait({ending}, timeout=_LOOK_S)
            if not ending.done() and await request.is_disconnected():
                raise CancelledError("the client has left")
        return ending.result()
    finally:
        ending.cancel()


async def _ended(happening: AsyncIterator[Event | Ended | AttuneError]) -> Interaction:
    async for event in happening:
        if isinstance(event, Ended):
            result: Interaction = event.result
            return result
        if isinstance(event, AttuneError):
            raise event
    raise CancelledError("the server stops")
