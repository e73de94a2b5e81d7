"""Sign-ins with a provider that have begun: each is good once, for ten minutes, in the browser that began it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select

from app.identity.keys import digest
from app.tables import oidc_logins
from retrieval.rows import storable
from retrieval.store import Store

LASTS = timedelta(minutes=10)
MOST_OPEN = 10_000
"""Sign-ins begun and not ended; when there are more, the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Login:
    """What the provider is asked with, and what its answer is held against.

    Attributes:
        state: Goes to the provider and comes back with the browser.
        nonce: Comes back inside the ID token.
        verifier: Of PKCE: shown to the provider only together with the code.
    """

    state: str
    nonce: str
    verifier: str


class OidcLogins(Store):
    """Sign-ins that have begun, on SQLite or PostgreSQL; kept by the digest of their state.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def begin(self) -> tuple[Login, str]:
        """Begin a sign-in.

        Returns:
            It, and the secret of the browser's cookie, without which its state is worth nothing.
        """
        browser, now = secrets.token_urlsafe(32), datetime.now(UTC)
        made = Login(_state(browser), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        row = {"state_sha256": digest(made.state), "nonce": made.nonce, "verifier": made.verifier, "created_at": now}
        newest = select(oidc_logins.c.created_at).order_by(oidc_logins.c.created_at.desc())
        with self._writing() as connection:
            surplus = connection.scalar(newest.offset(MOST_OPEN - 1).limit(1))
            until = now - LASTS if surplus is None else max(surplus, now - LASTS)
            connection.execute(delete(oidc_logins).where(oidc_logins.c.created_at <= until))
            connection.execute(insert(oidc_logins).values(row))
        return made, browser

    def spend(self, state: str, browser: str) -> Login | None:
        """Take a sign-in that comes back; of two at once one gets it.

        Returns:
            It; None when it is unknown, was spent, is too old, or was begun in another browser.
        """
        if not (state and browser and storable(state + browser)):
            return None
        if not hmac.compare_digest(state.encode(), _state(browser).encode()):
            return None
        mine = oidc_logins.c.state_sha256 == digest(state)
        statement = delete(oidc_logins).where(mine).returning(*oidc_logins.c)
        with self._writing() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None or row.created_at + LASTS <= datetime.now(UTC):
            return None
        return Login(state, row.nonce, row.verifier)


def _state(browser: str) -> str:
    return hmac.new(browser.encode(), b"state", hashlib.sha256).hexdigest()
