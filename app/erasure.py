"""Erasures: what was asked to be forgotten, how far that is, and the receipt."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import desc, insert, or_, select, tuple_, update

from app.tables import erasures
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store, listed, one_of

Kind = Literal["user", "document"]
MAX_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Erasure:
    """Something that is forgotten.

    Attributes:
        subject: Id of the user or document.
        finished_at: None while it goes on; whatever stopped it, it is carried on.
        receipt: What was erased, what was found afterwards, and what could not be reached; plain JSON.
    """

    id: str
    kind: Kind
    subject: str
    requested_by: str  # principal id
    requested_at: datetime  # UTC
    finished_at: datetime | None
    receipt: Mapping[str, Any]


class Erasures(Store):
    """The record of erasures, on SQLite or PostgreSQL.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def begin(self, kind: Kind, subject: str, *, by: str, receipt: Mapping[str, Any]) -> Erasure:
        """Write down that something is to be forgotten, before anything is.

        Returns:
            The erasure; one of the same subject that has not ended goes on.
        """
        going_on = select(erasures).where(
            erasures.c.kind == kind, erasures.c.subject == subject, erasures.c.finished_at.is_(None)
        )
        with self._writing() as connection:
            row = connection.execute(going_on).first()
            if row is not None:
                return Erasure(*row)
            made = Erasure(uuid4().hex, kind, subject, by, datetime.now(UTC), None, dict(receipt))
            connection.execute(insert(erasures).values({name: getattr(made, name) for name in _COLUMNS}))
        return made

    def note(self, erasure_id: str, receipt: Mapping[str, Any], *, finished: bool = False) -> Erasure:
        """Write down how far it is, or that it has ended.

        Returns:
            As it is now.
        """
        values: dict[str, Any] = {"receipt": dict(receipt)}
        if finished:
            values["finished_at"] = datetime.now(UTC)
        with self._writing() as connection:
            connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(values))
        return self.get(erasure_id)

    def get(self, erasure_id: str) -> Erasure:
        """Return an erasure.

        Raises:
            NotFoundError: There is none of this id.
        """
        statement = select(erasures).where(erasures.c.id == (erasure_id if storable(erasure_id) else ""))
        with self._reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFoundError(f"no erasure {erasure_id}")
        return Erasure(*row)

    def page(self, *, before: Erasure | None = None, limit: int = 50) -> list[Erasure]:
        """Return erasures, the newest first; those behind one, where it is given.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_LISTED} erasures can be listed")
        order = (erasures.c.requested_at, erasures.c.id)
        statement = select(erasures).order_by(*map(desc, order)).limit(limit)
        if before is not None:
            statement = statement.where(tuple_(*order) < tuple_(before.requested_at, before.id))
        with self._reading() as connection:
            return [Erasure(*row) for row in connection.execute(statement)]

    def met(self, subjects: Collection[str], *, since: datetime) -> list[tuple[Kind, str]]:
        """Return which of some subjects were being forgotten at some time after a moment."""
        late = or_(erasures.c.finished_at.is_(None), erasures.c.finished_at >= since)
        statement = select(erasures.c.kind, erasures.c.subject).where(one_of(erasures.c.subject, "subjects"), late)
        with self._reading() as connection:
            return [(row.kind, row.subject) for row in connection.execute(statement, {"subjects": listed(subjects)})]

    def unfinished(self) -> list[Erasure]:
        """Return what was begun and has not ended, the oldest first."""
        statement = select(erasures).where(erasures.c.finished_at.is_(None)).order_by(erasures.c.requested_at)
        with self._reading() as connection:
            return [Erasure(*row) for row in connection.execute(statement)]


_COLUMNS = tuple(column.name for column in erasures.c)
