"""The one-time token that makes the first administrator."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from app.identity.keys import digest
from app.identity.users import NewUser, User, administrators, insert_user
from app.tables import setup_tokens
from retrieval.errors import ConflictError
from retrieval.store import Store

NOT_VALID = "this set-up link is not valid: it is made anew at each start, and works once"


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
        kept = select(setup_tokens.c.sha256).where(setup_tokens.c.sha256 == _digest(token))
        with self._reading() as connection:
            return connection.scalar(kept) is not None

    def spend(self, token: str, new: NewUser) -> User:
        """Make the first administrator with the token in force; of two at once one does. A refused one stays in force.

        Args:
            token: As ``renew`` returned it.
            new: Who it is to be.

        Returns:
            The administrator.

        Raises:
            ConflictError: This is not the token in force, there is an administrator, or somebody of this name.
            InvalidInputError: The name cannot be one.
        """
        mine = delete(setup_tokens).where(setup_tokens.c.sha256 == _digest(token))
        with self._writing() as connection:
            if not connection.execute(mine).rowcount:
                raise ConflictError(NOT_VALID)
            if administrators(connection):
                raise ConflictError("there is an administrator already")
            return insert_user(connection, replace(new, administrator=True))


def _digest(token: str) -> str:
    return digest(token.encode(errors="replace").decode())
