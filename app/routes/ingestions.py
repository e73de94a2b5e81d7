"""Runs of ingestion: begun, followed, stopped, tried again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from fastapi.responses import StreamingResponse

from app.auth import Caller
from app.bootstrap import Services, ensure_collection
from app.curating import CuratorDep, curated, curated_names, curated_run
from app.dependencies import CallerDep, LocalDep, PrincipalDep, ServicesDep
from app.errors import status_of
from app.granting import granted
from app.ingesting import Given, follow, start_paths_run
from app.routes.collections import CollectionName
from app.routes.run_bodies import (
    IngestionBody,
    RetriedBody,
    RetryBody,
    RunBody,
    RunDocumentsBody,
    RunsBody,
    UnmendedsBody,
    document_body,
    progress_body,
    run_body,
    unmended_body,
)
from app.sse import MEDIA_TYPE, event
from ingestion.run_rows import ItemState
from retrieval.errors import AttuneError, ConflictError

router = APIRouter(prefix="/v1", tags=["ingestion"])


RunId = Annotated[str, PathParameter(max_length=64, description="A run's id.")]


@router.post("/ingestions", status_code=202, summary="Ingest paths of this machine")
def ingest(body: IngestionBody, services: ServicesDep, principal: LocalDep, caller: CallerDep) -> RunBody:
    """Begin to take in files and folders; a folder is kept in step, deletions included. Only for commands here."""
    acl = None if body.access is None else granted(services, body.access, principal=principal)
    ensure_collection(services.catalog, body.collection)
    run = start_paths_run(
        services,
        [Path(path) for path in body.paths],
        collection=body.collection,
        keep_missing=body.keep_missing,
        created_by=principal.id,
        given=Given(body.metadata, acl),
    )
    services.audit_log.append("run.begin", f"run:{run.id}", caller=caller, details={"paths": len(body.paths)})
    return run_body(services, run)


@router.get("/ingestions", summary="List runs")
def ingestions(
    services: ServicesDep,
    principal: CuratorDep,
    source: Annotated[str | None, Query(max_length=64, description="Only runs of this source.")] = None,
    before: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> RunsBody:
    """List runs of ingestion into the collections that the caller looks after, the newest first."""
    if before is not None:
        curated_run(services, before, principal=principal)
    names = curated_names(services, principal=principal)
    page = services.runs_of_ingestion.recent(limit=limit, before=before, source_id=source, collections=names)
    runs = [run_body(services, run) for run in page]
    return RunsBody(runs=runs, next=page[-1].id if len(page) == limit else None)


@router.get("/ingestions/{run_id}", summary="Look at a run")
def ingestion(run_id: RunId, services: ServicesDep, principal: PrincipalDep) -> RunBody:
    """Show how far a run is."""
    return run_body(services, curated_run(services, run_id, principal=principal))


@router.get("/ingestions/{run_id}/documents", summary="List the documents of a run")
def run_documents(
    run_id: RunId,
    services: ServicesDep,
    principal: PrincipalDep,
    state: Annotated[list[ItemState] | None, Query(description="Only those in one of these states.")] = None,
    after: Annotated[int, Query(ge=-1, lt=2**31, description="`next` of the page before.")] = -1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RunDocumentsBody:
    """List what became of each document."""
    curated_run(services, run_id, principal=principal)
    page = services.runs_of_ingestion.items(run_id, states=state, after=after, limit=limit)
    return RunDocumentsBody(
        documents=[document_body(item) for item in page], next=page[-1].ordinal if len(page) == limit else None
    )


@router.get(
    "/ingestions/{run_id}/events",
    summary="Follow a run",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `document` for each that is settled, `progress`, last `done` or `error`.",
            "content": {"text/event-stream": {}},
        }
    },
)
def run_events(run_id: RunId, services: ServicesDep, caller: CallerDep) -> StreamingResponse:
    """Follow a run as server-sent events, from its beginning; leaving does not stop it."""
    curated_run(services, run_id, principal=caller.principal)
    return StreamingResponse(_events(services, run_id, caller), media_type=MEDIA_TYPE)


@router.post("/ingestions/{run_id}/cancel", summary="Cancel a run")
def cancel(run_id: RunId, services: ServicesDep, caller: CallerDep) -> RunBody:
    """End a run; what was taken in stays."""
    _act(services, run_id, "run.cancel", caller)
    return run_body(services, services.runs_of_ingestion.cancel(run_id))


@router.post("/ingestions/{run_id}/pause", summary="Pause a run")
def pause(run_id: RunId, services: ServicesDep, caller: CallerDep) -> RunBody:
    """Stop a run after the documents that are being worked on."""
    _act(services, run_id, "run.pause", caller)
    return run_body(services, services.runs_of_ingestion.pause(run_id))


@router.post("/ingestions/{run_id}/resume", summary="Resume a run")
def resume(run_id: RunId, services: ServicesDep, caller: CallerDep) -> RunBody:
    """Go on with a paused run."""
    _act(services, run_id, "run.resume", caller)
    run = services.runs_of_ingestion.resume(run_id)
    services.dispatcher.wake()
    return run_body(services, run)


@router.post("/ingestions/{run_id}/retry", summary="Try failed documents again")
def retry(run_id: RunId, services: ServicesDep, caller: CallerDep, body: RetryBody | None = None) -> RetriedBody:
    """Try the documents of a run again that failed, were quarantined or cancelled, or those of them that are named.

    Returns:
        How many there were.

    Raises:
        ConflictError: Some were named, and none of them failed.
    """
    named = body.documents if body else None
    _act(services, run_id, "run.retry", caller)
    count = services.runs_of_ingestion.retry(run_id, ordinals=named)
    if named and not count:
        raise ConflictError("none of these documents failed, was quarantined or cancelled")
    services.dispatcher.wake()
    return RetriedBody(documents=count, run=run_body(services, services.runs_of_ingestion.get(run_id)))


@router.get("/collections/{name}/failures", summary="List what was not taken in")
def failures(
    name: CollectionName,
    services: ServicesDep,
    principal: PrincipalDep,
    before: Annotated[str | None, Query(max_length=400, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> UnmendedsBody:
    """List the documents of a collection that failed or were quarantined, and have not been taken in since."""
    curated(services, name, principal=principal)
    page, behind = services.runs_of_ingestion.unmended(name, before=before, limit=limit)
    return UnmendedsBody(failures=[unmended_body(item) for item in page], next=behind)


def _act(services: Services, run_id: str, action: str, caller: Caller) -> None:
    curated_run(services, run_id, principal=caller.principal)
    services.audit_log.append(action, f"run:{run_id}", caller=caller)


def _events(services: Services, run_id: str, caller: Caller) -> Iterator[bytes]:
    try:
        for news in follow(services, run_id):
            # It may go on for hours, and who may follow it may change meanwhile.
            curated_run(services, run_id, principal=services.authenticator.still(caller))
            for item in news.settled:
                yield event("document", document_body(item).model_dump(mode="json"))
            yield event("progress", progress_body(news.progress).model_dump(mode="json"))
        yield event("done", run_body(services, services.runs_of_ingestion.get(run_id)).model_dump(mode="json"))
    except AttuneError as error:
        yield event("error", {"status": status_of(error)[0], "detail": str(error)})
