"""Runs of ingestion: begun, followed, stopped, tried again."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import DEFAULT_COLLECTION, Services, ensure_collection
from app.dependencies import AdministratorDep, LocalDep, ServicesDep
from app.errors import status_of
from app.ingesting import follow, start_paths_run
from app.sse import MEDIA_TYPE, event
from ingestion.run_rows import Item, ItemState, Outcome, RunProgress
from ingestion.runs import Run, RunState
from retrieval.errors import AttuneError

router = APIRouter(prefix="/v1", tags=["ingestion"])

_FAILURES_SHOWN = 100


class IngestionBody(BaseModel):
    """Which files to take in."""

    model_config = ConfigDict(extra="forbid")

    paths: list[str] = Field(min_length=1, max_length=10_000, examples=[["/srv/handbook"]])
    collection: str = Field(default=DEFAULT_COLLECTION, max_length=64)
    keep_missing: bool = Field(
        default=False, description="Keep documents whose files are gone from a folder that is given."
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


class RetriedBody(BaseModel):
    """What is tried again."""

    documents: int = Field(description="How many documents are tried again.")
    run: RunBody


RunId = Annotated[str, PathParameter(max_length=64, description="A run's id.")]


@router.post("/ingestions", status_code=202, summary="Ingest paths of this machine")
def ingest(body: IngestionBody, services: ServicesDep, principal: LocalDep) -> RunBody:
    """Begin to take in files and folders; a folder is kept in step, deletions included. Only for commands here."""
    ensure_collection(services.catalog, body.collection)
    run = start_paths_run(
        services,
        [Path(path) for path in body.paths],
        collection=body.collection,
        keep_missing=body.keep_missing,
        created_by=principal.id,
    )
    return run_body(services, run)


@router.get("/ingestions", summary="List runs")
def ingestions(
    services: ServicesDep,
    _principal: AdministratorDep,
    source: Annotated[str | None, Query(max_length=64, description="Only runs of this source.")] = None,
    before: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> RunsBody:
    """List runs of ingestion, the newest first."""
    page = services.runs_of_ingestion.recent(limit=limit, before=before, source_id=source)
    runs = [run_body(services, run) for run in page]
    return RunsBody(runs=runs, next=page[-1].id if len(page) == limit else None)


@router.get("/ingestions/{run_id}", summary="Look at a run")
def ingestion(run_id: RunId, services: ServicesDep, _principal: AdministratorDep) -> RunBody:
    """Show how far a run is."""
    return run_body(services, services.runs_of_ingestion.get(run_id))


@router.get("/ingestions/{run_id}/documents", summary="List the documents of a run")
def run_documents(
    run_id: RunId,
    services: ServicesDep,
    _principal: AdministratorDep,
    state: Annotated[list[ItemState] | None, Query(description="Only those in one of these states.")] = None,
    after: Annotated[int, Query(ge=-1, description="`next` of the page before.")] = -1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RunDocumentsBody:
    """List what became of each document."""
    services.runs_of_ingestion.get(run_id)
    page = services.runs_of_ingestion.items(run_id, states=state, after=after, limit=limit)
    return RunDocumentsBody(
        documents=[_document_body(item) for item in page], next=page[-1].ordinal if len(page) == limit else None
    )


@router.get(
    "/ingestions/{run_id}/events",
    summary="Follow a run",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `document` for each that is settled, `progress`, last `done` or `error`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
def run_events(run_id: RunId, services: ServicesDep, _principal: AdministratorDep) -> StreamingResponse:
    """Follow a run as server-sent events, from its beginning; leaving does not stop it."""
    services.runs_of_ingestion.get(run_id)
    return StreamingResponse(_events(services, run_id), media_type=MEDIA_TYPE)


@router.post("/ingestions/{run_id}/cancel", summary="Cancel a run")
def cancel(run_id: RunId, services: ServicesDep, _principal: AdministratorDep) -> RunBody:
    """End a run; what was taken in stays."""
    return run_body(services, services.runs_of_ingestion.cancel(run_id))


@router.post("/ingestions/{run_id}/pause", summary="Pause a run")
def pause(run_id: RunId, services: ServicesDep, _principal: AdministratorDep) -> RunBody:
    """Stop a run after the documents that are being worked on."""
    return run_body(services, services.runs_of_ingestion.pause(run_id))


@router.post("/ingestions/{run_id}/resume", summary="Resume a run")
def resume(run_id: RunId, services: ServicesDep, _principal: AdministratorDep) -> RunBody:
    """Go on with a paused run."""
    run = services.runs_of_ingestion.resume(run_id)
    services.dispatcher.wake()
    return run_body(services, run)


@router.post("/ingestions/{run_id}/retry", summary="Try failed documents again")
def retry(run_id: RunId, services: ServicesDep, _principal: AdministratorDep) -> RetriedBody:
    """Try the documents of a run again that failed, were quarantined or cancelled."""
    count = services.runs_of_ingestion.retry(run_id)
    services.dispatcher.wake()
    return RetriedBody(documents=count, run=run_body(services, services.runs_of_ingestion.get(run_id)))


def _events(services: Services, run_id: str) -> Iterator[bytes]:
    try:
        for news in follow(services, run_id):
            for item in news.settled:
                yield event("document", _document_body(item).model_dump(mode="json"))
            yield event("progress", _progress_body(news.progress).model_dump(mode="json"))
        yield event("done", run_body(services, services.runs_of_ingestion.get(run_id)).model_dump(mode="json"))
    except AttuneError as error:
        yield event("error", {"status": status_of(error)[0], "detail": str(error)})


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
        progress=_progress_body(services.runs_of_ingestion.progress(run.id)),
        failures=[_failure_body(item) for item in failures],
    )


def _failure_body(item: Item) -> FailureBody:
    state: Literal["failed", "quarantined"] = "quarantined" if item.state == "quarantined" else "failed"
    return FailureBody(name=item.name, uri=item.uri, state=state, reason=item.reason or "", kind=item.kind or "")


def _progress_body(progress: RunProgress) -> ProgressBody:
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


def _document_body(item: Item) -> RunDocumentBody:
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
