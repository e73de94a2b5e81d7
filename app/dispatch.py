"""Keeps ingestion going: gives runs to workers, publishes what they staged, ends runs, forgets what is too old."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from app.jobs import Jobs
from app.workforce import Workforce
from ingestion.originals import Originals
from ingestion.parsers.ocr import ocr_available
from ingestion.publish import Publisher
from ingestion.run_rows import Item
from ingestion.runs import IngestRuns, Run
from ingestion.workers import Workers

MAX_FAILURES = 5
"""A document that could not be worked on this often, for a reason that was not its own, is given up."""

MAX_SCANS = 20
"""A run whose scan was begun this often, by errors or by pausing, is given up."""

_BUSY_WAIT_S = 0.1
_IDLE_WAIT_S = 0.25
_CHECK_EVERY_S = 2.0
_HOUSEKEEPING_EVERY_S = 600.0
_DELETIONS_AT_ONCE = 100
_ABANDONED_AFTER = timedelta(hours=1)
_STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long things are kept; ``revisions`` None is for ever."""

    revisions: timedelta | None
    runs: timedelta


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept in step."""

    publisher: Publisher
    runs: IngestRuns
    workers: Workers
    originals: Originals
    keeping: Keeping


class Dispatcher:
    """One thread of the process that owns the index. Every step can be repeated, and is after a kill.

    Args:
        stores: What is kept in step.
        jobs: Where work is queued.
        workforce: Who does it on this machine.
        ended: Told of each run that has just ended.
        changed: Told every few seconds to look at what is still to be done.
    """

    def __init__(
        self,
        stores: Kept,
        jobs: Jobs,
        workforce: Workforce,
        *,
        ended: Callable[[Run], None],
        changed: Callable[[], None],
    ) -> None:
        self._stores = stores
        self._runs = stores.runs
        self._publisher = stores.publisher
        self._jobs = jobs
        self._workforce = workforce
        self._ended = ended
        self._changed = changed
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._scans: Counter[str] = Counter()
        self._checked_at = self._kept_house_at = 0.0
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new to do."""
        self._woken.set()

    def close(self) -> None:
        """Stop after the step that is being made, and end the workers."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)
        self._workforce.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.step()
            except Exception as error:
                # The worker loop: whatever was wrong with one step, the next may be right, and nothing is lost.
                if not self._stopping.is_set():
                    log = structlog.get_logger()
                    log.exception("ingestion step failed", error=type(error).__name__)
                busy = False
                self._stopping.wait(_CHECK_EVERY_S)
            self._woken.wait(_BUSY_WAIT_S if busy else _IDLE_WAIT_S)
            self._woken.clear()

    def step(self) -> bool:
        """Do what is due.

        Returns:
            Whether there is work at all.
        """
        published = self._publisher.publish_ready()
        self._publisher.relabel()
        at_work = self._runs.at_work()
        if published or at_work:
            self._runs.settle_published()
        if at_work:
            self._workforce.want()
        else:
            self._workforce.rest()
        now = time.monotonic()
        thorough = now - self._checked_at > _CHECK_EVERY_S
        if thorough:
            self._checked_at = now
            self._runs.adopt_staged()
            self._changed()
        for run in at_work:
            self._tend(run, thorough=thorough)
        if now - self._kept_house_at > _HOUSEKEEPING_EVERY_S:
            self._kept_house_at = now
            self.keep_house()
        return bool(at_work) or bool(published)

    def _tend(self, run: Run, *, thorough: bool) -> None:
        if not run.scanned:
            self._see_to_scan(run)
        self._jobs.ingest(run.id, self._runs.assign(run.id))
        if thorough:
            self._see_to_lost(run)
        if run.scanned:
            if not run.started_at:
                self._runs.start(run.id)
            self._delete(run)
            if self._runs.finish(run.id):
                self._jobs.forget(run.id)
                self._scans.pop(run.id, None)
                self._ended(self._runs.get(run.id))

    def _see_to_scan(self, run: Run) -> None:
        state = self._jobs.scan_state(run.id)
        if state == "given_up" or self._scans[run.id] > MAX_SCANS:
            self._runs.fail(run.id, "it could not be looked through, again and again; the log says why")
        elif state == "ended" and not self._runs.get(run.id).scanned:
            # Never begun, or stopped on the way; what it has written down it passes over.
            self._scans[run.id] += 1
            self._jobs.drop_scan(run.id)
            self._jobs.scan(run.id)

    def _see_to_lost(self, run: Run) -> None:
        """Give documents out again whose job has ended without them: paused, or failed, or died with its worker."""
        batches = self._runs.open_batches(run.id)
        states = self._jobs.batch_states(run.id, list(batches))
        lost = [batch for batch, state in states.items() if state == "ended"]
        lost += [b for b, state in states.items() if state == "running" and self._owner_is_dead(run.id, b)]
        deadly = [batch for batch, state in states.items() if state == "given_up"]
        self._give_up([i for i in self._open_items(run.id, lost) if i.failures >= MAX_FAILURES], crashed=False)
        self._runs.unassign(run.id, lost)
        alone = [batch for batch in deadly if batches[batch] == 1]
        self._give_up(self._open_items(run.id, alone), crashed=True)
        together = [batch for batch in deadly if batches[batch] > 1]
        if together:
            # One of them kills its worker: each alone, and it will be found out.
            self._runs.unassign(run.id, together)
            self._jobs.ingest(run.id, self._runs.assign(run.id, lone=True))

    def _owner_is_dead(self, run_id: str, batch: int) -> bool:
        owner = self._jobs.owner(run_id, batch)
        known = {worker.id: worker for worker in self._stores.workers.all()}
        return owner not in known or not known[owner].alive(datetime.now(UTC))

    def _open_items(self, run_id: str, batches: list[int]) -> list[Item]:
        return self._runs.of_batches(run_id, batches) if batches else []

    def _give_up(self, items: list[Item], *, crashed: bool) -> None:
        ids = [item.id for item in items]
        if crashed:
            reason = "its worker died each time while it was read"
            self._runs.settle(ids, state="quarantined", reason=reason, kind="crash")
        else:
            reason = f"gave up after {MAX_FAILURES} attempts; the log says why"
            self._runs.settle(ids, state="failed", reason=reason, kind="error")

    def _delete(self, run: Run) -> None:
        due = self._runs.deletions(run.id, limit=_DELETIONS_AT_ONCE)
        if not due:
            return
        known = self._publisher.catalog.known(run.collection, [item.uri for item in due])
        undone = self._runs.superseded([item.id for item in due])
        for item in due:
            found = known.get(item.uri)
            if found is not None and item.id not in undone:
                self._publisher.delete(found.document_id)
        self._runs.settle([item.id for item in due], state="done")

    def keep_house(self) -> None:
        """Forget what is older than it is kept, and what nothing refers to any more."""
        now, catalog = datetime.now(UTC), self._publisher.catalog
        self._publisher.collect()
        self._runs.settle_published()
        for revision in catalog.abandoned(now - _ABANDONED_AFTER):
            catalog.discard(revision.id)
        keeping = self._stores.keeping
        if keeping.revisions is not None:
            catalog.forget_retired(now - keeping.revisions)
        self._runs.forget_before(now - keeping.runs)
        self._stores.originals.sweep()
        if ocr_available() and self._runs.requeue_kind("needs_ocr"):
            structlog.get_logger().info("language data for OCR is here: documents that waited for it are read")
