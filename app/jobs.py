"""Durable jobs on DBOS Transact; the only module that speaks it.

A job carries ids, never text: what there is to do stands in the record of runs (``ingestion.runs``), so jobs that were
lost with their database are simply made again. DBOS queues them, gives each to one worker, and gives those of a worker
that died to the same worker when it is back. What was measured of it, and its traps, are in ``docs/decisions``.
"""

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions

__all__ = ["JobState", "Jobs", "Work", "job_database", "working"]

JobState = Literal["waiting", "running", "ended", "given_up"]
"""``given_up``: it died with its worker again and again."""

# Changed only when jobs that wait cannot be done by the new version: a changed one strands them without a word.
_VERSION = "attune-ingestion-1"
_NAME = "attune"
_FILE = "sqlite:///"
_SCANS, _DOCUMENTS = "attune-scans", "attune-documents"
_SCAN, _INGEST = "attune_scan", "attune_ingest"
_POLL_S = 0.1
_MAX_RECOVERIES = 3  # the default is 100: a job that kills its worker would do so for hours
_STATES: Mapping[str, JobState] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "given_up",
}


class Work(Protocol):
    """What a worker does for a job; both may be repeated from any point."""

    def scan(self, run_id: str) -> None:
        """Find out which documents a run has to do."""

    def ingest(self, run_id: str, batch: int) -> None:
        """Take in the documents of a batch."""


def job_database(catalog_url: str, data_dir: Path) -> str:
    """Return the URL of the database of jobs: a file beside a SQLite catalog, else the catalog's own PostgreSQL."""
    return f"{_FILE}{(data_dir / 'jobs.sqlite3').resolve()}" if catalog_url.startswith("sqlite") else catalog_url


class Jobs:
    """Puts jobs into the queue and says what became of them; does none itself.

    Args:
        url: Made by ``job_database``; its tables are made where they are missing.
    """

    def __init__(self, url: str) -> None:
        _quiet()
        _prepare(url)
        DBOS.migrate(url)
        self._client = DBOSClient(
            system_database_url=url, serializer=DBOSPortableJSONSerializer(), application_name=_NAME
        )

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()

    def scan(self, run_id: str) -> None:
        """Have a run scanned; asking again changes nothing while that job has not ended."""
        self._enqueue(_SCANS, _SCAN, _scan_id(run_id), 1, run_id)

    def ingest(self, run_id: str, batches: Iterable[int]) -> None:
        """Have batches of a run taken in.

        A batch with a low number goes before those with a high one, whatever their runs: so a run of one document does
        not wait for the end of one of ten thousand.
        """
        for batch in batches:
            self._enqueue(_DOCUMENTS, _INGEST, _batch_id(run_id, batch), batch + 1, run_id, batch)

    def scan_state(self, run_id: str) -> JobState:
        """Return what became of the scan of a run; ``ended`` also when there never was one."""
        return self._states([_scan_id(run_id)]).get(_scan_id(run_id), "ended")

    def batch_states(self, run_id: str, batches: Sequence[int]) -> dict[int, JobState]:
        """Return what became of the jobs of batches; ``ended`` also for one that has none."""
        found = self._states([_batch_id(run_id, batch) for batch in batches])
        return {batch: found.get(_batch_id(run_id, batch), "ended") for batch in batches}

    def owner(self, run_id: str, batch: int) -> str | None:
        """Return the worker that a job runs on, or ran on last."""
        found = self._client.list_workflows(
            workflow_ids=[_batch_id(run_id, batch)], load_input=False, load_output=False
        )
        return found[0].executor_id if found else None

    def forget(self, run_id: str) -> None:
        """Remove the jobs of a run that has ended."""
        found = self._client.list_workflows(
            workflow_id_prefix=[_scan_id(run_id), f"ingest:{run_id}:"], load_input=False, load_output=False
        )
        ended = [job.workflow_id for job in found if _STATES.get(job.status, "ended") not in {"waiting", "running"}]
        if ended:
            self._client.delete_workflows(ended)

    def drop_scan(self, run_id: str) -> None:
        """Remove an ended scan, so that the run can be scanned again."""
        self._client.delete_workflow(_scan_id(run_id))

    def _enqueue(self, queue: str, workflow: str, key: str, priority: int, *arguments: Any) -> None:
        options: EnqueueOptions = {
            "queue_name": queue,
            "workflow_name": workflow,
            "workflow_id": key,
            "app_version": _VERSION,
            "priority": priority,
        }
        self._client.enqueue(options, *arguments)

    def _states(self, keys: list[str]) -> dict[str, JobState]:
        found = self._client.list_workflows(workflow_ids=keys, load_input=False, load_output=False) if keys else []
        return {job.workflow_id: _STATES.get(job.status, "ended") for job in found}


@contextmanager
def working(url: str, worker: str, work: Work, *, at_once: int, scans: bool = True) -> Iterator[None]:
    """Do jobs in threads of this process for as long as the block lasts; one at a time in a process.

    Jobs that this worker had begun when it died go on at once.

    Args:
        url: Made by ``job_database``.
        worker: Lasting name, in use by no other process: two of one name would do every job twice.
        work: Does them.
        at_once: Batches of documents worked on at the same time.
        scans: Look through folders too; not on a machine that may not see them.
    """
    _quiet()
    _prepare(url)
    config: DBOSConfig = {
        "name": _NAME,
        "system_database_url": url,
        "application_version": _VERSION,
        "executor_id": worker,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "ERROR",
        "console_log_level": "ERROR",
        "enable_otlp": False,
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": 0.25,  # nothing is listened for; its end is waited for
        "max_executor_threads": at_once + 4,
    }
    DBOS(config=config)
    _register(work)
    DBOS.listen_queues([_SCANS, _DOCUMENTS] if scans else [_DOCUMENTS])
    DBOS.launch()
    try:
        DBOS.register_queue(_SCANS, worker_concurrency=1, polling_interval_sec=_POLL_S, on_conflict="always_update")
        DBOS.register_queue(
            _DOCUMENTS, worker_concurrency=at_once, polling_interval_sec=_POLL_S, on_conflict="always_update"
        )
        yield
    finally:
        # Jobs that it takes up while it ends stay with this worker, and are done when it is back; it calls that errors.
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS.destroy(destroy_registry=True)


def _register(work: Work) -> None:
    @DBOS.workflow(name=_SCAN, max_recovery_attempts=_MAX_RECOVERIES)
    def scan(run_id: str) -> None:
        DBOS.run_step({"name": "scan"}, work.scan, run_id)

    @DBOS.workflow(name=_INGEST, max_recovery_attempts=_MAX_RECOVERIES)
    def ingest(run_id: str, batch: int) -> None:
        DBOS.run_step({"name": "ingest"}, work.ingest, run_id, batch)


def _prepare(url: str) -> None:
    if not url.startswith(_FILE):
        return
    database = url.removeprefix(_FILE)
    # DBOS makes the file for everybody to read, and leaves the journal in the mode of half the speed.
    os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").close()


def _quiet() -> None:
    # It tells of every start and every recovery; what matters to people stands in the record of runs.
    logging.getLogger("dbos").setLevel(logging.ERROR)


def _scan_id(run_id: str) -> str:
    return f"scan:{run_id}"


def _batch_id(run_id: str, batch: int) -> str:
    return f"ingest:{run_id}:{batch}"
