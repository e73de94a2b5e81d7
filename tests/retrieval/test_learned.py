from dataclasses import replace

import numpy as np
import pytest

from retrieval.fuse import fuse
from retrieval.index import Hit, Hits
from retrieval.learned import Engine, Learned, Serving, Weights, fuse_learned
from retrieval.memory import Recalled
from retrieval.retrieve import Retriever
from tests.retrieval.test_memory import at, memory
from tests.retrieval.test_retrieve import IDS, READER, Catalog, Index

HITS = Hits(dense=(Hit("a", 0.9), Hit("b", 0.7), Hit("c", 0.4)), sparse=(Hit("b", 4.0), Hit("a", 2.0), Hit("c", 1.0)))


def fused(recalled, weights=Weights(), hits=HITS):  # noqa: B008  # frozen
    return fuse_learned(hits, recalled, weights, fusion="mix", dense_weight=0.6)


def test_nothing_recalled_leaves_the_search_as_it_is():
    assert fused({}) == fuse(HITS.dense, HITS.sparse, fusion="mix", dense_weight=0.6)


def test_a_learned_weight_takes_the_place_of_the_settings():
    assert fused({}, Weights(dense=0.1)) == fuse(HITS.dense, HITS.sparse, fusion="mix", dense_weight=0.1)


def test_what_memory_adds_counts_on_the_scale_of_what_the_index_found():
    before = {one.chunk_id: one.score for one in fused({})}
    after = {one.chunk_id: one for one in fused({"c": Recalled(dense=0.4, moved=0.25)})}
    # The dense list reaches from .9 to .4, so .25 more cosine is half of it, and the dense list has .6 of the score.
    assert after["c"].score - before["c"] == pytest.approx(0.3)
    assert after["c"].learned == (("memory", pytest.approx(0.3)),)
    assert (after["a"].score, after["a"].learned) == (before["a"], ())


def test_a_chunk_that_memory_alone_brings_in_moves_no_score_of_the_others():
    before = {one.chunk_id: one.score for one in fused({})}
    after = {
        one.chunk_id: one for one in fused({"z": Recalled(dense=0.5, moved=0.6, similar=1.0)}, Weights(similar=0.2))
    }
    assert {key: after[key].score for key in before} == before
    # .1 above the lowest is a fifth of the range, .6 more than all of it; both at .6, and .2 for the same question.
    assert after["z"].score == pytest.approx(0.6 * 0.2 + 0.6 * 1.2 + 0.2)
    assert dict(after["z"].learned) == {"memory": pytest.approx(0.72), "past_question": pytest.approx(0.2)}


def test_a_chunk_that_was_wrong_does_not_fall_below_nothing():
    low = {one.chunk_id: one.score for one in fused({"c": Recalled(0.4, 0.0, similar=-1.0)}, Weights(similar=5.0))}
    assert low["c"] == 0.0


def test_a_list_alone_has_all_the_weight():
    dense_only = Hits(dense=HITS.dense)
    after = {one.chunk_id: one for one in fused({"c": Recalled(0.4, 0.25)}, hits=dense_only)}
    assert dict(after["c"].learned) == {"memory": pytest.approx(0.5)}


def test_an_adapter_turns_the_question_and_keeps_its_length():
    quarter = np.array([[-1, 1], [-1, -1]], dtype=np.float32)  # q + q @ it: a quarter turn
    turned = Learned(adapter=quarter).searched(at(10))
    assert turned == pytest.approx(at(100), abs=1e-6)
    assert Learned().searched(at(10)) == pytest.approx(at(10))


def test_an_adapter_that_wipes_a_question_out_gives_finite_numbers():
    nothing = Learned(adapter=-np.eye(2, dtype=np.float32)).searched(at(10))
    assert np.isfinite(nothing).all()


class Reader(Catalog):
    def readable_documents(self, ids, **_):
        return {document for document in ids if document.removeprefix("doc-") in self.readable}


class Embedder:
    def embed_query(self, _text):
        return at(60)


def retriever(serving, readable=frozenset(IDS)):
    asked = []

    def learning(principal):
        asked.append(principal)
        return serving

    return Retriever(Reader(set(readable)), Index(IDS[:200]), Embedder(), learning=learning), asked


def test_a_request_asks_once_what_was_learned_and_its_passages_name_it():
    it, asked = retriever(
        Serving(Learned("state-1", memory=memory([("c150", 0, 60, 1.0)]), weights=Weights(None, 1.0)))
    )
    found = it.retrieve("q", principal=READER, limit=5)
    assert asked == [READER]
    assert {passage.learnt.state for passage in found} == {"state-1"}
    first = found[0]
    assert (first.chunk.id, first.learnt.past_question) == ("c150", "e0")
    assert dict(first.learnt.contributions)["past_question"] == pytest.approx(1.0, abs=1e-5)


def test_what_is_not_learned_leaves_no_trace():
    it, _ = retriever(Serving())
    assert {passage.learnt for passage in it.retrieve("q", principal=READER, limit=5)} == {None}


def test_memory_shows_nobody_what_the_catalog_does_not():
    it, _ = retriever(
        Serving(Learned("s", memory=memory([("c350", 0, 60, 1.0)]), weights=Weights(None, 1.0))),
        readable=frozenset(IDS) - {"c350"},
    )
    assert "c350" not in {passage.chunk.id for passage in it.retrieve("q", principal=READER, limit=50)}


def test_two_that_are_compared_share_one_list_and_each_passage_names_its_team():
    challenger = Learned("new", memory=memory([("c150", 0, 60, 1.0)]), weights=Weights(None, 1.0))
    it, asked = retriever(Serving(Learned("old"), challenger, seed=3))
    found = it.retrieve("q", principal=READER, limit=6)
    assert len(asked) == 1
    assert {passage.learnt.team for passage in found} == {"old", "new"}
    assert {passage.chunk.id: passage.learnt.team for passage in found}["c150"] == "new"
    assert [passage.score for passage in found] == sorted((p.score for p in found), reverse=True)
    assert it.retrieve("q", principal=READER, limit=6) == found


def test_an_engine_is_searched_with_a_vector_of_its_own_and_sentences_with_the_server_s():
    class Trained:
        def embed_query(self, _text):
            return at(20)

    class Watched(Index):
        def search(self, vector, *args, **kwargs):
            searched.append(vector)
            return super().search(vector, *args, **kwargs)

    class Sentences:
        name = "sentences"

        def rerank(self, _question, passages, *, vector):
            compared.append(vector)
            return list(passages)

    searched, compared = [], []
    it, _ = retriever(Serving(Learned("new", engine=Engine(Watched(IDS[50:90]), Trained()))))
    found = replace(it, reranker=Sentences()).retrieve("q", principal=READER, limit=5)
    assert [passage.chunk.id for passage in found] == IDS[50:55]
    assert searched[0] == pytest.approx(at(20))
    assert compared[0] == pytest.approx(at(60))  # by the embedder that made the sentences' vectors
