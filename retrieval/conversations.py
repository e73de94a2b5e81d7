"""Conversations: interactions that follow each other, each seen by whoever led it and by nobody else."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, delete, desc, exists, func, insert, or_, select, tuple_, update

from retrieval.conversation_turns import MAX_PAGE, ConversationTurns, check_limit, of, own
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.tables import conversations, interactions
from retrieval.types import Principal

__all__ = ["MAX_PAGE", "Conversation", "Conversations"]

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


class Conversations(ConversationTurns):
    """Conversations on the interaction log.

    Nobody but who led a conversation sees it, administrators neither: theirs is the interaction log. Missing and
    somebody else's are one error. What leaves here was held against the catalog: an answer that stands on a document
    which its reader may not read any more is withheld.

    Args:
        catalog: Knows what may still be read; the conversations are in its database.
    """

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
        check_limit(limit)
        if not storable(words):
            return []
        order = (conversations.c.updated_at, conversations.c.id)
        statement = _select(own(principal)).order_by(*map(desc, order)).limit(limit)
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
        found = self._conversations(_select(of(conversation_id, principal)))
        if not found:
            raise NotFoundError(f"no conversation {conversation_id}")
        return found[0]

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

    def _conversations(self, statement: Select[Any]) -> list[Conversation]:
        with self._reading() as connection:
            return [Conversation(*row) for row in connection.execute(statement)]


def _checked_title(title: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in title).split())
    if not plain or len(plain) > _MAX_GIVEN_TITLE_CHARS:
        raise InvalidInputError(f"a title has 1 to {_MAX_GIVEN_TITLE_CHARS} characters")
    return plain


def _select(which: ColumnElement[bool]) -> Select[Any]:
    columns = conversations.c
    return select(columns.id, columns.title, columns.created_at, columns.updated_at).where(which)


def _holds(words: str) -> ColumnElement[bool]:
    def within(column: ColumnElement[str]) -> ColumnElement[bool]:
        return func.lower(column).contains(words.lower(), autoescape=True)

    asked = exists().where(interactions.c.conversation_id == conversations.c.id, within(interactions.c.question))
    return or_(within(conversations.c.title), asked)
