"""Where a system is weak: figures by tag, length and language of the question, the worst first; pure, seeded."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from eval.figures import MEASURES, PRIMARY, Measure, Scores, to_columns
from eval.power import LEVEL
from eval.report import Report, rounded
from eval.statistics import RESAMPLES, Columns, FloatArray, IntArray, Interval, holm, interval

LEAST_QUESTIONS = 5
"""A slice of fewer stands apart: it would be first, or last, by chance."""

_CHANCE = 0.05
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Slice:
    """The questions with one value of a tag.

    Attributes:
        questions: How many have it.
        figures: Name -> value with its interval, over these questions; the primary one first.
        small: Whether the primary figure is about fewer than five of them.
    """

    tag: str
    value: str
    questions: int
    figures: Mapping[str, Interval]
    small: bool

    @property
    def summary(self) -> str:
        """The slice and its primary figure in one line."""
        name, figure = next(iter(self.figures.items()))
        low = "" if figure.low is None else f" ({figure.low:.4f} to {figure.high:.4f})"
        shown = "not measured" if figure.value is None else f"{figure.value:.4f}{low}"
        few = ", too small to rank" if self.small else ""
        return f"{self.tag} = {self.value}: {name} {shown}, {self.questions} questions{few}"

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, figures rounded to four digits."""
        return {
            "tag": self.tag,
            "value": self.value,
            "questions": self.questions,
            "small": self.small,
            "figures": {
                name: {"value": rounded(f.value), "low": rounded(f.low), "high": rounded(f.high), "n": f.questions}
                for name, f in self.figures.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """How far the best and the worst value of a tag lie apart on the primary figure.

    Attributes:
        gap: Between best and worst, >= 0.
        low: Of the 95 % interval of the difference between these two groups. They were picked because they lie far
            apart, so it is too hopeful; ``p_value`` is not.
        p_value: How often groups of these sizes lie as far apart when the questions are dealt out at random.
        p_adjusted: After Holm over the tags.
        chance: Whether it may well be chance.
    """

    tag: str
    figure: str
    best: str
    worst: str
    gap: float
    low: float | None
    high: float | None
    p_value: float
    p_adjusted: float
    chance: bool

    @property
    def summary(self) -> str:
        """The gap in one line."""
        between = "" if self.low is None else f" ({self.low:.4f} to {self.high:.4f})"
        verdict = "may be chance" if self.chance else "more than chance"
        return (
            f"{self.tag}: {self.figure} of {self.worst} is {self.gap:.4f}{between} behind {self.best}, "
            f"p {self.p_adjusted:.3f}: {verdict}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, rounded to four digits."""
        return {name: rounded(v) if isinstance(v, float) else v for name, v in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Slices:
    """What ``slices`` finds.

    Attributes:
        ranked: The worst on the primary figure first; those where it cannot be measured last.
        small: Slices of fewer than five questions, by tag and value.
        gaps: One a tag with at least two ranked slices, in the order of ``p_value``.
        untagged: Tag -> how many questions do not have it and are in none of its slices.
    """

    ranked: tuple[Slice, ...] = ()
    small: tuple[Slice, ...] = ()
    gaps: tuple[Gap, ...] = ()
    untagged: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return ``slices``, the worst first and those too small to rank at the end, and ``gaps``, the surest first."""
        return {
            "slices": [entry.as_json() for entry in (*self.ranked, *self.small)],
            "gaps": [gap.as_json() for gap in self.gaps],
        }


def slices(
    scores: Mapping[str, Scores],
    tags: Mapping[str, Mapping[str, str]],
    measures: Mapping[str, Measure],
    *,
    primary: str,
    seed: int,
) -> Slices:
    """Measure every group of questions that a tag makes.

    Args:
        scores: Question id -> column -> value.
        tags: Question id -> tag -> value.
        measures: The figures to make, by name.
        primary: The one that says which group is worst; in ``measures``.
        seed: The same seed gives the same answer.

    Returns:
        Slices and gaps; nothing where no question is tagged.
    """
    ids = list(scores)
    names = {m.column for m in measures.values()}.union(*scores.values())
    columns = to_columns(list(scores.values()), sorted(names))
    groups = _groups(ids, tags)
    ordered = {primary: measures[primary]} | dict(measures)
    found = [
        _slice(tag, value, members, columns, ordered, seed=seed)
        for tag, values in groups.items()
        for value, members in values.items()
    ]
    measure = measures[primary]
    ranked = sorted((entry for entry in found if not entry.small), key=lambda entry: _badness(entry, measure))
    gaps = [_gap(tag, values, columns, measure, seed=seed) for tag, values in groups.items()]
    return Slices(
        ranked=tuple(ranked),
        small=tuple(entry for entry in found if entry.small),
        gaps=_adjusted([gap for gap in gaps if gap is not None]),
        untagged={
            tag: left for tag, values in groups.items() if (left := len(ids) - sum(len(m) for m in values.values()))
        },
    )


def slices_in(report: Report) -> Slices:
    """Return the slices of a report and how far the groups of each tag lie apart, on its primary figure.

    Returns:
        Nothing where no primary figure was measured.
    """
    primary = report.primary
    if primary is None:
        return Slices()
    measures = {name: MEASURES[report.kind][name] for name in PRIMARY[report.kind]}
    return slices(report.scores, report.tags, measures, primary=primary, seed=report.provenance.seed)


def _groups(ids: Sequence[str], tags: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, IntArray]]:
    """Return tag -> value -> places of its questions, tags and values in order."""
    places: dict[str, dict[str, list[int]]] = {}
    for place, key in enumerate(ids):
        for tag, value in tags.get(key, {}).items():
            places.setdefault(tag, {}).setdefault(value, []).append(place)
    return {
        tag: {value: np.array(values[value], dtype=np.int64) for value in sorted(values)}
        for tag, values in sorted(places.items())
    }


def _slice(
    tag: str, value: str, members: IntArray, columns: Columns, measures: Mapping[str, Measure], *, seed: int
) -> Slice:
    of_slice = {name: column[members] for name, column in columns.items()}
    figures = {
        name: interval(of_slice, measure.statistic, about=measure.column, seed=seed)
        for name, measure in measures.items()
    }
    first = next(iter(figures.values()))
    return Slice(tag, value, len(members), figures, small=first.questions < LEAST_QUESTIONS)


def _badness(entry: Slice, measure: Measure) -> float:
    value = next(iter(entry.figures.values())).value
    if value is None:
        return np.inf
    return value if measure.better == "higher" else -value


def _gap(tag: str, values: Mapping[str, IntArray], columns: Columns, measure: Measure, *, seed: int) -> Gap | None:
    about, sign = columns[measure.column], 1.0 if measure.better == "higher" else -1.0
    known = {value: members[~np.isnan(about[members])] for value, members in values.items()}
    figures = {
        value: sign * float(measure.statistic(columns, members[None, :])[0])
        for value, members in known.items()
        if len(members) >= LEAST_QUESTIONS
    }
    ordered = sorted((value for value, figure in figures.items() if np.isfinite(figure)), key=figures.__getitem__)
    if len(ordered) < 2:
        return None
    worst, best = ordered[0], ordered[-1]
    gap, rng = figures[best] - figures[worst], np.random.default_rng(seed)
    draws = sign * (_resampled(known[best], columns, measure, rng) - _resampled(known[worst], columns, measure, rng))
    draws = draws[np.isfinite(draws)]
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist() if len(draws) else (None, None)
    dealt = _dealt([known[value] for value in ordered], columns, measure, rng)
    p = float((1 + (dealt >= gap - _ROUNDING).sum()) / (1 + RESAMPLES))
    return Gap(tag, measure.name, best, worst, gap, low, high, p_value=p, p_adjusted=p, chance=True)


def _resampled(members: IntArray, columns: Columns, measure: Measure, rng: np.random.Generator) -> FloatArray:
    return measure.statistic(columns, members[rng.integers(len(members), size=(RESAMPLES, len(members)))])


def _dealt(groups: Sequence[IntArray], columns: Columns, measure: Measure, rng: np.random.Generator) -> FloatArray:
    """Deal the questions out at random to groups of the same sizes; the range of the figure, shape (RESAMPLES,)."""
    everyone = np.concatenate(groups)
    dealt = rng.permuted(np.tile(everyone, (RESAMPLES, 1)), axis=1)
    ends = np.cumsum([len(group) for group in groups])[:-1]
    figures = np.stack([measure.statistic(columns, part) for part in np.split(dealt, ends, axis=1)])
    # A group that cannot be measured is left out, as it is among the real ones.
    low, high = (np.where(np.isnan(figures), end, figures) for end in (np.inf, -np.inf))
    return np.asarray(high.max(axis=0) - low.min(axis=0), dtype=np.float64)


def _adjusted(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    adjusted = holm([gap.p_value for gap in gaps])
    found = [replace(gap, p_adjusted=p, chance=p >= _CHANCE) for gap, p in zip(gaps, adjusted, strict=True)]
    return tuple(sorted(found, key=lambda gap: gap.p_value))
