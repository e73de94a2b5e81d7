"""The HTTP application."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from app import errors
from app.bootstrap import Services
from app.checkup import call_doctor
from app.routes import (
    answers,
    backups,
    doctor,
    documents,
    evaluations,
    feedback,
    golden,
    health,
    ingestions,
    monitoring,
    page,
    quality,
    search,
    sources,
    tokens,
    uploads,
)

DESCRIPTION = "Cited answers over private documents. Every error is a problem body (RFC 9457)."

TOO_LARGE = 413

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


ROUTES = (
    answers,
    backups,
    doctor,
    evaluations,
    feedback,
    golden,
    search,
    documents,
    ingestions,
    sources,
    tokens,
    uploads,
    health,
    monitoring,
    quality,
    page,
)
"""In the order in which the API's description shows them."""


def create_app(services: Services) -> FastAPI:
    """Make the application on some services.

    Returns:
        An ASGI application.
    """
    problems: dict[int | str, dict[str, Any]] = {
        status: {
            "model": errors.Problem,
            "description": description,
            "content": {errors.PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, description in {
            401: "No valid token",
            404: "Not found",
            413: "Too large",
            422: "Invalid input",
        }.items()
    }
    app = FastAPI(
        title="Attune",
        version=version("attune"),
        description=DESCRIPTION,
        docs_url=None,  # the stock page loads its script from a third-party host
        redoc_url=None,
        responses=problems,
    )
    app.state.services = services
    app.state.doctor = call_doctor(services)
    errors.install(app)
    for routes in ROUTES:
        app.include_router(routes.router, max_body_size=services.settings.upload_max_bytes)

    _install_middleware(app, services)
    return app


def _install_middleware(app: FastAPI, services: Services) -> None:
    @app.middleware("http")
    async def counted_and_secured(request: Request, call_next: RequestResponseEndpoint) -> Response:
        # An error that no handler of ours knows is answered outside of here.
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
        finally:
            route = request.scope.get("route")
            services.observing.telemetry.request(request.method, getattr(route, "path", None), status)
        if response.status_code == TOO_LARGE and response.headers.get("content-type") != errors.PROBLEM:
            # Refused before it reached a route, so no handler of ours made the body.
            response = errors.problem(TOO_LARGE, "Too large", "the body of the request is larger than is taken")
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
