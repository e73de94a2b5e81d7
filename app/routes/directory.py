"""Who can be named in an access list."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from app.dependencies import PrincipalDep, ServicesDep

router = APIRouter(prefix="/v1/directory", tags=["groups"])


class EntryBody(BaseModel):
    """A user or a group."""

    key: str = Field(description="What access lists name.", examples=["g:5f0c2d"])
    kind: Literal["person", "service", "group"]
    name: str
    display_name: str


class DirectoryBody(BaseModel):
    """Users and groups, sorted by name."""

    entries: list[EntryBody]


@router.get("", summary="Find users and groups")
def find(
    services: ServicesDep,
    principal: PrincipalDep,
    q: Annotated[str, Query(max_length=100, description="Part of a name; everybody when left out.")] = "",
    key: Annotated[
        tuple[str, ...], Query(max_length=1_000, description="These instead, whatever they are called.")
    ] = (),
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> DirectoryBody:
    """Find users and groups to name in an access list; for administrators and curators."""
    if not services.catalog.curated_collections(principal=principal) and not principal.administrator:
        raise HTTPException(403, "only an administrator or a curator may do this")
    found = services.directory.named(key) if key else services.directory.find(q, limit=limit)
    return DirectoryBody(
        entries=[EntryBody(key=e.key, kind=e.kind, name=e.name, display_name=e.display_name) for e in found]
    )
