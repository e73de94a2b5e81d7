import pytest

from retrieval.fuse import mix
from retrieval.index import Hit


def test_scores_are_normalised_and_mixed_by_hand():
    # dense: a 0.9 -> 1, b 0.5 -> 0.5, c 0.1 -> 0; sparse: b 10 -> 1, c 4 -> 0.4, a shares no term -> 0
    dense = [Hit("a", 0.9), Hit("b", 0.5), Hit("c", 0.1)]
    sparse = [Hit("b", 10.0), Hit("c", 4.0)]
    fused = {f.chunk_id: f.score for f in mix(dense, sparse, dense_weight=0.6)}
    assert fused == pytest.approx({"a": 0.6, "b": 0.6 * 0.5 + 0.4, "c": 0.4 * 0.4})


def test_one_list_alone_keeps_its_order():
    hits = [Hit("a", 3.0), Hit("b", 2.0), Hit("c", 1.0)]
    for fused in (mix(hits, [], dense_weight=0.6), mix([], hits, dense_weight=0.6)):
        assert [f.chunk_id for f in fused] == ["a", "b", "c"]
        assert fused[0].score == pytest.approx(1.0)


def test_nothing_found_is_nothing_fused():
    assert mix([], [], dense_weight=0.6) == []


def test_equal_scores_are_in_order_of_their_ids():
    assert [f.chunk_id for f in mix([Hit("b", 1.0), Hit("a", 1.0)], [], dense_weight=0.5)] == ["a", "b"]


def test_the_scores_of_both_lists_are_kept():
    fused = mix([Hit("a", 0.9)], [Hit("b", 2.0)], dense_weight=0.5)
    assert {(f.chunk_id, f.dense, f.sparse) for f in fused} == {("a", 0.9, None), ("b", None, 2.0)}
