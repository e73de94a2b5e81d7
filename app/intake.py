"""What is taken of a request's body: how much, how fast, and whose."""

import asyncio
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import dependencies
from app.auth import Caller
from app.errors import headers_of
from app.limits import LimitedError, Limits
from app.refusals import refusal

if TYPE_CHECKING:
    from app.bootstrap import Services

FILES = ("multipart/form-data", "application/offset+octet-stream")
UNKNOWN_MAX_BYTES = 2**16
"""Longest body that is read before it is known who sends it: before it takes a place among those at work."""

PLAIN_MAX_BYTES = 32 * 2**20
"""Longest body without a file, whatever route it is for."""

LEAST_BYTES_PER_S = 1024


class Intake:
    """Bounds bodies before any route sees them, for routes read them before they ask who sends them.

    One that may be long is read only from whoever has a valid credential; files count towards their sender's day; one
    that comes too slowly is given up, for it holds a place.
    """

    def __init__(self, app: ASGIApp, services: "Services") -> None:
        self._app = app
        self._limits = services.limits
        self._max_bytes = services.settings.upload_max_bytes
        self._timeout_s = services.settings.client_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        length = body_length(scope) if scope["type"] == "http" else 0
        if not length:
            await self._app(scope, receive, send)
            return
        # In lower case, as those read it who take the body apart.
        files = Headers(scope=scope).get("content-type", "").lower().startswith(FILES)
        sender: Caller | None = None
        try:
            if files or length > UNKNOWN_MAX_BYTES:
                sender = await dependencies.bearer(Request(scope, receive))
            if files and sender is not None:
                self._limits.upload(sender)
        except HTTPException as error:
            await refusal(scope, error.status_code, str(error.detail), error.headers)(scope, receive, send)
        except LimitedError as error:
            await refusal(scope, 429, str(error), headers_of(error))(scope, receive, send)
        else:
            body = _Body(receive, max_bytes=self._max_bytes if files else PLAIN_MAX_BYTES, timeout_s=self._timeout_s)
            counted = body.counted(self._limits, sender) if files and sender is not None else body.next
            await self._app(scope, counted, send)


async def early(scope: Scope, receive: Receive, *, timeout_s: float, all_are_short: bool) -> Receive:
    """Read a short body, so that a client who is slow with it waits without a place.

    Args:
        scope: Of the request.
        receive: The server's.
        timeout_s: Time before the body must have come at ``LEAST_BYTES_PER_S``.
        all_are_short: Whether a long one is refused here; else it is left to be read by whom it is for.

    Returns:
        What gives the body.

    Raises:
        HTTPException: 413 when it is too much, 408 when it is too slow.
    """
    length = body_length(scope)
    if not length or (length > UNKNOWN_MAX_BYTES and not all_are_short):
        return receive
    body, content = _Body(receive, max_bytes=UNKNOWN_MAX_BYTES, timeout_s=timeout_s), bytearray()
    message: Message = {}
    while not body.whole:
        message = await body.next()
        content += message.get("body", b"")
    if message["type"] == "http.request":
        message = {"type": "http.request", "body": bytes(content)}
    came = [message]

    async def given() -> Message:
        return came.pop() if came else await receive()

    return given


def body_length(scope: Scope) -> float:
    """Return how long a body is, or may be."""
    length = 0.0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return float("inf")
        if name == b"content-length":
            length = float(value) if value.isdigit() else float("inf")
    return length


class _Body:
    """A body as it comes, piece by piece."""

    def __init__(self, receive: Receive, *, max_bytes: int, timeout_s: float) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._begun_at: float | None = None
        self._came_bytes = 0
        self.whole = False

    async def next(self) -> Message:
        """Return what comes next.

        Raises:
            HTTPException: 413 when it is too much, 408 when it is too slow.
        """
        if self.whole:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._begun_at = self._begun_at or now
        try:
            async with asyncio.timeout_at(self._begun_at + self._timeout_s + self._came_bytes / LEAST_BYTES_PER_S):
                message = await self._receive()
        except TimeoutError:
            # What is still to come would be taken for the next request.
            raise HTTPException(408, "the body came too slowly", {"Connection": "close"}) from None
        self._came_bytes += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self._came_bytes > self._max_bytes:
            raise HTTPException(413, "the body of the request is larger than is taken")
        return message

    def counted(self, limits: Limits, sender: Caller) -> Receive:
        """Return ``next``, such that what comes counts towards its sender's day."""

        async def receive() -> Message:
            message = await self.next()
            if content := message.get("body"):
                limits.uploaded(sender, len(content))
            return message

        return receive
