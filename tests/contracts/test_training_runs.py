"""What holds of the record of training runs, on both databases."""

import threading
from datetime import UTC, datetime

import pytest

from finetune.runs import Outcome, Progress, TrainingRuns
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError

ANN = "u:ann"
PASSED = Outcome("memory", "passed", "c1", "memory: passed")


@pytest.fixture
def runs(engine):
    return TrainingRuns(engine)


def test_what_is_asked_for_waits(runs):
    run = runs.ask(["memory", "fusion"], by=ANN, report_to="mlflow")
    assert (run.rungs, run.state, run.requested_by, run.report_to) == (("memory", "fusion"), "waiting", ANN, "mlflow")
    assert runs.get(run.id) == run == runs.due()
    assert runs.recent() == [run]


def test_a_rung_that_there_is_not_is_refused_by_name(runs):
    with pytest.raises(InvalidInputError, match="'dreams'"):
        runs.ask(["dreams"], by=ANN)
    with pytest.raises(InvalidInputError, match="twice"):
        runs.ask(["memory", "memory"], by=ANN)


def test_what_was_asked_for_since_a_moment_is_known(runs):
    first = runs.ask(["generator"], by=ANN)
    runs.start(first.id)
    runs.finish(first.id, "failed", error="full")
    moment = datetime.now(UTC)
    assert runs.since(moment) == []
    second = runs.ask([], by=ANN)
    assert runs.since(moment) == [((), "waiting")]
    runs.start(second.id)
    runs.finish(second.id, "done")
    assert runs.since(moment) == [((), "done")]
    assert sorted(runs.since(first.requested_at)) == [((), "done"), (("generator",), "failed")]


def test_one_is_under_way_one_waits_and_a_third_is_refused(runs):
    first = runs.ask([], by=ANN)
    assert runs.start(first.id)
    second = runs.ask([], by=ANN)
    with pytest.raises(ConflictError, match="waits already"):
        runs.ask([], by=ANN)
    assert runs.due().id == first.id
    runs.finish(first.id, "done")
    assert runs.due().id == second.id


def test_of_many_who_ask_at_once_one_is_heard(runs):
    heard, refused = [], []

    def ask():
        try:
            heard.append(runs.ask([], by=ANN).id)
        except ConflictError:
            refused.append(1)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(heard), len(refused)) == (1, 5)


def test_progress_and_outcomes_are_kept_for_whoever_takes_the_run_up_again(runs):
    run = runs.ask([], by=ANN)
    runs.start(run.id)
    runs.froze(run.id, "s1")
    runs.tell(run.id, Progress("measuring", 0.5, "memory"))
    runs.concluded(run.id, Outcome("memory", "refused", None, "first"))
    runs.concluded(run.id, PASSED)
    found = runs.get(run.id)
    assert (found.set_id, found.progress, found.outcomes) == ("s1", Progress("measuring", 0.5, "memory"), (PASSED,))
    assert found.candidates == ("c1",)


def test_attempts_are_counted_until_the_run_comes_further(runs):
    run = runs.ask([], by=ANN)
    for _ in range(3):
        assert runs.start(run.id)
    first = runs.get(run.id)
    assert first.attempts == 3
    runs.froze(run.id, "s1")
    assert runs.get(run.id).attempts == 1
    runs.start(run.id)
    runs.give_back(run.id)
    found = runs.get(run.id)
    assert (found.attempts, found.started_at) == (1, first.started_at)


def test_one_that_waits_is_cancelled_at_once_and_never_starts(runs):
    run = runs.ask([], by=ANN)
    assert runs.cancel(run.id).state == "cancelled"
    assert not runs.start(run.id)
    assert runs.due() is None


def test_one_that_is_under_way_is_told_to_stop(runs):
    run = runs.ask([], by=ANN)
    runs.start(run.id)
    found = runs.cancel(run.id)
    assert (found.state, found.cancel) == ("running", True)
    assert runs.finish(run.id, "cancelled")
    with pytest.raises(ConflictError):
        runs.cancel(run.id)


def test_of_two_ends_the_first_counts(runs):
    run = runs.ask([], by=ANN)
    runs.start(run.id)
    assert runs.finish(run.id, "failed", error="the disk is full")
    assert not runs.finish(run.id, "done")
    runs.concluded(run.id, PASSED)
    found = runs.get(run.id)
    assert (found.state, found.error, found.outcomes) == ("failed", "the disk is full", ())
    assert found.ended_at is not None


def test_a_run_that_there_is_not_is_not_found(runs):
    for known in (runs.get, runs.cancel):
        with pytest.raises(NotFoundError):
            known("nothing")
    with pytest.raises(InvalidInputError):
        runs.recent(limit=0)
