"""A candidate that ranks beside what is live, for nobody to see."""

import threading
import time

import pytest
from sqlalchemy.exc import OperationalError

from finetune.rollout import LEAST_TIMES, MOST_ERRORS
from finetune.shadow import MOST_WAITING, Question, Shadow
from finetune.trials import Trial
from retrieval.errors import DataDirectoryError, NotFoundError, VectorIndexError
from retrieval.index import Hit, Hits
from retrieval.learned import Learned
from retrieval.retrieve import Retriever
from retrieval.rows import PassageRow
from retrieval.search_question import SearchQuestion
from retrieval.types import Filters, Principal

READER = Principal("u:reader")
CANDIDATE = Learned("new")


class Trials:
    """Notes what it is told."""

    def __init__(self):
        self.figures, self.ended = {}, []

    def measured(self, _trial_id, figures):
        self.figures = figures

    def end(self, _trial_id, state, *, reason):
        self.ended.append((state, reason))


class Catalog:
    def readable_collections(self, **_):
        return None

    def passages_for(self, ids, **_):
        moment = "2026-06-01T00:00:00+00:00"
        return {
            key: PassageRow((key, "d", "r", 0, 0, 1, key, "", "[]", 1, "[]", "default", "T", "upload:t", moment))
            for key in ids
        }


class Embedder:
    def embed_query(self, _text):
        return [1.0]


class Index:
    """Finds b before a; fails, or waits, when it is told to."""

    def __init__(self):
        self.error, self.go, self.failed = None, threading.Event(), 0
        self.go.set()

    def search(self, *_, **__):
        self.go.wait(10)
        if self.error:
            self.failed += 1
            raise self.error
        hits = (Hit("b", 0.9), Hit("a", 0.8))
        return Hits(dense=hits, sparse=())


@pytest.fixture
def index():
    return Index()


@pytest.fixture
def trials():
    return Trials()


@pytest.fixture
def shadow(index, trials):
    shadow = Shadow(Retriever(Catalog(), index, Embedder()), trials)
    yield shadow
    index.go.set()
    shadow.close()


def trial(kind="shadow"):
    return Trial("t", "new", None, kind, "running", 1.0, 0, 0, 0, {}, "", "u:ann", None)


def asked():
    return Question(SearchQuestion("roses"), READER, None, Filters(), ["a", "b"], 12.0)


def until(true):
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_the_candidate_would_have_shown_is_measured(shadow, trials):
    for _ in range(10):
        shadow.offer(trial(), CANDIDATE, asked())
    until(lambda: trials.figures)
    assert (trials.figures["questions"], trials.figures["errors"]) == (10, 0)
    assert (trials.figures["overlap"], trials.figures["displacement"]) == (1.0, 1.0)
    assert trials.ended == []


def test_nobody_waits_for_it(shadow, index, trials):
    index.go.clear()
    began = time.monotonic()
    for _ in range(MOST_WAITING + 20):
        shadow.offer(trial(), CANDIDATE, asked())
    assert time.monotonic() - began < 5
    index.go.set()
    until(lambda: trials.figures.get("questions", 0) >= 30)
    assert trials.figures["left_out"] >= 19


def test_a_candidate_that_fails_has_lost(shadow, index, trials):
    index.error = VectorIndexError("broken")
    for _ in range(MOST_ERRORS):
        shadow.offer(trial(), CANDIDATE, asked())
    until(lambda: trials.ended)
    assert trials.ended[0] == ("lost", f"it failed at {MOST_ERRORS} questions")
    assert trials.figures["errors"] == MOST_ERRORS


@pytest.mark.parametrize("kind", ["share", "interleave"])
def test_a_candidate_that_fails_at_requests_has_lost(shadow, trials, kind):
    for _ in range(MOST_ERRORS - 1):
        shadow.failed(trial(kind), RuntimeError("broken"))
    assert trials.ended == []
    shadow.failed(trial(kind), RuntimeError("broken"))
    assert trials.ended == [("lost", f"it failed at {MOST_ERRORS} questions")]
    assert trials.figures["errors"] == MOST_ERRORS


@pytest.mark.parametrize(
    "error", [DataDirectoryError("the database is gone"), OperationalError("UPDATE", {}, OSError("database is locked"))]
)
def test_a_request_is_answered_though_nothing_can_be_noted(shadow, trials, error):
    def gone(*_, **__):
        raise error

    trials.measured = gone
    for number in range(4 * LEAST_TIMES):
        shadow.took(trial("share"), candidate=bool(number % 2), took_ms=20.0)
    for _ in range(MOST_ERRORS):
        shadow.failed(trial("share"), RuntimeError("broken"))
    assert trials.ended == []
    # Nor does what ranks beside them end by that.
    for _ in range(10):
        shadow.offer(trial(), CANDIDATE, asked())
    until(shadow._waiting.empty)
    assert shadow._thread.is_alive()


def test_what_torch_raises_ends_a_trial_too(shadow, index, trials):
    index.error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    for _ in range(MOST_ERRORS):
        shadow.offer(trial(), CANDIDATE, asked())
    until(lambda: trials.ended)
    assert trials.ended[0][0] == "lost"


def test_a_collection_that_is_gone_is_no_fault_of_the_candidate(shadow, index, trials):
    index.error = NotFoundError("no collection")
    for _ in range(5):
        shadow.offer(trial(), CANDIDATE, asked())
    until(lambda: index.failed == 5)
    index.error = None
    for _ in range(10):
        shadow.offer(trial(), CANDIDATE, asked())
    until(lambda: trials.figures)
    assert trials.figures["errors"] == 0
    assert trials.ended == []


def test_by_shares_a_slower_candidate_has_lost(shadow, trials):
    for number in range(2 * LEAST_TIMES):
        shadow.took(trial("share"), candidate=bool(number % 2), took_ms=30.0 if number % 2 else 20.0)
    assert trials.ended[0] == ("lost", "its p95 is beyond 1.1 times that of what is live")


def test_by_shares_an_equally_fast_one_goes_on(shadow, trials):
    for number in range(4 * LEAST_TIMES):
        shadow.took(trial("share"), candidate=bool(number % 2), took_ms=20.0 + number % 7)
    assert trials.ended == []
    assert trials.figures["candidate_p95_ms"] == pytest.approx(trials.figures["live_p95_ms"], rel=0.1)
