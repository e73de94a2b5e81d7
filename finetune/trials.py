"""Trials: a candidate that passed the gate, measured by its readers before it is live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from finetune.e_value import winner
from finetune.interleaving import MOST_OF_A_PERSON, Credit, counted, paired
from finetune.registry import POINTER
from finetune.tables import candidates, trial_credits, trials
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store
from retrieval.tables import index_pointers

Kind = Literal["shadow", "interleave", "share"]
State = Literal["running", "won", "lost", "stopped"]

MAX_LISTED = 1_000
MOST_SERVED = 0.5
"""Of people, by a candidate alone: to serve all of them is a promotion, which takes two to decide."""

_RUNS = "another trial runs; stop it first"

_AFTERWARDS: Mapping[State, str] = {"won": "passed", "stopped": "passed", "lost": "refused"}


@dataclass(frozen=True, slots=True)
class Trial:
    """A comparison of a candidate with what is live.

    Attributes:
        against: What is live; None where nothing is.
        kind: ``shadow``: ranked beside and not shown; ``interleave``: both in one list; ``share``: it serves some.
        share: Of requests, or for ``share`` of people, in (0, 1].
        wins: Answers that the candidate won.
        losses: Answers that it lost.
        ties: Answers in which neither did.
        figures: What was measured: overlap, displacement, latency, errors.
        reason: Why it ended.
        started_by: Principal id.
    """

    id: str
    candidate_id: str
    against: str | None
    kind: Kind
    state: State
    share: float
    wins: int
    losses: int
    ties: int
    figures: Mapping[str, Any]
    reason: str
    started_by: str
    started_at: datetime  # UTC
    ended_at: datetime | None = None  # UTC


class Trials(Store):
    """Trials and what readers decided in them, on SQLite or PostgreSQL; one runs at a time.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def start(self, candidate_id: str, kind: Kind, *, share: float, by: str) -> Trial:
        """Begin to compare a candidate that passed the gate with what is live.

        Returns:
            The trial.

        Raises:
            NotFoundError: There is no such candidate.
            InvalidInputError: The share is out of range.
            ConflictError: The candidate did not pass the gate, or another trial runs.
        """
        _check_share(kind, share)
        row = {"id": uuid4().hex, "candidate_id": candidate_id, "kind": kind, "state": "running", "share": share}
        row |= {"wins": 0, "losses": 0, "ties": 0, "figures": {}, "started_by": by, "started_at": datetime.now(UTC)}
        try:
            with self._writing() as connection:
                _check_may_start(connection, candidate_id)
                target = select(index_pointers.c.target).where(index_pointers.c.name == POINTER)
                against = connection.scalar(target) or None
                connection.execute(insert(trials).values(row | {"against": against, "reason": ""}))
        except IntegrityError as error:
            raise ConflictError(_RUNS) from error
        return self.get(str(row["id"]))

    def check(self, candidate_id: str, kind: Kind, *, share: float) -> None:
        """See whether a candidate may be tried now; raises as ``start`` does."""
        _check_share(kind, share)
        if self.running() is not None:
            raise ConflictError(_RUNS)
        with self._reading() as connection:
            state = connection.scalar(select(candidates.c.state).where(candidates.c.id == candidate_id))
        if state != "passed":
            raise _refusal(candidate_id, state)

    def get(self, trial_id: str) -> Trial:
        """Return a trial.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = self._found(select(trials).where(trials.c.id == trial_id)) if storable(trial_id) else []
        if not found:
            raise NotFoundError(f"no trial {trial_id}")
        return found[0]

    def running(self) -> Trial | None:
        """Return the trial that runs; None where none does."""
        found = self._found(select(trials).where(trials.c.state == "running"))
        return found[0] if found else None

    def of_candidate(self, candidate_id: str, *, limit: int = 100) -> list[Trial]:
        """Return the trials of a candidate, the newest first."""
        statement = select(trials).where(trials.c.candidate_id == candidate_id)
        return self._found(statement.order_by(trials.c.started_at.desc(), trials.c.id).limit(min(limit, MAX_LISTED)))

    def credit(self, trial_id: str, credit: Credit) -> Trial:
        """Note what became of one answer; the trial ends when that decides it.

        The first that decides an answer counts. Of one person only some answers do.

        Returns:
            The trial as it is now.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._writing() as connection:
            # Locked, so that of two credits at once the later sees the earlier.
            locked = select(trials).where(trials.c.id == trial_id, trials.c.state == "running").with_for_update()
            row = connection.execute(locked).mappings().first()
            if row is not None and _note(connection, trial_id, credit):
                _settle(connection, Trial(**row))
        return self.get(trial_id)

    def recount(self, trial_id: str, interaction_id: str, credit: Credit | None) -> Trial:
        """Forget what became of one answer: what decided it was taken back; the trial ends when that decides it.

        Args:
            trial_id: Which.
            interaction_id: Of the answer.
            credit: What decides it now; None when nothing does.

        Returns:
            The trial as it is now; one that has ended stays as it is.

        Raises:
            NotFoundError: There is none of this id.
        """
        its = trial_credits.c.trial_id == trial_id, trial_credits.c.interaction_id == interaction_id
        with self._writing() as connection:
            locked = select(trials).where(trials.c.id == trial_id, trials.c.state == "running").with_for_update()
            row = connection.execute(locked).mappings().first()
            if row is not None and connection.execute(delete(trial_credits).where(*its)).rowcount:
                if credit is not None:
                    _note(connection, trial_id, credit)
                _settle(connection, Trial(**row))
        return self.get(trial_id)

    def credits(self, trial_id: str) -> list[Credit]:
        """Return what became of the answers of a trial, the oldest first."""
        with self._reading() as connection:
            return _credits(connection, trial_id)

    def measured(self, trial_id: str, figures: Mapping[str, Any]) -> None:
        """Note what was measured in a trial that runs."""
        running = trials.c.id == trial_id, trials.c.state == "running"
        with self._writing() as connection:
            connection.execute(update(trials).where(*running).values(figures=figures))

    def end(self, trial_id: str, state: State, *, reason: str) -> Trial:
        """End a trial; one that has ended stays as it is.

        Returns:
            It.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._writing() as connection:
            _end(connection, trial_id, state, reason)
        return self.get(trial_id)

    def _found(self, statement: Select[Any]) -> list[Trial]:
        with self._reading() as connection:
            return [Trial(**row) for row in connection.execute(statement).mappings()]


def _check_share(kind: Kind, share: float) -> None:
    if not 0 < share <= 1:
        raise InvalidInputError(f"the share is {share}; it lies above 0 and is at most 1")
    if kind == "share" and share > MOST_SERVED:
        raise InvalidInputError(f"a candidate that is tried serves {MOST_SERVED:.0%} of people at most: promote it")


def _check_may_start(connection: Connection, candidate_id: str) -> None:
    passed = candidates.c.id == candidate_id, candidates.c.state == "passed"
    if connection.execute(update(candidates).where(*passed).values(state="trial")).rowcount:
        return
    state = connection.scalar(select(candidates.c.state).where(candidates.c.id == candidate_id))
    raise _refusal(candidate_id, state)


def _refusal(candidate_id: str, state: str | None) -> NotFoundError | ConflictError:
    if state is None:
        return NotFoundError(f"no candidate {candidate_id}")
    return ConflictError(f"candidate {candidate_id[:12]} is {state}; one that passed the gate can be tried")


def _note(connection: Connection, trial_id: str, credit: Credit) -> bool:
    own = trial_credits.c.trial_id == trial_id
    this = own, trial_credits.c.interaction_id == credit.interaction_id
    before = connection.scalar(select(trial_credits.c.outcome).where(*this))
    if before is not None:
        if before == 0 and credit.outcome:
            connection.execute(update(trial_credits).where(*this).values(outcome=credit.outcome, at=credit.at))
        return bool(before == 0)
    of_person = select(func.count()).where(own, trial_credits.c.principal_id == credit.principal_id)
    if (connection.scalar(of_person) or 0) >= MOST_OF_A_PERSON:
        return False
    row = {name: getattr(credit, name) for name in ("interaction_id", "principal_id", "outcome", "at")}
    connection.execute(insert(trial_credits).values(row | {"trial_id": trial_id}))
    return True


def _credits(connection: Connection, trial_id: str) -> list[Credit]:
    columns = [trial_credits.c[name] for name in ("interaction_id", "principal_id", "outcome", "at")]
    statement = select(*columns).where(trial_credits.c.trial_id == trial_id)
    rows = connection.execute(statement.order_by(trial_credits.c.at, trial_credits.c.interaction_id))
    return [Credit(*row) for row in rows]


def _settle(connection: Connection, trial: Trial) -> None:
    given: Sequence[Credit] = _credits(connection, trial.id)
    by_share = trial.kind == "share"
    totals = paired(given, trial_id=trial.id, share=trial.share) if by_share else counted(given)
    values = dict(zip(("wins", "losses", "ties"), totals, strict=True))
    connection.execute(update(trials).where(trials.c.id == trial.id).values(values))
    won = winner(*totals[:2])
    if won is not None:
        state: State = "won" if won == "candidate" else "lost"
        _end(connection, trial.id, state, f"{totals[0]} answers won and {totals[1]} lost: its readers decided")


def _end(connection: Connection, trial_id: str, state: State, reason: str) -> None:
    running = trials.c.id == trial_id, trials.c.state == "running"
    values = {"state": state, "reason": reason, "ended_at": datetime.now(UTC)}
    if not connection.execute(update(trials).where(*running).values(values)).rowcount:
        return
    of_trial = select(trials.c.candidate_id).where(trials.c.id == trial_id).scalar_subquery()
    tried = candidates.c.id == of_trial, candidates.c.state == "trial"
    after = {"state": _AFTERWARDS[state], "reason": f"trial {state}: {reason}"}
    connection.execute(update(candidates).where(*tried).values(after))
