"""GET over HTTP, bounded in every direction: where to, how far, how long, how much."""

import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import httpcore

from ingestion.sources.web_address import AddressRules, WebAddress
from ingestion.sources.web_connection import CheckedBackend
from retrieval.errors import ResourceLimitError, UnreadableError

AGENT = "Attune"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 502, 503, 504})
_GONE = frozenset({404, 410})
_MAX_REDIRECTS = 5
_TRIES = 3
_MAX_PAUSE_S = 30.0
_PART_BYTES = 64 * 1024
_NETWORK_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError)

Follow = Callable[[WebAddress], None]
"""Looks at where a redirect leads; raises to stay where it is."""


class GoneError(UnreadableError):
    """The site says that there is no such page."""

    kind = "gone"


class UnreachableError(UnreadableError):
    """The page cannot be had now; whether it still exists is unknown.

    Attributes:
        refused: The site answered, and does not want us (a status of 400 to 499).
    """

    kind = "unreachable"

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class WebLimits:
    """How long a request may take.

    Attributes:
        total_s: From the first look-up to the last byte, redirects included.
        idle_s: Longest silence of a connection.
    """

    total_s: float = 120.0
    idle_s: float = 20.0


@dataclass(frozen=True, slots=True)
class WebResponse:
    """An answer with status 200 whose body is still to be read.

    Attributes:
        address: Where it came from, after redirects.
        headers: Names in lower case.
        body: Unpacked bytes in parts; raises ``ResourceLimitError`` and ``UnreachableError`` on the way.
    """

    address: WebAddress
    headers: Mapping[str, str]
    body: Iterator[bytes]

    @property
    def media_type(self) -> str:
        """What the site calls the body, without parameters; empty where it does not."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def read(self, max_bytes: int) -> bytes:
        """Return the whole body.

        Raises:
            ResourceLimitError: It is longer than ``max_bytes``.
        """
        kept = bytearray()
        for part in self.body:
            kept += part
            if len(kept) > max_bytes:
                raise ResourceLimitError(f"{self.address.url} is larger than {max_bytes / 2**20:,.1f} MB")
        return bytes(kept)


class WebClient:
    """Fetches pages; for one thread at a time.

    Every connection goes to an address that was checked, under the name that was asked for; proxies of the environment
    are not used, cookies not kept.

    Args:
        rules: What may be connected to.
        max_bytes: Longest body, unpacked.
        limits: How long it may take.
        pause: Waits for a number of seconds, between tries.
    """

    def __init__(
        self,
        rules: AddressRules,
        *,
        max_bytes: int,
        limits: WebLimits | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rules = rules
        self._max_bytes = max_bytes
        self._limits = limits or WebLimits()
        self._pause = pause
        self._backend = CheckedBackend(rules)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=4,
            keepalive_expiry=30.0,
            network_backend=self._backend,
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    @contextmanager
    def get(self, address: WebAddress, *, follow: Follow = lambda _: None) -> Iterator[WebResponse]:
        """Get a page.

        Args:
            address: Read by the rules.
            follow: Called with where each redirect leads, after the rules have allowed it.

        Yields:
            The answer, its body still to be read.

        Raises:
            ForbiddenAddressError: It, or what it redirects to, may not be fetched.
            GoneError: There is no such page.
            UnreachableError: It cannot be had now.
            UnreadableError: The site refuses it, or sends it in a form that nobody asked for.
        """
        self._backend.deadline = time.monotonic() + self._limits.total_s
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._answered(address)
            try:
                if response.status not in _REDIRECTS:
                    _check_status(response.status, address)
                    yield WebResponse(address, _headers(response), self._body(response, address))
                    return
                there = _headers(response).get("location", "")
            finally:
                response.close()
            address = self.rules.read(there, base=address)
            follow(address)
        raise UnreadableError(f"{address.url} redirects more than {_MAX_REDIRECTS} times")

    def _answered(self, address: WebAddress) -> httpcore.Response:
        """Ask, and again after a while where the site is busy.

        Returns:
            Its last answer; to be closed.

        Raises:
            UnreachableError: There is none.
        """
        again = 0
        while True:
            last = again == _TRIES - 1
            pause_s = 2.0**again
            again += 1
            try:
                response = self._asked(address)
            except _NETWORK_ERRORS as error:
                if last or time.monotonic() > self._backend.deadline:
                    raise UnreachableError(f"{address.url} cannot be reached: {_words(error)}") from error
            else:
                if last or response.status not in _BUSY:
                    return response
                pause_s = _retry_after_s(response, pause_s)
                response.close()
            self._pause(min(pause_s, max(0.0, self._backend.deadline - time.monotonic())))

    def _asked(self, address: WebAddress) -> httpcore.Response:
        silence_s = self._limits.idle_s
        request = httpcore.Request(
            "GET",
            httpcore.URL(
                scheme=address.scheme.encode(),
                host=address.host.encode(),
                port=address.port,
                target=address.target.encode(),
            ),
            headers={
                "Host": address.authority,
                "User-Agent": AGENT,
                "Accept": "text/html, application/xhtml+xml, */*;q=0.8",
                "Accept-Encoding": "gzip",
            },
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), silence_s)},
        )
        return self._pool.handle_request(request)

    def _body(self, response: httpcore.Response, address: WebAddress) -> Iterator[bytes]:
        packing = _headers(response).get("content-encoding", "identity").strip().lower()
        if packing not in {"identity", "", "gzip", "x-gzip"}:
            raise UnreadableError(f"{address.url} comes packed as {packing!r}, which nobody asked for")
        parts = self._raw(response, address)
        size_bytes = 0
        for part in unpacked(parts, address.url) if packing.endswith("gzip") else parts:
            size_bytes += len(part)
            if size_bytes > self._max_bytes:
                raise ResourceLimitError(f"{address.url} is larger than {self._max_bytes / 2**20:,.1f} MB")
            yield part

    def _raw(self, response: httpcore.Response, address: WebAddress) -> Iterator[bytes]:
        try:
            yield from response.iter_stream()
        except _NETWORK_ERRORS as error:
            raise UnreachableError(f"{address.url} broke off: {_words(error)}") from error


def unpacked(parts: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Unpack gzip, a little at a time: whoever adds the parts up decides when it is too much.

    Args:
        parts: The packed bytes.
        name: Of what is unpacked, for people.

    Yields:
        Parts of 64 KiB at most.

    Raises:
        UnreadableError: It is damaged or cut off.
    """
    stream = zlib.decompressobj(wbits=31)
    begun = False
    for packed in parts:
        rest = packed
        while rest:
            begun = True
            try:
                part = stream.decompress(rest, _PART_BYTES)
            except zlib.error as error:
                raise UnreadableError(f"{name} is damaged: it cannot be unpacked") from error
            if part:
                yield part
            rest = stream.unconsumed_tail
            if stream.eof:
                # Another member may follow; zeros that fill a block up are none.
                rest = stream.unused_data.lstrip(b"\0")
                stream, begun = zlib.decompressobj(wbits=31), False
    if begun:
        raise UnreadableError(f"{name} is cut off")


@cache
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()  # reads some hundred certificates


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _check_status(status: int, address: WebAddress) -> None:
    if status in _GONE:
        raise GoneError(f"{address.url} is not there any more (HTTP {status})")
    if status in {401, 403, 407, 451}:
        raise UnreachableError(f"{address.url} is not for everybody (HTTP {status})", refused=True)
    if status != 200:
        # 429 is no refusal: it says that it may be asked later.
        refused = 400 <= status < 500 and status not in _BUSY
        raise UnreachableError(f"{address.url} answers HTTP {status}", refused=refused)


def _retry_after_s(response: httpcore.Response, otherwise_s: float) -> float:
    said = _headers(response).get("retry-after", "")
    return min(float(said), _MAX_PAUSE_S) if said.isascii() and said.isdigit() else otherwise_s


def _words(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return "it takes too long"
    if isinstance(error, socket.gaierror):
        return "there is no such host, or no name server"
    return str(error) or type(error).__name__
