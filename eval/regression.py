"""The regression gate: a run is held against floors, and against the last run that was accepted.

For continuous integration: ``attune evaluate --gate FILE`` exits 1 with the reasons. FILE is TOML (docs/evaluation.md).
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from eval.compare import compare
from eval.figures import MEASURES, Kind
from eval.knobs import PathMode
from eval.power import ALPHA
from eval.report import Report
from eval.statistics import Difference, holm
from retrieval.errors import InvalidInputError

RunKind = Literal["retrieval", "answers", "live"]

_RUN_KEYS: Mapping[RunKind, tuple[set[str], set[str]]] = {
    "retrieval": ({"beir"}, {"split", "mode", "history", "whole"}),
    "answers": ({"documents", "questions"}, set()),
    "live": ({"set"}, {"version", "collection", "measure"}),
}
_CHOICES = {"mode": get_args(PathMode), "measure": ("answers", "retrieval")}
_TYPES: Mapping[str, type] = {"history": bool, "whole": bool, "version": int}

WATCHED: Mapping[Kind, tuple[str, ...]] = {
    "retrieval": ("ndcg@10", "recall@10", "recall@100"),
    "answers": (
        "evidence_hit@3",
        "page_hit@5",
        "citation_precision",
        "token_f1",
        "abstention_accuracy",
        "answered_rate",
        "refusal_accuracy",
    ),
}
"""What is held against the accepted run unless a gate names other figures: few, for each more makes all less sensitive,
and no times, which differ from machine to machine."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a run must hold.

    Attributes:
        kind: What is measured: ``retrieval`` or ``answers`` in a knowledge base of its own, or ``live``.
        run: What is measured with, as the options of the command are called; paths are absolute.
        floors: Figure -> least value.
        ceilings: Figure -> greatest value.
        accepted: File of the last accepted run; None takes it from the catalog.
        watched: Figures held against the accepted run; empty means ``WATCHED``.
    """

    kind: RunKind
    run: Mapping[str, Any]
    floors: Mapping[str, float] = field(default_factory=dict)
    ceilings: Mapping[str, float] = field(default_factory=dict)
    accepted: Path | None = None
    watched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says.

    Attributes:
        reasons: Why the run does not pass; empty when it does.
        notes: What a reader should know besides.
        differences: Figure -> change since the accepted run; empty without one.
    """

    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    differences: Mapping[str, Difference] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the run."""
        return not self.reasons


def read_gate(path: Path) -> Gate:
    """Read a gate file.

    Args:
        path: TOML with the tables ``run``, and optionally ``floors``, ``ceilings`` and ``accepted``; paths in it are
            relative to its folder.

    Returns:
        The gate.

    Raises:
        InvalidInputError: The file is missing or broken, or names a figure or an option that does not exist.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} is not TOML: {error}") from error
    tables = {name: _table(path, content, name) for name in ("run", "floors", "ceilings", "accepted")}
    if strangers := content.keys() - tables.keys():
        raise InvalidInputError(f"{path}: there is no table [{min(strangers)}]; there are: {', '.join(tables)}")
    kind, run = _run(path, tables["run"])
    figures = MEASURES[_measured_kind(kind, run)]
    accepted = tables["accepted"]
    watched = accepted.get("figures", [])
    if not isinstance(watched, list) or accepted.keys() - {"report", "figures"}:
        raise InvalidInputError(f'{path}: [accepted] holds "report", a path, and "figures", a list of names')
    gate = Gate(
        kind=kind,
        run=run,
        floors=_limits(path, "floors", tables["floors"]),
        ceilings=_limits(path, "ceilings", tables["ceilings"]),
        accepted=path.parent / str(accepted["report"]) if "report" in accepted else None,
        watched=tuple(str(name) for name in watched),
    )
    if times := [name for name in gate.watched if name.endswith("_ms")]:
        raise InvalidInputError(
            f"{path}: {times[0]} cannot be held against the accepted run, for machines differ; give it a ceiling"
        )
    for name in (*gate.floors, *gate.ceilings, *gate.watched):
        if name not in figures:
            raise InvalidInputError(f"{path}: there is no figure {name!r}; there are: {', '.join(figures)}")
    return gate


def rule(gate: Gate, report: Report, accepted: Report | None) -> Ruling:
    """Hold a run against a gate.

    A figure fails when it is below its floor or above its ceiling, when it has one and could not be measured, or when
    it is worse than in the accepted run by more than chance explains: question by question over those that both runs
    asked, with Holm's correction over the figures watched, so that many figures do not make a false alarm likelier.

    Args:
        gate: What must hold.
        report: The run.
        accepted: The last accepted run of the same kind; None holds the run against floors and ceilings alone.

    Returns:
        The ruling.

    Raises:
        InvalidInputError: The accepted run is of another kind, or shares no question with this one.
    """
    reasons = [*_out_of_bounds(report, gate.floors, "floor"), *_out_of_bounds(report, gate.ceilings, "ceiling")]
    if accepted is None:
        return Ruling(tuple(reasons), ("no accepted run to compare with: accept this one when it is good",))
    comparison = compare(accepted, report, seed=report.provenance.seed)
    watched = gate.watched or WATCHED[report.kind]
    reasons += _lost(report, accepted, watched)
    differences = {name: comparison.figures[name] for name in watched if name in comparison.figures}
    names = list(differences)
    adjusted = dict(zip(names, holm([differences[name].p_value for name in names]), strict=True))
    for name, found in differences.items():
        if found.verdict == "worse" and adjusted[name] < ALPHA:
            reasons.append(
                f"{name} went from {_shown(accepted, name)} to {_shown(report, name)}, by more than noise "
                f"(95 % interval of the change {found.low:+.4f} to {found.high:+.4f}, p {adjusted[name]:.4f} "
                f"after Holm, {found.questions} questions)"
            )
    notes = (f"compared with the accepted run {accepted.provenance.id}", *comparison.notes)
    return Ruling(tuple(reasons), notes, differences)


def _lost(report: Report, accepted: Report, watched: Iterable[str]) -> list[str]:
    """Say what the accepted run measured and this one could not, or of fewer of its questions: no fall would show."""
    reasons = []
    for name in watched:
        before, after = accepted.figures[name], report.figures[name]
        if before.value is not None and after.value is None:
            reasons.append(f"{name} was {before.value:.4f} in the accepted run and could not be measured now")
        elif before.value is not None and after.questions < before.questions:
            reasons.append(f"{name} was measured of {before.questions} questions and now of only {after.questions}")
    return reasons


def _out_of_bounds(report: Report, limits: Mapping[str, float], what: Literal["floor", "ceiling"]) -> list[str]:
    reasons = []
    for name, limit in limits.items():
        value = report.figures[name].value
        if value is None:
            reasons.append(f"{name} has a {what} of {limit:g} and could not be measured")
        elif (value < limit) if what == "floor" else (value > limit):
            reasons.append(f"{name} is {value:.4f}, {'below' if what == 'floor' else 'above'} its {what} of {limit:g}")
    return reasons


def _shown(report: Report, name: str) -> str:
    value = report.figures[name].value
    return "nothing" if value is None else f"{value:.4f}"


def _table(path: Path, content: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise InvalidInputError(f"{path}: {name} is not a table; write [{name}]")
    return table


def _run(path: Path, table: Mapping[str, Any]) -> tuple[RunKind, dict[str, Any]]:
    kind = next((kind for kind in _RUN_KEYS if kind == table.get("kind")), None)
    if kind is None:
        raise InvalidInputError(f'{path}: [run] needs kind = "retrieval", "answers" or "live"')
    needed, allowed = _RUN_KEYS[kind]
    given = {name: value for name, value in table.items() if name != "kind"}
    if missing := needed - given.keys():
        raise InvalidInputError(f"{path}: [run] of kind {kind} needs {', '.join(sorted(missing))}")
    if strangers := given.keys() - needed - allowed:
        raise InvalidInputError(f"{path}: [run] of kind {kind} takes no {', '.join(sorted(strangers))}")
    for name, value in given.items():
        _check_option(path, name, value)
    paths: dict[str, Any] = {
        name: path.parent / str(given[name]) for name in ("beir", "documents", "questions") if name in given
    }
    return kind, {**given, **paths}


def _check_option(path: Path, name: str, value: Any) -> None:
    expected = _TYPES.get(name, str)
    if type(value) is not expected:
        words = {bool: "true or false", int: "a whole number", str: "a text"}
        raise InvalidInputError(f"{path}: [run] {name} must be {words[expected]}")
    if value not in (choices := _CHOICES.get(name, (value,))):
        raise InvalidInputError(f"{path}: [run] {name} is {value!r}; it is one of {', '.join(choices)}")


def _measured_kind(kind: str, run: Mapping[str, Any]) -> Kind:
    return "retrieval" if "retrieval" in {kind, run.get("measure")} else "answers"


def _limits(path: Path, what: str, table: Mapping[str, Any]) -> dict[str, float]:
    for name, limit in table.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
            raise InvalidInputError(f"{path}: [{what}] {name} is not a finite number")
    return {name: float(limit) for name, limit in table.items()}
