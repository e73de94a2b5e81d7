"""Who may read a document, as people set it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import Services
from app.curating import managed
from app.dependencies import CallerDep, PrincipalDep, ServicesDep
from app.granting import ACCESS_HELP, MAX_BODY_BYTES, Access, granted
from app.routes.documents import DocumentId
from app.sourcing import follow_source
from retrieval.types import Document

router = APIRouter(prefix="/v1/documents", tags=["access"])

Version = Annotated[
    int, Field(ge=0, le=2**31 - 1, description="Of the list that is to be replaced; 409 when it is another.")
]


class NewAccessBody(BaseModel):
    """Who is to read a document."""

    model_config = ConfigDict(extra="forbid")

    access: Access = Field(description=ACCESS_HELP, examples=[["g:5b1f0c"]])
    version: Version


class AccessBody(BaseModel):
    """Who may read a document."""

    access: list[str] = Field(description="Keys of users and groups; empty lets nobody in.", examples=[["g:everyone"]])
    version: int = Field(description="Name it when you change the list.")
    set_by: str | None = Field(description="Who set it by hand; null while source and uploads say it.")
    names: dict[str, str] = Field(description="Names of the users and groups that there still are, by key.")


@router.get("/{document_id}/access", summary="Who may read a document")
def access(document_id: DocumentId, services: ServicesDep, principal: PrincipalDep) -> AccessBody:
    """Show the access list of a document, to those who look after its collection."""
    return _body(services, managed(services, document_id, principal=principal))


@router.put("/{document_id}/access", summary="Say who may read a document", max_body_size=MAX_BODY_BYTES)
def set_access(
    document_id: DocumentId, body: NewAccessBody, services: ServicesDep, principal: PrincipalDep, caller: CallerDep
) -> AccessBody:
    """Set the access list of a document; it holds from the next request, and sources and uploads leave it as it is."""
    before = managed(services, document_id, principal=principal)
    keys = granted(services, body.access, principal=principal)
    version = services.catalog.set_document_access(document_id, keys, by=principal.id, version=body.version)
    details = changed(before.acl, keys) | {"version": version}
    services.audit_log.append("document.access", f"document:{document_id}", caller=caller, details=details)
    services.publisher.relabel()
    return _body(services, managed(services, document_id, principal=principal))


@router.delete("/{document_id}/access", summary="Leave a document's access to its source")
def release_access(
    document_id: DocumentId,
    services: ServicesDep,
    principal: PrincipalDep,
    caller: CallerDep,
    version: Annotated[int, Query(ge=0, le=2**31 - 1, description="Of the list as you saw it.")],
) -> AccessBody:
    """Give up a list that was set by hand: what its source says holds at once, else the list until the next upload."""
    before = managed(services, document_id, principal=principal)
    services.catalog.release_document_access(document_id, version=version)
    follow_source(services, before)
    after = managed(services, document_id, principal=principal)
    details = changed(before.acl, after.acl) | {"version": after.access_version, "released": True}
    services.audit_log.append("document.access", f"document:{document_id}", caller=caller, details=details)
    return _body(services, after)


def changed(before: frozenset[str], after: frozenset[str]) -> dict[str, object]:
    """Return what the audit log keeps of a changed list: how long it was and is, and the keys that came and went."""
    return {
        "before": len(before),
        "after": len(after),
        "added": sorted(after - before),
        "removed": sorted(before - after),
    }


def _body(services: Services, document: Document) -> AccessBody:
    return AccessBody(
        access=sorted(document.acl),
        version=document.access_version,
        set_by=document.access_set_by,
        names=names_of(services, document.acl),
    )


def names_of(services: Services, keys: frozenset[str]) -> dict[str, str]:
    """Return the names of users and groups by their keys, for people."""
    return {entry.key: entry.display_name for entry in services.directory.named(keys)}
