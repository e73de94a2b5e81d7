import math
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from qdrant_client.http.models import ScoredPoint
from qdrant_client.hybrid.fusion import distribution_based_score_fusion

from retrieval.fuse import dbsf, fuse, mix, rrf
from retrieval.index import Hit
from retrieval.types import Fusion

FUSIONS = get_args(Fusion)


def scores(fused):
    return {f.chunk_id: f.score for f in fused}


def hits(scored):
    return [Hit(c, s) for c, s in sorted(scored.items(), key=lambda entry: (-entry[1], entry[0]))]


def test_scores_are_normalised_and_mixed_by_hand():
    # dense: a 0.9 -> 1, b 0.5 -> 0.5, c 0.1 -> 0; sparse: b 10 -> 1, c 4 -> 0.4, a shares no term -> 0
    dense = [Hit("a", 0.9), Hit("b", 0.5), Hit("c", 0.1)]
    sparse = [Hit("b", 10.0), Hit("c", 4.0)]
    fused = scores(mix(dense, sparse, dense_weight=0.6))
    assert fused == pytest.approx({"a": 0.6, "b": 0.6 * 0.5 + 0.4, "c": 0.4 * 0.4})


def test_reciprocal_ranks_are_weighed_by_hand():
    # 61 * (.75 / 61) for a; b is second of the dense list and first of the sparse one
    fused = scores(rrf([Hit("a", 0.9), Hit("b", 0.1)], [Hit("b", 3.0)], dense_weight=0.75))
    assert fused == pytest.approx({"a": 0.75, "b": 0.75 * 61 / 62 + 0.25})


def test_reciprocal_ranks_know_nothing_of_scores():
    near, far = ([Hit("a", 0.9), Hit("b", low)] for low in (0.8999, -0.9))
    assert scores(rrf(near, [], dense_weight=0.5)) == scores(rrf(far, [], dense_weight=0.5))


def test_scores_are_laid_out_by_their_spread_by_hand():
    # 1, 2, 3: mean 2, deviation 1, so -1 -> 0 and 5 -> 1; two equal scores have no spread and stand in the middle
    dense, sparse = [Hit("c", 3.0), Hit("b", 2.0), Hit("a", 1.0)], [Hit("a", 7.0), Hit("d", 7.0)]
    fused = scores(dbsf(dense, sparse, dense_weight=0.5))
    assert fused == pytest.approx({"a": (2 / 6 + 0.5) / 2, "b": 3 / 12, "c": 4 / 12, "d": 0.25})


SCORED = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(-1000, 1000).map(lambda n: n / 100), max_size=8)


@given(SCORED, SCORED)
def test_fusion_by_spread_is_that_of_the_engine(dense, sparse):
    lists = [[ScoredPoint(id=ord(h.chunk_id), version=0, score=h.score) for h in hits(d)] for d in (dense, sparse)]
    # Of scores that are all alike the engine divides one rounding by another.
    assume(all(len(set(scored.values())) > 1 for scored in (dense, sparse) if scored))
    expected = {chr(point.id): point.score for point in distribution_based_score_fusion(lists, limit=20)}
    # Ours are weighted by halves, and a list alone by the whole.
    factor = 2 if dense and sparse else 1
    fused = scores(dbsf(hits(dense), hits(sparse), dense_weight=0.5))
    assert {c: s * factor for c, s in fused.items()} == pytest.approx(expected, abs=1e-9)


@given(SCORED, SCORED, st.sampled_from(FUSIONS), st.sampled_from([0.0, 0.3, 1.0]))
def test_every_chunk_comes_once_best_first(dense, sparse, fusion, dense_weight):
    fused = fuse(hits(dense), hits(sparse), fusion=fusion, dense_weight=dense_weight)
    assert {f.chunk_id for f in fused} == dense.keys() | sparse.keys()
    assert len(fused) == len(dense.keys() | sparse.keys())
    assert fused == sorted(fused, key=lambda f: (-f.score, f.chunk_id))
    assert all(math.isfinite(f.score) for f in fused)


@pytest.mark.parametrize(("fusion", "function"), [("mix", mix), ("dbsf", dbsf), ("rrf", rrf)])
def test_a_fusion_goes_by_its_name(fusion, function):
    dense, sparse = [Hit("a", 0.9), Hit("b", 0.7), Hit("c", 0.1)], [Hit("c", 4.0), Hit("b", 3.0)]
    assert fuse(dense, sparse, fusion=fusion, dense_weight=0.6) == function(dense, sparse, dense_weight=0.6)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_one_list_alone_keeps_its_order(fusion):
    found = [Hit("a", 3.0), Hit("b", 2.0), Hit("c", 1.0)]
    for dense, sparse in ((found, []), ([], found)):
        fused = fuse(dense, sparse, fusion=fusion, dense_weight=0.6)
        assert [f.chunk_id for f in fused] == ["a", "b", "c"]
        # mean 2, deviation 1: the first lies at 4/6 of the spread
        assert fused[0].score == pytest.approx(4 / 6 if fusion == "dbsf" else 1.0)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_nothing_found_is_nothing_fused(fusion):
    assert fuse([], [], fusion=fusion, dense_weight=0.6) == []


@pytest.mark.parametrize("fusion", ["mix", "dbsf"])
def test_equal_scores_are_in_order_of_their_ids(fusion):
    fused = fuse([Hit("b", 1.0), Hit("a", 1.0)], [], fusion=fusion, dense_weight=0.5)
    assert [f.chunk_id for f in fused] == ["a", "b"]


def test_equal_reciprocal_ranks_are_in_order_of_their_ids():
    fused = rrf([Hit("b", 0.9), Hit("a", 0.8)], [Hit("a", 5.0), Hit("b", 4.0)], dense_weight=0.5)
    assert [f.chunk_id for f in fused] == ["a", "b"]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_scores_of_both_lists_are_kept(fusion):
    fused = fuse([Hit("a", 0.9)], [Hit("b", 2.0)], fusion=fusion, dense_weight=0.5)
    assert {(f.chunk_id, f.dense, f.sparse) for f in fused} == {("a", 0.9, None), ("b", None, 2.0)}
