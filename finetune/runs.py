"""The record of training runs: what was asked for, how far it is, what came out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args
from uuid import uuid4

from sqlalchemy import desc, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from finetune.tables import training_runs
from finetune.types import RungName
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store

RunState = Literal["waiting", "running", "done", "failed", "cancelled"]
Verdict = Literal["passed", "refused", "not_enough_data", "closed"]
"""``closed``: the rung needs more labels than there are, and was not tried."""

MAX_LISTED = 1_000
OPEN: tuple[RunState, ...] = ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        share: Of the whole, in [0, 1].
        message: In words, of no document and no question.
    """

    stage: str = "waiting"
    share: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for one rung.

    Attributes:
        candidate: Its id; None where there is none to offer, or it is not made yet.
        words: The same for people.
        report: Of the gate; None where nothing was measured.
    """

    rung: RungName
    verdict: Verdict
    candidate: str | None
    words: str
    report: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A training that was asked for.

    Attributes:
        rungs: Those asked for; empty for all that are open.
        set_id: Of its frozen training set, as soon as there is one.
        outcomes: Of the rungs that have ended.
        attempts: How often its process was started since it last came further.
        report_to: Where its figures are reported to as well.
        cancel: Somebody wants it to stop.
        error: Why it failed.
        requested_by: Principal id.
    """

    id: str
    rungs: tuple[RungName, ...]
    state: RunState
    progress: Progress
    set_id: str | None
    outcomes: tuple[Outcome, ...]
    attempts: int
    report_to: str | None
    cancel: bool
    error: str
    requested_by: str
    requested_at: datetime  # UTC
    started_at: datetime | None = None  # UTC
    ended_at: datetime | None = field(default=None)  # UTC

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    @property
    def candidates(self) -> tuple[str, ...]:
        """Ids of what can be promoted."""
        return tuple(o.candidate for o in self.outcomes if o.candidate is not None and o.verdict == "passed")


def checked_rungs(rungs: Sequence[str]) -> None:
    """See that a training can be asked for.

    Raises:
        InvalidInputError: There is no such rung, or one is named twice.
    """
    known = get_args(RungName)
    if unknown := [rung for rung in rungs if rung not in known]:
        raise InvalidInputError(f"there is no rung {unknown[0]!r}; there are {', '.join(known)}")
    if len(set(rungs)) < len(rungs):
        raise InvalidInputError("a rung is named twice")


class TrainingRuns(Store):
    """Training runs, on SQLite or PostgreSQL; one is under way at a time, and one more may wait for it.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def ask(self, rungs: Sequence[RungName], *, by: str, report_to: str | None = None) -> TrainingRun:
        """Ask for a training.

        Args:
            rungs: Which; none for all that are open.
            by: Principal id of who asks.
            report_to: Where its figures are reported to as well.

        Returns:
            It, waiting.

        Raises:
            InvalidInputError: There is no such rung, or one is named twice.
            ConflictError: Another one waits already.
        """
        checked_rungs(rungs)
        run_id = uuid4().hex
        values = {
            "id": run_id,
            "rungs": list(rungs),
            "state": "waiting",
            "progress": asdict(Progress()),
            "outcomes": [],
            "report_to": report_to,
            "requested_by": by,
            "requested_at": datetime.now(UTC),
        }
        try:
            with self._writing() as connection:
                connection.execute(insert(training_runs).values(values))
        except IntegrityError as error:
            raise ConflictError("a training run waits already; follow that one, or cancel it") from error
        return self.get(run_id)

    def get(self, run_id: str) -> TrainingRun:
        """Return a run.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = self._found(training_runs.c.id == run_id) if storable(run_id) else []
        if not found:
            raise NotFoundError(f"no training run {run_id}")
        return found[0]

    def recent(self, *, limit: int = 50) -> list[TrainingRun]:
        """Return runs, the newest first.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_LISTED} training runs can be listed")
        return self._found(limit=limit)

    def since(self, moment: datetime) -> list[tuple[tuple[RungName, ...], RunState]]:
        """Return the rungs and the state of each run that ended after a moment, or is open."""
        its = or_(training_runs.c.state.in_(OPEN), training_runs.c.ended_at > moment)
        with self._reading() as connection:
            rows = connection.execute(select(training_runs.c.rungs, training_runs.c.state).where(its)).all()
        return [(tuple(rungs), state) for rungs, state in rows]

    def due(self) -> TrainingRun | None:
        """Return the run that is under way, or else the one that waits; None when there is nothing to do."""
        found = sorted(self._found(training_runs.c.state.in_(OPEN)), key=lambda run: run.state != "running")
        return found[0] if found else None

    def start(self, run_id: str) -> bool:
        """Note that its process is about to start, the first time or again.

        Returns:
            Whether the run is still to be done.
        """
        now = datetime.now(UTC)
        its = training_runs.c.id == run_id, training_runs.c.state.in_(OPEN)
        with self._writing() as connection:
            row = connection.execute(select(training_runs.c.started_at, training_runs.c.attempts).where(*its)).first()
            if row is None:
                return False
            values = {"state": "running", "started_at": row.started_at or now, "attempts": row.attempts + 1}
            return bool(connection.execute(update(training_runs).where(*its).values(values)).rowcount)

    def give_back(self, run_id: str) -> None:
        """Note that its process was ended by us: that was no attempt that failed."""
        values = {"attempts": training_runs.c.attempts - 1}
        self._change(run_id, values, training_runs.c.attempts > 0)

    def tell(self, run_id: str, progress: Progress) -> None:
        """Note how far it is."""
        self._change(run_id, {"progress": asdict(progress)})

    def froze(self, run_id: str, set_id: str) -> None:
        """Note its training set: whoever takes the run up again trains on the same."""
        self._change(run_id, {"set_id": set_id, "attempts": 1})

    def concluded(self, run_id: str, outcome: Outcome) -> None:
        """Note what came out for a rung, in the place of what was noted for it before."""
        with self._writing() as connection:
            its = training_runs.c.id == run_id, training_runs.c.state == "running"
            before = connection.scalar(select(training_runs.c.outcomes).where(*its).with_for_update())
            if before is not None:
                others = [row for row in before if row["rung"] != outcome.rung]
                values = {"outcomes": [*others, asdict(outcome)], "attempts": 1}
                connection.execute(update(training_runs).where(*its).values(values))

    def begin_again(self, set_ids: Collection[str]) -> None:
        """Forget training sets: the run that is under way begins from nothing, and what reports say of questions goes.

        Args:
            set_ids: Of sets that are erased.
        """
        under_way: dict[str, Any] = {"set_id": None, "outcomes": [], "progress": asdict(Progress()), "attempts": 0}
        with self._writing() as connection:
            connection.execute(update(training_runs).where(training_runs.c.state == "running").values(under_way))
            found = select(training_runs.c.id, training_runs.c.outcomes).where(
                training_runs.c.set_id.in_(list(set_ids))
            )
            for row in connection.execute(found).all():
                bare = [outcome | {"report": None} for outcome in row.outcomes]
                its = training_runs.c.id == row.id
                connection.execute(update(training_runs).where(its).values(outcomes=bare))

    def cancel(self, run_id: str) -> TrainingRun:
        """Stop a run: one that waits at once, one that is under way within seconds.

        Returns:
            As it is now.

        Raises:
            NotFoundError: There is none of this id.
            ConflictError: It has ended.
        """
        waiting = training_runs.c.id == run_id, training_runs.c.state == "waiting"
        with self._writing() as connection:
            values: dict[str, Any] = {"state": "cancelled", "cancel": True, "ended_at": datetime.now(UTC)}
            changed = connection.execute(update(training_runs).where(*waiting).values(values)).rowcount
        if not changed and not self._change(run_id, {"cancel": True}):
            self.get(run_id)
            raise ConflictError("this training run has ended")
        return self.get(run_id)

    def finish(self, run_id: str, state: Literal["done", "failed", "cancelled"], *, error: str = "") -> bool:
        """Note the end of a run that is under way.

        Returns:
            Whether this ended it: of two ends the first counts.
        """
        values: dict[str, Any] = {"state": state, "error": error, "ended_at": datetime.now(UTC)}
        whole = {"progress": asdict(Progress("done", 1.0))} if state == "done" else {}
        return self._change(run_id, values | whole)

    def _change(self, run_id: str, values: Mapping[str, Any], *more: Any) -> bool:
        its = training_runs.c.id == run_id, training_runs.c.state == "running", *more
        with self._writing() as connection:
            return bool(connection.execute(update(training_runs).where(*its).values(values)).rowcount)

    def _found(self, *conditions: Any, limit: int = MAX_LISTED) -> list[TrainingRun]:
        statement = select(training_runs).where(*conditions).order_by(desc(training_runs.c.requested_at))
        with self._reading() as connection:
            return [_run(row) for row in connection.execute(statement.limit(limit)).mappings()]


def _run(row: Mapping[Any, Any]) -> TrainingRun:
    turned = {
        "rungs": tuple(row["rungs"]),
        "progress": Progress(**row["progress"]),
        "outcomes": tuple(Outcome(**outcome) for outcome in row["outcomes"]),
    }
    return TrainingRun(**(dict(row) | turned))
