"""What a run's record hands out and takes in, and how it becomes rows and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from ingestion.tables import DELETIONS

RunState = Literal["queued", "running", "paused", "cancelled", "done", "failed"]
ENDED: tuple[RunState, ...] = ("cancelled", "done", "failed")

ItemState = Literal["queued", "working", "staged", "done", "failed", "quarantined", "cancelled"]
Outcome = Literal["added", "updated", "unchanged", "moved", "deleted"]
OPEN: tuple[ItemState, ...] = ("queued", "working", "staged")


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        label: What it takes in, in words for people.
        scanned: Every document of the run has its row; until then the total is a lower bound.
        spec: What was asked for: where to look, access, how to treat what is missing, who made the vectors.
        reason: Why the run as a whole failed.
    """

    id: str
    collection: str
    source_id: str | None
    label: str
    state: RunState
    scanned: bool
    spec: Mapping[str, Any]
    reason: str | None
    created_by: str
    created_at: datetime  # UTC
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        """Nothing more happens to it by itself."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class NewItem:
    """A document that a run is to see to, or that needs nothing more.

    Attributes:
        uri: Its lasting name, unique in a run.
        content_sha256: Of the original, which lies among the blobs.
        outcome: What became of it or, while it is queued, ``deleted`` for one that is to be deleted.
    """

    uri: str
    name: str
    content_sha256: str | None = None
    size_bytes: int = 0
    source_version: str | None = None
    state: ItemState = "queued"
    outcome: Outcome | None = None
    reason: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A document of a run.

    Attributes:
        ordinal: From 0, in the order in which the run found them.
        attempts: How often a worker took it up.
        failures: How many of them ended with an error that was not the document's.
        worker: Who took it up last.
        reason: Why it failed or is held back, in plain words.
        kind: The same as a lasting word for programs.
        chunks: How many the document has now.
        embedded: For how many of them a vector had to be made.
        timings: Milliseconds by stage.
    """

    id: str
    run_id: str
    ordinal: int
    uri: str
    name: str
    content_sha256: str | None
    source_version: str | None
    size_bytes: int
    state: ItemState
    outcome: Outcome | None
    reason: str | None
    kind: str | None
    attempts: int
    failures: int
    worker: str | None
    revision_id: str | None
    chunks: int
    embedded: int
    timings: Mapping[str, float]
    started_at: datetime | None  # UTC
    finished_at: datetime | None  # UTC


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Attributes:
        total: Documents seen so far; ``RunItems`` of an unscanned run may still grow.
        states: Documents by state.
        outcomes: Settled documents by outcome.
        chunks: Written by this run.
        embedded: For how many of them a vector was made; the others took theirs along.
        per_second: Documents settled a second, over the last 30 s of work.
        eta_s: Seconds until the end at that rate; None when nothing can be said.
    """

    total: int
    states: Mapping[str, int]
    outcomes: Mapping[str, int]
    chunks: int = 0
    embedded: int = 0
    per_second: float = 0.0
    eta_s: float | None = None
    size_bytes: int = 0
    failed_kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Documents that are settled, however it ended."""
        return self.total - sum(self.states.get(state, 0) for state in OPEN)


def item_row(run_id: str, ordinal: int, item: NewItem, now: datetime) -> dict[str, Any]:
    """Return the columns of a document that is new in a run."""
    return {
        "id": f"{run_id}-{ordinal}",
        "run_id": run_id,
        "ordinal": ordinal,
        "uri": item.uri,
        "name": item.name,
        "content_sha256": item.content_sha256,
        "source_version": item.source_version,
        "size_bytes": item.size_bytes,
        "state": item.state,
        "outcome": item.outcome,
        "reason": item.reason,
        "kind": item.kind,
        "attempts": 0,
        "failures": 0,
        "batch": DELETIONS if item.outcome == "deleted" else None,
        "chunks": 0,
        "embedded": 0,
        "timings": {},
        "finished_at": None if item.state in OPEN else now,
    }


def to_item(row: Row[Any]) -> Item:
    """Return the document in a row of all columns."""
    return Item(
        id=row.id,
        run_id=row.run_id,
        ordinal=row.ordinal,
        uri=row.uri,
        name=row.name,
        content_sha256=row.content_sha256,
        source_version=row.source_version,
        size_bytes=row.size_bytes,
        state=row.state,
        outcome=row.outcome,
        reason=row.reason,
        kind=row.kind,
        attempts=row.attempts,
        failures=row.failures,
        worker=row.worker,
        revision_id=row.revision_id,
        chunks=row.chunks,
        embedded=row.embedded,
        timings=row.timings,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def to_run(row: Row[Any]) -> Run:
    """Return the run in a row of all columns."""
    return Run(
        id=row.id,
        collection=row.collection,
        source_id=row.source_id,
        label=row.label,
        state=row.state,
        scanned=row.scanned,
        spec=row.spec,
        reason=row.reason,
        created_by=row.created_by,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
