"""API keys as the API takes and shows them, and how one is made."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.auth import Caller, Scope
from app.bootstrap import Services
from app.identity.keys import SCOPES, ApiKey
from app.routes.moment import Moment

MAX_DAYS = 3_650


class NewKeyBody(BaseModel):
    """An API key to make; without a time it never expires."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "nightly report", "scopes": ["ask"]}]}
    )

    name: str = Field(min_length=1, max_length=100, description="For people: what it is for.")
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))] = Field(
        default=["ask"], description="What it may be used for; each is worth no more than what its user may do."
    )
    expires_at: Moment | None = None
    expires_in_days: float | None = Field(default=None, gt=0, le=MAX_DAYS)

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if self.expires_at is not None and self.expires_in_days is not None:
            raise ValueError("give expires_at or expires_in_days, not both")
        return self

    def ends_at(self) -> datetime | None:
        """Return when it is to expire (UTC); None never."""
        if self.expires_in_days is not None:
            return datetime.now(UTC) + timedelta(days=self.expires_in_days)
        return self.expires_at


class KeyBody(BaseModel):
    """An API key without its secret."""

    id: str
    user_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    created_by: str = Field(description="Principal id of who made it.")
    expires_at: datetime | None
    seen_at: datetime | None = Field(description="When it was used last, to the minute.")


class MadeKeyBody(KeyBody):
    """An API key just made."""

    key: str = Field(description="The secret. It is shown only now.")


class KeysBody(BaseModel):
    """API keys that were not revoked, the newest first."""

    keys: list[KeyBody]


def key_body(key: ApiKey) -> KeyBody:
    """Shape a key for the API."""
    return KeyBody(**_fields(key))


def keys_body(services: Services, user_id: str) -> KeysBody:
    """List the keys of a user."""
    return KeysBody(keys=[key_body(key) for key in services.keys.of_user(user_id)])


def make_key(services: Services, user_id: str, body: NewKeyBody, *, caller: Caller) -> MadeKeyBody:
    """Make a key, and note it.

    Returns:
        The key with its secret.

    Raises:
        InvalidInputError: It makes no sense.
        HTTPException: 403: it would be worth more than the key that makes it.
        NotFoundError: There is no such user.
    """
    ends_at = body.ends_at()
    mine = check_scopes(services, body.scopes, caller=caller)
    if mine is not None and mine.expires_at is not None:
        # Or whoever found a key that is about to expire would hold one that is not.
        ends_at = min(ends_at or mine.expires_at, mine.expires_at)
    key, secret = services.keys.create(
        user_id,
        body.name,
        scopes=body.scopes,
        expires_at=ends_at,
        created_by=caller.principal.id,
        made_with=mine.id if mine else None,
    )
    details = {"user": user_id, "scopes": list(key.scopes)}
    services.audit_log.append("key.create", f"key:{key.id}", caller=caller, details=details)
    return MadeKeyBody(**_fields(key), key=secret)


def check_scopes(services: Services, scopes: Iterable[Scope], *, caller: Caller) -> ApiKey | None:
    """Refuse a key what is worth more than itself.

    Returns:
        The key that the caller uses; None for a session or the loopback token.

    Raises:
        HTTPException: 403: its scopes are not all of these.
    """
    if not caller.credential.startswith("key:"):
        return None
    mine = services.keys.get(caller.credential.removeprefix("key:"))
    if more := set(scopes) - set(mine.scopes):
        raise HTTPException(403, f"this key has not the scope {', '.join(sorted(more))}")
    return mine


def _fields(key: ApiKey) -> dict[str, Any]:
    names = ("id", "user_id", "name", "created_at", "created_by", "expires_at", "seen_at")
    return {name: getattr(key, name) for name in names} | {"scopes": list(key.scopes)}
