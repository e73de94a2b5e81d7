"""What stands in a conversation: the interactions, what is said of them to the next question, and how one is added."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import ColumnElement, Connection, and_, desc, exists, false, select, tuple_, update

from retrieval.catalog import Catalog
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.rows import from_json, storable
from retrieval.store import Store
from retrieval.tables import conversations, interactions
from retrieval.types import Interaction, Principal, Turn
from retrieval.withhold import VOID, named_documents, withhold

MAX_PAGE = 1_000
TITLE_CHARS = 80

_ORDER = (interactions.c.asked_at, interactions.c.id)


class ConversationTurns(Store):
    """The part of ``Conversations`` that knows what stands in one.

    Args:
        catalog: Knows what may still be read; the conversations are in its database.
    """

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog.engine)
        self._catalog = catalog

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
        check_limit(limit)
        within = interactions.c.conversation_id == conversation_id
        statement = select(interactions.c.payload).where(within).order_by(*map(desc, _ORDER)).limit(limit)
        if before is not None:
            known = select(*_ORDER).where(_in(conversation_id, before))
            statement = statement.where(tuple_(*_ORDER) < known.scalar_subquery())
        with self._reading() as connection:
            if connection.scalar(select(conversations.c.id).where(of(conversation_id, principal))) is None:
                raise NotFoundError(f"no conversation {conversation_id}")
            payloads = connection.scalars(statement).all()
        kept = [cast(Interaction, from_json(Interaction, payload)) for payload in reversed(payloads)]
        readable = self._catalog.readable_documents(named_documents(kept), principal=principal)
        return [replace(withhold(interaction, readable), conversation_id=conversation_id) for interaction in kept]

    def history(
        self, conversation_id: str, *, principal: Principal, before: str | None = None, turns: int = 6
    ) -> tuple[Turn, ...]:
        """Return the last turns of a conversation, for the question that follows; a long one costs no more.

        Args:
            conversation_id: Of the principal.
            principal: Who asks.
            before: The interaction of the conversation whose place the question takes; None for one at the end.
            turns: Most turns to return; each question and each answer is one.

        Returns:
            Oldest first, and a question first; an answer that is withheld today is left out.

        Raises:
            NotFoundError: It is missing, or somebody else's; or ``before`` does not stand in it.
        """
        last = self.interactions(conversation_id, principal=principal, before=before, limit=max(1, turns // 2))
        if before is not None and not self._holds(conversation_id, before):
            raise NotFoundError(f"no interaction {before} in this conversation")
        made: list[Turn] = []
        for interaction in last:
            made.append(Turn("user", interaction.question))
            if interaction.answer.text not in VOID:
                made.append(Turn("assistant", interaction.answer.text))
        return tuple(made)

    def append(
        self, conversation_id: str, interaction_id: str, *, principal: Principal, replaces: str | None = None
    ) -> None:
        """Add an interaction that was just recorded to a conversation; both of the principal.

        Two that are added at once are both kept.

        Args:
            conversation_id: Where it is added.
            interaction_id: Of what was recorded.
            principal: Whose they are.
            replaces: An interaction of the conversation that leaves it, with all that came after it; they stay in the
                log, where they belong to no conversation any more.

        Raises:
            NotFoundError: One of them is missing or somebody else's, the interaction stands in a conversation, or what
                it replaces does not stand in this one any more.
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
            if replaces is not None:
                title = _made_way(connection, conversation_id, replaces, title)
            to_interaction = update(interactions).where(interactions.c.id == interaction_id)
            connection.execute(to_interaction.values(conversation_id=conversation_id))
            values = {"title": title or cut_title(asked), "updated_at": datetime.now(UTC)}
            connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(values))

    def _holds(self, conversation_id: str, interaction_id: str) -> bool:
        with self._reading() as connection:
            return connection.scalar(select(interactions.c.id).where(_in(conversation_id, interaction_id))) is not None

    def _locked(self, connection: Connection, conversation_id: str, principal: Principal) -> str:
        """Keep others from changing a conversation until the transaction ends; gives its title."""
        title = select(conversations.c.title).where(of(conversation_id, principal)).with_for_update()
        found = connection.scalar(title)
        if found is None:
            raise NotFoundError(f"no conversation {conversation_id}")
        return str(found)


def cut_title(question: str) -> str:
    """Return a question as a title: one line of at most 80 characters."""
    words = " ".join(question.split())
    return words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"


def check_limit(limit: int) -> None:
    """Raise where a page cannot be that long.

    Raises:
        InvalidInputError: The limit is out of range.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(f"limit is {limit}; 1 to {MAX_PAGE} can be listed")


def own(principal: Principal) -> ColumnElement[bool]:
    """Return the condition that a conversation is the principal's."""
    return conversations.c.principal_id == principal.id if principal.id and storable(principal.id) else false()


def of(conversation_id: str, principal: Principal) -> ColumnElement[bool]:
    """Return the condition that a conversation is this one, and the principal's."""
    return and_(own(principal), conversations.c.id == conversation_id) if storable(conversation_id) else false()


def _in(conversation_id: str, interaction_id: str) -> ColumnElement[bool]:
    its = interactions.c.id == (interaction_id if storable(interaction_id) else "")
    return and_(interactions.c.conversation_id == conversation_id, its)


def _made_way(connection: Connection, conversation_id: str, replaced: str, title: str) -> str:
    """Take an interaction and what came after it out of a conversation; return the title that is left."""
    row = connection.execute(select(*_ORDER, interactions.c.question).where(_in(conversation_id, replaced))).first()
    if row is None:
        raise NotFoundError(f"no interaction {replaced} in this conversation")
    within, place = interactions.c.conversation_id == conversation_id, tuple_(row.asked_at, row.id)
    gone = update(interactions).where(within, tuple_(*_ORDER) >= place)
    connection.execute(gone.values(conversation_id=None))
    begun = connection.scalar(select(exists().where(within)))
    # A title that the first question gave goes with it; one that was chosen stays.
    return title if begun or title != cut_title(row.question) else ""
