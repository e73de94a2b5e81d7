"""Questions that ask for the same thing are found together, whatever comes between."""

import numpy as np

from eval.grouping import grouped


def at(*degrees):
    """Unit vectors in a plane: their cosine is that of the angle between them."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_what_lies_near_is_one_group_and_its_middle_stands_for_it():
    first, second = grouped(at(0, 90, 10, 20, 95), above=0.8)
    assert (first.rows, first.middle) == ((0, 2, 3), 2)
    assert (second.rows, second.middle) == ((1, 4), 1)


def test_a_chain_of_neighbours_is_no_group():
    # cos 30 = 0.87: each is near the next, but the ends are 120 degrees apart.
    groups = grouped(at(0, 30, 60, 90, 120), above=0.8)
    assert max(len(group.rows) for group in groups) == 2


def test_the_same_words_are_one_group_however_strict():
    assert [group.rows for group in grouped(at(0, 50, 0), above=0.999)] == [(0, 2), (1,)]


def test_the_order_of_questions_changes_no_group():
    rng = np.random.default_rng(7)
    degrees = rng.uniform(0, 180, 40)
    shuffled = rng.permutation(40)
    known = {frozenset(group.rows) for group in grouped(at(*degrees))}
    found = {frozenset(int(shuffled[row]) for row in group.rows) for group in grouped(at(*degrees[shuffled]))}
    assert found == known


def test_nothing_and_one_question_can_be_grouped():
    assert grouped(np.zeros((0, 2), dtype=np.float32)) == []
    assert [group.rows for group in grouped(at(5))] == [(0,)]
