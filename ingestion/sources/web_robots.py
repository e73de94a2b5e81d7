"""Manners on other people's sites: what robots.txt asks for, and a pause between requests."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingestion.parsers.decode import decode
from ingestion.sources.web_address import WebAddress
from ingestion.sources.web_client import AGENT, GoneError, UnreachableError, WebClient
from retrieval.errors import ResourceLimitError, UnreadableError

_ROBOTS_MAX_BYTES = 512 * 1024  # RFC 9309, 2.5: at least 500 KiB are to be read
_MAX_DELAY_S = 60.0


class DisallowedError(UnreadableError):
    """The site's robots.txt asks not to fetch this."""

    kind = "robots"


@dataclass(slots=True)
class _Site:
    robots: Any
    delay_s: float
    free_at: float = 0.0  # on the monotonic clock


class Manners:
    """What each site asks for, read once.

    Args:
        client: Fetches robots.txt.
        delay_s: Least time between two requests to a site.
        pause: Waits for a number of seconds.
    """

    def __init__(self, client: WebClient, *, delay_s: float, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._delay_s = delay_s
        self._pause = pause
        self._sites: dict[str, _Site] = {}

    def check(self, address: WebAddress) -> None:
        """Say nothing when the site lets us fetch an address.

        Raises:
            DisallowedError: It does not.
            UnreachableError: What it allows cannot be known now.
        """
        if not self._site(address).robots.can_fetch(address.url, AGENT):
            raise DisallowedError(f"the robots.txt of {address.authority} asks not to fetch {address.url}")

    def wait(self, address: WebAddress) -> None:
        """Wait until the site may be asked again."""
        site = self._site(address)
        self._pause(max(0.0, site.free_at - time.monotonic()))
        site.free_at = time.monotonic() + site.delay_s

    def _site(self, address: WebAddress) -> _Site:
        site = self._sites.get(address.origin)
        if site is None:
            site = self._sites[address.origin] = self._read(address)
        return site

    def _read(self, address: WebAddress) -> _Site:
        from protego import Protego

        robots = Protego.parse(self._text(self._client.rules.read("/robots.txt", base=address)))
        asked_s = robots.crawl_delay(AGENT) or 0.0
        return _Site(robots, min(max(self._delay_s, asked_s), _MAX_DELAY_S))

    def _text(self, address: WebAddress) -> str:
        try:
            with self._client.get(address) as response:
                return decode(response.read(_ROBOTS_MAX_BYTES))
        except GoneError:
            return ""
        except UnreachableError as error:
            if error.refused:
                return ""  # RFC 9309, 2.3.1.3: a site that refuses to show its rules has none
            raise
        except ResourceLimitError as error:
            raise UnreachableError(f"{address.url} is too long to be read") from error
