"""Credential -> Principal."""

import hashlib
import secrets
from dataclasses import dataclass

from retrieval.catalog import Catalog
from retrieval.types import Principal

ADMINISTRATOR_TOKEN = "administrator"  # noqa: S105 - the token's name, not its value
LOCAL = Principal(id="u:local", administrator=True)
"""Who holds the loopback token: whoever may read the data directory on this machine."""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Knows two kinds of bearer token: the loopback token of this process, and hashed ones in the catalog."""

    catalog: Catalog
    loopback_token: str

    def principal(self, token: str) -> Principal | None:
        """Return whose token this is; None for a wrong or revoked one."""
        if secrets.compare_digest(token.encode(), self.loopback_token.encode()):
            return LOCAL
        found = self.catalog.find_token(_digest(token))
        if found is None:
            return None
        return Principal(id=f"u:token-{found.id}", administrator=found.administrator)

    def first_administrator_token(self) -> str | None:
        """Make the administrator token at the first start; it is returned once and kept only as a hash.

        Returns:
            The token, or None when one was handed out before.
        """
        if self.catalog.has_tokens(ADMINISTRATOR_TOKEN):
            return None
        return self.new_administrator_token()

    def new_administrator_token(self) -> str:
        """Make a new administrator token; the ones before it stop working at once.

        Returns:
            The token; it cannot be shown again.
        """
        self.catalog.revoke_tokens(ADMINISTRATOR_TOKEN)
        token = "attune_" + secrets.token_urlsafe(32)
        self.catalog.add_token(_digest(token), ADMINISTRATOR_TOKEN, administrator=True)
        return token


def _digest(token: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
