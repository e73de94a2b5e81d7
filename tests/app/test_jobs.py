"""Durable jobs on the real DBOS, on SQLite and PostgreSQL: queued once, done once, done again by whoever died."""

import os
import stat
import subprocess
import sys
import time
from contextlib import closing
from uuid import uuid4

import pytest

from app.jobs import Jobs, job_database, working

DEADLINE_S = 60


@pytest.fixture
def url(catalog_url, tmp_path):
    return job_database(catalog_url, tmp_path)


@pytest.fixture
def jobs(url):
    with closing(Jobs(url)) as made:
        yield made


@pytest.fixture
def run_id():
    return uuid4().hex  # the PostgreSQL of these tests keeps the jobs of others


class Noted:
    """Work that is only noted, but for that which other tests left in the same PostgreSQL."""

    def __init__(self, *run_ids):
        self.run_ids = run_ids
        self.done = []

    def scan(self, run_id):
        self.ingest(run_id, None)

    def ingest(self, run_id, batch):
        if run_id in self.run_ids:
            self.done.append((run_id, batch))


def until(condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_jobs_are_done_once_however_often_they_are_queued(jobs, url, run_id):
    for _ in range(3):
        jobs.scan(run_id)
        jobs.ingest(run_id, [0, 1])
    assert jobs.batch_states(run_id, [0, 1, 2]) == {0: "waiting", 1: "waiting", 2: "ended"}
    work = Noted(run_id)
    with working(url, f"worker-{run_id}", work, at_once=2):
        until(lambda: set(jobs.batch_states(run_id, [0, 1]).values()) | {jobs.scan_state(run_id)} == {"ended"})
    assert sorted(work.done, key=str) == [(run_id, 0), (run_id, 1), (run_id, None)]
    assert jobs.owner(run_id, 0) == f"worker-{run_id}"
    jobs.forget(run_id)
    assert jobs.owner(run_id, 0) is None


def test_a_scan_that_was_dropped_can_be_queued_again(jobs, url, run_id):
    work = Noted(run_id)
    with working(url, f"worker-{run_id}", work, at_once=1):
        for times in (1, 2):
            jobs.scan(run_id)
            until(lambda times=times: len(work.done) == times and jobs.scan_state(run_id) == "ended")
            jobs.drop_scan(run_id)


def test_folders_are_not_looked_through_on_a_machine_that_may_not_see_them(jobs, url, run_id):
    jobs.scan(run_id)
    jobs.ingest(run_id, [0])
    work = Noted(run_id)
    with working(url, f"worker-{run_id}", work, at_once=1, scans=False):
        until(lambda: jobs.batch_states(run_id, [0]) == {0: "ended"})
        time.sleep(0.5)
    assert work.done == [(run_id, 0)]
    assert jobs.scan_state(run_id) == "waiting"


def test_work_that_fails_ends_its_job_and_the_others_go_on(jobs, url, run_id):
    class Failing(Noted):
        def ingest(self, run_id, batch):
            super().ingest(run_id, batch)
            if (run_id, batch) == (self.run_ids[0], 0):
                raise RuntimeError("broken")

    work = Failing(run_id)
    jobs.ingest(run_id, [0, 1])
    with working(url, f"worker-{run_id}", work, at_once=1):
        until(lambda: set(jobs.batch_states(run_id, [0, 1]).values()) == {"ended"})
    assert len(work.done) == 2


DYING = """
import os, sys, time
from app.jobs import working

class Deadly:
    def scan(self, run_id): ...
    def ingest(self, run_id, batch):
        os._exit(9)

with working(sys.argv[1], sys.argv[2], Deadly(), at_once=1):
    time.sleep(60)
"""


def die(url, name):
    return subprocess.run([sys.executable, "-c", DYING, url, name], check=False, timeout=DEADLINE_S).returncode


def test_a_job_whose_worker_died_is_done_by_the_worker_of_that_name(jobs, url, run_id):
    jobs.ingest(run_id, [0])
    assert die(url, f"worker-{run_id}") == 9
    assert jobs.batch_states(run_id, [0]) == {0: "running"}
    work = Noted(run_id)
    with working(url, f"worker-{run_id}", work, at_once=1):
        until(lambda: jobs.batch_states(run_id, [0]) == {0: "ended"})
    assert work.done == [(run_id, 0)]


def test_a_job_that_kills_its_worker_again_and_again_is_given_up(jobs, url, run_id):
    jobs.ingest(run_id, [0])
    for _ in range(4):
        assert die(url, f"worker-{run_id}") == 9
    with working(url, f"worker-{run_id}", Noted(run_id), at_once=1):
        until(lambda: jobs.batch_states(run_id, [0]) == {0: "given_up"})


def test_a_small_run_does_not_wait_for_the_end_of_a_large_one(jobs, url, run_id):
    small = uuid4().hex
    jobs.ingest(run_id, range(20))
    jobs.ingest(small, [0])
    work = Noted(run_id, small)
    with working(url, f"worker-{run_id}", work, at_once=1):
        until(lambda: len(work.done) == 21)
    assert [key for key, _ in work.done].index(small) <= 2


def test_the_file_of_jobs_is_for_its_user_only_and_holds_ids(tmp_path, run_id):
    with closing(Jobs(job_database(f"sqlite:///{tmp_path / 'catalog.sqlite3'}", tmp_path))) as jobs:
        jobs.ingest(run_id, [0])
    assert stat.S_IMODE(os.stat(tmp_path / "jobs.sqlite3").st_mode) == 0o600
    assert b"pickle" not in (tmp_path / "jobs.sqlite3").read_bytes()
