"""Signing in with an OpenID Connect provider."""

import html
from functools import partial
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from app.bootstrap import Services
from app.dependencies import ServicesDep, address_of
from app.errors import headers_of, problem, status_of
from app.identity.errors import ProviderError, SignInRefusedError
from app.identity.oidc import OidcProvider
from app.identity.oidc_logins import LASTS
from app.oidc_sign_in import sign_in_with
from app.sign_in import is_secure
from retrieval.errors import AttuneError, NotFoundError

router = APIRouter(prefix="/v1/oidc", tags=["session"])

COOKIE = "attune_oidc"
_PATH = "/v1/oidc"
_ERROR = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Attune</title>'
    '<link rel="stylesheet" href="/report.css"></head>'
    '<body><main><h1>{title}</h1><p>{detail}.</p><p><a href="/">Back</a></p></main></body></html>'
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    302: {"description": "Where the browser goes next"},
    403: {"description": "Not signed in; a page for browsers"},
    502: {"description": "The provider cannot be asked; a page for browsers"},
}
Given = Annotated[str, Query(max_length=4096)]


class OidcBody(BaseModel):
    """Whether people may sign in with a provider."""

    enabled: bool
    name: str = Field(description="What the page calls it.")


@router.get("", summary="Is there a provider to sign in with")
def state(services: ServicesDep) -> OidcBody:
    """Say whether people may sign in with an OpenID Connect provider, at `/v1/oidc/login`."""
    return OidcBody(enabled=services.oidc is not None, name=services.settings.oidc_name)


@router.get("/login", status_code=302, response_class=RedirectResponse, responses=_ANSWERS, summary="Sign in elsewhere")
async def login(request: Request, services: ServicesDep) -> Response:
    """Send the browser to the provider; it comes back to `/v1/oidc/callback`, within ten minutes and once."""
    provider = _provider(services)
    services.limits.stranger(address_of(request))
    try:
        return await run_sync(partial(_sent, services, provider, request), limiter=provider.limiter)
    except ProviderError as error:
        return _told(request, error)


@router.get("/callback", status_code=302, response_class=RedirectResponse, responses=_ANSWERS, summary="Come back")
async def callback(
    request: Request,
    services: ServicesDep,
    state: Given = "",
    code: Given = "",
    iss: Given = "",
    error: Given = "",
) -> Response:
    """Take the browser back from the provider: find or make the user, begin a session, go to the page."""
    provider = _provider(services)
    services.limits.stranger(address_of(request))
    given = {"browser": request.cookies.get(COOKIE, ""), "state": state, "code": code, "iss": iss, "error": error}
    response: Response = RedirectResponse("/", status_code=302)
    try:
        signing = partial(sign_in_with, services, provider, given, request, response)
        await run_sync(signing, limiter=provider.limiter)
    except (ProviderError, SignInRefusedError) as refused:
        response = _told(request, refused)
    response.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="lax", secure=is_secure(services, request))
    return response


def _sent(services: Services, provider: OidcProvider, request: Request) -> Response:
    begun, browser = services.oidc_logins.begin()
    response = RedirectResponse(provider.authorization_url(begun), status_code=302)
    response.set_cookie(
        COOKIE,
        browser,
        max_age=int(LASTS.total_seconds()),
        path=_PATH,
        httponly=True,
        samesite="lax",  # not strict: it comes back by a link of the provider's page
        secure=is_secure(services, request),
    )
    return response


def _provider(services: Services) -> OidcProvider:
    if services.oidc is None:
        raise NotFoundError("no provider to sign in with is set up")
    return services.oidc


def _told(request: Request, error: AttuneError) -> Response:
    status, title = status_of(error)
    if "text/html" not in request.headers.get("accept", ""):
        return problem(status, title, str(error), headers_of(error))
    words = {"title": title, "detail": str(error).capitalize()}
    return HTMLResponse(_ERROR.format(**{name: html.escape(value) for name, value in words.items()}), status)
