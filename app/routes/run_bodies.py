"""What runs of ingestion look like in the API."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import DEFAULT_COLLECTION, Services
from app.granting import ACCESS_HELP, Access
from ingestion.run_rows import Item, ItemState, Outcome, RunProgress
from ingestion.runs import Run, RunState
from retrieval.metadata import MAX_KEYS

_FAILURES_SHOWN = 100


class IngestionBody(BaseModel):
    """Which files to take in."""

    model_config = ConfigDict(extra="forbid")

    paths: list[str] = Field(min_length=1, max_length=10_000, examples=[["/srv/handbook"]])
    collection: str = Field(default=DEFAULT_COLLECTION, max_length=64)
    keep_missing: bool = Field(
        default=False, description="Keep documents whose files are gone from a folder that is given."
    )
    metadata: dict[str, str] | None = Field(
        default=None, max_length=MAX_KEYS, description="Of all the documents; each keeps what it has when not given."
    )
    access: Access | None = Field(
        default=None,
        description=ACCESS_HELP + " Each document keeps what it has when not given, or when it was set by hand.",
    )


class ProgressBody(BaseModel):
    """How far a run is."""

    total: int = Field(description="Documents seen so far; it may grow while the run is not scanned.")
    done: int = Field(description="Settled, however it ended.")
    queued: int
    working: int
    staged: int = Field(description="Ready, and about to be seen by readers.")
    added: int
    updated: int
    unchanged: int
    moved: int
    deleted: int
    failed: int
    quarantined: int
    cancelled: int
    failed_kinds: dict[str, int] = Field(description="Failed and quarantined documents by kind of reason.")
    chunks: int = Field(description="Chunks written.")
    embedded: int = Field(description="Chunks whose vector had to be made; the others did not change.")
    size_bytes: int
    per_second: float = Field(description="Documents settled a second, over the last 30 s of work.")
    eta_s: float | None = Field(description="Seconds until the end at that rate; null when nothing can be said.")


class FailureBody(BaseModel):
    """A document that was not taken in."""

    name: str = Field(examples=["report.pdf"])
    uri: str
    state: Literal["failed", "quarantined"]
    reason: str = Field(description="In words for people.", examples=["is password-protected"])
    kind: str = Field(description="The same for programs.", examples=["encrypted"])


class RunBody(BaseModel):
    """One run."""

    id: str
    collection: str
    source_id: str | None
    label: str = Field(description="What it takes in.", examples=["/srv/handbook"])
    state: RunState
    scanned: bool = Field(description="All its documents are known.")
    reason: str | None = Field(description="Why the run as a whole failed.")
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float = Field(description="From its creation until its end, or until now.")
    progress: ProgressBody
    failures: list[FailureBody] = Field(description="The first 100; all are among the run's documents.")


class RunsBody(BaseModel):
    """A page of runs, the newest first."""

    runs: list[RunBody]
    next: str | None = Field(description="Give this as `before` to get the next page; null on the last.")


class RunDocumentBody(BaseModel):
    """One document of a run."""

    ordinal: int
    uri: str
    name: str
    state: ItemState
    outcome: Outcome | None
    reason: str | None = Field(description="Why it failed or is held back, in words for people.")
    kind: str | None = Field(description="The same for programs.", examples=["encrypted"])
    attempts: int
    size_bytes: int
    chunks: int
    embedded: int
    timings_ms: dict[str, float] = Field(description="Time by stage.", examples=[{"parse": 4.2, "embed": 81.0}])
    started_at: datetime | None
    finished_at: datetime | None


class RunDocumentsBody(BaseModel):
    """A page of the documents of a run, in the order in which they were found."""

    documents: list[RunDocumentBody]
    next: int | None = Field(description="Give this as `after` to get the next page; null on the last.")


class UnmendedBody(FailureBody):
    """A document that was not taken in, nor has been since."""

    run_id: str = Field(description="The run in which that was tried last.")
    ordinal: int = Field(description="Its number in that run; names it where it is to be tried again.")
    attempts: int
    failed_at: datetime | None


class UnmendedsBody(BaseModel):
    """A page of what a collection lacks, the newest first."""

    failures: list[UnmendedBody]
    next: str | None = Field(description="Give this as `before` to get the next page; null on the last.")


class RetryBody(BaseModel):
    """Which documents of a run to try again."""

    model_config = ConfigDict(extra="forbid")

    documents: list[Annotated[int, Field(ge=0, lt=2**31)]] | None = Field(
        default=None, min_length=1, max_length=1000, description="Their numbers in the run; all that failed without."
    )


class RetriedBody(BaseModel):
    """What is tried again."""

    documents: int = Field(description="How many documents are tried again.")
    run: RunBody


def run_body(services: Services, run: Run) -> RunBody:
    """Shape a run for the API, as it is now."""
    failures = services.runs_of_ingestion.items(run.id, states=("failed", "quarantined"), limit=_FAILURES_SHOWN)
    until = run.finished_at or datetime.now(run.created_at.tzinfo)
    return RunBody(
        id=run.id,
        collection=run.collection,
        source_id=run.source_id,
        label=run.label,
        state=run.state,
        scanned=run.scanned,
        reason=run.reason,
        created_by=run.created_by,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        seconds=round((until - run.created_at).total_seconds(), 3),
        progress=progress_body(services.runs_of_ingestion.progress(run.id)),
        failures=[_failure_body(item) for item in failures],
    )


def _failure_body(item: Item) -> FailureBody:
    state: Literal["failed", "quarantined"] = "quarantined" if item.state == "quarantined" else "failed"
    return FailureBody(name=item.name, uri=item.uri, state=state, reason=item.reason or "", kind=item.kind or "")


def unmended_body(item: Item) -> UnmendedBody:
    """Shape what was not taken in, nor has been since, for the API."""
    return UnmendedBody(
        **_failure_body(item).model_dump(),
        run_id=item.run_id,
        ordinal=item.ordinal,
        attempts=item.attempts,
        failed_at=item.finished_at,
    )


def progress_body(progress: RunProgress) -> ProgressBody:
    """Shape how far a run is for the API."""
    states = {state: progress.states.get(state, 0) for state in ("queued", "working", "staged")}
    ends = {state: progress.states.get(state, 0) for state in ("failed", "quarantined", "cancelled")}
    outcomes = {o: progress.outcomes.get(o, 0) for o in ("added", "updated", "unchanged", "moved", "deleted")}
    return ProgressBody(
        total=progress.total,
        done=progress.done,
        **states,
        **ends,
        **outcomes,
        failed_kinds=dict(progress.failed_kinds),
        chunks=progress.chunks,
        embedded=progress.embedded,
        size_bytes=progress.size_bytes,
        per_second=progress.per_second,
        eta_s=None if progress.eta_s is None else round(progress.eta_s, 1),
    )


def document_body(item: Item) -> RunDocumentBody:
    """Shape a document of a run for the API."""
    return RunDocumentBody(
        ordinal=item.ordinal,
        uri=item.uri,
        name=item.name,
        state=item.state,
        outcome=item.outcome,
        reason=item.reason,
        kind=item.kind,
        attempts=item.attempts,
        size_bytes=item.size_bytes,
        chunks=item.chunks,
        embedded=item.embedded,
        timings_ms=dict(item.timings),
        started_at=item.started_at,
        finished_at=item.finished_at,
    )
