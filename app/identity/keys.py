"""API keys: kept as digests, shown once, never worth more than their user."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.auth import Scope
from app.tables import api_keys
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store, listed, one_of
from retrieval.types import Principal

PREFIX = "attune_"
SCOPES: tuple[Scope, ...] = ("ask", "curate", "administer")
_MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret.

    Attributes:
        scopes: What it may be used for; each is worth no more than what its user may do.
        expires_at: None never.
    """

    id: str
    user_id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime  # UTC
    created_by: str  # principal id
    expires_at: datetime | None = None  # UTC
    seen_at: datetime | None = None  # UTC
    revoked_at: datetime | None = None  # UTC

    def limits(self, principal: Principal) -> Principal:
        """Return what is left of its user's rights."""
        may_administer = principal.administrator and "administer" in self.scopes
        may_curate = principal.curator and ("curate" in self.scopes or may_administer)
        return replace(principal, administrator=may_administer, curator=may_curate)


class ApiKeys(Store):
    """API keys, on SQLite or PostgreSQL.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def create(
        self,
        user_id: str,
        name: str,
        *,
        scopes: Iterable[Scope],
        expires_at: datetime | None,
        created_by: str,
        made_with: str | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Args:
            user_id: Whose it is.
            name: For people, 1 to 100 characters on one line.
            scopes: At least one.
            expires_at: When it stops working (UTC), in the future; None never.
            created_by: Principal id of who makes it.
            made_with: Id of the key that they use; None for a session.

        Returns:
            The key, and its secret, which cannot be shown again.

        Raises:
            InvalidInputError: Name, scopes or time make no sense.
            NotFoundError: There is no such user, or the key that they use was revoked this moment.
        """
        chosen = cast("tuple[Scope, ...]", tuple(scope for scope in SCOPES if scope in set(scopes)))
        now = datetime.now(UTC)
        if not chosen or set(scopes) - set(SCOPES):
            raise InvalidInputError(f"scopes: at least one of {', '.join(SCOPES)}")
        if not name.strip() or len(name) > _MAX_NAME_CHARS or not name.isprintable() or not storable(name):
            raise InvalidInputError(f"a key's name has 1 to {_MAX_NAME_CHARS} characters on one line")
        if expires_at is not None and expires_at <= now:
            raise InvalidInputError("a key that has expired already is of no use")
        made = ApiKey(uuid4().hex, user_id, name.strip(), chosen, now, created_by, expires_at)
        secret = PREFIX + secrets.token_urlsafe(32)
        row = {column: getattr(made, column) for column in ("id", "user_id", "name", "created_at", "created_by")}
        row |= {"sha256": digest(secret), "scopes": list(chosen), "expires_at": expires_at}
        row |= {"made_with": made_with}
        in_use = select(api_keys.c.id).where(api_keys.c.id == made_with, api_keys.c.revoked_at.is_(None))
        try:
            with self._writing() as connection:
                # Locked: whoever revokes it now finds what it made.
                if made_with is not None and connection.scalar(in_use.with_for_update()) is None:
                    raise NotFoundError(f"no key {made_with}")
                connection.execute(insert(api_keys).values(row))
        except IntegrityError as error:
            raise NotFoundError(f"no user {user_id}") from error
        return made, secret

    def find(self, secret: str) -> ApiKey | None:
        """Return the key of a secret; None when it is unknown, expired or revoked."""
        if not secret.startswith(PREFIX) or not storable(secret):
            return None
        statement = _SELECT.where(api_keys.c.sha256 == digest(secret), api_keys.c.revoked_at.is_(None))
        with self._reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _unless_expired(_key(row))

    def in_force(self, key_id: str) -> ApiKey | None:
        """Return a key that was found before; None when it is expired or revoked by now."""
        statement = _SELECT.where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        with self._reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _unless_expired(_key(row))

    def of_user(self, user_id: str) -> list[ApiKey]:
        """Return the keys of a user that were not revoked, expired ones too, the newest first."""
        statement = _SELECT.where(api_keys.c.user_id == user_id, api_keys.c.revoked_at.is_(None))
        with self._reading() as connection:
            return [_key(row) for row in connection.execute(statement.order_by(api_keys.c.created_at.desc()))]

    def get(self, key_id: str) -> ApiKey:
        """Return a key, revoked or not.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._reading() as connection:
            row = connection.execute(_SELECT.where(api_keys.c.id == (key_id if storable(key_id) else ""))).one_or_none()
        if row is None:
            raise NotFoundError(f"no key {key_id}")
        return _key(row)

    def revoke(self, key_id: str) -> None:
        """Take a key out of force from the next request on; a second time changes nothing.

        So are keys of the same user that it made, and that those made: whoever found it may have made them.

        Raises:
            NotFoundError: There is none of this id.
        """
        user_id, now = self.get(key_id).user_id, datetime.now(UTC)
        made = select(api_keys.c.id).where(api_keys.c.user_id == user_id, one_of(api_keys.c.made_with, "makers"))
        there = update(api_keys).where(one_of(api_keys.c.id, "due"), api_keys.c.revoked_at.is_(None))
        with self._writing() as connection:
            due = [key_id]
            while due:
                connection.execute(there.values(revoked_at=now), {"due": listed(due)})
                due = list(connection.scalars(made, {"makers": listed(due)}))

    def seen(self, key_id: str, at: datetime) -> None:
        """Note when a key was used last."""
        with self._writing() as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(seen_at=at))

    def forget(self, user_id: str) -> int:
        """Remove every key of a user, revoked ones too; returns how many."""
        with self._writing() as connection:
            return connection.execute(delete(api_keys).where(api_keys.c.user_id == user_id)).rowcount


_SELECT = select(
    api_keys.c.id,
    api_keys.c.user_id,
    api_keys.c.name,
    api_keys.c.scopes,
    api_keys.c.created_at,
    api_keys.c.created_by,
    api_keys.c.expires_at,
    api_keys.c.seen_at,
    api_keys.c.revoked_at,
)


def _unless_expired(key: ApiKey) -> ApiKey | None:
    return None if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else key


def _key(row: Any) -> ApiKey:
    found = ApiKey(*row)
    return replace(found, scopes=tuple(found.scopes))


def digest(secret: str) -> str:
    """Return how a secret of 256 random bits is kept: it needs no slow hash, there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
