"""What a worker does for a job: finds out what a run has to do, takes documents in."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

import structlog

from ingestion.access_rules import acl_of, rules_in
from ingestion.blobs import Blobs
from ingestion.examiner import Examiner
from ingestion.ingest import Ingestor
from ingestion.prepare import origin_of
from ingestion.report import Incoming, Ingested, Refused, Terms
from ingestion.run_rows import Item, ItemState
from ingestion.runs import IngestRuns, Run
from ingestion.scan import Scanner
from ingestion.sources.paths import Paths
from ingestion.sources.source import Source, SourceLimits, open_source
from ingestion.sources.store import SourceStore
from ingestion.types import SourceFile
from retrieval.catalog import Catalog
from retrieval.errors import (
    AttuneError,
    ConflictError,
    DocumentError,
    NotFoundError,
    QuarantinedError,
    StorageFullError,
)

_LOOK_EVERY_S = 0.5


class Busy:
    """Counts who is at work, so that their end can be waited for."""

    def __init__(self) -> None:
        self._at_work = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._at_work += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._at_work -= 1
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until nobody is at work; returns whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._at_work == 0, timeout_s)


@dataclass(frozen=True, slots=True)
class IngestWork:
    """The work of one worker; any number of threads may do it.

    Attributes:
        name: The worker's.
        ingestor: Called when the first document is to be taken in: the embedder takes seconds to load.
        stopping: Set when the worker is to end: what is unfinished is given back.
        busy: Held while documents are worked on.
    """

    name: str
    catalog: Catalog
    runs: IngestRuns
    blobs: Blobs
    limits: SourceLimits
    examiner: Examiner
    ingestor: Callable[[], Ingestor]
    stopping: threading.Event
    busy: Busy = field(default_factory=Busy)

    def scan(self, run_id: str) -> None:
        """Find out which documents a run has to do, and write them down."""
        run = self._run(run_id)
        if run is None or run.scanned or not self.runs.start(run_id):
            return
        scanner = Scanner(self.catalog, self.blobs, self.runs, self.limits.document_max_bytes)
        wanted = _Every(lambda: not self.stopping.is_set() and self._runs_on(run_id))
        try:
            with closing(self._source(run)) as source:
                scanner.scan(run, source, wanted=wanted)
        except AttuneError as error:
            self.runs.fail(run_id, str(error))
        except OSError as error:
            self.runs.fail(run_id, f"it could not be looked through: {error.strerror or type(error).__name__}")

    def ingest(self, run_id: str, batch: int) -> None:
        """Take in the documents of a batch; they wait to be published afterwards."""
        with self.busy:
            if not self.stopping.is_set():
                self._ingest(run_id, batch)

    def _ingest(self, run_id: str, batch: int) -> None:
        run = self._run(run_id)
        items = self.runs.claim(run_id, batch, self.name) if run is not None else []
        if run is None or not items:
            return
        with self._released([item.id for item in items]):
            self.blobs.check_room()
            documents, by_uri = self._documents(run, items)
            wanted = _Every(lambda: not self.stopping.is_set() and self._runs_on(run_id))
            listed, metadata = run.spec.get("acl"), run.spec.get("metadata")
            acl = None if listed is None else frozenset(listed)
            rules = rules_in(run.spec)
            terms = Terms(run.collection, run.spec["recipe"], acl, metadata=metadata, rules=rules)
            with closing(self.ingestor().ingest(documents, terms)) as results:
                for result in results:
                    self._note(by_uri[result.incoming.file.uri], result, run)
                    if not wanted():
                        break

    @contextmanager
    def _released(self, ids: Sequence[str]) -> Iterator[None]:
        clean = False
        try:
            yield
            clean = True
        except (StorageFullError, NotFoundError) as error:
            # Not the documents' fault: they are settled as failed and can be tried again when there is room.
            kind = "storage_full" if isinstance(error, StorageFullError) else "not_found"
            self.runs.settle(ids, state="failed", among=("working",), reason=str(error), kind=kind)
            clean = True
        finally:
            self.runs.release(ids, self.name, failed=not clean)

    def _documents(self, run: Run, items: Sequence[Item]) -> tuple[list[Incoming], dict[str, Item]]:
        documents: list[Incoming] = []
        for item in items:
            try:
                path = self.blobs.path(item.content_sha256 or "")
            except NotFoundError:
                reason = "its original is not among the kept ones any more; ingest it again"
                self.runs.settle([item.id], state="failed", reason=reason, kind="not_found")
                continue
            file = SourceFile(path, item.uri, item.name)
            documents.append(
                Incoming(file, item.content_sha256 or "", item.size_bytes, run.source_id, item.source_version)
            )
        return documents, {item.uri: item for item in items}

    def _note(self, item: Item, result: Ingested | Refused, run: Run) -> None:
        if isinstance(result, Refused):
            self._refuse(item, result, run)
            return
        staged = result.staged
        if result.examined is not None:
            self.examiner.keep(staged.revision_id, result.examined, origin_of(result.incoming, run.collection))
        outcome = item.outcome or ("updated" if staged.updates else "added")
        counts = (staged.chunks, staged.embedded)
        if self.runs.staged(
            item, revision_id=staged.revision_id, outcome=outcome, counts=counts, timings=result.timings
        ):
            self.catalog.make_ready([staged.revision_id])
        else:
            # Cancelled meanwhile, or given to another worker.
            self.catalog.discard(staged.revision_id)

    def _refuse(self, item: Item, result: Refused, run: Run) -> None:
        error = result.error
        if isinstance(error, ConflictError) or self.stopping.is_set():
            return  # given back: another writer was faster, or the sandbox was closed under it
        if isinstance(error, QuarantinedError) and result.examined is not None:
            origin = origin_of(result.incoming, run.collection)
            self.examiner.hold(result.examined, origin, acl=acl_of(run.spec, origin.uri))
        kind = error.kind if isinstance(error, DocumentError) else type(error).__name__
        state: ItemState = "quarantined" if kind in QUARANTINED else "failed"
        self.runs.settle([item.id], state=state, reason=str(error), kind=kind, timings=dict(result.timings))
        structlog.get_logger().info("document refused", item=item.id, kind=kind)

    def _source(self, run: Run) -> Source:
        spec = run.spec
        if "paths" in spec:
            return Paths([Path(os.fsdecode(path)) for path in spec["paths"]])
        source = spec["source"]
        return open_source(source["kind"], source["arguments"], limits=self.limits)

    def _run(self, run_id: str) -> Run | None:
        try:
            run = self.runs.get(run_id)
        except NotFoundError:
            return None  # deleted since the job was made
        with suppress(NotFoundError):
            # A run that is tried again after weeks goes by what its source says of readers today.
            if run.source_id is not None:
                readers = SourceStore(self.runs.engine).get(run.source_id).readers
                return replace(run, spec={**run.spec, **readers})
        return run

    def _runs_on(self, run_id: str) -> bool:
        run = self._run(run_id)
        return run is not None and run.state == "running"


QUARANTINED = frozenset({"crash", "resource_limit", "policy"})
"""Kinds of failure that may hurt, or want a decision: such a file is tried again only when somebody asks for it."""


class _Every:
    """Asks a question at most twice a second; in between the answer was yes."""

    def __init__(self, question: Callable[[], bool]) -> None:
        self._question = question
        self._asked_at = time.monotonic()

    def __call__(self) -> bool:
        if time.monotonic() - self._asked_at < _LOOK_EVERY_S:
            return True
        self._asked_at = time.monotonic()
        return self._question()
