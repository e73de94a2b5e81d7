"""Registry: the candidates and what became of them; one pointer says which is live."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, case, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from finetune.tables import candidates, trials
from finetune.types import CandidateState, RungName
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store
from retrieval.tables import index_pointers

POINTER = "learned"
"""The index pointer that names the candidate that is live; empty or missing where nothing is."""

MAX_LISTED = 1_000

_WHILE_LIVE = "{}, while it was live"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something learned that could serve, or does.

    Attributes:
        id: Hash of its manifest.
        set_id: Of the training set.
        parent: What was live when it was made; None where nothing was.
        report: Of the gate; None until it was measured.
        reason: Why it is in its state.
        approved_by: Who promoted it.
        live_at: When it last became live; None when it never was.
        replaced: What was live before it.
    """

    id: str
    rung: RungName
    state: CandidateState
    set_id: str
    parent: str | None
    manifest: Mapping[str, Any]
    report: Mapping[str, Any] | None
    reason: str
    created_at: datetime  # UTC
    approved_by: str | None = None
    live_at: datetime | None = None  # UTC
    replaced: str | None = None
    retired_at: datetime | None = None  # UTC

    @property
    def may_serve(self) -> bool:
        """Whether it may be promoted, or is live: it passed the gate, or served before."""
        return self.state in {"passed", "trial", "live"} or (self.state == "retired" and self.live_at is not None)

    @property
    def carried(self) -> Mapping[str, str]:
        """What it took over as it was; see ``artifact.Recipe``."""
        return self.manifest.get("carried") or {}


@dataclass(frozen=True, slots=True)
class Made:
    """What is known of a candidate when it is made; see ``Candidate``."""

    id: str
    rung: RungName
    set_id: str
    manifest: Mapping[str, Any]
    parent: str | None = None


_TARGET = select(index_pointers.c.target).where(index_pointers.c.name == POINTER)
_MAY_SERVE = or_(
    candidates.c.state.in_(("passed", "trial")),
    and_(candidates.c.state == "retired", candidates.c.live_at.is_not(None)),
)


class Registry(Store):
    """Candidates, on SQLite or PostgreSQL.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def add(self, made: Made) -> Candidate:
        """Note a candidate that is whole on disk; the same one again changes nothing.

        Returns:
            It.
        """
        values = {name: getattr(made, name) for name in ("id", "rung", "set_id", "manifest", "parent")}
        row = values | {"state": "made", "reason": "", "created_at": datetime.now(UTC)}
        try:
            with self._writing() as connection:
                connection.execute(insert(candidates).values(row))
        except IntegrityError:
            return self.get(made.id)  # raises when it is the training set that is missing
        return self.get(made.id)

    def get(self, candidate_id: str) -> Candidate:
        """Return a candidate.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = self._found(select(candidates).where(candidates.c.id == candidate_id)) if storable(candidate_id) else []
        if not found:
            raise NotFoundError(f"no candidate {candidate_id}")
        return found[0]

    def newest(self, *, limit: int = 100) -> list[Candidate]:
        """Return candidates, the newest first.

        Args:
            limit: How many at most, 1 to 1,000.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_LISTED} candidates can be listed")
        statement = select(candidates).order_by(candidates.c.created_at.desc(), candidates.c.id)
        return self._found(statement.limit(limit))

    def by_set(self, set_ids: Collection[str]) -> list[Candidate]:
        """Return the candidates that know any of some training sets, also by what they took over, oldest first."""
        wanted = set(set_ids)
        every = self._found(select(candidates).order_by(candidates.c.created_at, candidates.c.id)) if wanted else []
        return [one for one in every if not wanted.isdisjoint({one.set_id, *one.carried.values()})]

    def withdrawn_live(self, reason: str) -> list[Candidate]:
        """Return the candidates that were withdrawn for a reason while they were live; see ``withdraw``."""
        its = candidates.c.state == "refused", candidates.c.reason == _WHILE_LIVE.format(reason)
        return self._found(select(candidates).where(*its).order_by(candidates.c.retired_at, candidates.c.id))

    def live(self) -> str | None:
        """Return the id of the candidate that is live; None when nothing learned serves."""
        with self._reading() as connection:
            return _live(connection)

    def judge(self, candidate_id: str, *, passed: bool, report: Mapping[str, Any], reason: str) -> Candidate:
        """Note what the gate found, once.

        Returns:
            It, passed or refused.

        Raises:
            NotFoundError: There is none of this id.
            ConflictError: It was judged before.
        """
        values = {"state": "passed" if passed else "refused", "report": report, "reason": reason}
        unjudged = candidates.c.id == candidate_id, candidates.c.state == "made"
        with self._writing() as connection:
            judged = connection.execute(update(candidates).where(*unjudged).values(values)).rowcount
        if not judged:
            raise ConflictError(f"candidate {self.get(candidate_id).id[:12]} was judged before")
        return self.get(candidate_id)

    def promote(self, candidate_id: str, *, approved_by: str) -> Candidate:
        """Make a candidate live; what was live before retires, and a trial that runs stops.

        Returns:
            It. One that is live already stays so.

        Raises:
            NotFoundError: There is none of this id.
            ConflictError: It did not pass the gate.
        """
        self.get(candidate_id)
        now = datetime.now(UTC)
        with self._switching() as (connection, before):
            if before != candidate_id:
                may = candidates.c.id == candidate_id, _MAY_SERVE
                values = {"state": "live", "live_at": now, "retired_at": None, "replaced": before}
                values |= {"approved_by": approved_by, "reason": ""}
                if not connection.execute(update(candidates).where(*may).values(values)).rowcount:
                    raise ConflictError(f"candidate {candidate_id[:12]} did not pass the gate")
                _retire(connection, before, now, f"replaced by {candidate_id[:12]}")
                _point(connection, candidate_id, now)
        return self.get(candidate_id)

    def rollback(self, candidate_id: str, *, usable: Callable[[str], bool], reason: str = "rolled back") -> str | None:
        """Take a candidate out of service: what was live before it is live again.

        Said twice, or by two at once, it goes one step back, since the step is named.

        Args:
            candidate_id: What is to serve no more; when it is not live, nothing changes.
            usable: Says whether a candidate can be served; those that cannot are passed over.
            reason: Why.

        Returns:
            What is live now; None when nothing learned serves.
        """
        now = datetime.now(UTC)
        with self._switching() as (connection, before):
            if before != candidate_id:
                return before
            back = _before(connection, candidate_id, usable)
            _retire(connection, candidate_id, now, reason)
            # Forgotten, or two that were each live before the other would follow each other for ever.
            connection.execute(update(candidates).where(candidates.c.id == candidate_id).values(replaced=None))
            if back is not None:
                again = {"state": "live", "retired_at": None, "reason": ""}
                connection.execute(update(candidates).where(candidates.c.id == back).values(again))
            _point(connection, back or "", now)
        return back

    def withdraw(self, candidate_ids: Collection[str], *, usable: Callable[[str], bool], reason: str) -> str | None:
        """Keep candidates from ever serving again, as when what they were trained on was erased.

        Args:
            candidate_ids: Of those; where one is live, what was live before it and is not among them is live again.
            usable: As for ``rollback``.
            reason: Why; of one that was live, that it was is added.

        Returns:
            What is live now; None when nothing learned serves.
        """
        barred = set(candidate_ids)
        self._refuse(barred, reason)  # first, so that nobody promotes or tries one meanwhile
        live, while_live = self.live(), _WHILE_LIVE.format(reason)
        while live in barred:
            live = self.rollback(live, usable=lambda key: key not in barred and usable(key), reason=while_live)
        self._refuse(barred, reason)  # what was live has retired
        return live

    def _refuse(self, candidate_ids: Collection[str], reason: str) -> None:
        # Reports name questions by a hash of their words: whoever guesses one could see that it was asked.
        while_live = _WHILE_LIVE.format(reason)
        kept = case((candidates.c.reason == while_live, while_live), else_=reason)
        refused = {"state": "refused", "reason": kept, "report": None}
        stopped = {"state": "stopped", "reason": reason, "ended_at": datetime.now(UTC)}
        theirs = trials.c.candidate_id.in_(sorted(candidate_ids)), trials.c.state == "running"
        with self._writing() as connection:
            connection.execute(update(candidates).where(candidates.c.id.in_(sorted(candidate_ids))).values(refused))
            connection.execute(update(trials).where(*theirs).values(stopped))

    @contextmanager
    def _switching(self) -> Iterator[tuple[Connection, str | None]]:
        """Begin a transaction in which nobody else switches, with what is live."""
        # The row has to be there to be locked: of two who switch at once, one waits for the other.
        with self._reading() as connection:
            missing = connection.scalar(_TARGET) is None
        if missing:
            row = {"name": POINTER, "target": "", "updated_at": datetime.now(UTC)}
            with suppress(IntegrityError), self._writing() as connection:  # made by another since we looked
                connection.execute(insert(index_pointers).values(row))
        with self._writing() as connection:
            yield connection, connection.scalar(_TARGET.with_for_update()) or None

    def _found(self, statement: Select[Any]) -> list[Candidate]:
        with self._reading() as connection:
            return [Candidate(**row) for row in connection.execute(statement).mappings()]


def _live(connection: Connection) -> str | None:
    return connection.scalar(_TARGET) or None


def _point(connection: Connection, target: str, at: datetime) -> None:
    values = {"target": target, "updated_at": at}
    connection.execute(update(index_pointers).where(index_pointers.c.name == POINTER).values(values))
    # What is compared is not live any more, or has become it.
    stopped = {"state": "stopped", "reason": "what is live was changed", "ended_at": at}
    connection.execute(update(trials).where(trials.c.state == "running").values(stopped))
    connection.execute(update(candidates).where(candidates.c.state == "trial").values(state="passed"))


def _retire(connection: Connection, candidate_id: str | None, at: datetime, reason: str) -> None:
    values = {"state": "retired", "retired_at": at, "reason": reason}
    connection.execute(update(candidates).where(candidates.c.id == candidate_id).values(values))


def _before(connection: Connection, candidate_id: str, usable: Callable[[str], bool]) -> str | None:
    """Find what was live before a candidate, and can be again."""
    seen = {candidate_id}
    replaced = select(candidates.c.replaced).where(candidates.c.id == candidate_id)
    while (back := connection.scalar(replaced)) is not None and back not in seen:
        state = connection.scalar(select(candidates.c.state).where(candidates.c.id == back))
        if state == "retired" and usable(back):
            return str(back)
        seen.add(back)
        replaced = select(candidates.c.replaced).where(candidates.c.id == back)
    return None
