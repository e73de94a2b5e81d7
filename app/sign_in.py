"""Sign-ins: a password becomes a session, and a session a cookie."""

from fastapi import HTTPException, Request, Response

from app.auth import NOBODY, Caller
from app.bootstrap import Services
from app.dependencies import SESSION_COOKIE, address_of
from app.identity.names import normal_name
from app.identity.passwords import hashed, matches, outdated
from app.identity.users import User
from retrieval.errors import ConflictError

WRONG = "name or password is wrong"


def begin_session(services: Services, user: User, request: Request, response: Response) -> Caller:
    """Begin a session, and have the browser keep its cookie.

    Returns:
        Who asks from now on.

    Raises:
        HTTPException: 401: the user was suspended this moment.
    """
    settings, address = services.settings, address_of(request)
    services.sessions.tidy(idle=settings.session_idle)
    session, secret = services.sessions.begin(user.id, lasts=settings.session_lasts, address=address)
    caller = services.authenticator.session(secret, address=address)
    if caller is None:
        raise HTTPException(401, WRONG, headers={"WWW-Authenticate": "Bearer"})
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(settings.session_lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure(services, request),
    )
    # What the rest of this request reads: the page wants the token that goes with the cookie.
    request.cookies[SESSION_COOKIE] = secret
    services.audit_log.append(
        "session.begin", f"user:{user.id}", caller=caller, details={"until": session.expires_at.isoformat()}
    )
    return caller


def end_cookie(services: Services, request: Request, response: Response) -> None:
    """Have the browser forget the cookie."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=is_secure(services, request))


def sign_in(services: Services, name: str, password: str, request: Request, response: Response) -> Caller:
    """Begin the session of whoever has this name and password.

    Returns:
        Who asks from now on.

    Raises:
        HTTPException: 401, the same for an unknown name, a wrong password and a suspended user, after the same time.
    """
    address = address_of(request)
    user = services.users.named(name)
    kept = services.users.password(user.id if user else "")
    right = matches(password, kept)
    if user is None or not right or user.suspended_at is not None:
        # Not the name: people type their password into the wrong field.
        whom = f"user:{user.id}" if user else "user:"
        services.audit_log.append("session.refused", whom, caller=Caller(NOBODY, "", address))
        raise HTTPException(401, WRONG, headers={"WWW-Authenticate": "Bearer"})
    services.attempts.succeeded(normal_name(name), address)
    if kept is not None and outdated(kept):
        fresh = hashed(password)
        if services.users.replace_password(user.id, kept, fresh):
            kept = fresh
    caller = begin_session(services, user, request, response)
    if services.users.password(user.id) != kept:
        # Changed since we looked, and the sessions ended that there were: this one came too late for that.
        services.sessions.end(caller.credential.removeprefix("session:"))
        raise HTTPException(401, WRONG, headers={"WWW-Authenticate": "Bearer"})
    return caller


def session_of(caller: Caller) -> str:
    """Return the id of the session that somebody asks in.

    Raises:
        ConflictError: They ask with a key, or by a command.
    """
    kind, _, session_id = caller.credential.partition(":")
    if kind != "session":
        raise ConflictError("this is not a session: it was not begun by signing in")
    return session_id


def is_secure(services: Services, request: Request) -> bool:
    """Say whether browsers are to send cookies over HTTPS only."""
    return services.settings.secure_cookies or request.url.scheme == "https"
