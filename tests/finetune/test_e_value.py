from itertools import pairwise
from math import log

import numpy as np
import pytest

from finetune.e_value import STOP, e_value, log_e_value, winner
from retrieval.errors import InvalidInputError


def test_an_e_value_by_hand():
    # With a uniform prior (1): beta(1 + 2, 1) / beta(1, 1) = 1/3; times 2^2 = 4/3
    assert e_value(2, 0, prior=1) == pytest.approx(4 / 3)
    # One win, one loss: beta(2, 2) = 1/6; times 4 = 2/3
    assert e_value(1, 1, prior=1) == pytest.approx(2 / 3)


def test_nothing_seen_is_no_evidence():
    assert e_value(0, 0) == 1
    assert winner(0, 0) is None


def test_wins_and_losses_weigh_the_same():
    assert e_value(30, 12) == pytest.approx(e_value(12, 30))
    assert winner(60, 20) == "candidate"
    assert winner(20, 60) == "live"


def test_it_stops_at_the_first_win_that_reaches_twenty():
    runs = [log_e_value(wins, 0) for wins in range(40)]
    assert all(later >= earlier for earlier, later in pairwise(runs))
    first = next(wins for wins in range(40) if runs[wins] >= log(STOP))
    assert winner(first - 1, 0) is None
    assert winner(first, 0) == "candidate"


def test_a_very_long_trial_has_an_e_value():
    assert winner(900_000, 100_000) == "candidate"
    assert e_value(900_000, 100_000) == float("inf")
    assert e_value(500_000, 500_000) < 1


def test_two_equal_systems_looked_at_after_every_question_stop_in_at_most_one_of_twenty_trials():
    trials, questions = 2000, 1000
    wins = np.cumsum(np.random.default_rng(11).random((trials, questions)) < 0.5, axis=1)
    looked = np.array([_extremes(n) for n in range(1, questions + 1)])
    stopped = ((wins <= looked[:, 0]) | (wins >= looked[:, 1])).any(axis=1)
    assert 0.01 < stopped.mean() <= 0.05
    # and what was looked up there is the rule itself
    for n in (10, 100, 400):
        least, most = _extremes(n)
        assert [winner(w, n - w) is not None for w in range(n + 1)] == [w <= least or w >= most for w in range(n + 1)]


def _extremes(n):
    """The most wins at which ``live`` has won after n questions, and the fewest at which the candidate has."""
    low, high = n // 2, n + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle > n or winner(middle, n - middle) == "candidate" else (middle + 1, high)
    return n - low, low


@pytest.mark.parametrize(("wins", "losses", "prior"), [(-1, 0, 10), (0, -1, 10), (1, 1, 0)])
def test_what_cannot_be_counted_is_refused(wins, losses, prior):
    with pytest.raises(InvalidInputError):
        e_value(wins, losses, prior=prior)
