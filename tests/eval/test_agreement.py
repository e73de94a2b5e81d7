"""Agreement of raters, by hand."""

import numpy as np
import pytest

from eval.agreement import Graded, agreements, kappa_of


def graded(table, first="a", second="b"):
    """One task a passage: as many as a table says, rows are the first rater's grades."""
    cells = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    return [
        Graded(f"t{n}", f"p{n}", rater, grade)
        for n, grades in enumerate(cells)
        for rater, grade in zip((first, second), grades, strict=True)
    ]


#    b: 0  1  2
BOTH = [
    [9, 1, 0],  # a: 0
    [2, 3, 1],  # a: 1
    [0, 1, 3],  # a: 2
]


def test_kappa_by_hand():
    # Of 20 pairs 9 + 3 + 3 = 15 agree: 0.75. a gives 10, 6, 4 and b 11, 5, 4; by chance they agree in
    # (10 * 11 + 6 * 5 + 4 * 4) / 400 = 156 / 400 = 0.39. kappa = (0.75 - 0.39) / (1 - 0.39) = 0.36 / 0.61 = 0.5902
    assert kappa_of([np.array(BOTH, dtype=float)], weighted=False) == pytest.approx(0.5902, abs=1e-4)


def test_weighted_kappa_by_hand():
    # Every disagreement is one grade apart: 5 * 1 / 20 = 0.25. By chance one apart are 10 * 5 + 6 * 11 + 6 * 4 + 4 * 5
    # = 160 and two apart 10 * 4 + 4 * 11 = 84 of 400, so (160 + 2 * 84) / 400 = 0.82. kappa = 1 - 0.25 / 0.82 = 0.6951
    assert kappa_of([np.array(BOTH, dtype=float)], weighted=True) == pytest.approx(0.6951, abs=1e-4)


def test_the_figures_of_two_raters_come_with_an_interval_around_them():
    together, (one,) = agreements(graded(BOTH))
    assert (one.raters, one.pairs, one.tasks, one.same) == (("a", "b"), 20, 20, 0.75)
    assert one.kappa.value == pytest.approx(0.5902, abs=1e-4)
    assert one.kappa.low < one.kappa.value < one.kappa.high <= 1
    assert 0.1 < one.kappa.high - one.kappa.low < 0.9
    # With one pair of raters all pairs together are that pair.
    assert together.kappa == one.kappa
    assert together.weighted == one.weighted
    assert agreements(graded(BOTH))[0] == together


def test_passages_of_one_question_are_drawn_together():
    # The same grades as of four questions say less than as of twenty.
    apart = agreements(graded(BOTH))[0].kappa
    joined = [Graded(f"t{n // 10}", one.passage_id, one.rater, one.grade) for n, one in enumerate(graded(BOTH))]
    together = agreements(joined)[0]
    assert (together.tasks, together.kappa.value) == (4, apart.value)
    assert together.kappa.high - together.kappa.low != apart.high - apart.low


def test_chance_agrees_by_itself_where_raters_always_say_the_same():
    together, (one,) = agreements(graded([[5, 0, 0], [0, 0, 0], [0, 0, 0]]))
    assert (one.same, one.kappa.value, one.weighted.value) == (1.0, None, None)
    assert together.kappa.value is None


def test_pairs_of_raters_are_pooled_by_how_much_they_graded():
    # a and b agree on 2 of 2: 0 apart, by chance 0.5. c and d differ on 2 of 2: 1 apart, by chance 0.5.
    # Pooled: 1 - (0 + 1) / (0.5 + 0.5) = 0.
    good = graded([[1, 0, 0], [0, 0, 0], [0, 0, 1]])
    bad = [
        Graded("x" + one.task_id, one.passage_id, one.rater, one.grade)
        for one in graded([[0, 0, 1], [0, 0, 0], [1, 0, 0]], "c", "d")
    ]
    together, each = agreements([*good, *bad])
    assert [(one.raters, one.kappa.value) for one in each] == [(("a", "b"), 1.0), (("c", "d"), -1.0)]
    assert (together.pairs, together.kappa.value) == (4, 0.0)


def test_what_one_alone_graded_says_nothing():
    together, each = agreements([Graded("t", "p", "a", 2), Graded("t", "q", "b", 2)])
    assert (together.pairs, together.same, together.kappa.value, each) == (0, None, None, ())


def test_three_raters_make_three_pairs():
    together, each = agreements([Graded("t", "p", rater, 1) for rater in "abc"])
    assert [one.raters for one in each] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert (together.pairs, together.tasks) == (3, 1)
