"""One ingest at a time, with progress that can be watched and stopped."""

import queue
import threading
from collections.abc import Callable, Iterator

from app.bootstrap import Services
from ingestion.load import Collected
from ingestion.report import Progress, Report
from retrieval.errors import AttuneError, ConflictError


class StoppedError(AttuneError):
    """Whoever asked for the ingest went away; documents finished by then stay."""


def run_ingest(
    services: Services,
    collected: Collected,
    *,
    collection: str,
    keep_missing: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Ingest, one run after the other, and see to the HNSW graph when the index has grown.

    Returns:
        What happened.

    Raises:
        NotFoundError: There is no such collection.
        ConflictError: Another ingest has been running for ten minutes.
    """
    if not services.ingesting.acquire(timeout=600):
        raise ConflictError("another ingest is running; try again when it is done")
    try:
        report = services.ingestor.ingest(
            collected, collection=collection, keep_missing=keep_missing, progress=progress
        )
    finally:
        services.ingesting.release()
    if services.index.should_build(services.settings.hnsw_min_chunks):
        # Built aside in a child process; questions go on meanwhile.
        threading.Thread(target=services.index.build, name="build-hnsw", daemon=True).start()
    return report


def watch_ingest(
    services: Services, collected: Collected, *, collection: str, keep_missing: bool
) -> Iterator[Progress | Report | AttuneError]:
    """Ingest in a thread of its own and hand out what happens as it happens; closing the iterator stops it.

    Yields:
        Progress for each document, then the report, or the error that ended it.
    """
    events: queue.SimpleQueue[Progress | Report | AttuneError] = queue.SimpleQueue()
    stopped = threading.Event()

    def report_progress(progress: Progress) -> None:
        if stopped.is_set():
            raise StoppedError("the ingest was stopped")
        events.put(progress)

    def work() -> None:
        try:
            events.put(
                run_ingest(
                    services, collected, collection=collection, keep_missing=keep_missing, progress=report_progress
                )
            )
        except AttuneError as error:
            events.put(error)

    thread = threading.Thread(target=work, name="ingest")
    thread.start()
    try:
        while True:
            event = events.get()
            yield event
            if not isinstance(event, Progress):
                return
    finally:
        stopped.set()
        thread.join()
