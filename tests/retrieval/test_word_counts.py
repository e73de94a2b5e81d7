"""Word statistics over what may be read: as the engine counts them, whatever was put in, taken out and opened."""

import random

import numpy as np
import pytest

from retrieval.index import IndexPoint
from retrieval.index_edge import EdgeIndex
from retrieval.index_plan import Searches
from retrieval.types import Principal

WORDS = [f"wo{number}rd" for number in range(40)]
KEYS = ["g:x", "g:y", "u:z", "g:everyone"]
READERS = (Principal("u:z"), Principal("u:n", frozenset({"g:x"})), Principal("u:n", frozenset({"g:none"})))


class Pointer(dict):
    def set(self, name, target):
        self[name] = target


class Engine(EdgeIndex):
    """Leaves the counting to the engine."""

    _weighed = Searches._weighed


@pytest.fixture
def index(tmp_path):
    opened = EdgeIndex(tmp_path, dim=4, fingerprint="f", pointer=Pointer())
    yield opened
    opened.close()


class Life:
    """Random points, and random changes of them."""

    def __init__(self, index):
        self.index = index
        self.random = random.Random(5)
        index.upsert([self.point(number) for number in range(120)])

    def point(self, number):
        some = self.random.choices(WORDS, weights=range(1, 41), k=self.random.randint(3, 20))
        return IndexPoint(
            chunk_id=f"c{number}",
            vector=np.ones(4, dtype=np.float32),
            text="" if number % 11 == 0 else " ".join(some),
            document_id="d",
            revision_id="r",
            collection=self.random.choice("ab"),
            acl=frozenset(self.random.sample(KEYS, self.random.randint(0, 3))),
        )

    def change(self):
        self.index.upsert([self.point(number) for number in self.random.sample(range(140), 4)])
        self.index.delete([f"c{self.random.randrange(140)}"])
        chunks = [f"c{number}" for number in self.random.sample(range(140), 5)]
        self.index.set_access(chunks, frozenset(self.random.sample(KEYS, self.random.randint(0, 2))))

    def hits(self, question, principal, collections, kind=EdgeIndex):
        found = self.index.__class__
        self.index.__class__ = kind
        hits = self.index.search(None, question, principal=principal, collections=collections, limit=20)
        terms = self.index.matched_terms(question, {"c1": "wo1rd"}, principal=principal, collections=collections)
        self.index.__class__ = found
        return {hit.chunk_id: hit.score for hit in hits.sparse}, {t.score for t in terms.get("c1", ())}


def test_scores_are_those_that_the_engine_gives_over_what_may_be_read(index):
    life = Life(index)
    for turn in range(8):
        for principal in READERS:
            for collections in (None, frozenset("a"), frozenset("ab")):
                question = " ".join(life.random.choices(WORDS, k=4))
                counted, terms = life.hits(question, principal, collections)
                scored, of_terms = life.hits(question, principal, collections, kind=Engine)
                assert counted == pytest.approx(scored, abs=1e-5), turn
                assert sorted(terms) == pytest.approx(sorted(of_terms), abs=1e-5)
        life.change()


def test_what_is_hidden_moves_no_bit_of_a_score(index):
    life = Life(index)
    before = [life.hits(word, READERS[0], None) for word in WORDS]
    hidden = [life.point(number) for number in range(1000, 1050)]
    index.upsert([IndexPoint(p.chunk_id, p.vector, p.text, "d", "r", "a", frozenset({"g:y"})) for p in hidden])
    assert [life.hits(word, READERS[0], None) for word in WORDS] == before
    index.delete([point.chunk_id for point in hidden])
    assert [life.hits(word, READERS[0], None) for word in WORDS] == before


def test_all_is_counted_anew_when_too_much_of_it_is_gone(index, monkeypatch):
    monkeypatch.setattr("retrieval.word_counts._CARRIED", 10)
    life = Life(index)
    life.hits("wo1rd", READERS[0], None)
    first = index._counts
    while index._counts.whole:
        life.change()
    counted, _ = life.hits("wo1rd wo39rd", READERS[0], None)
    assert index._counts is not first
    assert counted == pytest.approx(life.hits("wo1rd wo39rd", READERS[0], None, kind=Engine)[0], abs=1e-5)


def test_a_search_of_somebody_who_reads_nothing_has_them_counted(index):
    life = Life(index)
    assert not index._counts.whole
    assert index.search(None, "words", principal=Principal("u:nobody"), limit=1).sparse == ()
    assert index._counts.whole
    counted = index._counts
    life.hits("wo1rd", READERS[0], None)
    assert index._counts is counted
