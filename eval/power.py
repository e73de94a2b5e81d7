"""What a set of questions can find: the smallest difference, and how many questions a difference takes; pure."""

from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import InvalidInputError

ALPHA = 0.035
"""A difference is reported when its permutation test is below it.

Not .05: of 500 comparisons of a system with itself .05 reports 25 +- 5, so that every second batch would be above 5 %;
.035 reports 17 +- 4 (``bench/statistics.py``).
"""
LEAST_QUESTIONS = 10
"""What a set needs before it is asked for a difference; swapping the sides of five can never reach p < .035."""

LEVEL = 0.95
"""Of every interval."""

WORTHWHILE = 10
"""Times the questions at hand that may be asked for; who needs more has nothing to look for."""

_POWER = 0.8
# Real differences of nDCG are zero for most questions and large for few, and their SD is estimated: a planted
# difference of the t-test's size was found in only 70 to 80 % of fresh sets of 20 to 225 questions. With 1.1 it is 81
# to 88 % from 50 questions on, and 74 to 82 % at 20.
_MARGIN = 1.1
_ROUNDING = 1e-12


def detectable_difference(differences: NDArray[np.float64]) -> float | None:
    """Say which true mean difference a set like this one finds in 4 of 5 tries.

    Args:
        differences: One number a question, shape (questions,).

    Returns:
        Some 3.25 SD / sqrt(questions): quantiles of t for the reporting level and for the power, times a margin for
        differences that are zero for most questions. None for fewer than two questions or when nothing varies.
    """
    n = len(differences)
    spread = float(np.std(differences, ddof=1)) / n**0.5 if n > 1 else 0.0
    return detectable_over_error(n) * spread if spread > _ROUNDING else None


def questions_needed(sd: float, difference: float) -> int:
    """Say how many questions it takes to find a true difference in 4 of 5 tries.

    Args:
        sd: Standard deviation of the differences of single questions, >= 0.
        difference: Above 0.

    Returns:
        At least 10.

    Raises:
        InvalidInputError: The difference is not above 0.
    """
    if not difference > 0:
        raise InvalidInputError("only a difference above 0 can be looked for")
    n = max(LEAST_QUESTIONS, int((detectable_over_error(None) * sd / difference) ** 2))
    while detectable_over_error(n) * sd > difference * n**0.5:
        n += 1
    return n


def detectable_over_error(n: int | None) -> float:
    """Say how many standard errors a difference must have to be found in 4 of 5 tries.

    Args:
        n: Questions, at least 2; None stands for very many.

    Returns:
        A factor, 3.2 for many questions.
    """
    from scipy.special import ndtri, stdtrit

    quantile = ndtri if n is None else partial(stdtrit, n - 1)
    return _MARGIN * float(quantile(1 - ALPHA / 2) + quantile(_POWER))


def more_questions(n: int, *, found_from: float, wanted: float, least: int = 0) -> int | None:
    """Say how many more questions it takes to find a difference in 4 of 5 tries.

    Args:
        n: Questions that were asked.
        found_from: Smallest difference that they find in 4 of 5 tries, > 0.
        wanted: Difference to be found, > 0.
        least: Questions that it takes in any case.

    Returns:
        At least 1; None where ten times the questions would not tell.
    """
    needed = max(least, questions_needed(found_from / detectable_over_error(n) * n**0.5, wanted))
    return max(1, needed - n) if needed <= WORTHWHILE * n else None


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the score interval of a share of yes and no (Wilson 1927).

    Args:
        share: Of yes, in [0, 1].
        n: Questions, at least 1.

    Returns:
        Low and high, in [0, 1]; never one point.
    """
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)
