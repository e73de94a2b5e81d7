"""Errors in the shape that clients of the OpenAI API read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.errors import RESPONSES, headers_of, status_of
from retrieval.errors import AttuneError, NotFoundError

_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


class UnknownModelError(NotFoundError):
    """There is no model of this name, or this reader may not know that there is."""

    def __init__(self, model: str) -> None:
        super().__init__(f"no model {model}; GET /v1/models lists those that answer")


class OpenAIErrorBody(BaseModel):
    """What was wrong."""

    message: str = Field(examples=["n: only 1 is supported"])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = Field(description="Which field of the request, where one was wrong.", examples=["n"])
    code: str | None = Field(description="One lasting word for programs.", examples=["unsupported_parameter"])


class OpenAIErrorsBody(BaseModel):
    """An error as the OpenAI API words it."""

    error: OpenAIErrorBody


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIErrorsBody, "description": description}
    for status, description in {
        400: "Invalid request",
        401: "No valid token",
        403: "Not for this caller",
        404: "No such model",
        409: "Not as things are",
        413: "Too large",
        429: "Too many requests; `Retry-After` says when to try again",
        503: "Overloaded, or a model is unavailable; `Retry-After` says when to try again",
        507: "The disk is full",
    }.items()
}

# What matches no route is told as everything else is.
ERRORS[404]["content"] = RESPONSES[404]["content"]


def told(error: Exception) -> tuple[int, OpenAIErrorBody]:
    """Word an error for a client of the OpenAI API.

    Returns:
        HTTP status and body; what the caller can mend is 400, as that API has it.
    """
    param = code = None
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"][1:] if first["type"] != "json_invalid") or None
        code = first["type"] if first["type"].startswith("unsupported") else None
        reason = str(first["msg"]).removeprefix("Value error, ")
        status, message = 400, f"{param}: {reason}" if param else reason
    elif isinstance(error, AttuneError):
        status, message = status_of(error)[0], str(error)
        if isinstance(error, UnknownModelError):
            param, code = "model", "model_not_found"
    elif isinstance(error, HTTPException):
        status, message = error.status_code, str(error.detail)
    else:
        status, message = 500, "something went wrong here; the server's log says what"
    status = 400 if status == 422 else status
    kind = "invalid_request_error" if status < 500 else "server_error"
    kind = "rate_limit_error" if status == 429 else kind
    return status, OpenAIErrorBody(message=message, type=kind, param=param, code=code or _CODES.get(status))


class OpenAIRoute(APIRoute):
    """A route whose errors have that shape, in place of problem bodies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap what handles a request.

        Returns:
            The handler.
        """
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except (AttuneError, RequestValidationError, HTTPException) as error:
                status, body = told(error)
                headers = error.headers if isinstance(error, HTTPException) else None
                headers = headers_of(error) if isinstance(error, AttuneError) else headers
                return JSONResponse({"error": body.model_dump()}, status_code=status, headers=headers)

        return handled
