"""Connections: one request at a time, in no words that two readers could understand differently, and not too slowly."""

import asyncio
import re

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.errors import PROBLEM, Problem
from app.security_headers import security_headers

MAX_HEAD_BYTES = 32 * 2**10
"""Longest head of a request: its address and all its headers."""

_TARGET = re.compile(rb"/[!\"$-~]*")  # a path on this server, and no other server's address
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_NO_UPGRADE = b"\r\nX-Upgrade:"
_INVALID = "Invalid HTTP request received."


class _RefusedError(Exception):
    """What has come is refused, in these words."""


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 that waits so long and no longer for the head of a request, and for a client to take what it was sent.

    uvicorn waits for both for ever, takes any number of requests before it has answered one, heads of any length, and
    much that a proxy before it may have read as something else (request smuggling). Whoever sends a request before the
    last one is answered has to send it again on another connection.
    """

    timeout_s = 20.0
    _client_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _vain_bytes = 0  # that came since something was complete: httptools keeps them, and counts nothing
    _has_head = False
    _is_whole = True
    _is_over = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_client()

    def data_received(self, data: bytes) -> None:
        """Take what has come; it may be a head, or the beginning of one."""
        if self._is_over:
            return
        self._unset_keepalive_if_required()
        if self._is_whole and not self._is_answering():
            self._await_client()
        if self._is_whole and not self._vain_bytes:
            data = _staying(data)
        self._vain_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            refused = error.__context__
            self._give_up(str(refused) if isinstance(refused, _RefusedError) else _INVALID)
            return
        if self._vain_bytes > MAX_HEAD_BYTES:
            self._give_up(_INVALID)

    def on_message_begin(self) -> None:
        """Begin a request.

        Raises:
            _RefusedError: The last one is not answered yet.
        """
        if self._is_answering():
            raise _RefusedError
        self._is_whole = self._has_head = False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers, which come after the head was acted upon, are dropped."""
        if not self._has_head:
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Have the request served.

        Raises:
            _RefusedError: It is none that is served here, or another might read it differently.
        """
        self._check_head()
        self._has_head = True
        self._progress()
        self._client_timer = _cancelled(self._client_timer)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._progress()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._is_whole = True
        self._progress()
        self._client_timer = _cancelled(self._client_timer)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, or first for the rest of a body that nobody needed."""
        super().on_response_complete()
        if not self._is_whole:
            self._await_client()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with the headers and the body of every error: no application sees it."""
        body = Problem(title="Bad request", status=400, detail=msg).model_dump_json()
        headers = {"Content-Type": PROBLEM, "Content-Length": str(len(body)), "Connection": "close"}
        headers |= security_headers(self.scheme or "http", PROBLEM)
        lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in headers.items()), "", body]
        self.transport.write("\r\n".join(lines).encode())
        self.transport.close()

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what it was sent."""
        super().pause_writing()
        self._write_timer = self._write_timer or self.loop.call_later(self.timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: it has taken enough."""
        self._write_timer = _cancelled(self._write_timer)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._client_timer = _cancelled(self._client_timer)
        self._write_timer = _cancelled(self._write_timer)
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        if self.scope["http_version"] == "1.0":
            app = _unchunked(app, cycle)
        super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]  # its types are starlette's in other words

    def _check_head(self) -> None:
        names = [name for name, _ in self.headers]
        version = self.parser.get_http_version()
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            raise _RefusedError("The head of the request is too long.")
        if version not in {"1.0", "1.1"}:
            raise _RefusedError("This server speaks HTTP/1.1.")
        if _TARGET.fullmatch(self.url) is None:
            raise _RefusedError("The target of a request is a path on this server.")
        if self.parser.should_upgrade():
            # Its body would be read as the other protocol's; ``_staying`` did not see its head in one piece.
            raise _RefusedError("This server speaks HTTP/1.1 and changes to no other protocol: send no Upgrade.")
        if names.count(b"host") != 1 and (version == "1.1" or b"host" in names):
            raise _RefusedError("A request has one header Host.")
        if codings and (version == "1.0" or codings != [b"chunked"]):
            raise _RefusedError("The only Transfer-Encoding is chunked.")

    def _give_up(self, reason: str) -> None:
        """Take nothing more; say why, unless that would end up amid the response before."""
        self._is_over = True
        if not self._is_answering():
            self.logger.warning(reason)
            self.send_400_response(reason)
        elif self._is_whole:
            self.cycle.keep_alive = False  # closed behind the response
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.close()
            else:
                self.send_400_response(reason)

    def _is_answering(self) -> bool:
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not _is_all_sent(cycle)

    def _progress(self) -> None:
        self._vain_bytes = 0

    def _await_client(self) -> None:
        self._client_timer = self._client_timer or self.loop.call_later(self.timeout_s, self.transport.abort)


def _is_all_sent(cycle: RequestResponseCycle) -> bool:
    """Say whether a client has all of a response of known length; its next request waits for the application to end."""
    known = cycle.response_started and cycle.keep_alive and not cycle.chunked_encoding
    return bool(known and cycle.expected_content_length == 0)


def _staying(data: bytes) -> bytes:
    """Take the offer of another protocol out of a head; Java's client makes it, and it need not be taken up (RFC 9110).

    Returns:
        The same, the header under another name; what holds no whole head as it is.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(_NO_UPGRADE, head) + end + rest if end else data


def _unchunked(app: ASGIApp, cycle: RequestResponseCycle) -> ASGIApp:
    """Have a response of unknown length end with its connection, for clients of HTTP/1.0, which know no chunks.

    Returns:
        The application for such a client.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        is_known = True

        async def sending(message: Message) -> None:
            nonlocal is_known
            if message["type"] == "http.response.start":
                is_known = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
                cycle.chunked_encoding = None if is_known else False
            elif not is_known:
                cycle.expected_content_length = len(message.get("body", b""))  # of this piece, which is all of it
            await send(message)

        await app(scope, receive, sending)

    return served


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None
