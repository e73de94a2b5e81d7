"""Web pages: from some addresses along the links of the same site, and what sitemaps list."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from pydantic import Field, model_validator

from ingestion.blobs import storage
from ingestion.sources.source import Arguments, Entry, Kind, SourceLimits
from ingestion.sources.web_address import ForbiddenAddressError, WebAddress, address_rules
from ingestion.sources.web_client import WebClient, WebResponse
from ingestion.sources.web_crawl import Crawl, CrawlBounds, Patterns
from ingestion.sources.web_page import HTML, as_utf_8, charset, is_document
from ingestion.sources.web_robots import Manners
from retrieval.errors import InvalidInputError, UnsupportedError

_MAX_ADDRESSES = 1_000
_KEPT_BYTES = 1 << 30
_SUFFIX_OF_HTML = ".html"


class WebArguments(Arguments):
    """Which pages."""

    urls: tuple[str, ...] = Field(
        default=(), max_length=_MAX_ADDRESSES, description="Pages to begin at; links to the same host are followed."
    )
    sitemaps: tuple[str, ...] = Field(
        default=(), max_length=_MAX_ADDRESSES, description="Sitemaps and sitemap indexes; what they list is taken."
    )
    depth: int = Field(default=2, ge=0, le=50, description="How many links away from the first pages.")
    max_pages: int = Field(default=1_000, ge=1, le=100_000, description="How many documents are taken at most.")
    max_time_s: float = Field(default=3_600.0, ge=1, le=86_400, description="How long a listing may take.")
    delay_s: float = Field(
        default=0.5, ge=0, le=60, description="Least time between two requests; a longer one of robots.txt counts."
    )
    include: tuple[str, ...] = Field(
        default=(), max_length=100, description="Only pages whose path matches one of these patterns, as /docs/*."
    )
    exclude: tuple[str, ...] = Field(default=(), max_length=100, description="No page whose path matches one of these.")

    @model_validator(mode="after")
    def _somewhere(self) -> "WebArguments":
        if not self.urls and not self.sitemaps:
            raise ValueError("give urls or sitemaps")
        return self


class WebSource:
    """Pages of the web; nothing is fetched that the site's robots.txt or the rules of addresses forbid."""

    kind = "web"

    def __init__(self, arguments: WebArguments, client: WebClient) -> None:
        self.unreadable: list[str] = []
        self._arguments = arguments
        self._client = client
        self._starts = [client.rules.read(url) for url in arguments.urls]
        self._sitemaps = [client.rules.read(url) for url in arguments.sitemaps]
        self._manners = Manners(client, delay_s=arguments.delay_s)
        self._folder = Path(tempfile.mkdtemp(prefix="attune-web-"))
        self._kept: dict[str, Path] = {}
        self._kept_bytes = 0

    def entries(self) -> Iterator[Entry]:
        """List the pages, those that need the fewest clicks first.

        A page is read while it is listed, so its version is that of its bytes; another document is only asked for its
        version. A page that was read is not asked for again when it is fetched.

        Raises:
            SourceError: None of the first addresses can be had.
        """
        self.unreadable = []
        bounds = CrawlBounds(
            depth=self._arguments.depth,
            max_pages=self._arguments.max_pages,
            max_time_s=self._arguments.max_time_s,
            patterns=Patterns(self._arguments.include, self._arguments.exclude),
        )
        crawl = Crawl(self._client, self._manners, bounds=bounds)
        for page in crawl.pages(self._starts, self._sitemaps):
            if page.content is not None:
                self._keep(page.address.url, page.content)
            yield Entry(page.address.url, _name(page.address, page.media_type), page.version, page.size_bytes)
        self.unreadable += crawl.unknown

    @contextmanager
    def fetch(self, entry: Entry) -> Iterator[BinaryIO]:
        """Open a page.

        Raises:
            ForbiddenAddressError: It leads to where nobody may go.
            GoneError: It is not there any more.
            UnreachableError: It cannot be had now.
            UnsupportedError: It is no document.
            ResourceLimitError: It is too large.
        """
        path = self._kept.pop(entry.uri, None) or self._fetched(self._client.rules.read(entry.uri))
        try:
            with path.open("rb") as stream:
                yield stream
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connections and forget the pages that were kept."""
        self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _fetched(self, address: WebAddress) -> Path:
        self._manners.check(address)
        self._manners.wait(address)
        with self._client.get(address, follow=self._manners.check) as response:
            if not is_document(response.media_type, response.address.path):
                raise UnsupportedError(f"{address.url} is {response.media_type}, which is no document")
            path = self._path(address.url)
            with storage(), path.open("wb") as out:
                _write(response, out)
            return path

    def _keep(self, url: str, content: bytes) -> None:
        # The first ones rather than the last: they are fetched in the order in which they were listed.
        if self._kept_bytes + len(content) > _KEPT_BYTES:
            return
        self._kept_bytes += len(content)
        path = self._path(url)
        with storage():
            path.write_bytes(content)
        self._kept[url] = path

    def _path(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()


def _write(response: WebResponse, out: BinaryIO) -> None:
    if charset(response.headers) not in {None, "utf-8", "ascii"}:
        out.write(as_utf_8(b"".join(response.body), response.headers))
    else:
        for part in response.body:
            out.write(part)


def _name(address: WebAddress, media_type: str) -> str:
    last = unquote(address.path.rstrip("/").rpartition("/")[2]) or address.host
    plain = (
        "".join(c for c in last.replace("/", "_").replace("\\", "_") if c.isprintable()).strip(" .")[-150:] or "page"
    )
    has_suffix = 0 < len(plain) - plain.rfind(".") - 1 <= 5 and "." in plain and last != address.host
    return plain if has_suffix or media_type not in HTML else plain + _SUFFIX_OF_HTML


def open_web(arguments: WebArguments, limits: SourceLimits) -> WebSource:
    """Make a source of web pages.

    Returns:
        The source; to be closed.

    Raises:
        InvalidInputError: Web sources are switched off, or a first address is not allowed.
    """
    if not limits.web:
        raise InvalidInputError("web sources are switched off: ATTUNE_WEB_SOURCES=true lets this server fetch pages")
    client = WebClient(address_rules(limits.web_hosts, limits.web_private_hosts), max_bytes=limits.document_max_bytes)
    try:
        return WebSource(arguments, client)
    except ForbiddenAddressError as error:
        raise InvalidInputError(f"urls and sitemaps of a web source: {error}") from error


KIND = Kind("web", "Web pages: addresses with the links of their site, and sitemaps.", WebArguments, open_web)
