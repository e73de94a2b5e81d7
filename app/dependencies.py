"""What a route may ask for."""

import secrets
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.auth import LOCAL, Caller
from app.bootstrap import Services
from app.identity.sessions import csrf_token
from retrieval.types import Principal

SESSION_COOKIE = "attune_session"
CSRF_HEADER = "X-CSRF-Token"
ENDED = "attune.ended"
"""In the scope of a request whose caller is known: what is called when it has been answered."""

_CALLER = "attune.caller"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_bearer = HTTPBearer(auto_error=False, description="An API key.")


def services(request: Request) -> Services:
    """The services the application was made with."""
    found: Services = request.app.state.services
    return found


async def _services(request: Request) -> Services:
    return services(request)


def address_of(request: Request) -> str:
    """Where a request came from."""
    return request.client.host if request.client else ""


def caller(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    """Find out who asks, and by what right.

    Returns:
        The caller.

    Raises:
        HTTPException: 401 without a valid credential, 403 for a change by cookie that a foreign page may have sent.
        LimitedError: There were too many requests.
    """
    known: Caller | None = request.scope.get(_CALLER)
    if known is not None:
        return known
    address = address_of(request)
    authenticator = services(request).authenticator
    found = None
    # A header counts alone: a wrong key is not made good by a cookie.
    if "authorization" in request.headers:
        found = authenticator.bearer(credentials.credentials, address=address) if credentials else None
    elif cookie := request.cookies.get(SESSION_COOKIE):
        found = authenticator.session(cookie, address=address)
        if found is not None and request.method not in _SAFE:
            _check_own_page(request, cookie)
    limits = services(request).limits
    if found is None:
        limits.stranger(address)
        raise HTTPException(401, "sign in, or send an API key", headers={"WWW-Authenticate": "Bearer"})
    limits.request(found)
    request.scope[ENDED] = limits.working(found)
    request.scope[_CALLER] = found
    return found


def check_own_origin(request: Request) -> None:
    """Let what a browser sends pass when it comes from our own page, and whatever no browser sends.

    Raises:
        HTTPException: 403: another site's page had the browser send it.
    """
    # Browsers say this over HTTPS and to localhost; elsewhere there is only the origin to compare.
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_own = (
        site in {"same-origin", "none"}
        if site
        else origin is None or _host(origin) == request.headers.get("host", "").lower()
    )
    if not is_own:
        raise HTTPException(403, "this was sent by the page of another site")


def _host(origin: str) -> str:
    return origin.partition("://")[2].lower()


def _check_own_page(request: Request, cookie: str) -> None:
    check_own_origin(request)
    # Browsers send the cookie with whatever any page asks for; the token only our own page can know.
    given = request.headers.get(CSRF_HEADER, "").encode(errors="replace")
    if not secrets.compare_digest(given, csrf_token(cookie).encode()):
        raise HTTPException(403, f"a change needs the header {CSRF_HEADER} of the session")


async def principal(found: Annotated[Caller, Depends(caller)]) -> Principal:
    """Find out who asks.

    Returns:
        The principal.
    """
    return found.principal  # on the event loop, as all that waits for nothing: a thread costs more than this


def asker(found: Annotated[Caller, Depends(caller)]) -> Caller:
    """Find out who asks, by a credential that documents and answers may be told to.

    Returns:
        The caller.

    Raises:
        HTTPException: 403 for a key without the scope ``ask``.
    """
    if not found.may_ask:
        raise HTTPException(403, "this key has not the scope ask")
    return found


async def bearer(request: Request) -> Caller:
    """Find out who asks, for what is no route of FastAPI's.

    Returns:
        The caller.
    """
    return await run_in_threadpool(caller, request, await _bearer(request))


def administrator(found: Annotated[Principal, Depends(principal)]) -> Principal:
    """Find out who asks, an administrator or nobody.

    Returns:
        The administrator.

    Raises:
        HTTPException: 403 otherwise.
    """
    if not found.administrator:
        raise HTTPException(403, "only an administrator may do this")
    return found


async def answering(request: Request, found: Annotated[Caller, Depends(caller)]) -> AsyncIterator[None]:
    """Hold one of the caller's places for an answer until the response has been sent."""
    with services(request).limits.answering(found):
        yield


def local(found: Annotated[Principal, Depends(principal)]) -> Principal:
    """Find out who asks, a command on this machine that can read the data directory or nobody.

    Returns:
        The command's principal.

    Raises:
        HTTPException: 403 otherwise: nobody else may have the server read paths of its machine.
    """
    if found.id != LOCAL.id:
        raise HTTPException(403, "only a command on the server's own machine may do this")
    return found


def scraper(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
    """Let an administrator pass, and anybody where metrics are public.

    Raises:
        HTTPException: 401 without a valid credential, 403 for who is no administrator.
    """
    if not services(request).settings.metrics_public:
        administrator(caller(request, credentials).principal)


ServicesDep = Annotated[Services, Depends(_services)]
CallerDep = Annotated[Caller, Depends(caller)]
PrincipalDep = Annotated[Principal, Depends(principal)]
AdministratorDep = Annotated[Principal, Depends(administrator)]
LocalDep = Annotated[Principal, Depends(local)]
ScraperDep = Annotated[None, Depends(scraper)]
