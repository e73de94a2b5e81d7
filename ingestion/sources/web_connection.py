"""Connections that go to checked addresses only, and end at a deadline."""

import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpcore

from ingestion.sources.web_address import AddressRules


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that the rules allow, and ends everything at a deadline."""

    def __init__(self, rules: AddressRules) -> None:
        self.deadline = 0.0  # on the monotonic clock
        self._rules = rules
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, *_: Any, **options: Any) -> httpcore.NetworkStream:
        """Connect to a host's first address that answers.

        Args:
            host: A name or an address.
            port: From 1.
            options: As httpcore has them; ``timeout`` is in seconds.

        Returns:
            The connection.

        Raises:
            ConnectError: It has no address, or none answers.
        """
        failed: Exception = OSError(f"{host} has no address")
        for address in self._rules.addresses(host, port):
            options |= self.within(options, httpcore.ConnectTimeout)
            try:
                # A number, so that nothing is looked up again: between two look-ups a name may change its mind.
                stream = self._sockets.connect_tcp(address, port, **options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _DeadlineStream(stream, self.within)
        raise httpcore.ConnectError(str(failed)) from failed

    def within(self, options: Mapping[str, Any], error: type[httpcore.TimeoutException]) -> dict[str, float]:
        """Return the ``timeout`` in seconds that an operation has left; raises the error when it has none."""
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise error("it takes too long")
        asked_s = options.get("timeout")
        return {"timeout": left_s if asked_s is None else min(left_s, asked_s)}


class _DeadlineStream(httpcore.NetworkStream):
    """A connection that ends at a deadline, however slowly and regularly it drips."""

    def __init__(self, stream: httpcore.NetworkStream, within: Callable[..., dict[str, float]]) -> None:
        self._stream = stream
        self._within = within

    def read(self, max_bytes: int, *_: Any, **options: Any) -> bytes:
        return self._stream.read(max_bytes, **self._within(options, httpcore.ReadTimeout))

    def write(self, buffer: bytes, *_: Any, **options: Any) -> None:
        self._stream.write(buffer, **self._within(options, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, *_: Any, **options: Any) -> httpcore.NetworkStream:
        options |= self._within(options, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, **options), self._within)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
