"""Sources: where documents come from by themselves.

Administrators set them up, since they read what the server may read; who looks after the collection sees to the rest.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.auth import LOCAL
from app.bootstrap import DEFAULT_COLLECTION, Services, ensure_collection
from app.curating import CuratorDep, curated_names, curated_source
from app.dependencies import AdministratorDep, CallerDep, PrincipalDep, ServicesDep
from app.granting import MAX_BODY_BYTES, Access, granted
from app.ingesting import start_sync
from app.routes.run_bodies import RunBody, run_body
from app.sourcing import change as change_source
from app.sourcing import remove, settled_arguments
from ingestion.access_rules import MAX_PATTERN_CHARS, MAX_RULES, AccessRule, written_rules
from ingestion.sources.source import kinds
from ingestion.sources.store import MAX_EVERY_S, MIN_EVERY_S, KeptSource, NewSource
from retrieval.errors import NotFoundError
from retrieval.types import Principal

router = APIRouter(prefix="/v1/sources", tags=["sources"])

_MAX_BODY_BYTES = 5 * MAX_BODY_BYTES

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


Readers = Literal["nobody"] | Access
_READERS = 'Who may read what no rule means: "everyone", "nobody", "private" (to who says so), or keys.'
_RULES = "Who may read which documents; the first rule that means one counts. Lists set by hand stay."


class AccessRuleBody(BaseModel):
    """Who may read what matches."""

    model_config = ConfigDict(extra="forbid")

    pattern: str = Field(
        min_length=1,
        max_length=MAX_PATTERN_CHARS,
        description="A name (*.pdf) or, with a slash, a path below the source (hr/*); of web pages the whole address.",
        examples=["hr/*"],
    )
    access: Readers = Field(examples=[["g:5b1f0c"]])


Rules = Annotated[list[AccessRuleBody], Field(max_length=MAX_RULES, description=_RULES)]


class NewSourceBody(BaseModel):
    """A source to set up."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=32, examples=["folder"])
    name: str = Field(min_length=1, max_length=100, examples=["contracts"])
    collection: str = Field(default=DEFAULT_COLLECTION, max_length=64, description="Made if missing.")
    arguments: dict[str, Any] = Field(examples=[{"path": "/srv/contracts", "include": ["*.pdf"]}])
    every_s: EverySeconds = None
    watch: bool = Field(default=False, description="Sync soon after a change; for folders.")
    acl: Readers = Field(default="everyone", description=_READERS)
    access: Rules = []


class ChangedSourceBody(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=100)
    arguments: dict[str, Any] | None = None
    every_s: EverySeconds = None
    watch: bool | None = None
    paused: bool | None = Field(default=None, description="While true neither schedule nor watch begins a sync.")
    acl: Readers | None = Field(default=None, description=_READERS)
    access: Rules | None = None


class KeptRuleBody(BaseModel):
    """Who may read what matches."""

    pattern: str
    access: list[str]


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
    acl: list[str] = Field(description="Keys of who may read what no rule means; empty means nobody.")
    access: list[KeptRuleBody] = Field(description="Rules, in their order.")


class SourcesBody(BaseModel):
    """Sources, by collection and name."""

    sources: list[SourceBody]


SourceId = Annotated[str, PathParameter(max_length=64, description="A source's id.")]


@router.get("/kinds", summary="List kinds of sources")
def source_kinds(services: ServicesDep, _principal: CuratorDep) -> KindsBody:
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
def sources(services: ServicesDep, principal: CuratorDep) -> SourcesBody:
    """List the sources of the collections that the caller looks after, with schedule and last sync."""
    names = curated_names(services, principal=principal)
    mine = [source for source in services.sources.all() if names is None or source.collection in names]
    return SourcesBody(sources=[_body(services, source) for source in mine])


@router.post("", status_code=201, summary="Set a source up", max_body_size=_MAX_BODY_BYTES)
def create(body: NewSourceBody, services: ServicesDep, principal: AdministratorDep, caller: CallerDep) -> SourceBody:
    """Set a source up; its first sync begins soon where it has a schedule or a watch. For administrators."""
    arguments = settled_arguments(services, body.kind, body.arguments, local=principal.id == LOCAL.id)
    acl = _keys(services, body.acl, principal, "acl")
    rules = _rules(services, body.access, principal)
    ensure_collection(services.catalog, body.collection)
    new = NewSource(body.collection, body.kind, body.name, arguments, body.every_s, body.watch, acl, rules)
    made = services.sources.create(new, created_by=principal.id)
    details = {"collection": made.collection, "kind": made.kind, "rules": len(rules)}
    services.audit_log.append("source.create", f"source:{made.id}", caller=caller, details=details)
    return _body(services, made)


@router.get("/{source_id}", summary="Look at a source")
def source(source_id: SourceId, services: ServicesDep, principal: PrincipalDep) -> SourceBody:
    """Show a source with its last sync."""
    return _body(services, curated_source(services, source_id, principal=principal))


@router.patch("/{source_id}", summary="Change a source", max_body_size=_MAX_BODY_BYTES)
def change(source_id: SourceId, body: ChangedSourceBody, services: ServicesDep, caller: CallerDep) -> SourceBody:
    """Change a source; its kind and collection stay. Who may read its documents is changed at once.

    Returns:
        It, changed.

    Raises:
        HTTPException: 403: only administrators change what it reads.
    """
    principal = caller.principal
    found = curated_source(services, source_id, principal=principal)
    # Only a schedule can be null: it takes it away.
    changes = {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name == "every_s"
    }
    if "arguments" in changes:
        if not principal.administrator:
            raise HTTPException(403, "only an administrator changes what a source reads")
        local = principal.id == LOCAL.id
        changes["arguments"] = settled_arguments(services, found.kind, changes["arguments"], local=local)
    if body.acl is not None:
        changes["acl"] = _keys(services, body.acl, principal, "acl")
    if body.access is not None:
        changes["access"] = _rules(services, body.access, principal)
    changed = change_source(services, found, changes)
    details = {"changed": sorted(changes)}
    services.audit_log.append("source.change", f"source:{source_id}", caller=caller, details=details)
    return _body(services, changed)


@router.delete(
    "/{source_id}",
    status_code=204,
    summary="Remove a source",
    responses={202: {"model": RunBody, "description": "The run that deletes its documents."}},
)
def delete(
    source_id: SourceId,
    services: ServicesDep,
    caller: CallerDep,
    documents: Annotated[Literal["keep", "delete"], Query(description="Whether what came from it stays.")] = "keep",
) -> Response:
    """Forget a source. Its documents stay as they are, or a run deletes them. 409 while it is being synced."""
    found = curated_source(services, source_id, principal=caller.principal)
    run = remove(services, found, with_documents=documents == "delete", created_by=caller.principal.id)
    details = {"documents": documents}
    services.audit_log.append("source.delete", f"source:{source_id}", caller=caller, details=details)
    if run is None:
        return Response(status_code=204)
    return Response(run_body(services, run).model_dump_json(), status_code=202, media_type="application/json")


@router.post("/{source_id}/sync", status_code=202, summary="Sync a source now")
def sync(source_id: SourceId, services: ServicesDep, caller: CallerDep) -> RunBody:
    """Begin to bring its documents up to date, paused or not. 409 while it is being synced."""
    found = curated_source(services, source_id, principal=caller.principal)
    run = start_sync(services, found, created_by=caller.principal.id)
    services.audit_log.append("run.begin", f"run:{run.id}", caller=caller, details={"source": source_id})
    return run_body(services, run)


def _keys(services: Services, access: Readers, principal: Principal, what: str) -> frozenset[str]:
    # Here a list that names nobody is meant: what no rule opens stays shut.
    if access in ("nobody", []):
        return frozenset()
    return granted(services, cast(Access, access), principal=principal, what=what)


def _rules(services: Services, bodies: list[AccessRuleBody], principal: Principal) -> tuple[AccessRule, ...]:
    return tuple(AccessRule(one.pattern, _keys(services, one.access, principal, "access")) for one in bodies)


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
        acl=sorted(source.acl),
        access=[KeptRuleBody(**rule) for rule in written_rules(source.access)],
    )
