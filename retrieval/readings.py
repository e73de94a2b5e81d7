"""Readings: which citations of an answer somebody opened or copied, and answers with all that was said and done."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, or_, select

from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.guard_types import overlapping
from retrieval.reading_tables import readings
from retrieval.rows import from_json, storable
from retrieval.store import Store, listed, one_of
from retrieval.tables import chunks, feedback, interactions
from retrieval.types import Feedback, Interaction, Passage, Principal, Reading

MAX_READINGS = 200
"""Most readings that are kept of one answer and person: enough for a day's work with it, too few to fill a disk."""

MAX_READ_S = 3600.0
"""A tab that was left open overnight was not read."""

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Signalled:
    """An answer, with what was said about it and done with it."""

    asked: Interaction
    said: tuple[Feedback, ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """That somebody asked something."""

    id: str
    principal_id: str
    asked_at: datetime  # UTC


class Readings(Store):
    """What people did with the citations of their answers.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def record(self, reading: Reading, *, principal: Principal) -> Reading:
        """Keep that the principal opened or copied a citation of an answer; the newest are kept.

        Returns:
            As it is kept: by the principal, at the place where the answer has the passage, for an hour at most.

        Raises:
            NotFoundError: There is no such answer, or it is somebody else's and the principal no administrator.
            InvalidInputError: The answer does not show this passage.
        """
        with self._writing() as connection:
            asked = _answer(connection, reading.interaction_id, principal)
            kept = replace(
                reading,
                principal_id=principal.id,
                position=_position(asked, reading.chunk_id),
                seconds=0.0 if reading.kind == "copied" else min(max(reading.seconds, 0.0), MAX_READ_S),
            )
            _make_room(connection, kept)
            connection.execute(insert(readings).values({name: getattr(kept, name) for name in _COLUMNS}))
        return kept

    def of_interaction(self, interaction_id: str, *, principal: Principal) -> list[Reading]:
        """Return what was read of an answer, the oldest first: one's own, an administrator everybody's."""
        if not (principal.id and storable(principal.id) and storable(interaction_id)):
            return []
        statement = select(readings).where(readings.c.interaction_id == interaction_id)
        if not principal.administrator:
            statement = statement.where(readings.c.principal_id == principal.id)
        with self._reading() as connection:
            return [Reading(*row) for row in connection.execute(statement.order_by(readings.c.at, readings.c.id))]

    def signalled(self) -> Iterator[Signalled]:
        """Go through all answers that somebody said something about or read a citation of; asked on nobody's behalf.

        Passages that were widened for a language model are as they were found, as long as their chunks are kept.

        Yields:
            By id of the interaction.
        """
        said = exists().where(feedback.c.interaction_id == interactions.c.id)
        read = exists().where(readings.c.interaction_id == interactions.c.id)
        columns = select(interactions.c.id, interactions.c.payload).where(or_(said, read))
        after = ""
        while True:
            page = columns.where(interactions.c.id > after).order_by(interactions.c.id).limit(_PAGE)
            with self._reading() as connection:
                rows = connection.execute(page).all()
                ids = [row.id for row in rows]
                heard, done = _said_of(connection, ids), _read_of(connection, ids)
                asked = [cast(Interaction, from_json(Interaction, row.payload)) for row in rows]
                found = _chunks_of(connection, asked)
            if not rows:
                return
            for one in asked:
                yield Signalled(_as_found(one, found), tuple(heard.get(one.id, ())), tuple(done.get(one.id, ())))
            after = ids[-1]

    def asked_by(self, principal_ids: Collection[str]) -> list[Asking]:
        """Return what some people asked and when, each person's by time; asked on nobody's behalf."""
        columns = (interactions.c.id, interactions.c.principal_id, interactions.c.asked_at)
        mine = one_of(interactions.c.principal_id, "people")
        statement = select(*columns).where(mine).order_by(*columns[1:], columns[0])
        with self._reading() as connection:
            return [Asking(*row) for row in connection.execute(statement, {"people": listed(principal_ids)})]

    def interactions(self, ids: Sequence[str]) -> list[Interaction]:
        """Return interactions by their ids, those that are there, passages as for ``signalled``; on nobody's behalf."""
        its = select(interactions.c.payload).where(one_of(interactions.c.id, "ids")).order_by(interactions.c.id)
        with self._reading() as connection:
            payloads = connection.scalars(its, {"ids": listed(ids)}).all()
            asked = [cast(Interaction, from_json(Interaction, payload)) for payload in payloads]
            found = _chunks_of(connection, asked)
        return [_as_found(one, found) for one in asked]

    def forget_reader(self, principal_id: str) -> int:
        """Remove what somebody opened or copied, in whosever answers.

        Returns:
            How many readings.
        """
        return self._forget(readings.c.principal_id == principal_id)

    def forget_chunks(self, chunk_ids: Collection[str]) -> int:
        """Remove that some chunks were opened or copied.

        Returns:
            How many readings.
        """
        return self._forget(one_of(readings.c.chunk_id, "ids"), ids=listed(chunk_ids))

    def _forget(self, condition: ColumnElement[bool], **values: str) -> int:
        with self._writing() as connection:
            return connection.execute(delete(readings).where(condition), values).rowcount


_COLUMNS = tuple(readings.c.keys())


def _answer(connection: Connection, interaction_id: str, principal: Principal) -> Interaction:
    statement = select(interactions.c.payload).where(interactions.c.id == interaction_id)
    if not principal.administrator:
        statement = statement.where(interactions.c.principal_id == principal.id)
    known = principal.id and storable(principal.id) and storable(interaction_id)
    payload = connection.scalar(statement) if known else None
    if payload is None:
        raise NotFoundError(f"no interaction {interaction_id}")
    return cast(Interaction, from_json(Interaction, payload))


def _position(asked: Interaction, chunk_id: str) -> int:
    shown = {citation.chunk_id for citation in (*asked.answer.citations, *asked.answer.nearest)}
    places = {passage.chunk.id: place for place, passage in enumerate(asked.passages, start=1)}
    if chunk_id not in shown or chunk_id not in places:
        raise InvalidInputError("the answer has no citation of this passage")
    return places[chunk_id]


def _make_room(connection: Connection, kept: Reading) -> None:
    mine = (readings.c.interaction_id == kept.interaction_id, readings.c.principal_id == kept.principal_id)
    there = connection.scalar(select(func.count()).select_from(readings).where(*mine)) or 0
    if there >= MAX_READINGS:
        oldest = (
            select(readings.c.id).where(*mine).order_by(readings.c.at, readings.c.id).limit(there + 1 - MAX_READINGS)
        )
        ids = connection.scalars(oldest).all()
        connection.execute(delete(readings).where(one_of(readings.c.id, "ids")), {"ids": listed(ids)})


def _said_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[Feedback]]:
    # What was refused says nothing to anybody who learns.
    heeded = and_(one_of(feedback.c.interaction_id, "ids"), feedback.c.refused_by.is_(None))
    its = select(feedback.c.payload, feedback.c.approved_by).where(heeded)
    found: dict[str, list[Feedback]] = {}
    for row in connection.execute(its.order_by(feedback.c.given_at, feedback.c.id), {"ids": listed(ids)}):
        said = replace(cast(Feedback, from_json(Feedback, row.payload)), approved_by=row.approved_by)
        found.setdefault(said.interaction_id, []).append(said)
    return found


_Found = Mapping[str, tuple[int, str]]
"""Chunk id -> where its text begins in the revision, and the text."""


def _chunks_of(connection: Connection, asked: Sequence[Interaction]) -> _Found:
    chunk_ids = {passage.chunk.id for one in asked for passage in one.passages}
    its = select(chunks.c.id, chunks.c.start, chunks.c.text).where(one_of(chunks.c.id, "ids"))
    return {row.id: (row.start, row.text) for row in connection.execute(its, {"ids": listed(chunk_ids)})}


def _as_found(asked: Interaction, found: _Found) -> Interaction:
    return replace(asked, passages=tuple(_narrow(passage, found.get(passage.chunk.id)) for passage in asked.passages))


def _narrow(passage: Passage, found: tuple[int, str] | None) -> Passage:
    """Take a passage back to its chunk, with what nobody is shown of that."""
    wide = passage.chunk
    if found is None or found[1] == wide.text:
        return passage
    start, text = found
    at, length = start - wide.start, len(text)
    masks = [
        replace(mask, start=max(0, mask.start - at), end=min(length, mask.end - at))
        for mask in overlapping(passage.masks, at, at + length)
    ]
    return replace(passage, chunk=replace(wide, start=start, end=start + length, text=text), masks=tuple(masks))


def _read_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[Reading]]:
    its = select(readings).where(one_of(readings.c.interaction_id, "ids")).order_by(readings.c.at, readings.c.id)
    found: dict[str, list[Reading]] = {}
    for row in connection.execute(its, {"ids": listed(ids)}):
        found.setdefault(row.interaction_id, []).append(Reading(*row))
    return found
