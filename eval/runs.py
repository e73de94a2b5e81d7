"""The evaluation runs that were made, with the scores of every question."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, desc, insert, select, update
from sqlalchemy.exc import IntegrityError

from eval.figures import PRIMARY
from eval.report import Report, report_of_record, rounded
from eval.tables import evaluation_runs
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.quoting import Quoted
from retrieval.rows import storable
from retrieval.store import Store

MAX_LISTED = 1_000
_ERASED = "[erased]"
_BEGINNING = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is listed.

    Attributes:
        golden: Name of what it was measured with.
        accepted: Whether somebody took it as the state to hold later runs against.
        figures: Name -> value; None where it could not be measured.
        intervals: Name -> low and high of the 95 % interval, where there is one; empty for runs that an older version
            kept.
        settings: What was set, by name.
        golden_version: Of a set in the catalog; None for files, and for runs that an older version kept.
        questions: How many were asked; None for runs that an older version kept.
    """

    id: str
    kind: str
    golden: str
    accepted: bool
    created_at: datetime  # UTC
    figures: Mapping[str, float | None]
    settings: Mapping[str, Any]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    golden_version: int | None = None
    questions: int | None = None

    @property
    def primary(self) -> str | None:
        """The figure to look at; None when none of them could be measured."""
        names = next((names for kind, names in PRIMARY.items() if kind == self.kind), ())
        return next((name for name in names if self.figures.get(name) is not None), None)


class EvaluationRuns(Store):
    """Reports, kept for comparing, gating and drawing; for administrators, since they hold questions and answers.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def add(self, report: Report) -> None:
        """Keep a report.

        Raises:
            ConflictError: It is kept already.
            InvalidInputError: The name of its golden set is a text that no database keeps.
        """
        record, provenance = report.record(), report.provenance
        if not storable(provenance.golden):
            raise InvalidInputError("the golden set's name holds characters that cannot be kept")
        values = {
            "id": provenance.id,
            "kind": report.kind,
            "golden": provenance.golden,
            "summary": _summary(report) | {"settings": record["settings"]},
            "record": record,
            "accepted": False,
            "created_at": provenance.started_at,
        }
        try:
            with self._writing() as connection:
                connection.execute(insert(evaluation_runs).values(values))
        except IntegrityError as error:
            raise ConflictError(f"the run {provenance.id} is kept already") from error

    def get(self, run_id: str) -> Report:
        """Return a run by its id, by the first characters of it (at least four), or the newest for ``latest``.

        Returns:
            The report as it was kept.

        Raises:
            NotFoundError: There is none.
            InvalidInputError: Several begin like this.
        """
        statement = select(evaluation_runs.c.record).order_by(desc(evaluation_runs.c.created_at)).limit(2)
        if run_id == "latest":
            statement = statement.limit(1)
        else:
            if not _BEGINNING.fullmatch(run_id):
                raise NotFoundError(f"no run {run_id!r}")
            statement = statement.where(evaluation_runs.c.id.startswith(run_id, autoescape=True))
        with self._reading() as connection:
            records = connection.scalars(statement).all()
        if not records:
            raise NotFoundError(f"no run {run_id!r}")
        if len(records) > 1:
            raise InvalidInputError(f"several runs begin with {run_id}; give more of the id")
        return report_of_record(records[0])

    def recent(self, *, golden: str | None = None, limit: int = 50) -> list[Run]:
        """Return the last runs.

        Args:
            golden: Only those measured with this; None lists all.
            limit: Most runs to return, 1 to 1,000.

        Returns:
            The newest first.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_LISTED} runs can be listed")
        columns = [column for column in evaluation_runs.c if column.name != "record"]
        statement = select(*columns).order_by(desc(evaluation_runs.c.created_at)).limit(limit)
        if golden is not None:
            statement = statement.where(evaluation_runs.c.golden == golden)
        with self._reading() as connection:
            return [_run(row) for row in connection.execute(statement)]

    def accept(self, run_id: str) -> None:
        """Take a run as the state that later runs of the same golden set are held against.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._writing() as connection:
            changed = connection.execute(
                update(evaluation_runs).where(evaluation_runs.c.id == run_id).values(accepted=True)
            )
            if not changed.rowcount:
                raise NotFoundError(f"no run {run_id!r}")

    def accepted(self, run_id: str) -> bool:
        """Tell whether somebody accepted a run; False where there is none of this id."""
        with self._reading() as connection:
            return bool(connection.scalar(select(evaluation_runs.c.accepted).where(evaluation_runs.c.id == run_id)))

    def delete(self, run_id: str) -> None:
        """Delete a run.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._writing() as connection:
            if not connection.execute(delete(evaluation_runs).where(evaluation_runs.c.id == run_id)).rowcount:
                raise NotFoundError(f"no run {run_id!r}")

    def forget(self, names: Collection[str], quoted: Quoted) -> list[str]:
        """Take names and words out of all reports; their figures stay.

        Args:
            names: Ids, uris and questions: a text that is one of these is replaced.
            quoted: A text that quotes these words is replaced.

        Returns:
            Ids of the runs that held some.
        """
        with self._reading() as connection:
            ids = list(connection.scalars(select(evaluation_runs.c.id)))
        return [run_id for run_id in ids if self._without(run_id, frozenset(names), quoted)]

    def _without(self, run_id: str, names: Collection[str], quoted: Quoted) -> bool:
        its = evaluation_runs.c.id == run_id
        with self._writing() as connection:
            before = connection.scalar(select(evaluation_runs.c.record).where(its).with_for_update())
            after = erased(before, names, quoted)
            if before == after:
                return False
            connection.execute(update(evaluation_runs).where(its).values(record=after))
        return True

    def last_accepted(self, *, kind: str, golden: str) -> Report | None:
        """Return the newest accepted run of a kind on a golden set, or None."""
        conditions: tuple[ColumnElement[bool], ...] = (
            evaluation_runs.c.kind == kind,
            evaluation_runs.c.golden == golden,
            evaluation_runs.c.accepted.is_(True),
        )
        statement = select(evaluation_runs.c.record).where(*conditions)
        with self._reading() as connection:
            record = connection.scalar(statement.order_by(desc(evaluation_runs.c.created_at)).limit(1))
        return None if record is None else report_of_record(record)


def erased(value: Any, names: Collection[str], quoted: Quoted) -> Any:
    """Return plain JSON in which texts that are one of some names, or quote some words, are replaced."""
    if isinstance(value, str):
        return _ERASED if value in names or quoted.within(value) else value
    if isinstance(value, Mapping):
        return {(_ERASED if key in names else key): erased(entry, names, quoted) for key, entry in value.items()}
    if isinstance(value, list):
        return [erased(entry, names, quoted) for entry in value]
    return value


def _summary(report: Report) -> dict[str, Any]:
    intervals = {name: (rounded(f.low), rounded(f.high)) for name, f in report.figures.items() if f.low is not None}
    return {
        "figures": {name: rounded(figure.value) for name, figure in report.figures.items()},
        "intervals": intervals,
        "golden_version": report.provenance.golden_version,
        "questions": len(report.scores),
    }


def _run(row: Any) -> Run:
    summary = row.summary
    return Run(
        id=row.id,
        kind=row.kind,
        golden=row.golden,
        accepted=row.accepted,
        created_at=row.created_at,
        figures=summary["figures"],
        settings=summary["settings"],
        intervals={name: (low, high) for name, (low, high) in summary.get("intervals", {}).items()},
        golden_version=summary.get("golden_version"),
        questions=summary.get("questions"),
    )
