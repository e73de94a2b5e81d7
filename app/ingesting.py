"""Begin runs of ingestion, follow them, wait for them."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.bootstrap import Services
from ingestion.run_rows import Item, NewItem, RunProgress
from ingestion.runs import Run
from ingestion.scan import items_of, readers_meanwhile
from retrieval.errors import AttuneError, InvalidInputError
from retrieval.metadata import checked_metadata
from retrieval.rows import Known

_LOOK_S = 0.1
_TELL_EVERY_S = 0.2
_OVERLAP = timedelta(seconds=2)
MAX_LABEL_CHARS = 500


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose bytes are among the originals.

    Attributes:
        known_as: Its lasting name, where it has one already.
    """

    name: str
    content_sha256: str
    size_bytes: int
    known_as: str | None = None

    @property
    def uri(self) -> str:
        """Its lasting name: a later upload of the same name is its next revision."""
        return self.known_as or f"upload:{self.name}"


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody says of all documents that they bring; what is None stays as each document has it.

    Attributes:
        acl: Principal keys that may read them.
    """

    metadata: Mapping[str, str] | None = None
    acl: frozenset[str] | None = None

    def as_spec(self) -> dict[str, Any]:
        """Return it as runs keep it.

        Raises:
            InvalidInputError: A key or a value of the metadata cannot be kept.
        """
        metadata = {} if self.metadata is None else {"metadata": checked_metadata(self.metadata)}
        return metadata | ({} if self.acl is None else {"acl": sorted(self.acl)})


NOTHING = Given()


@dataclass(frozen=True, slots=True)
class News:
    """What happened in a run since the last news: how far it is, and the documents that were settled."""

    run: Run
    progress: RunProgress
    settled: tuple[Item, ...]


def start_paths_run(
    services: Services,
    paths: Sequence[Path],
    *,
    collection: str,
    keep_missing: bool,
    created_by: str,
    given: Given = NOTHING,
) -> Run:
    """Begin to take in files and folders of this machine.

    Args:
        services: The server's.
        paths: What to take in.
        collection: Where to.
        keep_missing: Documents whose files are gone from a folder stay.
        created_by: Who asked for it.
        given: What is said of all the documents.

    Returns:
        The run; its worker finds out what there is to do.

    Raises:
        NotFoundError: There is no such collection.
        InvalidInputError: A path does not exist, or a key or a value cannot be kept.
        StorageFullError: The disk is full.
    """
    for path in paths:
        if not path.exists():
            raise InvalidInputError(
                f"{os.fsencode(path).decode('utf-8', 'replace')} does not exist or cannot be reached"
            )
    spec = {"paths": [os.fspath(path) for path in paths], "keep_missing": keep_missing} | given.as_spec()
    label = ", ".join(str(path) for path in paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return _begin(services, collection, label, spec, created_by=created_by)


def start_sync(services: Services, source: Any, *, created_by: str) -> Run:
    """Begin to bring the documents of a source up to date.

    Args:
        services: The server's.
        source: As ``SourceStore`` returns it.
        created_by: Who asked for it.

    Returns:
        The run.

    Raises:
        ConflictError: A run of this source has not ended.
        StorageFullError: The disk is full.
    """
    spec = {"source": {"kind": source.kind, "arguments": dict(source.arguments)}, **source.readers}
    return _begin(services, source.collection, source.name, spec, source_id=source.id, created_by=created_by)


def start_upload_run(
    services: Services,
    uploads: Sequence[Upload],
    *,
    collection: str,
    created_by: str,
    given: Given = NOTHING,
) -> Run:
    """Begin to take in files that were uploaded; of one name the last counts.

    Args:
        services: The server's.
        uploads: What to take in.
        collection: Where to.
        created_by: Who asked for it.
        given: What is said of all the documents.

    Returns:
        The run.

    Raises:
        NotFoundError: There is no such collection.
        InvalidInputError: A key or a value cannot be kept.
    """
    label = ", ".join(upload.name for upload in uploads[:3])
    label += f" and {len(uploads) - 3} more" if len(uploads) > 3 else ""
    run = _create(services, collection, label, given.as_spec(), created_by=created_by, uploads=uploads)
    services.dispatcher.wake()
    return run


def _begin(
    services: Services,
    collection: str,
    label: str,
    spec: dict[str, Any],
    *,
    created_by: str,
    source_id: str | None = None,
) -> Run:
    services.blobs.check_room()
    run = _create(services, collection, label, spec, created_by=created_by, source_id=source_id)
    services.dispatcher.wake()
    return run


def _create(  # noqa: PLR0913 - what a run is made of
    services: Services,
    collection: str,
    label: str,
    given: dict[str, Any],
    *,
    created_by: str,
    source_id: str | None = None,
    uploads: Sequence[Upload] | None = None,
) -> Run:
    edition = services.quality.examiner.policies.policy(collection).edition
    spec = {"recipe": services.recipe(edition), **given}
    items = None
    if uploads is not None:
        known = services.catalog.known(collection, [upload.uri for upload in uploads])
        items = items_of([(u.uri, u.name, u.content_sha256, u.size_bytes) for u in uploads], known, spec)
        _follow_access(services, items, known, spec)
    return services.runs_of_ingestion.create(
        collection,
        label=label[:MAX_LABEL_CHARS].encode("utf-8", "replace").decode(),
        spec=spec,
        created_by=created_by,
        source_id=source_id,
        items=items,
    )


def _follow_access(
    services: Services, items: Sequence[NewItem], known: Mapping[str, Known], spec: Mapping[str, Any]
) -> None:
    """Give documents that came again unchanged the readers that were said; the others get them when published."""
    same = [item for item in items if item.outcome == "unchanged"]
    wanted = [readers_meanwhile(spec, item, known[item.uri]) for item in same]
    services.catalog.follow_access({key: acl for one in wanted for key, acl in one.items()})


def wait_for(services: Services, run_id: str, *, timeout_s: float | None = None) -> Run:
    """Wait until a run has ended or was paused.

    Returns:
        The run; still at work when the time was up first.

    Raises:
        NotFoundError: There is no such run, or it was removed meanwhile.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        run = services.runs_of_ingestion.get(run_id)
        if run.ended or run.state == "paused" or services.works.stopping.is_set():
            return run
        if deadline is not None and time.monotonic() > deadline:
            return run
        time.sleep(_LOOK_S)


def follow(services: Services, run_id: str) -> Iterator[News]:
    """Hand out what happens in a run as it happens, until it has ended, or is paused, or the server stops.

    Nothing depends on anybody following: a run goes on when this is closed.

    Yields:
        News; the last of them holds what was settled last.

    Raises:
        NotFoundError: There is no such run.
        AttuneError: The server stops.
    """
    runs = services.runs_of_ingestion
    told: set[str] = set()
    since = runs.get(run_id).created_at
    last: tuple[Any, ...] = ()
    while True:
        # Before its documents are looked at: what is settled afterwards is news of the next turn.
        run = runs.get(run_id)
        settled = [item for item in runs.settled_since(run_id, since) if item.id not in told]
        told.update(item.id for item in settled)
        if settled and settled[-1].finished_at is not None:
            # Clocks of several workers: one may note a moment that is a little before what was told already.
            since = max(since, settled[-1].finished_at - _OVERLAP)
        progress = runs.progress(run_id)
        state = (run.state, run.scanned, progress.total, progress.done)
        if settled or state != last:
            last = state
            yield News(run, progress, tuple(settled))
        # What was settled last may have been seen before the end of the run was: look once more.
        if not settled and (run.ended or run.state == "paused"):
            return
        if not run.ended and services.works.stopping.wait(_TELL_EVERY_S):
            raise AttuneError("the server stops; the run goes on when it is started again")
