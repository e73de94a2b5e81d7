"""What is measured of a candidate while it is tried."""

import math
import random

import pytest

from finetune.rollout import LEAST_TIMES, beside, p95, slower


def test_two_rankings_are_compared_by_hand():
    # Shown a b c d, ranked b a x d y: a, b and d are common, moved by 1, 1 and 0 places.
    found = beside(["a", "b", "c", "d"], ["b", "a", "x", "d", "y"])
    assert found.overlap == pytest.approx(3 / 4)
    assert found.displacement == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("shown", "ranked", "overlap"), [(["a"], ["a"], 1), (["a"], ["b"], 0), ([], [], 1), ([], ["a"], 0), (["a"], [], 0)]
)
def test_rankings_of_little(shown, ranked, overlap):
    assert (beside(shown, ranked).overlap, beside(shown, ranked).displacement) == (overlap, 0)


def test_p95_of_a_hundred():
    assert p95(range(101)) == pytest.approx(95)
    assert math.isnan(p95([1.0]))


def times(count, factor=1.0, seed=0):
    """Like searches: some 20 ms, a few much longer."""
    chance = random.Random(seed)
    return [factor * math.exp(chance.gauss(3, 0.5)) for _ in range(count)]


def test_a_candidate_that_takes_half_as_long_again_is_slower():
    assert slower(times(500, 1.5, seed=1), times(500, seed=2))


def test_too_few_times_say_nothing():
    assert not slower(times(LEAST_TIMES - 1, 9.0), times(500))
    assert not slower(times(500, 9.0), times(LEAST_TIMES - 1))


def test_one_that_is_as_fast_is_hardly_ever_called_slower():
    alarms = sum(slower(times(300, seed=2 * n), times(300, seed=2 * n + 1)) for n in range(300))
    assert alarms <= 3
