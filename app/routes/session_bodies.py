"""Who somebody is, as the API says it."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Request
from pydantic import BaseModel, Field

from app.auth import Caller, Scope
from app.bootstrap import Services
from app.dependencies import SESSION_COOKIE
from app.identity.sessions import Session, csrf_token

Password = Annotated[str, Field(max_length=256, description="12 to 256 characters.")]


class NamedBody(BaseModel):
    """Something with a name."""

    id: str
    name: str


class UserSessionBody(BaseModel):
    """A session of a user."""

    id: str
    created_at: datetime
    seen_at: datetime = Field(description="When it was used last, to the minute.")
    expires_at: datetime
    address: str = Field(description="From where it was begun.")


class PersonBody(NamedBody):
    """Who a user is."""

    display_name: str
    kind: Literal["person", "service"]


class SessionBody(BaseModel):
    """Who asks, and what they may do."""

    user: PersonBody | None = Field(description="Null for a command on the server's own machine.")
    role: Literal["reader", "curator", "administrator"] = Field(description="With this credential.")
    credential: Literal["session", "key", "local"]
    scopes: list[Scope] | None = Field(description="Of the key; null without one.")
    groups: list[NamedBody]
    curates: list[str] = Field(description="Names of the collections they look after; an administrator all.")
    expires_at: datetime | None = Field(description="When the session or the key ends whatever is done; null never.")
    has_password: bool = Field(description="They sign in with a password, and can change it.")
    csrf_token: str | None = Field(description="To be sent as X-CSRF-Token with every change; null without a cookie.")


def user_session_body(session: Session) -> UserSessionBody:
    """Shape a session for the API."""
    return UserSessionBody(**{name: getattr(session, name) for name in UserSessionBody.model_fields})


def session_body(services: Services, caller: Caller, request: Request) -> SessionBody:
    """Say who asks."""
    principal, user_id = caller.principal, caller.user_id
    curates = [found.name for found in services.catalog.curated_collections(principal=principal)]
    role: Literal["reader", "curator", "administrator"] = "curator" if curates else "reader"
    kind, _, credential_id = caller.credential.partition(":")
    key = services.keys.get(credential_id) if kind == "key" else None
    ends = key.expires_at if key else None
    if kind == "session":
        ends = services.sessions.get(credential_id).expires_at
    return SessionBody(
        user=None if user_id is None else _person(services, user_id),
        role="administrator" if principal.administrator else role,
        credential=_CREDENTIALS[kind],
        scopes=list(key.scopes) if key else None,
        groups=[NamedBody(id=group.id, name=group.name) for group in services.groups.of_user(user_id or "")],
        curates=curates,
        expires_at=ends,
        has_password=services.users.password(user_id or "") is not None,
        csrf_token=csrf_token(request.cookies[SESSION_COOKIE]) if kind == "session" else None,
    )


_CREDENTIALS: dict[str, Literal["session", "key", "local"]] = {"session": "session", "key": "key", "local": "local"}


def _person(services: Services, user_id: str) -> PersonBody:
    user = services.users.get(user_id)
    return PersonBody(id=user.id, name=user.name, display_name=user.display_name, kind=user.kind)
