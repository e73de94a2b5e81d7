"""Collections, who may read them and who looks after them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import Services
from app.curating import curated
from app.dependencies import AdministratorDep, CallerDep, PrincipalDep, ServicesDep
from app.granting import MAX_BODY_BYTES, Access, Keys, granted, known_keys
from app.routes.access import Version, changed, names_of
from retrieval.access_lists import CollectionAccess

router = APIRouter(prefix="/v1/collections", tags=["collections"])

CollectionName = Annotated[str, PathParameter(max_length=64, description="Name of a collection.")]
_READERS = 'Who may read it: "everyone", "private" (to who sets it), or keys of users and groups.'
_CURATORS = "Keys of those who look after it; empty leaves it to the administrators."


class CollectionBody(BaseModel):
    """A named set of documents."""

    name: str = Field(examples=["default"])
    documents: int = Field(description="Documents in it that the caller may read.", examples=[20])
    created_at: datetime
    curated: bool = Field(description="The caller looks after it.")


class CollectionsBody(BaseModel):
    """Collections."""

    collections: list[CollectionBody]


class NewCollectionBody(BaseModel):
    """A collection to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64, pattern="^[A-Za-z0-9._-]+$", examples=["engineering"])
    readers: Access = Field(default="everyone", description=_READERS)
    curators: Keys = Field(default=[], description=_CURATORS)


class NewCollectionAccessBody(BaseModel):
    """Who is to read and to look after a collection."""

    model_config = ConfigDict(extra="forbid")

    readers: Access = Field(description=_READERS, examples=["everyone"])
    curators: Keys = Field(description=_CURATORS, examples=[[]])
    version: Version


class CollectionAccessBody(BaseModel):
    """Who may read a collection, and who looks after it."""

    readers: list[str] = Field(description="Keys; what a document's own list lets in must stand here too.")
    curators: list[str] = Field(description="Keys of those who look after it, which does not let them read.")
    version: int = Field(description="Name it when you change the lists.")
    names: dict[str, str] = Field(description="Names of the users and groups that there still are, by key.")


@router.get("", summary="List collections")
def collections(services: ServicesDep, principal: PrincipalDep) -> CollectionsBody:
    """List the collections that the caller may read or looks after, with the documents they may read in each."""
    mine = {one.name for one in services.catalog.curated_collections(principal=principal)}
    return CollectionsBody(
        collections=[
            CollectionBody(name=c.name, documents=n, created_at=c.created_at, curated=c.name in mine)
            for c, n in services.catalog.collections(principal=principal)
        ]
    )


@router.post("", status_code=201, summary="Make a collection", max_body_size=MAX_BODY_BYTES)
def create(
    body: NewCollectionBody, services: ServicesDep, principal: AdministratorDep, caller: CallerDep
) -> CollectionBody:
    """Make an empty collection; 409 when there is one of this name. For administrators."""
    readers = granted(services, body.readers, principal=principal, what="readers")
    curators = known_keys(services, body.curators, what="curators")
    made = services.catalog.create_collection(body.name, readers=readers, curators=curators)
    details = {"readers": changed(frozenset(), readers), "curators": changed(frozenset(), curators)}
    services.audit_log.append("collection.create", f"collection:{made.name}", caller=caller, details=details)
    return CollectionBody(name=made.name, documents=0, created_at=made.created_at, curated=True)


@router.get("/{name}/access", summary="Who may read a collection and who looks after it")
def access(name: CollectionName, services: ServicesDep, principal: PrincipalDep) -> CollectionAccessBody:
    """Show both lists, to those who look after the collection."""
    curated(services, name, principal=principal)
    return _body(services, services.catalog.collection_access(name))


@router.put("/{name}/access", summary="Say who may read a collection", max_body_size=MAX_BODY_BYTES)
def set_access(
    name: CollectionName,
    body: NewCollectionAccessBody,
    services: ServicesDep,
    principal: PrincipalDep,
    caller: CallerDep,
) -> CollectionAccessBody:
    """Set both lists; they hold from the next request."""
    curated(services, name, principal=principal)
    before = services.catalog.collection_access(name)
    readers = granted(services, body.readers, principal=principal, what="readers")
    curators = known_keys(services, body.curators, what="curators")
    now = services.catalog.set_collection_access(name, readers=readers, curators=curators, version=body.version)
    details = {
        "readers": changed(before.readers, readers),
        "curators": changed(before.curators, curators),
        "version": now.version,
    }
    services.audit_log.append("collection.access", f"collection:{name}", caller=caller, details=details)
    return _body(services, now)


def _body(services: Services, found: CollectionAccess) -> CollectionAccessBody:
    return CollectionAccessBody(
        readers=sorted(found.readers),
        curators=sorted(found.curators),
        version=found.version,
        names=names_of(services, found.readers | found.curators),
    )
