"""No request fails because of a candidate that is on trial."""

from dataclasses import replace

import pytest

from retrieval.errors import DataDirectoryError, ModelError, NotFoundError
from retrieval.learned import Engine, Learned, Serving
from retrieval.retrieve import Retriever
from tests.retrieval.test_learned import Embedder, Reader
from tests.retrieval.test_retrieve import IDS, READER, Index

LIVE = Learned("live")


class Broken:
    """An embedder, index or reranker that raises."""

    name = "broken"

    def __init__(self, error):
        self.error = error

    def embed_query(self, _text):
        raise self.error

    def search(self, *_, **__):
        raise self.error

    def rerank(self, *_, **__):
        raise self.error


def candidate(error):
    return Learned("new", engine=Engine(Broken(error), Broken(error)))


def searched(serving, index=None):
    """Return what a search finds, and what was told of failures."""
    told = []
    serving = replace(serving, failed=lambda who, error: told.append((who, str(error))))
    retriever = Retriever(Reader(set(IDS)), index or Index(IDS[:200]), Embedder(), learning=lambda _: serving)
    return retriever.retrieve("q", principal=READER, limit=5), told


ALONE, _ = searched(Serving(LIVE))
ERRORS = [
    RuntimeError("mat1 and mat2 shapes"),
    ValueError("NaN"),
    ModelError("cut short"),
    KeyError("x"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS)
def test_in_one_list_what_is_live_serves_alone_where_the_other_fails(error):
    found, told = searched(Serving(LIVE, candidate(error), seed=3))
    assert found == ALONE
    assert told == [("new", str(error))]


@pytest.mark.parametrize("error", ERRORS)
def test_by_shares_what_is_live_serves_where_the_candidate_fails(error):
    found, told = searched(Serving(candidate(error), instead=LIVE))
    assert found == ALONE
    assert told == [("new", str(error))]


@pytest.mark.parametrize("serving", [Serving(LIVE, Learned("new"), seed=3), Serving(Learned("new"), instead=LIVE)])
def test_what_keeps_both_from_ranking_is_no_fault_of_the_candidate(serving):
    told = []
    serving = replace(serving, failed=lambda *what: told.append(what))
    index = Broken(DataDirectoryError("the database is gone"))
    retriever = Retriever(Reader(set(IDS)), index, Embedder(), learning=lambda _: serving)
    with pytest.raises(DataDirectoryError):
        retriever.retrieve("q", principal=READER, limit=5)
    assert told == []


def test_a_collection_that_is_gone_is_said_and_counts_for_nobody():
    with pytest.raises(NotFoundError):
        searched(Serving(candidate(NotFoundError("no collection")), instead=LIVE))


def test_a_reranker_on_trial_may_not_fail_unseen():
    broken = Learned("new", reranker=Broken(ModelError("a weight is missing")))
    found, told = searched(Serving(broken, instead=LIVE))
    assert found == ALONE
    assert told == [("new", "a weight is missing")]
    # Once it is live, the order of the search is worth more than an error message.
    found, told = searched(Serving(broken))
    assert [passage.chunk.id for passage in found] == [passage.chunk.id for passage in ALONE]
    assert told == []


def test_a_candidate_that_works_serves():
    found, told = searched(Serving(Learned("new"), instead=LIVE))
    assert {passage.learnt.state for passage in found} == {"new"}
    assert told == []
