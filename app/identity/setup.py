"""The one-time token that makes the first administrator."""

import hmac
import secrets
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from app.identity.keys import digest
from app.tables import setup_tokens
from retrieval.store import Store


class SetupTokens(Store):
    """The token in force, if any, on SQLite or PostgreSQL; kept as a digest.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def renew(self) -> str:
        """Put a new token in force, in the place of the one before.

        Returns:
            The token; it cannot be shown again.
        """
        token = secrets.token_urlsafe(24)
        with self._writing() as connection:
            connection.execute(delete(setup_tokens))
            connection.execute(insert(setup_tokens).values(sha256=digest(token), created_at=datetime.now(UTC)))
        return token

    def is_valid(self, token: str) -> bool:
        """Say whether this is the token in force."""
        given = digest(token.encode(errors="replace").decode())
        with self._reading() as connection:
            kept = connection.scalars(select(setup_tokens.c.sha256)).all()
        return any(hmac.compare_digest(given, one) for one in kept)

    def spend(self) -> None:
        """Take the token out of force."""
        with self._writing() as connection:
            connection.execute(delete(setup_tokens))
