"""Refusals of requests that reach no route, in the shape that their client reads."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from app.errors import problem
from app.routes.openai_errors import told

OF_OPENAI = ("/v1/chat/", "/v1/embeddings", "/v1/models")
_TITLES = {413: "Too large", 429: "Too many requests", 503: "Overloaded"}


def refusal(scope: Scope, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Make the response that refuses a request.

    Returns:
        A problem body; an error of the OpenAI API for its clients.
    """
    if scope["path"].startswith(OF_OPENAI):
        error = told(HTTPException(status, detail))[1].model_dump()
        return JSONResponse({"error": error}, status_code=status, headers=headers)
    return problem(status, _TITLES.get(status, "Request refused"), detail, dict(headers or {}))
