"""What a learned ranking adds to scores, and what it goes by."""

from dataclasses import replace

import numpy as np
import pytest

from retrieval.learned import Learned, Serving
from retrieval.learnt import Learnt
from retrieval.ranking import FEATURES, Ranking, features, ranked
from retrieval.rerank import CrossEncoderReranker, KeepOrder
from retrieval.retrieve import Retriever
from retrieval.types import Chunk, Passage
from tests import cross_encoder
from tests.retrieval.test_memory import at
from tests.retrieval.test_retrieve import IDS, READER, Catalog, Index

WORDS = Ranking("none", (0.0,) * 5, (1.0, 0.5, 1.0, 1.0, 1.0), (0.0, 0.1, 0.0, 0.0, 0.0))
"""Adds a fifth of a passage's share of the best BM25 score."""


def passage(key, score, **more):
    return Passage(Chunk(key, "d", "r", 0, 0, 1, key, "", (), 1), "default", "T", "u", score, **more)


def test_each_number_is_held_against_the_other_candidates():
    found = features([
        passage("a", 1.0, dense=0.8, sparse=2.0, sentences=(0.7, 0.5, 0.25)),
        passage("b", 0.9, dense=0.4, sparse=8.0),
        passage("c", 0.8, dense=0.6),
        passage("d", 0.7),
    ])
    assert found == pytest.approx(
        np.array([[1, 0.25, 0.7, 0.5, 0.25], [0, 1, 0, 0, 0], [0.5, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    )


def test_candidates_without_any_number_are_all_alike():
    assert not features([passage("a", 1.0), passage("b", 0.5)]).any()
    assert features([]).shape == (0, len(FEATURES))


def test_what_is_added_reorders_and_is_told():
    learnt = Learnt("state", (("memory", 0.5),))
    found = ranked([passage("a", 0.5, sparse=1.0, learnt=learnt), passage("b", 0.4, sparse=4.0, learnt=learnt)], WORDS)
    # A quarter of the best score adds .1 / .5 * .25 = .05, the best .2.
    assert [(one.chunk.id, one.score) for one in found] == [("b", pytest.approx(0.6)), ("a", pytest.approx(0.55))]
    assert found[0].learnt.contributions == (("memory", 0.5), ("ranking", pytest.approx(0.2)))


def test_a_mean_passage_keeps_its_score():
    mean = replace(WORDS, means=(0.0, 1.0, 0.0, 0.0, 0.0))
    assert ranked([passage("a", 0.5, sparse=3.0)], mean)[0].score == 0.5


class Embedder:
    def embed_query(self, _text):
        return at(60)


class Reader(Catalog):
    def readable_documents(self, ids, **_):
        return set(ids)


class Words(Index):
    """Finds all by meaning, in order, and what stands last by words best."""

    def search(self, vector, words, **more):
        hits = super().search(vector, words, **more)
        return replace(hits, sparse=tuple(reversed(hits.dense))) if words is not None else hits


def search(ranking, *, readable=IDS, mode="hybrid", depth=5, index=Words, reranker=None):
    learned = Learned("state", ranking=ranking, reranker=reranker)
    retriever = Retriever(
        Reader(set(readable)), index(IDS[:20]), Embedder(), learning=lambda _: Serving(learned), rerank_depth=depth
    )
    return retriever.retrieve("q", principal=READER, limit=10, mode=mode)


TURNED = replace(WORDS, weights=(-10.0, 0.0, 0.0, 0.0, 0.0))
"""The nearest come last."""


def ids(passages):
    return [one.chunk.id for one in passages]


def test_it_ranks_what_the_reranker_saw_and_what_stands_behind_stays_there():
    before, after = search(None), search(TURNED)
    assert ids(after)[:5] != ids(before)[:5]
    assert set(ids(after)[:5]) == set(ids(before)[:5])
    assert ids(after)[5:] == ids(before)[5:]
    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)
    assert dict(after[0].learnt.contributions).keys() == {"ranking"}


@pytest.mark.parametrize("mode", ["dense", "sparse"])
def test_where_one_list_alone_is_searched_it_says_nothing(mode):
    assert ids(search(TURNED, mode=mode)) == ids(search(None, mode=mode))


@pytest.mark.parametrize("serving", [Serving, lambda new: Serving(challenger=new), lambda new: Serving(instead=new)])
def test_without_a_second_look_none_that_was_learned_is_taken(serving):
    learned = serving(Learned("new", reranker=KeepOrder(), ranking=TURNED)).fused_alone()
    for one in (learned.live, learned.challenger, learned.instead):
        assert one is None or (one.reranker, one.ranking) == (None, None)


def test_behind_another_reranker_it_says_nothing():
    assert KeepOrder.name == TURNED.reranker
    assert ids(search(replace(TURNED, reranker="sentences"))) == ids(search(None))


def test_nor_behind_another_cross_encoder_whose_folder_has_the_same_name(tmp_path):
    judging = CrossEncoderReranker(cross_encoder.save(tmp_path / "model", ["q"]), device="cpu")
    without = ids(search(None, reranker=judging))
    assert ids(search(replace(TURNED, reranker="model"), reranker=judging)) == without
    assert ids(search(replace(TURNED, reranker=judging.fingerprint), reranker=judging)) != without


def test_what_is_added_depends_on_no_chunk_that_the_reader_may_not_read():
    class Without(Words):
        """Lacks the first by meaning, which is also the last by words."""

        def search(self, *args, **more):
            hits = super().search(*args, **more)
            left = {name: tuple(h for h in getattr(hits, name) if h.chunk_id != IDS[0]) for name in ("dense", "sparse")}
            return replace(hits, **left)

    shut = search(TURNED, readable=set(IDS) - {IDS[0]}, depth=30)
    gone = search(TURNED, index=Without, depth=30)
    assert IDS[0] not in ids(shut)
    assert ids(shut) == ids(gone)
    assert [one.learnt for one in shut] == [one.learnt for one in gone]
