"""Why a passage was found, on a real index over a catalog that lets some chunks through."""

from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from retrieval.explain import explain
from retrieval.index import IndexPoint
from retrieval.index_edge import EdgeIndex
from retrieval.labels import Labels
from retrieval.learned import Learned, Serving
from retrieval.learnt import Learnt
from retrieval.ranking import Ranking
from retrieval.retrieve import Retriever
from retrieval.rows import PassageRow
from retrieval.types import Chunk, Filters, Principal, Query

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EVERYTHING = Filters()
READER = Principal("u:reader")
TEXTS = {"a": "Foxes and a fox", "b": "A fox and a pear", "c": "A pear and a pear", "d": "Nothing of it"}
VECTORS = {"a": [1, 0], "b": [0.8, 0.6], "c": [0, 1], "d": [0.6, 0.8]}


def row(chunk, updated_at=None):
    columns = (*astuple(chunk)[:8], "[]", chunk.token_count, "[]")
    return PassageRow((*columns, "default", "T", "upload:t", updated_at))


class Catalog:
    def readable_collections(self, **_):
        return None

    def passages_for(self, chunk_ids, *, principal, **_):
        assert principal is READER
        return {key: row(Chunk(key, key, "r", 0, 0, 1, TEXTS[key], "", (), 1), NOW - DAY) for key in chunk_ids}


class Embedder:
    def embed_query(self, _text):
        return np.array([1, 0], dtype=np.float32)


class Pointer(dict):
    set = dict.__setitem__


@pytest.fixture
def retriever(tmp_path):
    index = EdgeIndex(tmp_path, dim=2, fingerprint="f", pointer=Pointer())
    index.upsert([
        IndexPoint(key, VECTORS[key], text, key, "r", "default", frozenset({"g:everyone"}), Labels("s-" + key))
        for key, text in TEXTS.items()
    ])
    yield Retriever(Catalog(), index, Embedder())
    index.close()


def explained(retriever, question="foxes and pears", *, filters=EVERYTHING, **more):
    passages = retriever.retrieve(question, principal=READER, filters=filters, **more)
    found = explain(retriever, Query(question, None, filters), passages, principal=READER, **more)
    assert [e.chunk_id for e in found] == [p.chunk.id for p in passages]
    return {e.chunk_id: e for e in found}


def test_the_terms_of_a_passage_add_up_to_its_sparse_score(retriever):
    found = explained(retriever)
    assert {key: [term.words for term in e.terms] for key, e in found.items()} == {
        "a": [("foxes", "fox")],
        "b": [("fox",), ("pear",)],
        "c": [("pear",)],
        "d": [],
    }
    for key in "abc":
        assert sum(term.score for term in found[key].terms) == pytest.approx(found[key].sparse, rel=1e-5)
    assert found["d"].sparse is None


def test_a_passage_tells_its_fused_score_and_its_place(retriever):
    found = explained(retriever)
    by_place = sorted(found.values(), key=lambda e: e.position)
    assert [e.position for e in by_place] == [1, 2, 3, 4]
    assert [e.fused for e in by_place] == sorted((e.fused for e in by_place), reverse=True)
    assert all(e.score == e.fused and e.freshness == 1 and e.rerank is None for e in by_place)
    assert all(e.unfiltered is None and e.contributions == {} for e in by_place)


def test_age_is_told(retriever):
    # .5 + .5 * .5 ** (1 / 1) of every score.
    found = explained(replace(retriever, half_life_days=1.0, clock=lambda: NOW))
    assert all(e.freshness == pytest.approx(0.75) for e in found.values() if e.fused)
    assert all(e.score == pytest.approx(0.75 * e.fused) for e in found.values())


def test_a_filter_tells_the_place_without_it(retriever):
    everywhere = explained(retriever)
    (found,) = explained(retriever, filters=Filters(sources=("s-c",))).values()
    assert (found.position, found.unfiltered) == (1, everywhere["c"].position)
    assert found.unfiltered > 1


def test_what_was_not_searched_explains_nothing(retriever):
    assert all(e.terms == () and e.sparse is None for e in explained(retriever, mode="dense").values())
    assert all(e.dense is None for e in explained(retriever, mode="sparse").values())


def test_a_passage_that_the_search_does_not_find_any_more_has_no_place(retriever):
    passages = retriever.retrieve("foxes", principal=READER)
    retriever.index.delete(["a"])
    found = {e.chunk_id: e for e in explain(retriever, Query("foxes"), passages, principal=READER)}
    assert (found["a"].position, found["a"].fused, found["a"].terms) == (None, None, ())
    assert found["b"].position == 1


def test_what_was_learned_is_told_by_its_parts(retriever):
    # The map turns "a" into "c": (1, 0) + (-1, 1) = (0, 1).
    turned = Learned("state-1", adapter=np.array([[-1, 1], [0, 0]], dtype=np.float32))
    taught = replace(retriever, learning=lambda _: Serving(turned))
    passages = taught.retrieve("foxes", principal=READER)
    told = {one.chunk_id: one for one in explain(taught, Query("foxes"), passages, principal=READER)}
    plain = {one.chunk_id: one for one in explain(retriever, Query("foxes"), passages, principal=READER)}
    for key in ("a", "c"):
        assert told[key].contributions["query_adapter"] == pytest.approx(told[key].fused - plain[key].fused)
        assert told[key].learnt.state == "state-1"
    assert told["a"].contributions["query_adapter"] < 0 < told["c"].contributions["query_adapter"]


def test_what_a_ranking_added_to_the_score_is_told(retriever):
    words = Ranking("none", (0.0,) * 5, (1.0,) * 5, (0.0, 0.5, 0.0, 0.0, 0.0))
    ranked = replace(retriever, learning=lambda _: Serving(Learned("state-1", ranking=words)))
    before = explained(retriever)
    for key, one in explained(ranked).items():
        added = one.contributions["ranking"]
        assert one.score == pytest.approx(before[key].score + added)
        assert (added > 0) == (one.sparse is not None)
        assert one.fused == before[key].fused


def test_what_memory_added_is_told_as_it_was_when_the_passage_was_found(retriever):
    (passage, *_) = retriever.retrieve("foxes", principal=READER)
    kept = replace(passage, learnt=Learnt("before", (("memory", 0.25),), "e1", 0.9))
    (told,) = explain(retriever, Query("foxes"), [kept], principal=READER)
    assert (told.contributions, told.learnt) == ({"memory": 0.25}, kept.learnt)


def test_the_map_of_now_says_nothing_about_what_another_state_placed(retriever):
    turned = Learned("state-1", adapter=np.array([[-1, 1], [0, 0]], dtype=np.float32))
    taught = replace(retriever, learning=lambda _: Serving(turned))
    (passage, *_) = taught.retrieve("foxes", principal=READER)
    (told,) = explain(taught, Query("foxes"), [replace(passage, learnt=Learnt("before"))], principal=READER)
    assert told.contributions == {}
