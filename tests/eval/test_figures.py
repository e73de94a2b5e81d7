"""Every statistic against a value made by hand, and many samples at once against one after the other."""

import numpy as np
import pytest

from eval.figures import (
    MEASURES,
    PRIMARY,
    auroc_of,
    excess_area_under_risk_coverage,
    mean_of,
    mean_with_both,
    percentile_of,
    ratio_of,
    to_columns,
)

NAN = np.nan


def one(statistic, columns):
    """The statistic over all questions, once."""
    n = len(next(iter(columns.values())))
    return float(statistic({k: np.array(v, dtype=float) for k, v in columns.items()}, np.arange(n)[None, :])[0])


def test_columns_hold_nan_where_a_question_says_nothing():
    columns = to_columns([{"x": 1.0, "y": None}, {"x": 0.5}], ["x", "y"])
    assert columns["x"].tolist() == [1.0, 0.5]
    assert np.isnan(columns["y"]).all()


def test_a_column_of_no_questions_is_empty():
    assert to_columns([], ["x"])["x"].shape == (0,)


def test_a_mean_is_over_the_questions_that_have_it():
    # (1 + 0 + .5) / 3; the one that is not known is no zero.
    assert one(mean_of("x"), {"x": [1, NAN, 0, 0.5]}) == pytest.approx(0.5)


def test_a_mean_of_nothing_is_nan():
    assert np.isnan(one(mean_of("x"), {"x": [NAN, NAN]}))


def test_a_mean_that_takes_both_kinds_is_nan_of_one_kind():
    statistic = mean_with_both("x", "kind")
    assert one(statistic, {"x": [1, 0, 0, 0], "kind": [1, 1, 0, 0]}) == pytest.approx(0.25)
    assert np.isnan(one(statistic, {"x": [1, 0, 0, 0], "kind": [1, 1, 1, 1]}))


def test_a_ratio_is_of_sums_and_not_the_mean_of_ratios():
    # 3 relevant of 4 shown; the mean of 1/1 and 2/3 would be .833. The question without a count counts for nothing.
    assert one(ratio_of("up", "down"), {"up": [1, 2, NAN], "down": [1, 3, 5]}) == pytest.approx(0.75)


def test_a_ratio_over_nothing_is_nan():
    assert np.isnan(one(ratio_of("up", "down"), {"up": [0, 0], "down": [0, 0]}))


def test_a_percentile_leaves_out_what_is_not_known():
    # Of 10, 20, 30, 40 the middle is 25; 95 % of three gaps is 2.85 gaps: 30 + .85 * 10 = 38.5
    columns = {"ms": [10, NAN, 20, 30, 40]}
    assert one(percentile_of("ms", 50), columns) == pytest.approx(25)
    assert one(percentile_of("ms", 95), columns) == pytest.approx(38.5)


def test_a_percentile_of_nothing_is_nan():
    assert np.isnan(one(percentile_of("ms", 50), {"ms": [NAN, NAN]}))


def test_auroc_counts_ties_as_one_half():
    # Pairs (positive, negative): .9>.5, .9>.1, .5=.5, .5>.1 -> 3.5 of 4
    columns = {"score": [0.9, 0.5, 0.5, 0.1], "right": [1, 1, 0, 0]}
    assert one(auroc_of("score", "right"), columns) == pytest.approx(3.5 / 4)


def test_auroc_of_one_kind_is_nan():
    assert np.isnan(one(auroc_of("score", "right"), {"score": [0.9, 0.1], "right": [1, 1]}))


def test_the_area_under_the_risk_coverage_curve_by_hand():
    # From the most confident on: right, wrong, right. Risks 0/1, 1/2, 1/3; of the best order 0/1, 0/2, 1/3.
    columns = {"confidence": [0.5, 0.9, 0.7], "right": [1, 1, 0]}
    assert one(excess_area_under_risk_coverage("confidence", "right"), columns) == pytest.approx(0.5 / 3)


def test_the_area_is_zero_when_all_answers_are_right():
    assert one(excess_area_under_risk_coverage("confidence", "right"), {"confidence": [0.1, 0.2], "right": [1, 1]}) == 0


STATISTICS = {
    "mean": mean_of("x"),
    "mean with both": mean_with_both("x", "kind"),
    "ratio": ratio_of("x", "y"),
    "percentile": percentile_of("x", 95),
    "auroc": auroc_of("full", "kind"),
    "risk coverage": excess_area_under_risk_coverage("full", "kind"),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_many_samples_at_once_are_what_each_is_alone(name):
    rng = np.random.default_rng(1)
    columns = {
        "x": np.where(rng.random(30) < 0.3, NAN, rng.random(30)),
        "y": rng.integers(0, 4, 30).astype(float),
        "kind": rng.integers(0, 2, 30).astype(float),
        "full": np.round(rng.random(30), 1),
    }
    # Samples of four, so that some hold one kind or nothing known.
    index = rng.integers(30, size=(200, 4))
    together = STATISTICS[name](columns, index)
    alone = [float(STATISTICS[name](columns, row[None, :])[0]) for row in index]
    assert together.shape == (200,)
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_the_vectorised_area_is_the_loop_of_its_definition():
    rng = np.random.default_rng(2)
    confidence, right = rng.random(40), rng.integers(0, 2, 40)
    order = sorted(range(40), key=lambda i: -confidence[i])
    best = sorted(order, key=lambda i: -right[i])
    risks, least = ([sum(1 - right[i] for i in by[: k + 1]) / (k + 1) for k in range(40)] for by in (order, best))
    columns = {"confidence": confidence, "right": right}
    assert one(excess_area_under_risk_coverage("confidence", "right"), columns) == pytest.approx(
        (sum(risks) - sum(least)) / 40
    )


def test_the_vectorised_auroc_is_the_loop_over_pairs():
    rng = np.random.default_rng(3)
    score, right = np.round(rng.random(40), 1), rng.integers(0, 2, 40)
    ups, downs = score[right == 1], score[right == 0]
    won = sum((u > d) + 0.5 * (u == d) for u in ups for d in downs)
    assert one(auroc_of("score", "right"), {"score": score, "right": right}) == pytest.approx(
        won / (len(ups) * len(downs))
    )


@pytest.mark.parametrize("kind", MEASURES)
def test_every_measure_goes_by_its_name_and_primary_ones_exist(kind):
    assert all(name == measure.name for name, measure in MEASURES[kind].items())
    assert set(PRIMARY[kind]) <= MEASURES[kind].keys()


@pytest.mark.parametrize("kind", MEASURES)
def test_what_takes_time_or_costs_is_better_when_lower(kind):
    for name, measure in MEASURES[kind].items():
        if name.endswith(("_ms", "_tokens")) or name == "cost":
            assert measure.better == "lower"


def excess(confidence, right):
    columns = {"c": np.array(confidence), "r": np.array(right)}
    return excess_area_under_risk_coverage("c", "r")(columns, np.arange(len(confidence))[None, :])[0]


def test_the_excess_risk_of_the_best_order_is_zero_however_many_are_wrong():
    assert excess([0.9, 0.8, 0.2, 0.1], [1.0, 1.0, 0.0, 0.0]) == pytest.approx(0.0)
    # Worst order: risks 1, 1, 2/3, 1/2; best order: 0, 0, 1/3, 1/2; the mean of the differences.
    assert excess([0.9, 0.8, 0.2, 0.1], [0.0, 0.0, 1.0, 1.0]) == pytest.approx((1 + 1 + 1 / 3) / 4)


def test_the_excess_risk_of_equal_confidences_does_not_hang_on_their_order():
    assert excess([0.5] * 4, [1.0, 1.0, 1.0, 0.0]) == pytest.approx(excess([0.5] * 4, [0.0, 1.0, 1.0, 1.0]))


def test_without_a_right_answer_there_is_no_order_to_measure():
    assert np.isnan(excess([0.9, 0.1], [0.0, 0.0]))
