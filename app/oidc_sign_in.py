"""Whom a provider names -> a user, in the groups it claims, with a session."""

import secrets

from fastapi import Request, Response

from app.auth import NOBODY, Caller
from app.bootstrap import Services
from app.dependencies import address_of
from app.identity.errors import ProviderError, SignInRefusedError
from app.identity.names import MAX_DISPLAY_CHARS, MAX_NAME_CHARS, checked_display_name, checked_name
from app.identity.oidc import Identity, OidcProvider
from app.identity.users import NewUser, User
from app.sign_in import begin_session
from retrieval.errors import ConflictError, InvalidInputError

_SUFFIX_BYTES = 4


def sign_in_with(
    services: Services, provider: OidcProvider, given: dict[str, str], request: Request, response: Response
) -> None:
    """Begin the session of whoever a provider says has come back.

    Args:
        services: The server's.
        provider: Who says so.
        given: ``browser``, the secret of the cookie, and what came in the URL: ``state``, ``code``, ``iss``, ``error``.
        request: The browser's.
        response: It gets the session's cookie.

    Raises:
        SignInRefusedError: The sign-in was not begun here, the provider's word does not hold, or the user is suspended.
        ProviderError: The provider cannot be asked.
    """
    whom, nobody = "user:", Caller(NOBODY, "", address_of(request))
    try:
        identity = _identity(services, provider, given)
        user = _user(services, identity, nobody)
        whom = f"user:{user.id}"
        _check_in_force(user)
        groups = services.groups.set_claimed(user.id, identity.groups)
        caller = begin_session(services, user, request, response)
    except (SignInRefusedError, ProviderError) as error:
        services.audit_log.append("session.refused", whom, caller=nobody, details={"oidc": error.reason})
        raise
    services.audit_log.append("group.claimed", whom, caller=caller, details={"groups": groups})


def _identity(services: Services, provider: OidcProvider, given: dict[str, str]) -> Identity:
    # Spent before anything else is looked at: whatever comes back, comes back once.
    login = services.oidc_logins.spend(given["state"], given["browser"])
    if login is None:
        raise SignInRefusedError("this sign-in was not begun in this browser in the last minutes", reason="state")
    if given["iss"] and given["iss"] != provider.issuer:  # RFC 9207
        raise SignInRefusedError("somebody else than the provider answered", reason="issuer")
    if given["error"] or not given["code"]:
        raise SignInRefusedError("the provider did not sign you in", reason="provider_refused")
    return provider.identity(given["code"], login)


def _check_in_force(user: User) -> None:
    if user.suspended_at is not None:
        raise SignInRefusedError("this account is suspended", reason="suspended")


def _user(services: Services, identity: Identity, caller: Caller) -> User:
    """Find or make the user; by issuer and subject alone: names and addresses are given to others one day."""
    known = services.users.of_subject(identity.issuer, identity.subject)
    if known is not None:
        return known
    name = _plain_name(identity.name)
    suffix = secrets.token_hex(_SUFFIX_BYTES)
    for candidate in (name, f"{name[: MAX_NAME_CHARS - len(suffix) - 1]}-{suffix}"):
        new = NewUser(
            candidate,
            _plain_display_name(identity.display_name, candidate),
            issuer=identity.issuer,
            subject=identity.subject,
        )
        try:
            made = services.users.create(new)
        except ConflictError:
            # The name is taken, or the same person has just come back in another window.
            known = services.users.of_subject(identity.issuer, identity.subject)
            if known is not None:
                return known
        else:
            services.audit_log.append(
                "user.create", f"user:{made.id}", caller=caller, details={"administrator": False, "oidc": True}
            )
            return made
    raise ConflictError("no name was free for a new user; sign in again")


def _plain_name(name: str) -> str:
    plain = "-".join("".join(c if c.isprintable() else " " for c in name).split())[:MAX_NAME_CHARS]
    try:
        return checked_name(plain)
    except InvalidInputError:
        return "user"


def _plain_display_name(display_name: str, name: str) -> str:
    try:
        return checked_display_name(display_name[:MAX_DISPLAY_CHARS])
    except InvalidInputError:
        return name
