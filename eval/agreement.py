"""How far raters agree beyond chance: Cohen's kappa, unweighted and linearly weighted; pure, seeded.

Weighted kappa as Cohen (Psychological Bulletin 70, 1968) has it, a disagreement weighs by how far the grades lie apart.
Of several pairs of raters the shares are pooled first (De Vries et al., Health Services Research 43, 2008): that is
Cohen's kappa where there is one pair. The interval resamples questions, not passages, which hang together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

GRADES = 3
"""0: does not answer; 1: answers partly; 2: answers."""

RESAMPLES = 1_000
_LEVEL = 0.95

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Graded:
    """What one rater said of one passage of one question."""

    task_id: str
    passage_id: str
    rater: str
    grade: int


@dataclass(frozen=True, slots=True)
class Kappa:
    """A kappa with its 95 % bootstrap interval; None where chance alone would agree always, or nothing was graded."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far some raters agree.

    Attributes:
        raters: The two; empty for all pairs together.
        pairs: Passages that two raters graded; one that three did counts three times in all pairs together.
        tasks: Questions of these passages.
        same: Share of the pairs with equal grades; None without any.
    """

    raters: tuple[str, ...]
    pairs: int
    tasks: int
    same: float | None
    kappa: Kappa
    weighted: Kappa


Pair = tuple[str, str]


def agreements(graded: Sequence[Graded], *, seed: int = 0) -> tuple[Agreement, tuple[Agreement, ...]]:
    """Compare raters on the passages that two or more of them graded.

    Args:
        graded: One entry a passage and rater.
        seed: The same seed gives the same intervals.

    Returns:
        All pairs of raters together; and each pair, those with most passages first.
    """
    tables, tasks = _tables(graded)
    order = sorted(tables, key=lambda pair: (-sum(int(table.sum()) for table in tables[pair].values()), pair))
    each = tuple(_agreement(pair, [tables[pair]], tasks, seed) for pair in order)
    return _agreement((), [tables[pair] for pair in order], tasks, seed), each


def kappa_of(tables: Sequence[FloatArray], *, weighted: bool) -> float | None:
    """Compute kappa of tables of grades, one a pair of raters.

    Args:
        tables: How often the first rater gave one grade (row) and the second another (column), shape (GRADES, GRADES).
        weighted: Linearly, by how far the grades lie apart.

    Returns:
        In [-1, 1]; None where nothing was graded, or where chance alone would agree always.
    """
    parts = [_apart(table, weighted=weighted) for table in tables]
    by_chance = sum(float(chance) for _, chance in parts)
    return 1.0 - sum(float(seen) for seen, _ in parts) / by_chance if by_chance > 0 else None


def _apart(tables: FloatArray, *, weighted: bool) -> tuple[FloatArray, FloatArray]:
    """Add up how far grades lie apart, and how far they would by chance.

    Args:
        tables: Shape (..., GRADES, GRADES).
        weighted: As of ``kappa_of``.

    Returns:
        Both of shape (...).
    """
    steps = np.abs(np.subtract.outer(np.arange(GRADES), np.arange(GRADES))).astype(np.float64)
    costs = steps if weighted else np.minimum(steps, 1.0)
    totals = tables.sum(axis=(-2, -1))
    chance = np.einsum("...i,ij,...j->...", tables.sum(axis=-1), costs, tables.sum(axis=-2))
    return (tables * costs).sum(axis=(-2, -1)), chance / np.where(totals > 0, totals, 1.0)


def _tables(graded: Sequence[Graded]) -> tuple[Mapping[Pair, Mapping[str, FloatArray]], tuple[str, ...]]:
    """Count grades by pair of raters and task; the tasks that anything is known of come second, sorted."""
    of_passage: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for one in graded:
        of_passage[one.task_id, one.passage_id][one.rater] = one.grade
    tables: dict[Pair, dict[str, FloatArray]] = defaultdict(dict)
    for (task_id, _), grades in of_passage.items():
        for first, second in combinations(sorted(grades), 2):
            table = tables[first, second].setdefault(task_id, np.zeros((GRADES, GRADES)))
            table[grades[first], grades[second]] += 1
    return tables, tuple(sorted({task for of_task in tables.values() for task in of_task}))


def _agreement(
    raters: tuple[str, ...], pairs: Sequence[Mapping[str, FloatArray]], tasks: Sequence[str], seed: int
) -> Agreement:
    own = [task for task in tasks if any(task in of_task for of_task in pairs)]
    together = [np.sum(list(of_task.values()), axis=0) for of_task in pairs]
    count = int(sum(table.sum() for table in together))
    if not count:
        return Agreement(raters, 0, 0, None, Kappa(None), Kappa(None))
    same = float(sum(np.trace(table) for table in together) / count)
    drawn = np.random.default_rng(seed).multinomial(len(own), np.full(len(own), 1 / len(own)), RESAMPLES)
    places = {task: place for place, task in enumerate(own)}
    samples = [
        np.tensordot(drawn[:, [places[task] for task in of_task]].astype(np.float64), list(of_task.values()), axes=1)
        for of_task in pairs
    ]
    plain, weighted = (_with_interval(together, samples, weighted=flag, tasks=len(own)) for flag in (False, True))
    return Agreement(raters, count, len(own), same, plain, weighted)


def _with_interval(
    together: Sequence[FloatArray], samples: Sequence[FloatArray], *, weighted: bool, tasks: int
) -> Kappa:
    value = kappa_of(together, weighted=weighted)
    if value is None or tasks < 2:  # one question, drawn again and again, is always the same
        return Kappa(value)
    parts = [_apart(tables, weighted=weighted) for tables in samples]
    seen, chance = (np.sum([part[side] for part in parts], axis=0) for side in (0, 1))
    drawn = 1.0 - seen[chance > 0] / chance[chance > 0]
    if not len(drawn):
        return Kappa(value)
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Kappa(value, float(low), float(high))
