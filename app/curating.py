"""Who looks after what: asked by every route that manages documents; what somebody may not know of is 404."""

from contextlib import suppress
from typing import Annotated

from fastapi import Depends, HTTPException

from app.bootstrap import Services
from app.dependencies import PrincipalDep, ServicesDep
from ingestion.runs import Run
from ingestion.sources.store import KeptSource
from retrieval.errors import NotFoundError
from retrieval.types import Collection, Document, Principal

REFUSED = "only who looks after the collection may do this"


def curated(services: Services, name: str, *, principal: Principal) -> Collection:
    """Return a collection that the principal looks after.

    Raises:
        NotFoundError: There is none of this name, or the principal may not know that there is.
        HTTPException: 403: the principal may only read it.
    """
    found = services.catalog.collection(name, principal=principal)
    if not services.catalog.curates(name, principal=principal):
        raise HTTPException(403, REFUSED)
    return found


def managed(services: Services, document_id: str, *, principal: Principal) -> Document:
    """Return a document of a collection that the principal looks after, whether or not it may read it.

    Raises:
        NotFoundError: It is missing, or the principal may not know that it is there.
        HTTPException: 403: the principal may only read it.
    """
    with suppress(NotFoundError):
        return services.catalog.managed_document(document_id, principal=principal)
    services.catalog.document(document_id, principal=principal)
    raise HTTPException(403, REFUSED)


def curated_run(services: Services, run_id: str, *, principal: Principal) -> Run:
    """Return a run that takes documents into a collection which the principal looks after.

    Raises:
        NotFoundError: There is none, or it is none of the principal's business: it names documents and their faults.
    """
    with suppress(NotFoundError):
        found = services.runs_of_ingestion.get(run_id)
        if services.catalog.curates(found.collection, principal=principal):
            return found
    raise NotFoundError(f"no run {run_id}")


def curated_source(services: Services, source_id: str, *, principal: Principal) -> KeptSource:
    """Return a source of a collection that the principal looks after.

    Raises:
        NotFoundError: There is none, or it is none of the principal's business.
    """
    with suppress(NotFoundError):
        found = services.sources.get(source_id)
        if services.catalog.curates(found.collection, principal=principal):
            return found
    raise NotFoundError(f"no source {source_id}")


def curator(services: ServicesDep, principal: PrincipalDep) -> Principal:
    """Find out who asks, somebody who looks after a collection or nobody.

    Returns:
        The principal.

    Raises:
        HTTPException: 403 otherwise.
    """
    if not principal.administrator and not services.catalog.curated_collections(principal=principal):
        raise HTTPException(403, "only who looks after a collection may do this")
    return principal


def curated_names(services: Services, *, principal: Principal) -> frozenset[str] | None:
    """Return the names of the collections that the principal looks after; None for an administrator: all of them."""
    if principal.administrator:
        return None
    return frozenset(one.name for one in services.catalog.curated_collections(principal=principal))


CuratorDep = Annotated[Principal, Depends(curator)]
