"""The interaction log: every question with its answer and what produced it, as it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, desc, exists, func, insert, or_, select, tuple_
from sqlalchemy.exc import IntegrityError

from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.interaction_erasure import ErasableInteractions
from retrieval.rows import from_json, storable, to_json
from retrieval.store import listed, one_of
from retrieval.tables import feedback, interactions
from retrieval.types import Interaction, Principal

MAX_RECENT = 1_000
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Glance:
    """What monitoring looks at of one interaction.

    Attributes:
        total_ms: None where no time was taken.
        cosines: Cosine similarity in [-1, 1] of the passages that the dense search found, the highest first.
    """

    id: str
    principal_id: str
    question: str
    asked_at: datetime  # UTC
    abstained: bool
    total_ms: float | None
    cosines: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """What a review looks at of one interaction.

    Attributes:
        abstained: No answer was given because the documents hold none; not where a guard refused it.
        followed: It stands behind other turns of a conversation.
        collections: Names of the collections of what the answer cites or, where it cites nothing, of what was nearest.
        documents: Ids of all documents that the answer cites or offered.
        chunk_ids: Of its passages: what it cites first, then what was nearest, then what else was found.
    """

    id: str
    principal_id: str
    question: str
    asked_at: datetime  # UTC
    abstained: bool
    followed: bool
    collections: frozenset[str]
    documents: frozenset[str]
    chunk_ids: tuple[str, ...]


class InteractionLog(ErasableInteractions):
    """Questions and answers, kept word for word.

    What is kept here was readable when it was asked. Whether it still is, only the catalog knows: check the
    citations and passages of a stored interaction there before they are shown.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def record(self, interaction: Interaction) -> None:
        """Keep an interaction.

        Raises:
            ConflictError: One of this id is kept already.
        """
        values = {
            "id": interaction.id,
            "principal_id": interaction.principal_id,
            "collection": interaction.collection,
            # For people who look into the table; the payload holds the question as it was asked, whatever was in it.
            "question": interaction.question.encode(errors="replace").decode().replace("\x00", "\ufffd"),
            "payload": to_json(interaction),
            "asked_at": interaction.asked_at,
        }
        try:
            with self._writing() as connection:
                connection.execute(insert(interactions).values(values))
        except IntegrityError as error:
            raise ConflictError(f"interaction {interaction.id} is kept already") from error

    def get(self, interaction_id: str, *, principal: Principal) -> Interaction:
        """Return an interaction of the principal; an administrator may open anybody's.

        Returns:
            The interaction as it was recorded.

        Raises:
            NotFoundError: It is missing, or somebody else's.
        """
        statement = select(interactions.c.payload).where(interactions.c.id == interaction_id)
        if not principal.administrator:
            statement = statement.where(interactions.c.principal_id == principal.id)
        payload = None
        if principal.id and storable(interaction_id) and storable(principal.id):
            with self._reading() as connection:
                payload = connection.scalar(statement)
        if payload is None:
            raise NotFoundError(f"no interaction {interaction_id}")
        return _interaction(payload)

    def recent(self, *, principal: Principal, limit: int = 50) -> list[Interaction]:
        """Return the principal's own last interactions, an administrator's too.

        Args:
            principal: Who asks.
            limit: Most interactions to return, 1 to 1,000.

        Returns:
            The newest first.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_RECENT:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_RECENT} interactions can be listed")
        if not principal.id or not storable(principal.id):
            return []
        statement = (
            select(interactions.c.payload)
            .where(interactions.c.principal_id == principal.id)
            .order_by(desc(interactions.c.asked_at), desc(interactions.c.id))
            .limit(limit)
        )
        with self._reading() as connection:
            return [_interaction(payload) for payload in connection.scalars(statement)]

    def window(self, *, principal: Principal, before: Glance | None = None, limit: int = 50) -> list[Glance]:
        """Return glances at everybody's last interactions, for monitoring: a tenth of the time of reading them whole.

        Args:
            principal: Who asks; only an administrator is shown anything.
            before: Go on behind this one, the last of the page before; None starts at the newest.
            limit: Most interactions to return, 1 to 1,000.

        Returns:
            The newest first; empty for who is no administrator.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_RECENT:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_RECENT} interactions can be listed")
        if not principal.id or not principal.administrator:
            return []
        order = (interactions.c.asked_at, interactions.c.id)
        statement = select(interactions.c.payload).order_by(*map(desc, order)).limit(limit)
        if before is not None:
            statement = statement.where(tuple_(*order) < tuple_(before.asked_at, before.id))
        with self._reading() as connection:
            return [_glance(payload) for payload in connection.scalars(statement)]

    def past_questions(
        self, *, principal: Principal, since: datetime | None = None, limit: int = MAX_RECENT, doubtful: bool = False
    ) -> list[PastQuestion]:
        """Return what everybody asked last, for review; whether what an answer stands on may be read, ask the catalog.

        Args:
            principal: Who asks; only an administrator is shown anything.
            since: Only what was asked after this moment.
            limit: Most questions that are looked at.
            doubtful: Of these, only those without an answer and those that somebody said something about.

        Returns:
            The newest first; empty for who is no administrator.
        """
        if not principal.id or not principal.administrator:
            return []
        order = (interactions.c.asked_at, interactions.c.id)
        last = select(*order).order_by(*map(desc, order)).limit(limit)
        if since is not None:
            last = last.where(interactions.c.asked_at > since)
        within = last.subquery()
        statement = select(*order, interactions.c.payload).join(within, within.c.id == interactions.c.id)
        if doubtful:
            # The database looks into the payloads faster than they can be read: they hold the passages' texts.
            abstained = interactions.c.payload["answer"]["abstained"].as_boolean()
            statement = statement.where(or_(abstained, exists().where(feedback.c.interaction_id == interactions.c.id)))
        return self._past_questions(statement.order_by(*map(desc, order)), order)

    def _past_questions(self, statement: Select[Any], order: tuple[ColumnElement[Any], ...]) -> list[PastQuestion]:
        # Page by page: a payload is some 30 KB, and all of them together would be held twice.
        found: list[PastQuestion] = []
        page = statement
        while True:
            with self._reading() as connection:
                rows = connection.execute(page.limit(_AT_ONCE)).all()
            if not rows:
                return found
            found += [_past_question(row.payload) for row in rows]
            page = statement.where(tuple_(*order) < tuple_(rows[-1].asked_at, rows[-1].id))

    def past_questions_of(self, ids: Sequence[str], *, principal: Principal) -> dict[str, PastQuestion]:
        """Return some interactions as ``past_questions`` has them, by id; those that are missing are left out."""
        its = select(interactions.c.payload).where(one_of(interactions.c.id, "ids"))
        if not principal.id or not principal.administrator:
            return {}
        with self._reading() as connection:
            payloads = connection.scalars(its, {"ids": listed(ids)})
            return {one.id: one for one in map(_past_question, payloads)}

    def count(self, *, principal: Principal, since: datetime) -> int:
        """Return how many questions everybody asked after a moment; 0 for who is no administrator."""
        if not principal.id or not principal.administrator:
            return 0
        statement = select(func.count()).select_from(interactions).where(interactions.c.asked_at > since)
        with self._reading() as connection:
            return int(connection.scalar(statement) or 0)

    def questions(self, interaction_ids: Sequence[str], *, principal: Principal) -> dict[str, str]:
        """Return what was asked in interactions of the principal; an administrator sees anybody's.

        Returns:
            By interaction id; those that are missing or somebody else's are left out.
        """
        statement = select(interactions.c.id, interactions.c.question).where(one_of(interactions.c.id, "ids"))
        if not principal.administrator:
            statement = statement.where(interactions.c.principal_id == principal.id)
        if not principal.id or not storable(principal.id):
            return {}
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement, {"ids": listed(interaction_ids)})}


def _glance(payload: Any) -> Glance:
    cosines = [passage["dense"] for passage in payload["passages"] if passage["dense"] is not None]
    return Glance(
        id=payload["id"],
        principal_id=payload["principal_id"],
        question=payload["question"],
        asked_at=datetime.fromisoformat(payload["asked_at"]),
        abstained=payload["answer"]["abstained"],
        total_ms=payload["timings_ms"].get("total"),
        cosines=tuple(sorted(cosines, reverse=True)),
    )


def _past_question(payload: Any) -> PastQuestion:
    answer = payload["answer"]
    blocked = any(decision["action"] == "refused" for decision in answer.get("guards", ()))
    cited, nearest = answer["citations"], answer["nearest"]
    stood_on = {citation["document_id"] for citation in cited or nearest}
    shown = [(p["collection"], p["chunk"]["document_id"], p["chunk"]["id"]) for p in payload["passages"]]
    chunk_ids = [citation["chunk_id"] for citation in (*cited, *nearest)] + [key for _, _, key in shown]
    return PastQuestion(
        id=payload["id"],
        principal_id=payload["principal_id"],
        question=payload["question"],
        asked_at=datetime.fromisoformat(payload["asked_at"]),
        abstained=answer["abstained"] and not blocked,
        followed=bool(payload["history"]),
        collections=frozenset(collection for collection, document, _ in shown if document in stood_on),
        documents=frozenset(citation["document_id"] for citation in (*cited, *nearest)),
        chunk_ids=tuple(dict.fromkeys(chunk_ids)),
    )


def _interaction(payload: Any) -> Interaction:
    return cast(Interaction, from_json(Interaction, payload))
