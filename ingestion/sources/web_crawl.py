"""A walk over a site: sitemaps first, then page by page, each once, within bounds."""

import fnmatch
import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingestion.sources.web_address import ForbiddenAddressError, WebAddress
from ingestion.sources.web_client import GoneError, WebClient, WebResponse, unpacked
from ingestion.sources.web_page import HTML, as_utf_8, is_document, page_links, read_sitemap
from ingestion.sources.web_robots import DisallowedError, Manners
from retrieval.errors import DocumentError, ResourceLimitError, SourceError, UnreadableError

_PAGE_MAX_BYTES = 16 * 2**20  # of a page that is looked through for links
_SITEMAP_MAX_BYTES = 50 * 2**20  # as the protocol of sitemaps has it
_SITEMAP_MAX_URLS = 50_000
_MAX_SITEMAPS = 1_000
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Patterns:
    """Which paths are taken: those that match one of ``include``, if there are any, and none of ``exclude``."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def take(self, path: str) -> bool:
        """Say whether a document of this path is wanted."""
        return not self.leave(path) and (
            not self.include or any(fnmatch.fnmatchcase(path, pattern) for pattern in self.include)
        )

    def leave(self, path: str) -> bool:
        """Say whether a path is excluded, so that its links are not followed either."""
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in self.exclude)


@dataclass(frozen=True, slots=True)
class CrawlBounds:
    """How far a walk goes.

    Attributes:
        depth: How many links away from the first pages.
        max_pages: How many documents are found at most.
        max_time_s: How long it takes at most.
    """

    depth: int
    max_pages: int
    max_time_s: float
    patterns: Patterns = Patterns()


@dataclass(frozen=True, slots=True)
class Page:
    """A document of a site.

    Attributes:
        address: Where it is, after redirects.
        version: What the site calls this state, or the hash of the bytes that were read.
        content: As it came; None for what was not read because it has no links.
        listed: False when the page does not want to be found, or is a copy of another.
    """

    address: WebAddress
    media_type: str
    version: str | None
    size_bytes: int | None
    content: bytes | None = None
    listed: bool = True


class Crawl:
    """One walk; not to be used again.

    Attributes:
        unknown: Beginnings of addresses of which it is not known whether they still exist, because a page on the way
            could not be read or a bound was reached.
    """

    def __init__(self, client: WebClient, manners: Manners, *, bounds: CrawlBounds) -> None:
        self.unknown: list[str] = []
        self._client = client
        self._manners = manners
        self._bounds = bounds
        self._origins: dict[str, None] = {}
        self._seen: set[str] = set()
        self._listed: set[str] = set()
        self._waiting: deque[tuple[WebAddress, int]] = deque()
        self._reached = False
        self._failed: DocumentError | None = None

    def pages(self, starts: Sequence[WebAddress], sitemaps: Sequence[WebAddress]) -> Iterator[Page]:
        """Walk.

        Args:
            starts: The first pages; links to their hosts are followed.
            sitemaps: What they list on their hosts is taken, its links are not followed.

        Yields:
            The documents, in the order in which they are found.

        Raises:
            SourceError: Nothing could be had of what the walk begins with.
        """
        deadline = time.monotonic() + self._bounds.max_time_s
        for address in (*starts, *sitemaps):
            self._origins[address.origin] = None
        for address in starts:
            self._enqueue(address, 0)
        self._read_sitemaps(sitemaps, deadline)
        firsts = {address.url for address in starts}
        while self._waiting:
            if len(self._listed) >= self._bounds.max_pages or time.monotonic() > deadline:
                self._give_up()
                break
            address, depth = self._waiting.popleft()
            page = self._visited(address, depth, is_first=address.url in firsts)
            if page is not None and self._is_new(page):
                yield page
        if not self._reached and self._failed is not None:
            raise SourceError(f"nothing of the site could be read: {self._failed}") from self._failed

    def _is_new(self, page: Page) -> bool:
        url = page.address.url
        if not page.listed or url in self._listed or not self._bounds.patterns.take(page.address.path):
            return False
        self._listed.add(url)
        return True

    def _visited(self, address: WebAddress, depth: int, *, is_first: bool) -> Page | None:
        """Fetch a page and queue its links.

        Returns:
            The page; None when it is not to be had or no document.
        """
        try:
            self._manners.check(address)
            self._manners.wait(address)
            with self._client.get(address, follow=self._following(is_first=is_first)) as response:
                return self._read(response, depth)
        except (GoneError, ForbiddenAddressError, DisallowedError) as error:
            self._failed = self._failed or error  # it is known that this is no document for us
        except UnreadableError as error:
            self._failed = self._failed or error
            # What it may have led to is unknown as well.
            self._doubt(address.url if depth >= self._bounds.depth else address.origin + "/")
        return None

    def _following(self, *, is_first: bool) -> Callable[[WebAddress], None]:
        def follow(there: WebAddress) -> None:
            if is_first:
                self._origins[there.origin] = None  # example.org that is at www.example.org
            elif there.origin not in self._origins:
                raise DisallowedError(f"it leads to another site, {there.authority}")
            self._manners.check(there)

        return follow

    def _read(self, response: WebResponse, depth: int) -> Page | None:
        self._reached = True
        address, media_type, headers = response.address, response.media_type, response.headers
        if not is_document(media_type, address.path):
            return None
        if media_type in HTML:
            return self._read_html(response, depth)
        etag, changed, length = (headers.get(name, "") for name in ("etag", "last-modified", "content-length"))
        size_bytes = int(length) if length.isdigit() and "content-encoding" not in headers else None
        return Page(address, media_type, etag or (f"{changed} {length}" if changed else None), size_bytes)

    def _read_html(self, response: WebResponse, depth: int) -> Page:
        address, media_type = response.address, response.media_type
        self._seen.add(address.url)
        try:
            raw = response.read(_PAGE_MAX_BYTES)
        except ResourceLimitError:
            return Page(address, media_type, None, None)
        content = as_utf_8(raw, response.headers)
        page = page_links(content, response.headers)
        base = self._resolved(page.base, address) or address
        if depth < self._bounds.depth:
            for link in page.links:
                self._enqueue(self._resolved(link, base), depth + 1)
        canonical = self._resolved(page.canonical, base) or address
        is_copy = canonical.url != address.url and canonical.origin in self._origins
        if is_copy:
            self._enqueue(canonical, depth)
        version = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        return Page(address, media_type, version, len(content), content, listed=page.index and not is_copy)

    def _resolved(self, link: str | None, base: WebAddress) -> WebAddress | None:
        if not link or not link.strip():
            return None
        try:
            return self._client.rules.read(link, base=base)
        except ForbiddenAddressError:
            return None

    def _enqueue(self, address: WebAddress | None, depth: int) -> None:
        if address is None or address.url in self._seen or address.origin not in self._origins:
            return
        if not self._bounds.patterns.leave(address.path):
            self._seen.add(address.url)
            self._waiting.append((address, depth))

    def _read_sitemaps(self, sitemaps: Sequence[WebAddress], deadline: float) -> None:
        waiting, seen = deque(sitemaps), {address.url for address in sitemaps}
        while waiting:
            if len(seen) > _MAX_SITEMAPS or time.monotonic() > deadline:
                self._give_up()
                break
            address = waiting.popleft()
            try:
                found = self._sitemap(address)
            except DocumentError as error:
                self._failed = self._failed or error
                self._give_up()
                continue
            self._reached = True
            for place in found[0]:
                self._enqueue(place, self._bounds.depth)
            fresh = [place for place in found[1] if place.url not in seen and place.origin in self._origins]
            seen |= {place.url for place in fresh}
            waiting.extend(fresh)

    def _sitemap(self, address: WebAddress) -> tuple[list[WebAddress], list[WebAddress]]:
        self._manners.wait(address)
        with self._client.get(address, follow=self._following(is_first=True)) as response:
            content = response.read(_SITEMAP_MAX_BYTES)
        if content.startswith(_GZIP):
            content = _whole(unpacked(iter([content]), address.url), address.url)
        try:
            found = read_sitemap(content, max_urls=_SITEMAP_MAX_URLS)
        except ValueError as error:
            raise UnreadableError(f"{address.url} is no sitemap") from error
        resolved = [[self._resolved(url, address) for url in urls] for urls in (found.pages, found.sitemaps)]
        pages, further = ([place for place in places if place is not None] for places in resolved)
        return pages, further

    def _give_up(self) -> None:
        for origin in self._origins:
            self._doubt(origin + "/")

    def _doubt(self, beginning: str) -> None:
        if beginning not in self.unknown:
            self.unknown.append(beginning)


def _whole(parts: Iterator[bytes], name: str) -> bytes:
    kept = bytearray()
    for part in parts:
        kept += part
        if len(kept) > _SITEMAP_MAX_BYTES:
            raise ResourceLimitError(f"{name} is larger than {_SITEMAP_MAX_BYTES / 2**20:,.0f} MB when it is unpacked")
    return bytes(kept)
