"""Groups and who is in them, for administrators."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import CallerDep, ServicesDep, administrator
from app.identity.groups import Group
from app.routes.grant_bodies import GrantBody, grant_bodies
from app.routes.session_bodies import PersonBody
from retrieval.types import EVERYONE

router = APIRouter(prefix="/v1/groups", tags=["groups"], dependencies=[Depends(administrator)])

GroupId = Annotated[str, PathParameter(max_length=64, description="As listed.")]
MemberId = Annotated[str, PathParameter(max_length=64, description="Of a user.")]
Claim = Annotated[
    str | None, Field(max_length=500, description="Value of the provider's groups claim that stands for it.")
]


class NewGroupBody(BaseModel):
    """A group to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Legal"}]})

    name: str = Field(min_length=1, max_length=200)
    claim: Claim = None


class ChangedGroupBody(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=200)
    claim: Claim = None


class GroupBody(BaseModel):
    """A group."""

    id: str = Field(description="It never changes; access lists name `g:` and it.")
    name: str
    claim: str | None
    created_at: datetime
    members: int


class GroupDetailsBody(GroupBody):
    """A group with what the access lists of collections give its members."""

    collections: list[GrantBody] = Field(description="Those that its members may read something of, or look after.")


class GroupsBody(BaseModel):
    """Every group, sorted by name."""

    groups: list[GroupBody]


class MemberBody(PersonBody):
    """A user in a group."""

    via: list[Literal["local", "oidc"]] = Field(description="Put in by people, by the provider, or both.")


class MembersBody(BaseModel):
    """Who is in a group, sorted by name."""

    members: list[MemberBody]


@router.get("", summary="List groups")
def groups(services: ServicesDep) -> GroupsBody:
    """List every group."""
    return GroupsBody(groups=[_body(group) for group in services.groups.all()])


@router.post("", status_code=201, summary="Make a group")
def create(body: NewGroupBody, services: ServicesDep, caller: CallerDep) -> GroupBody:
    """Make a group, empty; 409 when there is one of this name or claim."""
    made = services.groups.create(body.name, claim=body.claim)
    services.audit_log.append("group.create", f"group:{made.id}", caller=caller)
    return _body(made)


@router.get("/{group_id}", summary="Open a group")
def group(group_id: GroupId, services: ServicesDep) -> GroupDetailsBody:
    """Show a group, and what it is let into."""
    found = services.groups.get(group_id)
    return GroupDetailsBody(**dict(_body(found)), collections=grant_bodies(services, {found.key, EVERYONE}))


@router.patch("/{group_id}", summary="Change a group")
def change(group_id: GroupId, body: ChangedGroupBody, services: ServicesDep, caller: CallerDep) -> GroupBody:
    """Give a group another name or claim; every access list that names it stays right. A null claim takes it away."""
    known = services.groups.get(group_id)
    claim = body.claim if "claim" in body.model_fields_set else known.claim
    changed = services.groups.rename(group_id, name=body.name or known.name, claim=claim)
    details = {"claim": claim != known.claim, "name": changed.name != known.name}
    services.audit_log.append("group.change", f"group:{group_id}", caller=caller, details=details)
    return _body(changed)


@router.delete("/{group_id}", status_code=204, summary="Remove a group")
def remove(group_id: GroupId, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a group; a new one of its name has another id, and reads nothing by the old one's access lists."""
    services.groups.delete(group_id)
    services.audit_log.append("group.delete", f"group:{group_id}", caller=caller)


@router.get("/{group_id}/members", summary="List the members of a group")
def members(group_id: GroupId, services: ServicesDep) -> MembersBody:
    """List who is in a group."""
    via = services.groups.members(group_id)
    users = sorted(services.users.of_ids(via).values(), key=lambda user: user.name)
    return MembersBody(
        members=[
            MemberBody(id=u.id, name=u.name, display_name=u.display_name, kind=u.kind, via=list(via[u.id]))
            for u in users
        ]
    )


@router.put("/{group_id}/members/{user_id}", status_code=204, summary="Put a user into a group")
def join(group_id: GroupId, user_id: MemberId, services: ServicesDep, caller: CallerDep) -> None:
    """Put a user into a group; one who is in it already stays."""
    services.groups.add(group_id, user_id)
    services.audit_log.append("group.join", f"group:{group_id}", caller=caller, details={"user": user_id})


@router.delete("/{group_id}/members/{user_id}", status_code=204, summary="Take a user out of a group")
def leave(group_id: GroupId, user_id: MemberId, services: ServicesDep, caller: CallerDep) -> None:
    """Take a user out of a group from the next request on; the provider may put them back when they sign in."""
    services.groups.remove(group_id, user_id)
    services.audit_log.append("group.leave", f"group:{group_id}", caller=caller, details={"user": user_id})


def _body(group: Group) -> GroupBody:
    return GroupBody(**{name: getattr(group, name) for name in GroupBody.model_fields})
