"""What is done to every response: headers, and a count."""

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.dependencies import ENDED
from app.refusals import refusal
from app.security_headers import encoded_security_headers

if TYPE_CHECKING:
    from app.bootstrap import Services

TOO_LARGE = 413


class Rim:
    """Puts security headers on every response and counts it.

    Plain ASGI: Starlette's BaseHTTPMiddleware takes half a millisecond a request and hides that a client has left.
    """

    def __init__(self, app: ASGIApp, services: "Services") -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # an error that no handler of ours knows is answered outside of here
        replaced = False

        async def sending(message: Message) -> None:
            nonlocal status, replaced
            if message["type"] == "http.response.start":
                headers = [(name.lower(), value) for name, value in message.get("headers", ())]
                set_already = dict(headers)
                status = message["status"]
                media_type = set_already.get(b"content-type", b"")
                if status == TOO_LARGE and media_type.startswith(b"text/plain"):
                    # Refused before it reached a route, so no handler of ours made the body.
                    await refusal(scope, TOO_LARGE, "the body of the request is larger than is taken")(
                        scope, receive, sending
                    )
                    replaced = True
                    return
                ours = encoded_security_headers(scope["scheme"], media_type)
                message["headers"] = headers + [pair for pair in ours if pair[0] not in set_already]
            if not replaced:
                await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if ended := scope.get(ENDED):
                ended()
            route = getattr(scope.get("route"), "path", None)
            self._services.observing.telemetry.request(scope["method"], route, status)
