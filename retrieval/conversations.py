"""Conversations: interactions that follow each other, each seen by whoever led it and by nobody else."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    desc,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from retrieval.catalog import Catalog
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.rows import from_json, storable
from retrieval.store import Store
from retrieval.tables import conversations, interactions
from retrieval.types import Interaction, Principal, Turn
from retrieval.withhold import VOID, named_documents, withhold

MAX_PAGE = 1_000
TITLE_CHARS = 80
_MAX_GIVEN_TITLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a person asked one after the other.

    Attributes:
        title: As it was given, or the first question, cut; empty until there is one.
        updated_at: When the last question was added or the title changed.
    """

    id: str
    title: str
    created_at: datetime  # UTC
    updated_at: datetime  # UTC


class Conversations(Store):
    """Conversations on the interaction log.

    Nobody but who led a conversation sees it, administrators neither: theirs is the interaction log. Missing and
    somebody else's are one error. What leaves here was held against the catalog: an answer that stands on a document
    which its reader may not read any more is withheld.

    Args:
        catalog: Knows what may still be read; the conversations are in its database.
    """

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog.engine)
        self._catalog = catalog

    def create(self, *, principal: Principal, title: str = "") -> Conversation:
        """Begin a conversation.

        Returns:
            The conversation, empty; without a title the first question becomes it.

        Raises:
            InvalidInputError: The title is too long, or nobody asks.
        """
        if not principal.id or not storable(principal.id):
            raise InvalidInputError("a conversation is somebody's")
        now = datetime.now(UTC)
        made = Conversation(uuid4().hex, _checked_title(title) if title else "", now, now)
        values = {"id": made.id, "principal_id": principal.id, "title": made.title}
        with self._writing() as connection:
            connection.execute(insert(conversations).values(values | {"created_at": now, "updated_at": now}))
        return made

    def page(
        self, *, principal: Principal, words: str = "", after: Conversation | None = None, limit: int = 50
    ) -> list[Conversation]:
        """Return the principal's own conversations.

        Args:
            principal: Who asks.
            words: Only those whose title or one of whose questions holds this, in upper or lower case.
            after: Go on behind this one, the last of the page before.
            limit: Most conversations to return, 1 to 1,000.

        Returns:
            The one that was added to last first.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        _check_limit(limit)
        if not storable(words):
            return []
        order = (conversations.c.updated_at, conversations.c.id)
        statement = _select(_own(principal)).order_by(*map(desc, order)).limit(limit)
        if words:
            statement = statement.where(_holds(words))
        if after is not None:
            statement = statement.where(tuple_(*order) < tuple_(after.updated_at, after.id))
        return self._conversations(statement)

    def get(self, conversation_id: str, *, principal: Principal) -> Conversation:
        """Return a conversation of the principal.

        Raises:
            NotFoundError: It is missing, or somebody else's.
        """
        found = self._conversations(_select(_of(conversation_id, principal)))
        if not found:
            raise NotFoundError(f"no conversation {conversation_id}")
        return found[0]

    def interactions(
        self, conversation_id: str, *, principal: Principal, before: str | None = None, limit: int = MAX_PAGE
    ) -> list[Interaction]:
        """Return the last interactions of a conversation, as much of each as may be shown today.

        Args:
            conversation_id: Of the principal.
            principal: Who asks.
            before: Only what was asked before this interaction of the conversation; None ends with the newest.
            limit: Most interactions to return, 1 to 1,000.

        Returns:
            In the order in which they were asked, see ``withhold``.

        Raises:
            InvalidInputError: The limit is out of range.
            NotFoundError: The conversation is missing, or somebody else's.
        """
        _check_limit(limit)
        self.get(conversation_id, principal=principal)
        order = (interactions.c.asked_at, interactions.c.id)
        own = interactions.c.conversation_id == conversation_id
        statement = select(interactions.c.payload).where(own).order_by(*map(desc, order)).limit(limit)
        if before is not None:
            known = select(*order).where(own, interactions.c.id == (before if storable(before) else ""))
            statement = statement.where(tuple_(*order) < known.scalar_subquery())
        with self._reading() as connection:
            payloads = connection.scalars(statement).all()
        kept = [cast(Interaction, from_json(Interaction, payload)) for payload in reversed(payloads)]
        readable = self._catalog.readable_documents(named_documents(kept), principal=principal)
        return [replace(withhold(interaction, readable), conversation_id=conversation_id) for interaction in kept]

    def history(self, conversation_id: str, *, principal: Principal, turns: int = 6) -> tuple[Turn, ...]:
        """Return the last turns of a conversation, for the question that follows; a long one costs no more.

        Args:
            conversation_id: Of the principal.
            principal: Who asks.
            turns: Most turns to return; each question and each answer is one.

        Returns:
            Oldest first, and a question first; an answer that is withheld today is left out.

        Raises:
            NotFoundError: It is missing, or somebody else's.
        """
        last = self.interactions(conversation_id, principal=principal, limit=max(1, turns // 2))
        made: list[Turn] = []
        for interaction in last:
            made.append(Turn("user", interaction.question))
            if interaction.answer.text not in VOID:
                made.append(Turn("assistant", interaction.answer.text))
        return tuple(made)

    def append(self, conversation_id: str, interaction_id: str, *, principal: Principal) -> None:
        """Add an interaction that was just recorded to a conversation; both of the principal.

        Two that are added at once are both kept.

        Raises:
            NotFoundError: One of them is missing or somebody else's, or the interaction stands in a conversation.
        """
        question = select(interactions.c.question).where(
            interactions.c.id == (interaction_id if storable(interaction_id) else ""),
            interactions.c.principal_id == principal.id,
            interactions.c.conversation_id.is_(None),
        )
        with self._writing() as connection:
            # Of two that begin a conversation at once, the second finds the title that the first gave it.
            title = self._locked(connection, conversation_id, principal)
            asked = connection.scalar(question.with_for_update())
            if asked is None:
                raise NotFoundError(f"no interaction {interaction_id} that stands in no conversation")
            to_interaction = update(interactions).where(interactions.c.id == interaction_id)
            connection.execute(to_interaction.values(conversation_id=conversation_id))
            values = {"title": title or cut_title(asked), "updated_at": datetime.now(UTC)}
            connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(values))

    def rename(self, conversation_id: str, title: str, *, principal: Principal) -> Conversation:
        """Give a conversation another title.

        Returns:
            The conversation with it.

        Raises:
            InvalidInputError: The title is empty or too long.
            NotFoundError: It is missing, or somebody else's.
        """
        values = {"title": _checked_title(title), "updated_at": datetime.now(UTC)}
        with self._writing() as connection:
            self._locked(connection, conversation_id, principal)
            connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(values))
        return self.get(conversation_id, principal=principal)

    def delete(self, conversation_id: str, *, principal: Principal) -> None:
        """Delete a conversation; its interactions stay in the log, where they belong to no conversation any more.

        Raises:
            NotFoundError: It is missing, or somebody else's.
        """
        within = interactions.c.conversation_id == conversation_id
        with self._writing() as connection:
            self._locked(connection, conversation_id, principal)
            connection.execute(update(interactions).where(within).values(conversation_id=None))
            connection.execute(delete(conversations).where(conversations.c.id == conversation_id))

    def forget_all(self, principal_id: str) -> int:
        """Remove all conversations of somebody; interactions that were in them stand in none any more.

        Returns:
            How many.
        """
        own = conversations.c.principal_id == principal_id
        mine = interactions.c.conversation_id.in_(select(conversations.c.id).where(own))
        with self._writing() as connection:
            connection.execute(update(interactions).where(mine).values(conversation_id=None))
            return connection.execute(delete(conversations).where(own)).rowcount

    def _locked(self, connection: Connection, conversation_id: str, principal: Principal) -> str:
        """Keep others from changing a conversation until the transaction ends; gives its title."""
        title = select(conversations.c.title).where(_of(conversation_id, principal)).with_for_update()
        found = connection.scalar(title)
        if found is None:
            raise NotFoundError(f"no conversation {conversation_id}")
        return str(found)

    def _conversations(self, statement: Select[Any]) -> list[Conversation]:
        with self._reading() as connection:
            return [Conversation(*row) for row in connection.execute(statement)]


def cut_title(question: str) -> str:
    """Return a question as a title: one line of at most 80 characters."""
    words = " ".join(question.split())
    return words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"


def _checked_title(title: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in title).split())
    if not plain or len(plain) > _MAX_GIVEN_TITLE_CHARS:
        raise InvalidInputError(f"a title has 1 to {_MAX_GIVEN_TITLE_CHARS} characters")
    return plain


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(f"limit is {limit}; 1 to {MAX_PAGE} can be listed")


def _select(which: ColumnElement[bool]) -> Select[Any]:
    columns = conversations.c
    return select(columns.id, columns.title, columns.created_at, columns.updated_at).where(which)


def _own(principal: Principal) -> ColumnElement[bool]:
    return conversations.c.principal_id == principal.id if principal.id and storable(principal.id) else false()


def _of(conversation_id: str, principal: Principal) -> ColumnElement[bool]:
    return and_(_own(principal), conversations.c.id == conversation_id) if storable(conversation_id) else false()


def _holds(words: str) -> ColumnElement[bool]:
    def within(column: ColumnElement[str]) -> ColumnElement[bool]:
        return func.lower(column).contains(words.lower(), autoescape=True)

    asked = exists().where(interactions.c.conversation_id == conversations.c.id, within(interactions.c.question))
    return or_(within(conversations.c.title), asked)
