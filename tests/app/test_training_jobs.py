"""The thread that has training runs done, with small processes in the place of the one that trains."""

import os
import signal
import sys
import time

import pytest

from app import training
from app.settings import Settings
from app.training_jobs import MAX_ATTEMPTS, MEMORY_FULL, STORAGE_FULL, TrainingJobs
from finetune.runs import TrainingRuns
from tests.candidates import SET, candidate

DEADLINE_S = 30.0

OPENING = """
import json, os, sys, time
given = json.loads(sys.stdin.readline())
from retrieval.tables import open_engine
from finetune.runs import Progress, TrainingRuns
runs = TrainingRuns(open_engine(sys.argv[1]))
run = runs.get(given["run"])
"""
ENDS = 'runs.finish(run.id, "done")'
DIES = "sys.exit(7)"
STAYS = 'runs.tell(run.id, Progress("staying", 0.5, "")); time.sleep(300)'
GROWS = "held = bytearray(600 * 2**20); time.sleep(300)"
COMES_FURTHER = """
if run.set_id is None:
    runs.froze(run.id, "s1")
elif not run.outcomes:
    from finetune.runs import Outcome
    runs.concluded(run.id, Outcome("memory", "refused", None, ""))
else:
    runs.finish(run.id, "done")
os.kill(os.getpid(), 9)
"""


def until(true):
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.05)


@pytest.fixture
def runs(sqlite_url, open_database):
    return TrainingRuns(open_database(sqlite_url))


@pytest.fixture
def jobs(runs, sqlite_url, tmp_path):
    """Make the thread, with what its processes do."""
    made = []

    def jobs(does, **settings):
        command = [sys.executable, "-c", OPENING + does, sqlite_url]
        ended = []
        made.append(TrainingJobs(Settings(data_dir=tmp_path, **settings), runs, command=command, ended=ended.append))
        made[-1].start()
        return made[-1], ended

    yield jobs
    for one in made:
        one.close()


def test_what_waits_is_done_and_its_end_is_told_once(jobs, runs):
    run = runs.ask([], by="u:ann")
    _, ended = jobs(ENDS)
    until(lambda: ended)
    time.sleep(1)
    assert [(one.id, one.state) for one in ended] == [(run.id, "done")]


def test_a_run_whose_process_dies_again_and_again_is_given_up(jobs, runs):
    run = runs.ask([], by="u:ann")
    _, ended = jobs(DIES)
    until(lambda: ended)
    found = runs.get(run.id)
    assert (found.state, found.attempts) == ("failed", MAX_ATTEMPTS)
    assert "without coming further" in found.error


def test_a_run_that_comes_further_each_time_goes_on_however_often_it_is_killed(jobs, runs):
    run = runs.ask([], by="u:ann")
    _, ended = jobs(COMES_FURTHER)
    until(lambda: ended)
    assert runs.get(run.id).state == "done"


def test_a_cancelled_run_ends_within_seconds_and_its_process_is_gone(jobs, runs):
    run = runs.ask([], by="u:ann")
    thread, ended = jobs(STAYS)
    until(lambda: runs.get(run.id).progress.stage == "staying")
    pid = thread.pid
    runs.cancel(run.id)
    asked = time.monotonic()
    until(lambda: ended)
    assert time.monotonic() - asked < 20
    assert runs.get(run.id).state == "cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_takes_too_long_is_ended_with_the_reason(jobs, runs):
    run = runs.ask([], by="u:ann")
    _, ended = jobs(STAYS, train_timeout_s=1)
    until(lambda: ended)
    found = runs.get(run.id)
    assert found.state == "failed"
    assert "ATTUNE_TRAIN_TIMEOUT_S" in found.error


def test_what_takes_too_much_memory_is_ended_with_the_reason(jobs, runs):
    run = runs.ask([], by="u:ann")
    _, ended = jobs(GROWS, train_max_bytes=500 * 2**20)
    until(lambda: ended)
    assert "ATTUNE_TRAIN_MAX_BYTES" in runs.get(run.id).error


@pytest.mark.parametrize("ends", [f"sys.exit({STORAGE_FULL})", "os.kill(os.getpid(), 7)"])  # SIGBUS
def test_a_process_that_finds_the_disk_full_is_not_started_again(jobs, runs, ends):
    run = runs.ask([], by="u:ann")
    _, ended = jobs(ends)
    until(lambda: ended)
    found = runs.get(run.id)
    assert (found.state, found.attempts) == ("failed", 1)
    assert "disk is full" in found.error


def test_a_process_that_finds_no_memory_is_not_started_again(jobs, runs):
    run = runs.ask([], by="u:ann")
    _, ended = jobs(f"sys.exit({MEMORY_FULL})")
    until(lambda: ended)
    found = runs.get(run.id)
    assert (found.state, found.attempts) == ("failed", 1)
    assert "memory" in found.error
    assert "ATTUNE_TRAIN_MAX_BYTES" in found.error


TOO_MUCH = [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
]


@pytest.mark.parametrize("error", TOO_MUCH)
def test_a_training_that_finds_no_memory_says_so_by_its_exit_status(monkeypatch, tmp_path, error):
    assert ended_with(monkeypatch, tmp_path, error) == MEMORY_FULL


def test_a_training_that_is_broken_says_what_is(monkeypatch, tmp_path):
    with pytest.raises(RuntimeError, match="shapes"):
        ended_with(monkeypatch, tmp_path, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def ended_with(monkeypatch, tmp_path, error):
    """The exit status of a process whose training raises an error."""

    def work(*_):
        raise error

    given = Settings(data_dir=tmp_path), {"run": "r1"}
    monkeypatch.setattr(training, "received", lambda: given)
    monkeypatch.setattr(training, "work", work)
    for rest in ("end_with_the_server", "give_way"):
        monkeypatch.setattr(training.children, rest, lambda *_, **__: None)
    return training.main()


def test_a_server_that_stops_leaves_the_run_to_the_next_one(jobs, runs):
    run = runs.ask([], by="u:ann")
    thread, _ = jobs(STAYS)
    until(lambda: runs.get(run.id).progress.stage == "staying")
    pid = thread.pid
    thread.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    found = runs.get(run.id)
    assert (found.state, found.attempts) == ("running", 0)
    _, ended = jobs(ENDS)
    until(lambda: ended)
    assert runs.get(run.id).state == "done"


def test_nothing_is_trained_while_it_is_held(jobs, runs):
    run = runs.ask([], by="u:ann")
    thread, _ = jobs(STAYS)
    until(lambda: runs.get(run.id).progress.stage == "staying")
    with thread.held():
        assert thread.pid is None
        time.sleep(1)
        assert thread.pid is None
    until(lambda: thread.pid is not None)
    os.kill(thread.pid, signal.SIGKILL)


def test_what_no_record_names_is_removed_and_what_one_names_stays(jobs, runs, tmp_path):
    kept = candidate(runs.engine, tmp_path)
    learning = tmp_path / "learning"
    (learning / "sets").mkdir()
    (learning / "lab").mkdir()
    for name in (SET, "a" * 64, f".{SET}.jsonl.0123"):
        (learning / "sets" / f"{name}.jsonl").write_text("{}")
    for name in ("b" * 64, ".0123.part"):
        (learning / "candidates" / name).mkdir()
    jobs(ENDS)
    assert [path.name for path in (learning / "sets").iterdir()] == [f"{SET}.jsonl"]
    assert [path.name for path in (learning / "candidates").iterdir()] == [kept]
    assert not (learning / "lab").exists()
