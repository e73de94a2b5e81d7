"""People and services, for administrators."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import Services
from app.dependencies import CallerDep, ServicesDep, administrator
from app.identity.passwords import hashed
from app.identity.users import MAX_PAGE, NewUser, User
from app.routes.grant_bodies import GrantBody, grant_bodies
from app.routes.key_bodies import KeysBody, MadeKeyBody, NewKeyBody, keys_body, make_key
from app.routes.session_bodies import NamedBody, Password, UserSessionBody, user_session_body
from retrieval.errors import InvalidInputError
from retrieval.types import EVERYONE

router = APIRouter(prefix="/v1/users", tags=["users"], dependencies=[Depends(administrator)])

KEYS_ONLY = "a service has keys and no password"
UserId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


class NewUserBody(BaseModel):
    """A user to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "ada"}]})

    name: str = Field(min_length=1, max_length=100, description="What they sign in with.")
    display_name: str = Field(default="", max_length=200, description="As it is shown; the name when left out.")
    kind: Literal["person", "service"] = Field(default="person", description="A service has keys and no password.")
    password: Password | None = Field(default=None, description="12 to 256 characters; may be set later.")
    administrator: bool = False


class UserBody(BaseModel):
    """A person or a service."""

    id: str
    name: str
    display_name: str
    kind: Literal["person", "service"]
    administrator: bool
    created_at: datetime
    suspended_at: datetime | None = Field(description="Since when nothing of theirs works; null while it does.")
    issuer: str | None = Field(description="The provider they sign in with; null for a password or none.")


class ListedUserBody(UserBody):
    """A user as a list shows them."""

    groups: list[NamedBody]
    signed_in_at: datetime | None = Field(description="When they signed in last; null never.")


class UserDetailsBody(ListedUserBody):
    """A user with what the access lists of collections give them."""

    has_password: bool = Field(description="Somebody gave them one; a service and who comes by a provider have none.")
    collections: list[GrantBody] = Field(description="Those that they may read something of, or look after.")


class UsersBody(BaseModel):
    """A page of users, sorted by name."""

    users: list[ListedUserBody]
    next: str | None = Field(description="Give this as `after` to get the next page; null on the last.")


class ChangedUserBody(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    display_name: str | None = Field(default=None, min_length=1, max_length=200)
    administrator: bool | None = None
    suspended: bool | None = Field(default=None, description="While true nothing of theirs works.")


class PasswordBody(BaseModel):
    """A password to set."""

    model_config = ConfigDict(extra="forbid")

    password: Password


class SessionsBody(BaseModel):
    """Sessions of a user, the newest first."""

    sessions: list[UserSessionBody]


@router.post("", status_code=201, summary="Make a user")
def create(body: NewUserBody, services: ServicesDep, caller: CallerDep) -> UserBody:
    """Make a person or a service; 409 when there is one of this name."""
    if body.kind == "service" and body.password is not None:
        raise InvalidInputError(KEYS_ONLY)
    password = None if body.password is None else hashed(body.password)
    made = services.users.create(NewUser(body.name, body.display_name, body.kind, password, body.administrator))
    details = {"kind": made.kind, "administrator": made.administrator}
    services.audit_log.append("user.create", f"user:{made.id}", caller=caller, details=details)
    return user_body(made)


@router.get("", summary="List users")
def users(
    services: ServicesDep,
    after: Annotated[str, Query(max_length=100, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    name: Annotated[str | None, Query(max_length=100, description="Only who signs in with this name.")] = None,
    q: Annotated[str, Query(max_length=100, description="Only those with this in a name.")] = "",
) -> UsersBody:
    """List users in the order of their names."""
    if name is not None:
        named = services.users.named(name)
        return UsersBody(users=_listed(services, [named] if named else []), next=None)
    found = services.users.page(after=after, words=q, limit=limit)
    return UsersBody(users=_listed(services, found), next=found[-1].name if len(found) == limit else None)


@router.get("/{user_id}", summary="Open a user")
def user(user_id: UserId, services: ServicesDep) -> UserDetailsBody:
    """Show a user with their groups, and what these and they are let into."""
    (found,) = _listed(services, [services.users.get(user_id)])
    keys = {f"u:{user_id}", EVERYONE} | {f"g:{group.id}" for group in found.groups}
    return UserDetailsBody(
        **dict(found),
        has_password=services.users.password(user_id) is not None,
        collections=grant_bodies(services, keys),
    )


@router.patch("/{user_id}", summary="Change a user")
def change(user_id: UserId, body: ChangedUserBody, services: ServicesDep, caller: CallerDep) -> UserBody:
    """Change a user from their next request on; 409 for what would leave no administrator."""
    values = {name: value for name, value in body.model_dump(exclude={"suspended"}).items() if value is not None}
    known = services.users.get(user_id)
    if body.suspended is not None and body.suspended != (known.suspended_at is not None):
        values["suspended_at"] = datetime.now(UTC) if body.suspended else None
    if not values:
        return user_body(known)
    changed = services.users.update(user_id, **values)
    if changed.suspended_at is not None:
        services.sessions.end_all(user_id)
    details = {name: getattr(body, name) for name in ("administrator", "suspended") if getattr(body, name) is not None}
    services.audit_log.append("user.change", f"user:{user_id}", caller=caller, details=details)
    return user_body(changed)


@router.delete("/{user_id}", status_code=204, summary="Remove a user's account")
def remove(user_id: UserId, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a user with sessions, keys and memberships; 409 for the last administrator. What they asked stays."""
    services.users.delete(user_id)
    services.audit_log.append("user.delete", f"user:{user_id}", caller=caller)


@router.put("/{user_id}/password", status_code=204, summary="Set a user's password")
def set_password(user_id: UserId, body: PasswordBody, services: ServicesDep, caller: CallerDep) -> None:
    """Give a user a password, in the place of any other; their sessions end."""
    if services.users.get(user_id).kind == "service":
        raise InvalidInputError(KEYS_ONLY)
    services.users.update(user_id, password=hashed(body.password))
    services.sessions.end_all(user_id)
    services.audit_log.append("user.password", f"user:{user_id}", caller=caller)


@router.get("/{user_id}/sessions", summary="List the sessions of a user")
def sessions(user_id: UserId, services: ServicesDep) -> SessionsBody:
    """List the sessions of a user, the newest first."""
    found = services.sessions.of_user(services.users.get(user_id).id, idle=services.settings.session_idle)
    return SessionsBody(sessions=[user_session_body(session) for session in found])


@router.delete("/{user_id}/sessions", status_code=204, summary="End the sessions of a user")
def end_sessions(user_id: UserId, services: ServicesDep, caller: CallerDep) -> None:
    """Sign a user out everywhere."""
    services.sessions.end_all(services.users.get(user_id).id)
    services.audit_log.append("session.end", f"user:{user_id}", caller=caller)


@router.get("/{user_id}/keys", summary="List the keys of a user")
def keys(user_id: UserId, services: ServicesDep) -> KeysBody:
    """List the API keys of a user, the newest first."""
    return keys_body(services, services.users.get(user_id).id)


@router.post("/{user_id}/keys", status_code=201, summary="Make a key for a user")
def create_key(user_id: UserId, body: NewKeyBody, services: ServicesDep, caller: CallerDep) -> MadeKeyBody:
    """Make an API key for a user; its secret is shown only now."""
    return make_key(services, services.users.get(user_id).id, body, caller=caller)


def user_body(user: User) -> UserBody:
    """Shape a user for the API."""
    return UserBody(**{name: getattr(user, name) for name in UserBody.model_fields})


def _listed(services: Services, found: Sequence[User]) -> list[ListedUserBody]:
    groups = services.groups.of_users(user.id for user in found)
    signed_in = services.audit_log.newest("session.begin", (f"user:{user.id}" for user in found))
    return [
        ListedUserBody(
            **dict(user_body(user)),
            groups=[NamedBody(id=group_id, name=name) for group_id, name in groups.get(user.id, ())],
            signed_in_at=signed_in.get(f"user:{user.id}"),
        )
        for user in found
    ]
