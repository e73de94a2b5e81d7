"""People and services, for administrators."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import CallerDep, ServicesDep, administrator
from app.identity.passwords import hashed
from app.identity.users import NewUser, User
from app.routes.key_bodies import KeysBody, MadeKeyBody, NewKeyBody, keys_body, make_key
from retrieval.errors import InvalidInputError

router = APIRouter(prefix="/v1/users", tags=["users"], dependencies=[Depends(administrator)])

UserId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


class NewUserBody(BaseModel):
    """A user to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "ada"}]})

    name: str = Field(min_length=1, max_length=100, description="What they sign in with.")
    display_name: str = Field(default="", max_length=200, description="As it is shown; the name when left out.")
    kind: Literal["person", "service"] = Field(default="person", description="A service has keys and no password.")
    password: str | None = Field(default=None, max_length=256, description="12 characters or more; may be set later.")
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


@router.post("", status_code=201, summary="Make a user")
def create(body: NewUserBody, services: ServicesDep, caller: CallerDep) -> UserBody:
    """Make a person or a service; 409 when there is one of this name."""
    if body.kind == "service" and (body.password is not None or body.administrator):
        raise InvalidInputError("a service has keys: no password, and it does not administer")
    password = None if body.password is None else hashed(body.password)
    made = services.users.create(NewUser(body.name, body.display_name, body.kind, password, body.administrator))
    details = {"kind": made.kind, "administrator": made.administrator}
    services.audit_log.append("user.create", f"user:{made.id}", caller=caller, details=details)
    return user_body(made)


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
