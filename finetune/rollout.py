"""What is measured of a candidate while it is tried: how far it ranks otherwise, and whether it is slower; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, nan
from statistics import fmean, quantiles

LEAST_TIMES = 100
"""Requests of each side before their times are compared."""

MOST_TIMES = 500
"""The newest that are."""

SLOWER = 1.1
"""Share of the p95 of what is live that a candidate's may reach."""

MOST_ERRORS = 3
"""With so many a candidate has lost."""

_SURE = 0.001  # looked at after every question, so far below the usual


@dataclass(frozen=True, slots=True)
class Beside:
    """How a candidate ranked what was shown for one question.

    Attributes:
        overlap: Share of what was shown that the candidate would have shown too, in [0, 1].
        displacement: Mean number of places by which what both show is moved; 0 when they show nothing in common.
    """

    overlap: float
    displacement: float


def beside(shown: Sequence[str], ranked: Sequence[str]) -> Beside:
    """Compare two rankings of chunks, at the length of what was shown.

    Args:
        shown: Chunk ids, best first.
        ranked: The candidate's.

    Returns:
        All alike when nothing was shown and nothing would have been.
    """
    ours = {key: place for place, key in enumerate(ranked[: len(shown)])}
    if not shown:
        return Beside(1.0 if not ranked else 0.0, 0.0)
    moves = [abs(place - ours[key]) for place, key in enumerate(shown) if key in ours]
    return Beside(len(moves) / len(shown), fmean(moves) if moves else 0.0)


def p95(times: Sequence[float]) -> float:
    """Return the time that 95 % stay below; NaN of fewer than two."""
    return quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else nan


def slower(candidate: Sequence[float], live: Sequence[float]) -> bool:
    """Say whether the p95 of a candidate is beyond 1.1 times that of what is live, more than chance explains.

    Of the candidate's times, at most 5 % lie beyond a bound that its p95 does not reach: how many do is binomial.

    Args:
        candidate: Times of requests that it served, the oldest first.
        live: Of those that it did not.

    Returns:
        False while either side has fewer than 100.
    """
    if min(len(candidate), len(live)) < LEAST_TIMES:
        return False
    bound = SLOWER * p95(live[-MOST_TIMES:])
    times = candidate[-MOST_TIMES:]
    beyond = sum(time > bound for time in times)
    return _tail(beyond, len(times), 0.05) < _SURE


def _tail(least: int, of: int, share: float) -> float:
    """Return the probability of so many or more."""
    return 1.0 - sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(least))
