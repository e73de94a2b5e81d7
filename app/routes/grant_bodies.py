"""What users and groups are let into, as the API says it to administrators."""

from collections.abc import Iterable

from pydantic import BaseModel, Field

from app.bootstrap import Services


class GrantBody(BaseModel):
    """A collection whose lists name somebody, or a group of theirs."""

    name: str
    read_by: list[str] = Field(
        description="Their keys among the readers; a document's own list may still shut them out."
    )
    curated_by: list[str] = Field(description="Their keys among the curators.")


def grant_bodies(services: Services, keys: Iterable[str]) -> list[GrantBody]:
    """List the collections that some keys are let into, sorted by name."""
    found: dict[str, GrantBody] = {}
    for name, right, key in services.catalog.grants(keys):
        grant = found.setdefault(name, GrantBody(name=name, read_by=[], curated_by=[]))
        (grant.read_by if right == "read" else grant.curated_by).append(key)
    return list(found.values())
