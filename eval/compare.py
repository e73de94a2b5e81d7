"""Two runs, question by question: what changed, how surely, and what these questions could have found; pure, seeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.figures import MEASURES, Kind, Measure, to_columns
from eval.power import ALPHA
from eval.report import Report, rounded
from eval.statistics import RESAMPLES, Columns, Difference, Verdict, difference, holm
from retrieval.errors import InvalidInputError

_CHANGES = 20
_MOST_CANDIDATES = int(ALPHA * (RESAMPLES + 1))  # of more, the smallest p-value there is would not count after Holm


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose score changed."""

    question: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to the next.

    Attributes:
        before: Id of the first run.
        after: Id of the second.
        figures: Name -> change over the questions that both asked, for every figure that both have; in the order of
            the reports. The p-values are not corrected for the number of figures: look at the primary one.
        primary: The figure to look at; None when the two share none of those.
        settings: What is set differently: name -> value before and after, None where it is not set.
        fingerprints: Of the two systems, where they differ.
        golden: Of the two golden sets, in words, where they differ.
        shared: Questions that both asked.
        changes: Where the primary figure changed most, the largest first, at most 20.
        reworded: Questions of the same id that are worded otherwise; they are not compared.
        notes: What a reader of the figures should know.
    """

    kind: Kind
    before: str
    after: str
    figures: Mapping[str, Difference]
    primary: str | None
    settings: Mapping[str, tuple[Any, Any]]
    fingerprints: tuple[str, str] | None
    golden: tuple[str, str] | None
    shared: int
    only_before: int
    only_after: int
    reworded: int = 0
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        """Return the figures for a table: figure, before, after, change, 95 % interval, p, verdict; all in words."""
        return [
            (
                name,
                _shown(found.before),
                _shown(found.after),
                _shown(found.value, "+.4f"),
                "" if found.low is None else f"{_shown(found.low, '+.4f')} to {_shown(found.high, '+.4f')}",
                _shown(found.p_value, ".3f"),
                found.summary,
            )
            for name, found in self.figures.items()
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, figures rounded to four digits."""
        return {
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "primary": self.primary,
            "figures": {name: found.as_json() for name, found in self.figures.items()},
            "settings": {name: list(values) for name, values in self.settings.items()},
            "fingerprints": list(self.fingerprints) if self.fingerprints else None,
            "golden": list(self.golden) if self.golden else None,
            "questions": {"both": self.shared, "only_before": self.only_before, "only_after": self.only_after},
            "changes": [
                {"question": c.question, "before": rounded(c.before), "after": rounded(c.after)} for c in self.changes
            ],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several runs that were compared with the same base.

    Attributes:
        p_adjusted: Of the primary figure, after Holm over the candidates; 1 where it could not be tested.
        verdict: On the primary figure, with ``p_adjusted`` in the place of the p-value.
    """

    name: str
    comparison: Comparison
    p_adjusted: float
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, rounded to four digits."""
        told = {"name": self.name, "p_adjusted": round(self.p_adjusted, 4), "verdict": self.verdict}
        return told | self.comparison.as_json()


def compare(a: Report, b: Report, *, seed: int) -> Comparison:
    """Compare two runs over the questions that both asked.

    Args:
        a: The run before.
        b: The run after.
        seed: The same seed gives the same answer.

    Returns:
        The comparison.

    Raises:
        InvalidInputError: The runs measured different things, or share no question.
    """
    if a.kind != b.kind:
        raise InvalidInputError(f"a run of {a.kind} cannot be compared with a run of {b.kind}")
    common = [key for key in a.scores if key in b.scores]
    shared = same_questions(a, b)
    if not shared:
        raise InvalidInputError(
            "the runs share no question of the same id and words: "
            f"one asked {len(a.scores)} of {_golden(a)}, the other {len(b.scores)} of {_golden(b)}"
        )
    figures = _differences(a, b, shared, seed=seed)
    primary = next((run.primary for run in (a, b) if run.primary in figures), None)
    same_golden = a.provenance.golden_sha256 == b.provenance.golden_sha256
    found = Comparison(
        kind=a.kind,
        before=a.provenance.id,
        after=b.provenance.id,
        figures=figures,
        primary=primary,
        settings=_changed(a.settings, b.settings),
        fingerprints=None if a.fingerprint == b.fingerprint else (a.fingerprint, b.fingerprint),
        golden=None if same_golden else (_golden(a), _golden(b)),
        shared=len(shared),
        only_before=len(a.scores) - len(common),
        only_after=len(b.scores) - len(common),
        reworded=len(common) - len(shared),
        changes=tuple(changed_questions(a, b, shared, MEASURES[a.kind][primary])[:_CHANGES]) if primary else (),
    )
    return replace(found, notes=tuple(_notes(found, a, b)))


def same_questions(a: Report, b: Report) -> list[str]:
    """Return the ids of the questions that both runs asked in the same words, in the order of the first."""
    return [key for key in a.scores if key in b.scores and _same_question(key, a, b)]


def difference_of(name: str, a: Report, b: Report, keys: Sequence[str], *, seed: int) -> Difference:
    """Compare two runs by one figure over some questions that both asked."""
    return _difference(a.kind, name, *_columns(a, b, keys), seed=seed)


def _same_question(key: str, a: Report, b: Report) -> bool:
    # Ids like q1 stand in every set: two questions are one only if they are worded alike.
    before, after = a.details.get(key), b.details.get(key)
    return before is None or after is None or before.text == after.text


def compare_many(base: Report, candidates: Mapping[str, Report], *, seed: int) -> tuple[Candidate, ...]:
    """Compare several runs with one; the more there are, the surer each must be.

    Args:
        base: What they are held against.
        candidates: Name -> run.
        seed: The same seed gives the same answer.

    Returns:
        The candidates in their order.

    Raises:
        InvalidInputError: There are more than 35 candidates, the base has no primary figure, or one of the runs cannot
            be compared with it.
    """
    if len(candidates) > _MOST_CANDIDATES:
        raise InvalidInputError(
            f"{len(candidates)} candidates are too many to tell apart by {RESAMPLES:,} permutations; "
            f"compare at most {_MOST_CANDIDATES}"
        )
    if base.primary is None:
        raise InvalidInputError(f"the run {base.provenance.id} has no figure to compare candidates by")
    compared = {name: compare(base, candidate, seed=seed) for name, candidate in candidates.items()}
    primary = [comparison.figures.get(base.primary) for comparison in compared.values()]
    adjusted = holm([None if found is None else found.p_value for found in primary])
    return tuple(
        Candidate(name, comparison, p, _verdict(found, p))
        for (name, comparison), found, p in zip(compared.items(), primary, adjusted, strict=True)
    )


def _verdict(found: Difference | None, p_adjusted: float) -> Verdict:
    if found is None:
        return "not enough data"
    if found.verdict in {"better", "worse"} and p_adjusted >= ALPHA:
        return "no difference found"
    return found.verdict


def _differences(a: Report, b: Report, shared: Sequence[str], *, seed: int) -> dict[str, Difference]:
    before, after = _columns(a, b, shared)
    return {
        name: _difference(a.kind, name, before, after, seed=seed)
        for name, measure in MEASURES[a.kind].items()
        if all(name in run.figures and run.figures[name].value is not None for run in (a, b))
        and measure.column in before
    }


def _columns(a: Report, b: Report, keys: Sequence[str]) -> tuple[Columns, Columns]:
    names = sorted({name for run in (a, b) for key in keys for name in run.scores[key]})
    before, after = (to_columns([run.scores[key] for key in keys], names) for run in (a, b))
    return before, after


def _difference(kind: Kind, name: str, before: Columns, after: Columns, *, seed: int) -> Difference:
    measure = MEASURES[kind][name]
    found = difference(before, after, measure.statistic, about=measure.column, seed=seed, better=measure.better)
    # Between two runs the whole machine shifts, which a test within questions takes for an effect.
    if not name.endswith("_ms"):
        return found
    return replace(found, p_value=None, p_better=None, verdict="not tested", more_questions=None)


def changed_questions(a: Report, b: Report, shared: Sequence[str], measure: Measure) -> list[Change]:
    """Return the questions whose score of a figure changed, the largest change first."""
    changes = []
    for key in shared:
        before, after = (run.scores[key].get(_column(measure)) for run in (a, b))
        if before is not None and after is not None and before != after:
            changes.append(Change(key, before, after))
    return sorted(changes, key=lambda c: (-abs(c.after - c.before), c.question))


def _column(measure: Measure) -> str:
    # Right or wrong is what changes about a question; whether it is answerable does not.
    return "abstention_right" if measure.name == "abstention_accuracy" else measure.column


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [*before, *(name for name in after if name not in before)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def _golden(run: Report) -> str:
    number = run.provenance.golden_version
    return run.provenance.golden if number is None else f"{run.provenance.golden}, version {number}"


def _unpaired(found: Comparison) -> list[str]:
    notes: list[str] = []
    if found.reworded:
        notes.append(f"questions of the same id that are worded otherwise, not compared: {found.reworded}")
    if fewer := [name for name, change in found.figures.items() if change.missing]:
        notes.append(f"measured of other questions in the two runs, compared over those of both: {', '.join(fewer)}")
    if found.only_before or found.only_after:
        notes.append(
            f"compared over the {found.shared} questions of both; {found.only_before} were asked only before, "
            f"{found.only_after} only after"
        )
    return notes


def _notes(found: Comparison, a: Report, b: Report) -> list[str]:
    notes = [f"set differently: {name} {before} -> {after}" for name, (before, after) in found.settings.items()]
    if found.fingerprints:
        notes.append(f"another system: {found.fingerprints[0]} -> {found.fingerprints[1]}")
    if found.golden:
        notes.append(
            f"the golden sets differ: {found.golden[0]} -> {found.golden[1]}; questions are paired by their id"
        )
    if a.provenance.corpus_epoch != b.provenance.corpus_epoch:
        notes.append(f"documents changed: corpus epoch {a.provenance.corpus_epoch} -> {b.provenance.corpus_epoch}")
    notes += _unpaired(found)
    if found.primary is None:
        notes.append("no primary figure was measured in both runs")
    elif (detectable := found.figures[found.primary].detectable) is not None:
        notes.append(
            f"a difference of {detectable:.4f} in {found.primary} would be found in 4 of 5 such sets of "
            f"{found.figures[found.primary].questions} questions"
        )
    return notes


def _shown(value: float | None, form: str = ".4f") -> str:
    return "" if value is None else format(value, form)
