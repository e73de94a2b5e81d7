"""API tokens: kept as digests, revoked and never deleted, so that a revoked one cannot be added again."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from retrieval.errors import ConflictError
from retrieval.rows import Token
from retrieval.store import Store
from retrieval.tables import api_tokens


class Tokens(Store):
    """The API tokens of the server."""

    def add_token(self, sha256: str, name: str, administrator: bool) -> None:
        """Put an API token in force.

        Args:
            sha256: Hex digest of the secret; the secret itself is never stored.
            name: For people; several tokens may share one, and are revoked together.
            administrator: What its bearer may do.

        Raises:
            ConflictError: This token was added before.
        """
        values = {"sha256": sha256, "name": name, "administrator": administrator}
        try:
            with self._writing() as connection:
                connection.execute(insert(api_tokens).values(id=uuid4().hex, created_at=datetime.now(UTC), **values))
        except IntegrityError as error:
            raise ConflictError("this token was added before") from error

    def find_token(self, sha256: str) -> Token | None:
        """Return the token with this digest.

        Returns:
            None when it is unknown or revoked.
        """
        statement = select(api_tokens).where(api_tokens.c.sha256 == sha256, api_tokens.c.revoked_at.is_(None))
        with self._reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Token(row.id, row.name, row.administrator, row.created_at)

    def has_tokens(self, name: str) -> bool:
        """Say whether a token of this name was ever added.

        Returns:
            True also when all of them are revoked.
        """
        statement = select(api_tokens.c.id).where(api_tokens.c.name == name).limit(1)
        with self._reading() as connection:
            return connection.scalar(statement) is not None

    def revoke_tokens(self, name: str) -> int:
        """Take every token of this name out of force.

        Returns:
            How many were in force.
        """
        statement = update(api_tokens).where(api_tokens.c.name == name, api_tokens.c.revoked_at.is_(None))
        with self._writing() as connection:
            return connection.execute(statement.values(revoked_at=datetime.now(UTC))).rowcount
