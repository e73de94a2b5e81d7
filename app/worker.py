"""A worker: the process that parses, embeds and stages documents, so that the one that answers questions need not.

The server starts it when there is something to do (``python -m app.worker``, its settings on standard input), `attune
work` on any machine that reaches the catalog's PostgreSQL and the originals.
"""

import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from app import children
from app.begun import received
from app.jobs import job_database, working
from app.parts import EMBEDDER, build_embedder, chunk_tokens, open_blobs, open_sandbox, source_limits
from app.quality import open_examiner
from app.settings import Settings
from app.working import IngestWork
from ingestion.examiner import Examiner
from ingestion.ingest import Ingestor
from ingestion.runs import IngestRuns
from ingestion.workers import BEAT_S, Workers
from ingestion.write import Writer
from retrieval.catalog import Catalog
from retrieval.errors import AttuneError, ConflictError, ModelError
from retrieval.tables import open_engine

_EMBEDDED_AT_ONCE = 2
_AT_ONCE = 3  # batches: while two are embedded the next is parsed
_SLOT_WAIT_S = 20.0
_MAX_SLOTS = 64
_DRAIN_S = 20.0
_GRACE_S = 25.0


def work(settings: Settings, *, slot: int | None, stop: threading.Event, name: str | None = None) -> None:
    """Take documents in until told to stop; what is unfinished then is given back.

    Args:
        settings: As of the server.
        slot: Which of this machine's workers this is; None takes the first that is free.
        stop: Ends it.
        name: Of a machine that is not the server's; its workers are ``NAME:SLOT``.

    Raises:
        ModelError: Its embedding model is not the server's.
        ConflictError: The slot is taken.
    """
    children.give_way()
    with ExitStack() as stack:
        taken = stack.enter_context(_slot(settings.data_dir / "workers", slot))
        worker = f"{name or 'local'}:{taken}"
        engine = open_engine(settings.catalog_url)
        stack.callback(engine.dispose)
        examiner = open_examiner(engine)
        loading = stack.enter_context(_loaded(settings, Catalog(engine), examiner, stop))
        done = IngestWork(
            name=worker,
            catalog=Catalog(engine),
            runs=IngestRuns(engine),
            blobs=open_blobs(settings),
            limits=source_limits(settings),
            examiner=examiner,
            ingestor=loading.result,
            stopping=stop,
        )
        stack.enter_context(_beating(Workers(engine), worker))
        url = job_database(settings.catalog_url, settings.data_dir)
        # A folder is looked through where the server is: another machine may have another one of that name.
        with working(url, worker, done, at_once=_AT_ONCE, scans=name is None):
            while not stop.wait(1.0):
                if loading.done():
                    loading.result()  # a worker that cannot embed says so and ends
            done.busy.wait(_DRAIN_S)


@contextmanager
def _loaded(
    settings: Settings, catalog: Catalog, examiner: Examiner, stop: threading.Event
) -> "Iterator[Future[Ingestor]]":
    """Load the embedder beside: a scan, or a run in which nothing changed, does not wait for it."""

    def load() -> Ingestor:
        threads = max(1, (os.cpu_count() or 1) // _EMBEDDED_AT_ONCE)
        embedder = build_embedder(settings, threads=threads, at_once=_EMBEDDED_AT_ONCE)
        wanted = catalog.index_pointer(EMBEDDER)
        if wanted is not None and wanted != embedder.fingerprint:
            raise ModelError(
                f"this worker's embedding model is {embedder.fingerprint}, the server's is {wanted}: the settings or "
                "the processors differ, and their vectors must not be mixed"
            )
        tokens = chunk_tokens(settings, embedder)
        return Ingestor(sandbox.parse, embedder, Writer(catalog), tokens, settings.parse_workers, examiner)

    with open_sandbox(settings) as sandbox, ThreadPoolExecutor(1, thread_name_prefix="load") as pool:
        try:
            yield pool.submit(load)
        finally:
            stop.set()


@contextmanager
def _slot(folder: Path, wanted: int | None) -> Iterator[int]:
    """Hold a number that no other worker of this data directory has; the lock goes with the process."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + _SLOT_WAIT_S
    while True:
        for number in range(_MAX_SLOTS) if wanted is None else (wanted,):
            lock = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            try:
                yield number
            finally:
                os.close(lock)
            return
        if wanted is None or time.monotonic() > deadline:
            raise ConflictError("another worker has this place; it may take some seconds to end")
        # The worker of a server that was killed is about to notice.
        time.sleep(0.1)


@contextmanager
def _beating(record: Workers, worker: str) -> Iterator[None]:
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_S):
            record.beat(worker)

    record.enter(worker, host=socket.gethostname(), pid=os.getpid())
    thread = threading.Thread(target=beat, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        record.leave(worker)


def main() -> int:
    """Work for the server at the other end of standard input, until it says so or is gone.

    Returns:
        The exit status.
    """
    given = received()
    if given is None:
        return 0
    settings, rest = given
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # A document that does not end by then is given to the next worker.
    children.end_with_the_server(stop, grace_s=_GRACE_S)
    try:
        work(settings, slot=rest["slot"], stop=stop)
    except AttuneError as error:
        structlog.get_logger().error("worker ended", reason=str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
