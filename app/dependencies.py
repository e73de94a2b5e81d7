"""What a route may ask for."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.auth import LOCAL
from app.bootstrap import Services
from retrieval.types import Principal

_bearer = HTTPBearer(auto_error=False, description="The administrator token printed at the first start.")


def services(request: Request) -> Services:
    """The services the application was made with."""
    found: Services = request.app.state.services
    return found


def principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Find out who asks.

    Returns:
        The bearer of the token.

    Raises:
        HTTPException: 401 without a valid bearer token.
    """
    found = services(request).authenticator.principal(credentials.credentials) if credentials else None
    if found is None:
        raise HTTPException(401, "a valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
    return found


async def bearer(request: Request) -> Principal:
    """Find out who asks, for what is no route of FastAPI's.

    Returns:
        The bearer of the token.
    """
    return await run_in_threadpool(principal, request, await _bearer(request))


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
        HTTPException: 401 without a valid bearer token, 403 for who is no administrator.
    """
    if not services(request).settings.metrics_public:
        administrator(principal(request, credentials))


ServicesDep = Annotated[Services, Depends(services)]
PrincipalDep = Annotated[Principal, Depends(principal)]
AdministratorDep = Annotated[Principal, Depends(administrator)]
LocalDep = Annotated[Principal, Depends(local)]
ScraperDep = Annotated[None, Depends(scraper)]
