"""One ingest at a time, with progress that can be watched and stopped."""

import threading
from collections.abc import Callable, Iterator

from app import logs
from app.bootstrap import Services
from app.streaming import Ended
from ingestion.load import Collected
from ingestion.report import Progress, Report
from retrieval.errors import AttuneError, ConflictError


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
    with services.observing.telemetry.queued():
        if not services.ingesting.acquire(timeout=600):
            raise ConflictError("another ingest is running; try again when it is done")
    try:
        with services.observing.telemetry.ingesting(len(collected.files)) as count:

            def done(news: Progress) -> None:
                count(news)
                progress(news)

            report = services.ingestor.ingest(
                collected, collection=collection, keep_missing=keep_missing, progress=done
            )
    finally:
        services.ingesting.release()
    services.observing.telemetry.ingested(report)
    logs.ingested(report, collection=collection)
    if services.index.should_build(services.settings.hnsw_min_chunks):
        # Built aside in a child process; questions go on meanwhile.
        threading.Thread(target=services.index.build, name="build-hnsw", daemon=True).start()
    return report


def watch_ingest(
    services: Services, collected: Collected, *, collection: str, keep_missing: bool
) -> Iterator[Progress | Ended | AttuneError]:
    """Ingest in a thread of its own and hand out what happens as it happens; closing the iterator stops it.

    Returns:
        Progress for each document, then the report as what it ended with, or the error that ended it.
    """
    return services.works.streamed(
        lambda tell: run_ingest(services, collected, collection=collection, keep_missing=keep_missing, progress=tell),
        name="ingest",
    )
