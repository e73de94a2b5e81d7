import json
import tracemalloc
from itertools import product

import numpy as np
import pytest

from eval.figures import auroc_of, mean_of, percentile_of, ratio_of
from eval.power import ALPHA, LEAST_QUESTIONS, detectable_difference, detectable_over_error, questions_needed
from eval.statistics import RESAMPLES, difference, holm, interval
from retrieval.errors import InvalidInputError

MEAN = mean_of("x")
NAN = np.nan


def column(values):
    return {"x": np.array(values, dtype=float)}


def compared(a, b, **options):
    return difference(column(a), column(b), MEAN, about="x", **{"seed": 1} | options)


def heavy_tailed(rng, n):
    """Differences as those of nDCG: two of three are zero, the others large, in either direction."""
    return np.where(rng.random(n) < 2 / 3, 0.0, rng.choice([-1, 1], n) * rng.choice([0.37, 0.5, 1.0], n))


# intervals


def test_an_interval_is_as_wide_as_theory_says():
    # The standard error of 400 coin tosses is sqrt(.25 / 400) = .025; 1.96 of them on either side of .5
    figure = interval(column([0, 1] * 200), MEAN, about="x", seed=1)
    assert figure.value == 0.5
    assert figure.questions == 400
    assert figure.low == pytest.approx(0.451, abs=0.005)
    assert figure.high == pytest.approx(0.549, abs=0.005)


def test_an_interval_holds_the_true_value_in_95_of_100_sets():
    rng = np.random.default_rng(5)
    held = 0
    for seed in range(200):
        figure = interval(column(rng.random(60)), MEAN, about="x", seed=seed, resamples=400)
        held += figure.low <= 0.5 <= figure.high
    # 190 +- 3 of 200; four standard deviations on either side
    assert 178 <= held <= 200


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    values = column(np.random.default_rng(0).random(50))
    first, again, other = (interval(values, MEAN, about="x", seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_questions_that_say_nothing_do_not_count():
    figure = interval(column([1, NAN, 0, NAN]), MEAN, about="x", seed=1)
    assert (figure.value, figure.questions) == (0.5, 2)


def test_one_question_has_a_value_and_no_interval():
    figure = interval(column([0.7, NAN]), MEAN, about="x", seed=1)
    assert (figure.value, figure.low, figure.high, figure.questions) == (0.7, None, None, 1)


@pytest.mark.parametrize("values", [[], [NAN], [NAN, NAN]])
def test_without_a_question_there_is_no_value(values):
    figure = interval(column(values), MEAN, about="x", seed=1)
    assert (figure.value, figure.low, figure.high, figure.questions) == (None, None, None, 0)


def test_a_figure_that_cannot_be_computed_is_none_and_never_nan():
    columns = {"score": np.array([0.1, 0.9]), "right": np.array([1.0, 1.0])}
    figure = interval(columns, auroc_of("score", "right"), about="right", seed=1)
    assert (figure.value, figure.low, figure.questions) == (None, None, 2)


def test_one_negative_among_many_still_gets_an_interval_of_the_samples_that_hold_it():
    # 1 - (1 - 1/50)^50 = 64 % of the samples hold the one negative.
    right = np.array([1.0] * 49 + [0.0])
    figure = interval(
        {"score": np.linspace(1, 0, 50), "right": right}, auroc_of("score", "right"), about="right", seed=1
    )
    assert figure.value == 1
    assert (figure.low, figure.high) == (1, 1)


def test_blocks_make_no_difference_to_the_interval(monkeypatch):
    values = column(np.random.default_rng(0).random(40))
    whole = interval(values, MEAN, about="x", seed=1)
    monkeypatch.setattr("eval.statistics._BLOCK_CELLS", 130)
    # Draws of whole rows come out of the generator in the same order, whatever the size of the block.
    assert interval(values, MEAN, about="x", seed=1) == whole


def test_five_thousand_questions_take_less_than_200_mb():
    rng = np.random.default_rng(0)
    values = {"x": np.where(rng.random(5000) < 0.2, NAN, rng.random(5000)), "y": np.ones(5000)}
    tracemalloc.start()
    interval(values, ratio_of("x", "y"), about="y", seed=1)
    difference(values, values, ratio_of("x", "y"), about="y", seed=1)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 200e6


# differences


def test_a_clear_improvement_is_better_and_its_mirror_worse():
    rng = np.random.default_rng(0)
    a = rng.random(100)
    b = a + 0.1 + rng.normal(0, 0.1, 100)
    up, down = compared(a, b), compared(b, a)
    assert up.value == pytest.approx(np.mean(b - a))
    assert (up.before, up.after) == (pytest.approx(a.mean()), pytest.approx(b.mean()))
    assert up.low < up.bound < up.value < up.high
    assert up.p_value == 1 / (1 + RESAMPLES)
    assert (up.verdict, down.verdict) == ("better", "worse")
    assert down.p_better > 0.9
    assert up.more_questions is None


def test_where_lower_is_better_a_fall_is_an_improvement():
    rng = np.random.default_rng(0)
    before = rng.random(100) + 5
    after = before - 0.5 + rng.normal(0, 0.1, 100)
    fall = compared(before, after, better="lower")
    assert fall.verdict == "better"
    assert fall.value == pytest.approx(-0.5, abs=0.05)
    assert fall.bound == pytest.approx(0.48, abs=0.04)  # it falls by at least that
    assert fall.p_better < ALPHA


def test_the_permutation_test_is_the_one_over_all_swaps():
    # Seven pairs: all 128 ways to swap them, two-sided; every difference of [.1, .2, ...] but one goes up.
    changes = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, -0.15])
    swapped = [abs(np.mean(changes * signs)) for signs in product([-1, 1], repeat=7)]
    exact = np.mean(np.array(swapped) >= changes.mean() - 1e-12)
    # Some .03; 1,000 drawn swaps are off by at most four times sqrt(.03 * .97 / 1000) = .0054
    assert compared(np.zeros(7), changes).p_value == pytest.approx(exact, abs=0.022)


def test_the_bootstrap_keeps_pairs_together():
    # Questions differ by much and systems by little: unpaired, the interval would be some .08 wide on either side.
    a = np.tile([0.0, 1.0], 100)
    found = compared(a, a + np.tile([0.01, 0.01, 0.02, 0.0], 50))
    assert found.high - found.low < 0.004
    assert found.verdict == "better"


def test_only_questions_that_both_know_are_compared():
    found = compared([1, 0, NAN, 1, NAN], [1, NAN, 0, 0, NAN])
    assert (found.questions, found.missing) == (2, 2)
    assert (found.before, found.after, found.value) == (1, 0.5, -0.5)


def test_a_system_compared_with_itself_differs_by_nothing():
    same = compared(np.linspace(0, 1, 50), np.linspace(0, 1, 50))
    assert (same.value, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    assert same.verdict == "no difference found"
    assert same.detectable is None


def test_a_difference_that_never_varies_is_found():
    found = compared(np.zeros(20), np.full(20, 0.1))
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert found.verdict == "better"


def test_five_questions_that_agree_are_not_enough():
    # Swaps of five: 2 of 32 are as extreme, p = .0625. Of ten: 2 of 1024.
    few, more = compared(np.zeros(5), np.ones(5)), compared(np.zeros(10), np.ones(10))
    assert (few.verdict, few.more_questions) == ("not enough data", 5)
    assert few.summary == "not enough data: 5 more questions"
    assert more.verdict == "better"


@pytest.mark.parametrize("n", [0, 1])
def test_none_or_one_question_is_not_enough(n):
    found = compared([0.2] * n, [0.4] * n)
    assert (found.verdict, found.more_questions) == ("not enough data", LEAST_QUESTIONS - n)
    assert (found.low, found.high, found.p_value, found.detectable, found.bound) == (None,) * 5
    assert found.value == (pytest.approx(0.2) if n else None)


def test_a_difference_below_the_detectable_one_says_how_many_more_questions_it_takes():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.08, 50)
    found = compared(np.zeros(50), noise - noise.mean() + 0.012)
    assert abs(found.value) < found.detectable
    assert found.verdict == "not enough data"
    needed = questions_needed(float(np.std(noise, ddof=1)), 0.012)
    # The bootstrap's standard error, of 1,000 samples, is good to some 2 %, so its square to some 5 %.
    assert found.more_questions == pytest.approx(needed - 50, rel=0.2)


def test_a_difference_that_takes_ten_times_the_questions_is_none():
    noise = np.random.default_rng(0).normal(0, 0.08, 200)
    found = compared(np.zeros(200), noise - noise.mean() + 0.001)
    assert (found.verdict, found.more_questions) == ("no difference found", None)
    assert found.detectable == pytest.approx(3.27 * 0.08 / 200**0.5, rel=0.1)


def test_a_figure_that_neither_run_can_give_is_not_enough_data():
    columns = {"score": np.random.default_rng(0).random(20), "right": np.ones(20)}
    found = difference(columns, columns, auroc_of("score", "right"), about="right", seed=1)
    assert (found.value, found.verdict, found.more_questions) == (None, "not enough data", None)


def test_a_ratio_of_sums_is_compared_as_a_ratio_of_sums():
    a = {"up": np.array([1.0, 0.0] * 20), "down": np.array([1.0, 2.0] * 20)}
    b = {"up": np.array([1.0, 2.0] * 20), "down": np.array([1.0, 2.0] * 20)}
    found = difference(a, b, ratio_of("up", "down"), about="down", seed=1)
    assert (found.before, found.after) == (pytest.approx(1 / 3), 1)
    assert found.verdict == "better"


def test_percentiles_are_compared_too():
    rng = np.random.default_rng(0)
    a = {"ms": rng.gamma(2, 50, 200)}
    b = {"ms": a["ms"] * 2}
    found = difference(a, b, percentile_of("ms", 95), about="ms", seed=1, better="lower")
    assert found.verdict == "worse"


def test_the_same_seed_gives_the_same_difference():
    rng = np.random.default_rng(0)
    a, b = rng.random(40), rng.random(40)
    assert compared(a, b) == compared(a, b)
    assert compared(a, b) != compared(a, b, seed=2)


def test_json_is_rounded_and_holds_no_nan():
    body = compared([0.0, 1.0, NAN], [1 / 3, 1.0, NAN]).as_json()
    assert body["value"] == 0.1667
    assert body["verdict"] == "not enough data"
    assert "NaN" not in json.dumps(body)


def test_two_equal_systems_are_seldom_called_different():
    rng = np.random.default_rng(8)
    reported = 0
    for seed in range(300):
        found = compared(np.zeros(60), heavy_tailed(rng, 60), seed=seed)
        reported += found.verdict in {"better", "worse"}
    # 3.5 % are 10.5 of 300, with a standard deviation of 3.2; the goal is 5 %.
    assert reported <= 0.05 * 300 + 6


def test_a_planted_difference_of_the_detectable_size_is_found_in_four_of_five():
    rng = np.random.default_rng(9)
    found = 0
    for seed in range(200):
        planted = detectable_difference(heavy_tailed(rng, 100))
        found += compared(np.zeros(100), heavy_tailed(rng, 100) + planted, seed=seed).verdict == "better"
    # 84 % are 168 of 200, with a standard deviation of 5.2; 80 % less two of them are 150.
    assert found >= 150


# what a set can find


def test_the_detectable_difference_shrinks_with_the_root_of_the_questions():
    values = np.tile([0.5, -0.5], 200)
    # SD .5: 1.1 * (2.108 + .842) * .5 / sqrt(400) = .0811, a little more with t
    assert detectable_difference(values) == pytest.approx(0.0815, abs=5e-4)
    assert detectable_difference(values[:100]) == pytest.approx(2 * 0.0815, rel=0.03)


@pytest.mark.parametrize("values", [[], [0.3], [0.0] * 20])
def test_nothing_varies_so_nothing_is_known_of_what_can_be_found(values):
    assert detectable_difference(np.array(values)) is None


@pytest.mark.parametrize(("sd", "wanted"), [(0.079, 0.031), (0.3, 0.02), (0.08, 0.5)])
def test_the_questions_needed_are_the_fewest_that_find_it(sd, wanted):
    n = questions_needed(sd, wanted)
    assert detectable_over_error(n) * sd / n**0.5 <= wanted
    assert n == LEAST_QUESTIONS or detectable_over_error(n - 1) * sd / (n - 1) ** 0.5 > wanted


@pytest.mark.parametrize("wanted", [0.0, -0.1, NAN])
def test_no_number_of_questions_finds_no_difference(wanted):
    with pytest.raises(InvalidInputError, match="above 0"):
        questions_needed(0.1, wanted)


def test_holm_by_hand():
    # Sorted .01, .02, .03, .04, times 4, 3, 2, 1: .04, .06, .06, .04 -> never below one before: .04, .06, .06, .06
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx((0.06, 0.04, 0.06, 0.06))


def test_holm_of_one_changes_nothing_and_of_none_is_empty():
    assert holm([0.03]) == (0.03,)
    assert holm([]) == ()


def test_holm_stays_at_one_and_leaves_out_what_was_not_tested():
    # Two were tested: .02 * 2 and .6 * 1
    assert holm([0.6, None, 0.02]) == pytest.approx((0.6, 1.0, 0.04))
    assert holm([0.7, 0.8]) == (1.0, 1.0)


@pytest.mark.parametrize(("n", "share"), [(10, 0.9), (20, 0.95), (40, 0.97)])
def test_a_share_near_one_is_not_called_certain(n, share):
    rng = np.random.default_rng(5)
    held, certain = 0, 0
    for seed in range(200):
        found = interval({"x": (rng.random(n) < share).astype(float)}, mean_of("x"), about="x", seed=seed)
        held += found.low <= share <= found.high
        certain += found.low == found.high
    assert held >= 0.88 * 200
    assert certain == 0


def test_wilsons_interval_by_hand():
    # 8 of 10, z = 1.96: (.8 + .19208) / 1.38416 -+ 1.96 / 1.38416 * sqrt((.16 + .09604) / 10) = .7167 -+ .2266
    found = interval({"x": np.array([1.0] * 8 + [0.0] * 2)}, mean_of("x"), about="x", seed=1)
    assert (found.low, found.high) == (pytest.approx(0.4902, abs=1e-3), pytest.approx(0.9433, abs=1e-3))
