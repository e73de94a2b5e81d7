"""Sessions of people in a browser: kept as digests; they end by time, by hand or with their user."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, insert, or_, select, update

from app.identity.keys import digest
from app.tables import sessions
from retrieval.errors import NotFoundError
from retrieval.rows import storable
from retrieval.store import Store

_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A session without its secret.

    Attributes:
        seen_at: When it was used last, to the minute.
        expires_at: When it ends whatever happens.
        address: From where it was begun.
    """

    id: str
    user_id: str
    created_at: datetime  # UTC
    seen_at: datetime  # UTC
    expires_at: datetime  # UTC
    address: str


def csrf_token(secret: str) -> str:
    """Return what a page has to send back with whatever changes something; only who holds the cookie can know it."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


class Sessions(Store):
    """Sessions, on SQLite or PostgreSQL.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def begin(self, user_id: str, *, lasts: timedelta, address: str) -> tuple[Session, str]:
        """Begin a session of an existing user.

        Returns:
            The session, and its secret for the cookie.
        """
        secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
        made = Session(uuid4().hex, user_id, now, now, now + lasts, address)
        names = ("id", "user_id", "created_at", "seen_at", "expires_at", "address")
        row = {name: getattr(made, name) for name in names} | {"sha256": digest(secret)}
        with self._writing() as connection:
            connection.execute(insert(sessions).values(row))
        return made, secret

    def find(self, secret: str, *, idle: timedelta) -> Session | None:
        """Return the session of a secret; None when it is unknown, over, or was not used for too long."""
        if not secret or not storable(secret):
            return None
        statement = _SELECT.where(sessions.c.sha256 == digest(secret))
        with self._reading() as connection:
            row = connection.execute(statement).one_or_none()
        now = datetime.now(UTC)
        found = None if row is None else Session(*row)
        if found is None or found.expires_at <= now or found.seen_at + idle <= now:
            return None
        if found.seen_at + min(_NOTED_EVERY, idle / 2) <= now:
            with self._writing() as connection:
                connection.execute(update(sessions).where(sessions.c.id == found.id).values(seen_at=now))
        return found

    def get(self, session_id: str) -> Session:
        """Return a session that was not ended.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._reading() as connection:
            row = connection.execute(_SELECT.where(sessions.c.id == session_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"no session {session_id}")
        return Session(*row)

    def in_force(self, session_id: str) -> bool:
        """Say whether a session that was found before is not over or ended by now."""
        there = select(sessions.c.id).where(sessions.c.id == session_id, sessions.c.expires_at > datetime.now(UTC))
        with self._reading() as connection:
            return connection.scalar(there) is not None

    def of_user(self, user_id: str, *, idle: timedelta) -> list[Session]:
        """Return the sessions of a user that are not over, the newest first."""
        now = datetime.now(UTC)
        in_force = sessions.c.expires_at > now, sessions.c.seen_at > now - idle
        statement = _SELECT.where(sessions.c.user_id == user_id, *in_force)
        with self._reading() as connection:
            return [Session(*row) for row in connection.execute(statement.order_by(sessions.c.created_at.desc()))]

    def end(self, session_id: str) -> None:
        """End a session; gone already is fine."""
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.id == session_id))

    def end_all(self, user_id: str, *, but: str | None = None) -> int:
        """End the sessions of a user, all but one if it is named; returns how many."""
        mine = sessions.c.user_id == user_id, sessions.c.id != (but or "")
        with self._writing() as connection:
            return connection.execute(delete(sessions).where(*mine)).rowcount

    def tidy(self, *, idle: timedelta) -> int:
        """Remove what is over; returns how many."""
        now = datetime.now(UTC)
        over = or_(sessions.c.expires_at <= now, sessions.c.seen_at <= now - idle)
        with self._writing() as connection:
            return connection.execute(delete(sessions).where(over)).rowcount


_SELECT = select(
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.created_at,
    sessions.c.seen_at,
    sessions.c.expires_at,
    sessions.c.address,
)
