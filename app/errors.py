"""Our error type -> HTTP status and problem body (RFC 9457), one table."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.approvals import SecondPersonError
from app.identity.errors import ProviderError, SignInRefusedError
from app.limits import LimitedError
from app.security_headers import security_headers
from ingestion.sources.upload_part import UploadBusyError, UploadExpiredError
from retrieval.errors import (
    AttuneError,
    BusyError,
    CancelledError,
    ConflictError,
    DataDirectoryError,
    DocumentError,
    InvalidInputError,
    ModelError,
    NotFoundError,
    ResourceLimitError,
    SourceError,
    StorageFullError,
    UnsupportedError,
    VectorIndexError,
)

STATUS: dict[type[AttuneError], tuple[int, str]] = {
    LimitedError: (429, "Too many requests"),
    SecondPersonError: (403, "Another person is needed"),
    SignInRefusedError: (403, "Sign-in refused"),
    ProviderError: (502, "Provider unavailable"),
    UploadExpiredError: (410, "Gone"),
    NotFoundError: (404, "Not found"),
    InvalidInputError: (422, "Invalid input"),
    UploadBusyError: (423, "Locked"),
    ConflictError: (409, "Conflict"),
    ResourceLimitError: (413, "Too large"),
    UnsupportedError: (415, "Unsupported kind of file"),
    DocumentError: (422, "Unreadable document"),
    SourceError: (502, "Source unavailable"),
    ModelError: (503, "Model unavailable"),
    VectorIndexError: (503, "Index unavailable"),
    DataDirectoryError: (503, "Storage unavailable"),
    StorageFullError: (507, "Storage full"),
    CancelledError: (503, "Stopped"),
    BusyError: (503, "Busy"),
    AttuneError: (500, "Internal error"),
}
"""Status and title by error type; the nearest base class counts."""

PROBLEM = "application/problem+json"
_RETRY_AFTER_S = 5


class Problem(BaseModel):
    """What every error looks like (RFC 9457)."""

    type: str = Field(default="about:blank", description="Always about:blank: the status says what kind it is.")
    title: str = Field(examples=["Invalid input"])
    status: int = Field(examples=[422])
    detail: str = Field(description="What was wrong, in words.", examples=["the question is empty"])


def described(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return responses with problem bodies for the API's description, from what each status means."""
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"model": Problem, "description": description, "content": content}
        for status, description in descriptions.items()
    }


RESPONSES = described({
    400: "The body cannot be read",
    401: "No valid credential",
    403: "Not for this caller",
    404: "Not found, or not for this caller to know of",
    409: "Not as things are",
    413: "Too large",
    422: "Invalid input",
    429: "Too many requests; `Retry-After` says when to try again",
    503: "Overloaded, or a part of the server is unavailable; `Retry-After` says when to try again",
    507: "The disk is full",
})
"""What any route may answer besides, for the API's description."""


def status_of(error: AttuneError) -> tuple[int, str]:
    """Look an error up in the table.

    Returns:
        HTTP status and title.
    """
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def headers_of(error: AttuneError) -> dict[str, str] | None:
    """Return the headers of its response: when to try again, where that can help."""
    if isinstance(error, LimitedError):
        return {"Retry-After": str(error.retry_after_s)}
    return {"Retry-After": str(_RETRY_AFTER_S)} if status_of(error)[0] == 503 else None


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Make a problem response."""
    body = Problem(title=title, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status_code=status, media_type=PROBLEM, headers=headers)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem body."""

    @app.exception_handler(AttuneError)
    def _ours(_request: Request, error: AttuneError) -> JSONResponse:
        status, title = status_of(error)
        return problem(status, title, str(error), headers_of(error))

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # The offending value is not repeated: it may be a whole document or a secret.
        details = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        return problem(422, "Invalid input", "; ".join(details[:10]))

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, "Request refused", str(error.detail), headers)

    @app.exception_handler(Exception)
    def _last_resort(request: Request, error: Exception) -> JSONResponse:
        # The log holds the trace; the caller learns nothing about our insides.
        structlog.get_logger().error("unexpected", path=request.url.path, exc_info=error)
        # Made outside of whatever else puts headers on responses.
        # The connection is closed behind it, which a client that would use it again has to be told.
        headers = dict(security_headers(request.url.scheme, PROBLEM)) | {"Connection": "close"}
        return problem(500, "Internal error", "something went wrong here; the server's log says what", headers)
