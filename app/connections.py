"""Connections whose clients take or send too slowly are closed: each holds a socket, and maybe a place."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.security_headers import security_headers

MAX_HEAD_BYTES = 32 * 2**10
"""Longest head of a request: its address and all its headers."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that waits so long and no longer for the head of a request, and for a client to take what it was sent.

    uvicorn waits for both for ever.
    """

    timeout_s = 20.0
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what has come; it may be a head, or the beginning of one."""
        if self._head_timer is None and self.conn.their_state is h11.IDLE:
            self._await_head()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_timer = _cancelled(self._head_timer)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with the headers of every response: no application sees it."""
        headers = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
        headers |= security_headers(self.scheme or "http", headers["Content-Type"])
        said = [(name.encode(), value.encode()) for name, value in headers.items()]
        for event in (
            h11.Response(status_code=400, headers=said, reason=b"Bad Request"),
            h11.Data(data=msg.encode()),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event))
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
        self._head_timer = _cancelled(self._head_timer)
        self._write_timer = _cancelled(self._write_timer)
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.timeout_s, self.transport.abort)


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None
