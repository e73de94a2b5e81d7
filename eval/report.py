"""What an evaluation found, with what is needed to repeat it."""

import functools
import json
import platform
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.figures import MEASURES, PRIMARY, Kind, Scores, to_columns
from eval.statistics import Interval, interval
from ingestion.report import Failure
from retrieval.errors import InvalidInputError

FORMAT = 1
"""Of stored reports; raised when an older Attune could not read them."""

SEED = 20_260_101
_DIGITS = 4
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_YEARS = (2000, 9000)
_MAX_GOLDEN_CHARS = 500
_PACKAGES = ("attune", "torch", "transformers", "sentence-transformers", "qdrant-edge-py", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a report comes from.

    Attributes:
        id: Of the run, 32 hex digits.
        golden: Name of the golden set, or the path its questions were read from.
        golden_version: Of a set in the catalog; None for files.
        golden_sha256: Of the questions, in canonical JSON; runs of one hash are of the same questions.
        corpus_epoch: Of the catalog that was asked; it rises with every change of a document.
        corpus_sha256: Of the documents, where they were taken in for the run; empty for what serves.
        seed: Of every drawing: intervals, tests, variations.
        versions: Package -> version, and ``python``.
    """

    id: str
    started_at: datetime  # UTC
    golden: str
    golden_version: int | None
    golden_sha256: str
    corpus_epoch: int
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    corpus_sha256: str = ""


REFUSED = "(refused)"
"""In the place of an answer that was none."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A question and what came of it, in words, for people who look into a figure.

    Attributes:
        cited: Documents that the answer stands on; none in reports of older versions.
        named: All documents that the question names, those too that whoever asked may not read; none in reports of
            older versions, and of documents that were taken in for the run.
    """

    text: str
    expected: tuple[str, ...]
    found: tuple[str, ...]
    answer: str | None = None
    reference: str | None = None
    cited: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        figures: Name -> value with its interval, in the order of ``MEASURES[kind]``.
        scores: Question id -> column -> value; what every figure, slice and comparison is made from.
        tags: Question id -> tag -> value.
        details: Question id -> what came of it.
        counts: Sizes and speeds: documents, chunks, questions, seconds.
        settings: What was set, by name.
        failed: Documents that could not be read; what they hold counts as not found.
        skipped: What was left out of the figures, in words, and how many of it.
        notes: Why a figure cannot be measured, and what else a reader of the figures should know.
    """

    kind: Kind
    provenance: Provenance
    figures: Mapping[str, Interval]
    scores: Mapping[str, Scores]
    tags: Mapping[str, Mapping[str, str]]
    counts: Mapping[str, int | float | str]
    fingerprint: str
    settings: Mapping[str, Any]
    details: Mapping[str, Detail] = field(default_factory=dict)
    failed: tuple[Failure, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def primary(self) -> str | None:
        """The figure that slices, sweeps and gates look at; None when none of them could be measured."""
        return next((name for name in PRIMARY[self.kind] if self.figures[name].value is not None), None)

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object, single questions left out.

        Returns:
            Figures rounded to four digits, null where they cannot be measured; ``intervals`` beside them.
        """
        values = {name: figure.value for name, figure in self.figures.items() if self._shown(name)}
        return {
            "run": self.provenance.id,
            "kind": self.kind,
            **{name: rounded(value) for name, value in values.items()},
            "intervals": {name: [rounded(self.figures[name].low), rounded(self.figures[name].high)] for name in values},
            **{name: rounded(count) if isinstance(count, float) else count for name, count in self.counts.items()},
            "fingerprint": self.fingerprint,
            "settings": dict(self.settings),
            "provenance": {**asdict(self.provenance), "started_at": self.provenance.started_at.isoformat()},
            "failed": [{"path": failure.path, "reason": failure.reason} for failure in self.failed],
            "skipped": dict(self.skipped),
            "notes": list(self.notes),
        }

    def record(self) -> dict[str, Any]:
        """Return everything, for ``report_of_record``; a JSON object."""
        plain = asdict(self)
        plain["provenance"]["started_at"] = self.provenance.started_at.isoformat()
        return {"format": FORMAT, **plain}

    def _shown(self, name: str) -> bool:
        return self.figures[name].value is not None or not MEASURES[self.kind][name].optional


def measured(report: Report) -> Report:
    """Return a report with the figures that follow from its scores, and a note for each that does not."""
    scores, seed = list(report.scores.values()), report.provenance.seed
    columns = to_columns(scores, sorted({name for row in scores for name in row}))
    figures: dict[str, Interval] = {}
    missing: dict[str, list[str]] = {}
    for measure in MEASURES[report.kind].values():
        known = measure.column in columns
        figure = interval(columns, measure.statistic, about=measure.column, seed=seed) if known else _NOTHING
        if figure.questions < measure.least_questions:
            figure = replace(figure, low=None, high=None)
        figures[measure.name] = figure
        if figure.value is None and not measure.optional:
            missing.setdefault(measure.missing, []).append(measure.name)
    notes = [f"not measured: {', '.join(names)}; {why}" for why, names in missing.items()]
    if len(scores) == 1:
        notes.append("one question: no interval can be given, and no difference can be found")
    return replace(report, figures=figures, notes=(*report.notes, *notes))


def report_of_record(record: Mapping[str, Any]) -> Report:
    """Read what ``Report.record`` wrote.

    Returns:
        The report.

    Raises:
        InvalidInputError: It is something else, or of a newer version.
    """
    if record.get("format") != FORMAT:
        raise InvalidInputError("this is not a stored evaluation report, or a newer Attune wrote it")
    fields = {name: value for name, value in record.items() if name != "format"}
    try:
        json.dumps(fields, allow_nan=False)
        report = _reader().validate_python(fields)
        _check(fields, report.provenance)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"this evaluation report is broken: {_shortened(error)}") from error
    # A version that measured other figures than this one knows them by other names, or did not know them.
    known = {name: report.figures.get(name, _NOTHING) for name in MEASURES[report.kind]}
    return replace(report, figures=known)


@functools.cache
def _reader() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


def _check(fields: Mapping[str, Any], provenance: Provenance) -> None:
    if strangers := fields.keys() - Report.__dataclass_fields__.keys():
        raise ValueError(f"there is no field {min(strangers)!r}")
    if not _RUN_ID.fullmatch(provenance.id):
        raise ValueError("the id of a run is 32 hex digits")
    if provenance.started_at.tzinfo is None or not _YEARS[0] <= provenance.started_at.year <= _YEARS[1]:
        raise ValueError("the run did not start at a moment with its zone")
    if not 0 <= provenance.seed < 2**63:
        raise ValueError("the seed is a whole number from 0")
    if not provenance.golden.strip() or len(provenance.golden) > _MAX_GOLDEN_CHARS:
        raise ValueError(f"the golden set's name has 1 to {_MAX_GOLDEN_CHARS} characters")


def _shortened(error: Exception) -> str:
    # The values are not repeated: they hold questions and answers.
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error)


def new_provenance(golden: str, *, version_number: int | None, sha256: str, corpus_epoch: int, seed: int) -> Provenance:
    """Begin a run now, with the versions of what it runs on."""
    return Provenance(
        id=uuid.uuid4().hex,
        started_at=datetime.now(UTC),
        golden=golden,
        golden_version=version_number,
        golden_sha256=sha256,
        corpus_epoch=corpus_epoch,
        seed=seed,
        versions=_versions(_PACKAGES),
    )


def rounded(value: float | None) -> float | None:
    """Round a figure as reports show it; what cannot be measured stays None."""
    return None if value is None else round(value, _DIGITS)


_NOTHING = Interval(None, None, None, 0)


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
