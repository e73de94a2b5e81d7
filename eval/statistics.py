"""How far a figure can be trusted, and whether two differ by more than chance; pure, seeded.

A difference is reported when two tests agree: the permutation test and the bootstrap interval. The permutation test
asks for p < .035 rather than .05: of 500 comparisons of a system with itself .05 reports 25 +- 5, so that every second
batch would be above 5 %; .035 reports 17 +- 4 (``bench/statistics.py``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eval.power import ALPHA, LEAST_QUESTIONS, LEVEL, WORTHWHILE, detectable_over_error, questions_needed, wilson

RESAMPLES = 1000

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Columns = Mapping[str, FloatArray]
"""Name -> one number a question, NaN where it is not known; all of the same shape (questions,)."""

Statistic = Callable[[Columns, IntArray], FloatArray]
"""Columns and the questions that count, shape (samples, questions), by their index -> one value a sample, shape
(samples,); NaN where it cannot be computed."""

Verdict = Literal["not tested", "better", "worse", "no difference found", "not enough data"]

_BLOCK_CELLS = 500_000  # some 50 MB while one block is worked on
_ROUNDING = 1e-12
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the interval that holds its true value in 95 of 100 sets like this one.

    Attributes:
        value: None when it cannot be measured.
        low: None when fewer than two questions say something, and no interval can be given.
        questions: How many say something.
    """

    value: float | None
    low: float | None
    high: float | None
    questions: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two runs over the questions that both know.

    Attributes:
        before: The figure of the first run over those questions; None when it cannot be measured.
        after: The same of the second.
        value: ``after - before``; None when one of them cannot be measured.
        low: Of the 95 % interval of ``value``; None as of ``Interval``.
        bound: One-sided 95 % bound of the improvement, in the unit of the figure: what it is at least. Negative when
            it may be a loss.
        p_value: Two-sided, of the permutation test; None when ``value`` is.
        p_better: One-sided: how often chance alone improves as much.
        questions: How many both know.
        missing: How many only one of the two knows.
        detectable: Smallest difference that this set finds in 4 of 5 tries; None when nothing varies.
        more_questions: How many more it takes to tell, where there is not enough data and a number can be given.
    """

    before: float | None
    after: float | None
    value: float | None
    low: float | None
    high: float | None
    bound: float | None
    p_value: float | None
    p_better: float | None
    questions: int
    missing: int
    detectable: float | None
    verdict: Verdict
    more_questions: int | None = None

    @property
    def summary(self) -> str:
        """The verdict in words, with the number of questions that are missing."""
        if self.verdict != "not enough data" or self.more_questions is None:
            return self.verdict
        return f"not enough data: {self.more_questions} more question{'s' if self.more_questions > 1 else ''}"

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, rounded to four digits."""
        return {
            name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in asdict(self).items()
        }


def interval(columns: Columns, statistic: Statistic, *, about: str, seed: int, resamples: int = RESAMPLES) -> Interval:
    """Measure a figure with its interval: percentile bootstrap over questions (Efron & Tibshirani 1993).

    A share of yes and no has Wilson's score interval instead: of ten questions that all went well every resample goes
    well too, and a bootstrap would call that certain.

    Args:
        columns: Of all questions.
        statistic: Makes the figure.
        about: The column that says which questions count: those where it is not NaN.
        seed: The same seed gives the same interval.
        resamples: At least 100 for an interval worth looking at.

    Returns:
        The figure; never NaN.
    """
    kept = np.flatnonzero(~np.isnan(columns[about]))
    n = len(kept)
    value = float(statistic(columns, kept[None, :])[0]) if n else np.nan
    if not np.isfinite(value):
        return Interval(None, None, None, n)
    if n < 2:
        return Interval(value, None, None, n)
    known = columns[about][kept]
    if np.isin(known, (0.0, 1.0)).all() and abs(value - known.mean()) < _ROUNDING:
        return Interval(value, *wilson(value, n), n)
    rng = np.random.default_rng(seed)
    draws = [statistic(columns, kept[rng.integers(n, size=shape)]) for shape in blocks(resamples, n)]
    low, high = _quantiles(np.concatenate(draws), (1 - LEVEL) / 2, (1 + LEVEL) / 2)
    return Interval(value, low, high, n)


def difference(
    a: Columns,
    b: Columns,
    statistic: Statistic,
    *,
    about: str,
    seed: int,
    better: Literal["higher", "lower"] = "higher",
) -> Difference:
    """Compare two runs question by question.

    The interval is a bootstrap over pairs; the p-values are of a permutation test that swaps the two runs question by
    question, ``(1 + as extreme) / (1 + permutations)`` (Phipson & Smyth 2010). Verdicts:

    - ``better``, ``worse``: p < .035 and the interval excludes 0.
    - ``not enough data``: fewer than 10 questions, or the figure cannot be measured, or a difference as large as the
      observed one would be found with up to ten times the questions: ``more_questions`` says how many more.
    - ``no difference found``: a difference of ``detectable`` would have been found in 4 of 5 such sets.

    Args:
        a: The first run; the same questions in the same order as ``b``.
        b: The second.
        statistic: Makes the figure.
        about: The column that says which questions count: those where it is NaN in neither run.
        seed: The same seed gives the same answer.
        better: Which direction is an improvement.

    Returns:
        The difference; never NaN.
    """
    paired = _paired(a, b, statistic, about)
    n, missing = len(paired.pairs), paired.missing
    before, after = paired.value(of_second=False), paired.value(of_second=True)
    if before is None or after is None or n < 2:
        return _unmeasured(before, after, n, missing)
    value, sign, rng = after - before, 1.0 if better == "higher" else -1.0, np.random.default_rng(seed)
    draws, swaps = paired.bootstrap(rng), paired.permutations(rng)
    low, high = _quantiles(draws, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
    spread = _standard_error(draws, n)
    p_value = _share_as_extreme(np.abs(swaps), abs(value))
    found = low is not None and high is not None and p_value < ALPHA and (low > 0 or high < 0)
    verdict, more_questions = _found(sign * value) if found else _not_found(value, spread, n)
    return Difference(
        before=before,
        after=after,
        value=value,
        low=low,
        high=high,
        bound=_quantiles(sign * draws, 1 - LEVEL)[0],
        p_value=p_value,
        p_better=_share_as_extreme(sign * swaps, sign * value),
        questions=n,
        missing=missing,
        detectable=detectable_over_error(n) * spread if spread else None,
        verdict=verdict,
        more_questions=more_questions,
    )


def holm(p_values: Sequence[float | None]) -> tuple[float, ...]:
    """Adjust p-values of questions asked at once, so that one false yes among all stays at its level (Holm 1979).

    Args:
        p_values: In any order; None, where nothing could be tested, says nothing and counts for nothing.

    Returns:
        The adjusted p-values in the same order; 1 for None.
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, (p, place) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - rank)))
        adjusted[place] = largest
    return tuple(adjusted)


def blocks(samples: int, questions: int) -> Iterator[tuple[int, int]]:
    """Part samples so that some 50 MB are worked on at a time.

    Yields:
        The shape of each block, (samples, questions).
    """
    rows = max(1, _BLOCK_CELLS // questions)
    for start in range(0, samples, rows):
        yield min(rows, samples - start), questions


@dataclass(frozen=True, slots=True)
class _Paired:
    """Both runs one after the other: question ``i`` of the second run has the index ``i + apart``."""

    statistic: Statistic
    columns: Columns
    pairs: IntArray
    apart: int
    missing: int

    def value(self, *, of_second: bool) -> float | None:
        if not len(self.pairs):
            return None
        value = float(self.statistic(self.columns, self.pairs[None, :] + self.apart * of_second)[0])
        return value if np.isfinite(value) else None

    def bootstrap(self, rng: np.random.Generator) -> FloatArray:
        """Draw pairs anew; the difference of each sample, shape (RESAMPLES,)."""
        drawn = (self.pairs[rng.integers(len(self.pairs), size=shape)] for shape in blocks(RESAMPLES, len(self.pairs)))
        return np.concatenate([self._change(index, index + self.apart) for index in drawn])

    def permutations(self, rng: np.random.Generator) -> FloatArray:
        """Swap the runs of random pairs; the difference after each, shape (RESAMPLES,)."""
        drawn = (self.apart * rng.integers(2, size=shape) for shape in blocks(RESAMPLES, len(self.pairs)))
        return np.concatenate([self._change(self.pairs + swap, self.pairs + self.apart - swap) for swap in drawn])

    def _change(self, first: IntArray, second: IntArray) -> FloatArray:
        return self.statistic(self.columns, second) - self.statistic(self.columns, first)


def _paired(a: Columns, b: Columns, statistic: Statistic, about: str) -> _Paired:
    known_a, known_b = ~np.isnan(a[about]), ~np.isnan(b[about])
    both = {name: np.concatenate([a[name], b[name]]) for name in a.keys() & b.keys()}
    missing = int((known_a ^ known_b).sum())
    return _Paired(statistic, both, np.flatnonzero(known_a & known_b), len(known_a), missing)


def _found(improvement: float) -> tuple[Verdict, None]:
    return "better" if improvement > 0 else "worse", None


def _not_found(value: float, spread: float | None, n: int) -> tuple[Verdict, int | None]:
    if spread is None:
        return "not enough data", None
    needed = LEAST_QUESTIONS
    if abs(value) > _ROUNDING and spread:
        needed = questions_needed(spread * n**0.5, abs(value))
    if n < LEAST_QUESTIONS or LEAST_QUESTIONS < needed <= WORTHWHILE * n:
        return "not enough data", max(1, needed - n)
    return "no difference found", None


def _unmeasured(before: float | None, after: float | None, n: int, missing: int) -> Difference:
    value = None if before is None or after is None else after - before
    more = LEAST_QUESTIONS - n if n < LEAST_QUESTIONS else None
    return Difference(before, after, value, None, None, None, None, None, n, missing, None, "not enough data", more)


def _quantiles(draws: FloatArray, *shares: float) -> tuple[float | None, ...]:
    # A figure that most samples cannot give (one unanswerable question among many) has no interval.
    known = draws[np.isfinite(draws)]
    if 2 * len(known) < len(draws):
        return (None,) * len(shares)
    return tuple(float(value) for value in np.quantile(known, shares))


def _standard_error(draws: FloatArray, n: int) -> float | None:
    known = draws[np.isfinite(draws)]
    if 2 * len(known) < len(draws):
        return None
    # Bootstrap samples vary by (n - 1) / n less than sets do.
    spread = float(known.std()) * (n / (n - 1)) ** 0.5
    return spread if spread > _ROUNDING else 0.0


def _share_as_extreme(swaps: FloatArray, observed: float) -> float:
    # What could not be computed counts as extreme: a p-value may be too large, never too small.
    below = swaps < observed - _ROUNDING * max(1.0, abs(observed))
    return float((1 + (~below).sum()) / (1 + len(swaps)))
