from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from finetune.folds import FOLDS, folds_of, newest
from retrieval.errors import InvalidInputError

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def groups_of(rng, n):
    return [f"g{rng.integers(n // 2)}" for _ in range(n)]


def test_a_group_is_in_one_fold():
    groups = groups_of(np.random.default_rng(0), 200)
    folds = folds_of(groups, seed=1)
    of_group = {}
    for group, fold in zip(groups, folds, strict=True):
        assert of_group.setdefault(group, fold) == fold


def test_folds_hold_about_as_many_questions_each():
    counts = Counter(folds_of(groups_of(np.random.default_rng(0), 203), seed=1).tolist())
    assert len(counts) == FOLDS
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_large_group_leaves_the_rest_to_the_other_folds():
    # 40 of 60 questions are one group: the other 20 are dealt to four folds, 5 each.
    groups = ["large"] * 40 + [f"g{place}" for place in range(20)]
    counts = Counter(folds_of(groups, seed=1).tolist())
    assert sorted(counts.values()) == [5, 5, 5, 5, 40]


def test_the_same_seed_deals_the_same_in_any_order_and_another_one_otherwise():
    groups = [f"g{place}" for place in range(60)]
    folds = folds_of(groups, seed=1)
    assert folds_of(groups[::-1], seed=1).tolist() == folds[::-1].tolist()
    assert folds_of(groups, seed=2).tolist() != folds.tolist()


def test_fewer_groups_than_folds_are_a_fold_each():
    assert sorted(folds_of(["a", "b", "a"], seed=1).tolist()) == [0, 0, 1]
    assert folds_of([], seed=1).tolist() == []


def test_one_fold_measures_nothing():
    with pytest.raises(InvalidInputError):
        folds_of(["a", "b"], folds=1, seed=1)


def test_the_newest_share_is_held_out():
    groups = [f"g{day}" for day in range(10)]
    moments = [DAY + timedelta(days=day) for day in range(10)]
    assert np.flatnonzero(newest(groups, moments, share=0.2)).tolist() == [8, 9]


def test_an_old_question_goes_with_its_newest():
    groups, moments = ["a", "b", "c", "d", "a"], [DAY + timedelta(days=day) for day in range(5)]
    assert newest(groups, moments, share=0.4).tolist() == [True, False, False, False, True]


def test_a_group_larger_than_the_share_is_passed_over():
    groups = ["a", "b", "new", "new", "new"]
    moments = [DAY + timedelta(days=day) for day in range(5)]
    assert newest(groups, moments, share=0.2).tolist() == [False, True, False, False, False]


def test_nothing_is_held_out_of_nothing():
    assert newest([], [], share=0.2).tolist() == []
