"""The HTTP application."""

import threading
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from app import errors
from app.admission import Admission, questions_at_once
from app.bootstrap import Services
from app.checkup import call_doctor
from app.forget import forgetting
from app.intake import Intake
from app.mcp_server import PATH, McpServer
from app.rim import Rim
from app.routes import (
    access,
    answers,
    approvals,
    assistants,
    audit,
    backups,
    collections,
    conversations,
    directory,
    doctor,
    documents,
    erasures,
    evaluations,
    feedback,
    golden,
    groups,
    guards,
    health,
    ingestions,
    keys,
    learning,
    monitoring,
    oidc,
    openai_api,
    originals,
    page,
    pages,
    quality,
    review,
    search,
    session,
    sessions,
    setup,
    sources,
    suggestions,
    training,
    uploads,
    users,
)
from retrieval.errors import VectorIndexError
from retrieval.index import VectorIndex
from retrieval.types import Principal

DESCRIPTION = "Cited answers over private documents. Every error is a problem body (RFC 9457)."

ROUTES = (
    answers,
    openai_api,
    conversations,
    assistants,
    suggestions,
    backups,
    doctor,
    audit,
    erasures,
    evaluations,
    feedback,
    golden,
    review,
    search,
    collections,
    documents,
    originals,
    pages,
    access,
    ingestions,
    sources,
    uploads,
    session,
    sessions,
    oidc,
    setup,
    users,
    groups,
    keys,
    directory,
    approvals,
    learning,
    health,
    monitoring,
    quality,
    guards,
    training,
    page,
)
"""In the order in which the API's description shows them."""


def create_app(services: Services) -> FastAPI:
    """Make the application on some services.

    Returns:
        An ASGI application.
    """
    mcp = McpServer(services)
    app = FastAPI(
        title="Attune",
        version=version("attune"),
        description=DESCRIPTION,
        docs_url=None,  # the stock page loads its script from a third-party host
        redoc_url=None,
        redirect_slashes=False,  # they would lead wherever the Host header says
        responses=errors.RESPONSES,
        lifespan=mcp.lifespan,
    )
    app.state.services = services
    app.state.doctor = call_doctor(services)
    app.state.forgetting = forgetting(services, app.state.doctor)
    threading.Thread(target=_count_words, args=(services.index,), name="count-words", daemon=True).start()
    errors.install(app)
    settings = services.settings
    for routes in ROUTES:
        takes_files = routes in {documents, uploads}
        limit = settings.upload_max_bytes if takes_files else settings.json_max_bytes
        app.include_router(routes.router, max_body_size=limit)
    app.router.routes.append(Route(PATH, mcp, include_in_schema=False))
    app.add_middleware(Intake, services=services)
    app.add_middleware(Admission, settings=settings, questions=questions_at_once(settings))
    app.add_middleware(Rim, services=services)
    return app


def description() -> dict[str, Any]:
    """Return the API's OpenAPI document without a server: what the client of the page is generated from."""
    app = FastAPI(title="Attune", version=version("attune"), description=DESCRIPTION, responses=errors.RESPONSES)
    for routes in ROUTES:
        app.include_router(routes.router)
    return app.openapi()


def _count_words(index: VectorIndex) -> None:
    """Have the index count its words before somebody waits for it: the first search does, in seconds if it is large."""
    with suppress(VectorIndexError):  # closed meanwhile
        index.search(None, "words", principal=Principal("u:nobody"), limit=1)
