"""Sources: where documents come from by themselves; for administrators."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.auth import LOCAL
from app.bootstrap import DEFAULT_COLLECTION, Services, ensure_collection
from app.dependencies import AdministratorDep, ServicesDep
from app.ingesting import start_sync
from app.routes.run_bodies import RunBody, run_body
from app.sourcing import remove, settled_arguments
from ingestion.sources.source import kinds
from ingestion.sources.store import MAX_EVERY_S, MIN_EVERY_S, KeptSource, NewSource
from retrieval.errors import NotFoundError

router = APIRouter(prefix="/v1/sources", tags=["sources"])

EverySeconds = Annotated[
    float | None, Field(ge=MIN_EVERY_S, le=MAX_EVERY_S, description="Time between two syncs; null has no schedule.")
]


class KindBody(BaseModel):
    """A kind of source."""

    kind: str = Field(examples=["folder"])
    summary: str
    enabled: bool = Field(description="False when this server's settings switch it off.")
    arguments: dict[str, Any] = Field(description="JSON schema of its arguments.")


class KindsBody(BaseModel):
    """Every kind of source."""

    kinds: list[KindBody]


class NewSourceBody(BaseModel):
    """A source to set up."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=32, examples=["folder"])
    name: str = Field(min_length=1, max_length=100, examples=["contracts"])
    collection: str = Field(default=DEFAULT_COLLECTION, max_length=64, description="Made if missing.")
    arguments: dict[str, Any] = Field(examples=[{"path": "/srv/contracts", "include": ["*.pdf"]}])
    every_s: EverySeconds = None
    watch: bool = Field(default=False, description="Sync soon after a change; for folders.")


class ChangedSourceBody(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=100)
    arguments: dict[str, Any] | None = None
    every_s: EverySeconds = None
    watch: bool | None = None
    paused: bool | None = Field(default=None, description="While true neither schedule nor watch begins a sync.")


class SourceBody(BaseModel):
    """A source with its last sync."""

    id: str
    collection: str
    kind: str
    name: str
    arguments: dict[str, Any]
    every_s: float | None
    watch: bool
    paused: bool
    created_by: str
    created_at: datetime
    next_sync_at: datetime | None = Field(description="When schedule or watch begins the next sync.")
    last_run: RunBody | None = Field(description="The newest sync with its counts; null when there was none lately.")


class SourcesBody(BaseModel):
    """Every source, by collection and name."""

    sources: list[SourceBody]


SourceId = Annotated[str, PathParameter(max_length=64, description="A source's id.")]


@router.get("/kinds", summary="List kinds of sources")
def source_kinds(services: ServicesDep, _principal: AdministratorDep) -> KindsBody:
    """List the kinds of sources with what each needs to know."""
    off = set() if services.settings.web_sources else {"web"}
    return KindsBody(
        kinds=[
            KindBody(
                kind=kind.name,
                summary=kind.summary,
                enabled=kind.name not in off,
                arguments=kind.arguments.model_json_schema(),
            )
            for kind in kinds().values()
        ]
    )


@router.get("", summary="List sources")
def sources(services: ServicesDep, _principal: AdministratorDep) -> SourcesBody:
    """List every source with its schedule and its last sync."""
    return SourcesBody(sources=[_body(services, source) for source in services.sources.all()])


@router.post("", status_code=201, summary="Set a source up")
def create(body: NewSourceBody, services: ServicesDep, principal: AdministratorDep) -> SourceBody:
    """Set a source up; with a schedule or a watch its first sync begins soon. 409 when the name is taken."""
    arguments = settled_arguments(services, body.kind, body.arguments, local=principal.id == LOCAL.id)
    ensure_collection(services.catalog, body.collection)
    new = NewSource(body.collection, body.kind, body.name, arguments, every_s=body.every_s, watch=body.watch)
    return _body(services, services.sources.create(new, created_by=principal.id))


@router.get("/{source_id}", summary="Look at a source")
def source(source_id: SourceId, services: ServicesDep, _principal: AdministratorDep) -> SourceBody:
    """Show a source with its last sync."""
    return _body(services, services.sources.get(source_id))


@router.patch("/{source_id}", summary="Change a source")
def change(
    source_id: SourceId, body: ChangedSourceBody, services: ServicesDep, principal: AdministratorDep
) -> SourceBody:
    """Change a source; its kind and collection stay."""
    found = services.sources.get(source_id)
    # Only a schedule can be null: it takes it away.
    changes = {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name == "every_s"
    }
    if "arguments" in changes:
        local = principal.id == LOCAL.id
        changes["arguments"] = settled_arguments(services, found.kind, changes["arguments"], local=local)
    return _body(services, services.sources.update(source_id, **changes))


@router.delete(
    "/{source_id}",
    status_code=204,
    summary="Remove a source",
    responses={202: {"model": RunBody, "description": "The run that deletes its documents."}},
)
def delete(
    source_id: SourceId,
    services: ServicesDep,
    principal: AdministratorDep,
    documents: Annotated[Literal["keep", "delete"], Query(description="Whether what came from it stays.")] = "keep",
) -> Response:
    """Forget a source. Its documents stay as they are, or a run deletes them. 409 while it is being synced."""
    found = services.sources.get(source_id)
    run = remove(services, found, with_documents=documents == "delete", created_by=principal.id)
    if run is None:
        return Response(status_code=204)
    return Response(run_body(services, run).model_dump_json(), status_code=202, media_type="application/json")


@router.post("/{source_id}/sync", status_code=202, summary="Sync a source now")
def sync(source_id: SourceId, services: ServicesDep, principal: AdministratorDep) -> RunBody:
    """Begin to bring its documents up to date, paused or not. 409 while it is being synced."""
    run = start_sync(services, services.sources.get(source_id), created_by=principal.id)
    return run_body(services, run)


def _body(services: Services, source: KeptSource) -> SourceBody:
    try:
        last = services.runs_of_ingestion.get(source.last_run_id) if source.last_run_id else None
    except NotFoundError:
        last = None  # its record was too old to be kept
    return SourceBody(
        id=source.id,
        collection=source.collection,
        kind=source.kind,
        name=source.name,
        arguments=dict(source.arguments),
        every_s=source.every_s,
        watch=source.watch,
        paused=source.paused,
        created_by=source.created_by,
        created_at=source.created_at,
        next_sync_at=source.next_sync_at,
        last_run=run_body(services, last) if last else None,
    )
