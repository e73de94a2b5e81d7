"""Alerts: what an administrator should look at, posted to a webhook."""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import httpx
import structlog

from retrieval.errors import InvalidInputError

SIGNATURE = "X-Attune-Signature"
TRIES = 3

Delivery = Literal["delivered", "failed", "logged"]
"""``logged`` where no webhook is set."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something an administrator should look at; holds nobody's words.

    Attributes:
        kind: What raised it, for instance ``drift``.
        name: Of the figure in the monitoring series.
        text: One sentence for people.
    """

    kind: str
    name: str
    value: float | None
    p_value: float | None
    at: datetime  # UTC
    text: str


class Webhook:
    """Posts alerts as JSON, signed where there is a key.

    Args:
        url: Where to.
        secret: Key of the signature: ``X-Attune-Signature: sha256=`` and the HMAC-SHA256 of the body in hex.
        timeout_s: Longest time of one try until the status of its reply; looking a name up may take longer.
        pause_s: Before the second try; twice that before the third.

    Raises:
        InvalidInputError: The URL is none of HTTP.
    """

    def __init__(self, url: str, *, secret: str | None = None, timeout_s: float = 5.0, pause_s: float = 1.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidInputError("ATTUNE_ALERT_WEBHOOK_URL does not start with http:// or https://")
        self._url = url
        self._secret = secret
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._stopped = threading.Event()

    def post(self, alert: Alert) -> str | None:
        """Post an alert, three times if need be.

        Returns:
            None when it was taken, else what went wrong at the last try; never an error.
        """
        body = json.dumps(asdict(alert) | {"at": alert.at.isoformat()}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        if self._secret:
            headers[SIGNATURE] = f"sha256={hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()}"
        failure = None
        for attempt in range(TRIES):
            if attempt and self._stopped.wait(self._pause_s * attempt):
                break
            failure = self._try(body, headers)
            if failure is None:
                return None
        return failure

    def close(self) -> None:
        """Give up on tries that are still to come."""
        self._stopped.set()

    def _try(self, body: bytes, headers: dict[str, str]) -> str | None:
        try:
            # A loop of its own, because only a loop can end a try from outside: a timeout of httpx is that of one
            # read, and a reply that drips keeps within it for ever.
            status = asyncio.run(self._status(body, headers))
        except (TimeoutError, httpx.TimeoutException):
            return f"no reply within {self._timeout_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # Not its words: they may hold the URL, which is often a secret itself.
            return type(error).__name__
        return None if httpx.codes.is_success(status) else f"HTTP {status}"

    async def _status(self, body: bytes, headers: dict[str, str]) -> int:
        async with (
            asyncio.timeout(self._timeout_s),
            httpx.AsyncClient(timeout=self._timeout_s) as client,
            client.stream("POST", self._url, content=body, headers=headers) as response,
        ):
            return response.status_code


def open_webhook(url: str | None, secret: str | None) -> Webhook | None:
    """Make the webhook that the settings name.

    Returns:
        It, or None where none is named.

    Raises:
        InvalidInputError: The URL is none of HTTP.
    """
    return None if url is None else Webhook(url, secret=secret)


@dataclass(frozen=True, slots=True)
class Alerts:
    """Logs alerts, and posts them where there is a webhook.

    Attributes:
        counted: Told of each alert whether it was delivered.
    """

    webhook: Webhook | None
    counted: Callable[[bool], None] = lambda _: None

    def send(self, alert: Alert) -> Delivery:
        """Tell people of an alert; a webhook that does not take it is a line in the log, never an error.

        Returns:
            What became of it.
        """
        log = structlog.get_logger()
        log.warning(
            "alert", kind=alert.kind, name=alert.name, value=alert.value, p_value=alert.p_value, text=alert.text
        )
        if self.webhook is None:
            return "logged"
        failure = self.webhook.post(alert)
        self.counted(failure is None)
        if failure is not None:
            log.error("alert not delivered", name=alert.name, failure=failure)
            return "failed"
        return "delivered"

    def close(self) -> None:
        """Give up on what is being sent."""
        if self.webhook is not None:
            self.webhook.close()
