"""Questions that are one are never split between training and measuring."""

import numpy as np

from finetune.groups import Groups, near_duplicates


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_near_duplicates_lead_to_each_other():
    # Steps of 20 degrees: cos 20 = .94, cos 40 = .77; the last stands alone.
    angles = np.radians([0, 20, 40, 120])
    assert near_duplicates(unit(*zip(np.cos(angles), np.sin(angles), strict=True))) == [0, 0, 0, 3]


def test_no_question_is_near_none():
    assert near_duplicates(np.zeros((0, 0), dtype=np.float32)) == []


def test_thousands_of_the_same_question_are_one_group():
    assert set(near_duplicates(np.tile(unit([1, 2, 3]), (3000, 1)))) == {0}


def test_a_group_has_one_name_in_whatever_order_it_was_joined():
    pairs = [("a", "b"), ("c", "d"), ("b", "c")]
    first, second = Groups("abcde"), Groups("edcba")
    for pair in pairs:
        first.join(*pair)
    for one, other in reversed(pairs):
        second.join(other, one)
    assert len({groups.name(thing) for groups in (first, second) for thing in "abcd"}) == 1
    assert first.name("e") == second.name("e") != first.name("a")


def test_what_shares_a_key_is_one_group():
    groups = Groups(["q1", "q2", "q3"])
    groups.join_by([("c1", "q1"), ("c2", "q2"), ("c1", "q3")])
    assert groups.name("q1") == groups.name("q3") != groups.name("q2")
