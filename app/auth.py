"""Credential -> Caller: who asks, by what right, from where."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from retrieval.types import Principal

if TYPE_CHECKING:
    from app.identity.keys import ApiKeys
    from app.identity.sessions import Sessions
    from app.identity.users import Users

LOCAL = Principal(id="u:local", administrator=True, curator=True)
"""Who holds the loopback token: whoever may read the data directory on this machine."""

NOBODY = Principal(id="", groups=frozenset())
"""Who is not known; reads nothing."""

_NOTED_EVERY = timedelta(minutes=1)

Scope = Literal["ask", "curate", "administer"]
"""What an API key may be used for; each is worth no more than what its user may do."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        principal: What access lists are matched with; a key's scopes take away from it, nothing adds to it.
        credential: ``local``, ``key:<id>`` or ``session:<id>``: what limits are counted by and the audit log names.
        address: Where the request came from.
        may_ask: Whether documents and answers are told; not to a key without that scope.
    """

    principal: Principal
    credential: str
    address: str = ""
    may_ask: bool = True

    @property
    def user_id(self) -> str | None:
        """Id of the user who asks; None for the loopback token."""
        return None if self.principal.id == LOCAL.id else self.principal.id.removeprefix("u:")


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Knows three kinds of credentials: the loopback token of this process, API keys, and cookies of sessions.

    Who somebody is, is looked up at every request: what is taken away is gone at the next.

    Attributes:
        idle: After so long without a request a session is over.
    """

    loopback_token: str
    users: "Users"
    keys: "ApiKeys"
    sessions: "Sessions"
    idle: timedelta = timedelta(hours=12)

    def bearer(self, token: str, *, address: str) -> Caller | None:
        """Return whose bearer token this is; None for a wrong, expired or revoked one, and one of a suspended user."""
        given = token.encode(errors="replace")
        if secrets.compare_digest(given, self.loopback_token.encode()):
            return Caller(LOCAL, "local", address)
        key = self.keys.find(token)
        principal = None if key is None else self.users.principal(key.user_id)
        if key is None or principal is None:
            return None
        now = datetime.now(UTC)
        if key.seen_at is None or key.seen_at + _NOTED_EVERY <= now:
            self.keys.seen(key.id, now)
        return Caller(key.limits(principal), f"key:{key.id}", address, "ask" in key.scopes)

    def session(self, secret: str, *, address: str) -> Caller | None:
        """Return whose session this is the cookie of; None for a wrong one, one that is over, and a suspended user."""
        found = self.sessions.find(secret, idle=self.idle)
        principal = None if found is None else self.users.principal(found.user_id)
        return None if found is None or principal is None else Caller(principal, f"session:{found.id}", address)

    def current(self, principal: Principal) -> Principal:
        """Return the principal as it is at this moment; one who reads nothing when it is gone or suspended."""
        if principal.id == LOCAL.id:
            return principal
        return self.users.principal(principal.id.removeprefix("u:")) or NOBODY

    def still(self, caller: Caller) -> Principal:
        """Return who a caller is at this moment: nobody, too, when their key or session is not in force any more."""
        kind, _, credential_id = caller.credential.partition(":")
        if kind == "key":
            key = self.keys.in_force(credential_id)
            return NOBODY if key is None else key.limits(self.current(caller.principal))
        if kind == "session" and not self.sessions.in_force(credential_id):
            return NOBODY
        return self.current(caller.principal)
