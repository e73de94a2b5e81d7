"""What a page and a sitemap say to whoever walks over a site."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.parsers.decode import decode

if TYPE_CHECKING:
    from lxml.html import HtmlElement

HTML = frozenset({"text/html", "application/xhtml+xml"})
_OFFICE = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.", "application/vnd.ms-"
_DOCUMENTS = HTML | {
    "application/pdf",
    "application/msword",
    "application/rtf",
    "application/epub+zip",
    "application/json",
    "application/xml",
    "message/rfc822",
}
_NO_DOCUMENTS = frozenset({"text/css", "text/javascript", "text/ecmascript", "text/x-component"})
_SUFFIXES = frozenset(re.findall(r"\w+", "pdf docx doc pptx xlsx xls odt rtf epub md txt csv tsv json xml eml msg"))
"""Of addresses whose documents a careless server calls a stream of bytes."""
_NO_LINKS = re.compile(r"^(?:javascript|mailto|tel|data|blob|about|file|ftp):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Where a page leads, and what it does not want.

    Attributes:
        links: As written, in reading order, each once; those marked ``nofollow`` left out.
        base: What they are relative to, where the page says so.
        canonical: Of which page this is a copy, in its own words.
        index: False when the page does not want to be found.
    """

    links: tuple[str, ...]
    base: str | None
    canonical: str | None
    index: bool


def is_document(media_type: str, path: str) -> bool:
    """Say whether what a site calls a media type may be something that a parser reads."""
    if media_type in {"", "application/octet-stream", "binary/octet-stream", "application/x-download"}:
        return not media_type or path.rpartition(".")[2].lower() in _SUFFIXES
    if media_type in _NO_DOCUMENTS:
        return False
    return media_type.startswith(("text/", *_OFFICE)) or media_type in _DOCUMENTS


def page_links(page: bytes, headers: Mapping[str, str]) -> PageLinks:
    """Read a page's links and wishes.

    Args:
        page: In UTF-8, or close enough: addresses are ASCII.
        headers: Names in lower case.

    Returns:
        They; nothing for what is no HTML.
    """
    from lxml import etree, html

    parser = html.HTMLParser(encoding="utf-8", recover=True, huge_tree=False)
    try:
        root: HtmlElement | None = html.document_fromstring(page, parser=parser) if page.strip() else None
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        root = None
    wishes = _wishes(headers.get("x-robots-tag", ""))
    if root is None:
        return PageLinks((), None, None, "noindex" not in wishes)
    for meta in root.iterfind(".//meta"):
        if meta.get("name", "").strip().lower() in {"robots", "attune"}:
            wishes |= _wishes(meta.get("content", ""))
    found: dict[str, None] = {}
    if "nofollow" not in wishes:
        for link in root.iterfind(".//a[@href]"):
            href = link.get("href", "").strip()
            if href and "nofollow" not in link.get("rel", "").lower().split() and not _NO_LINKS.match(href):
                found[href] = None
    base = next((one.get("href", "") for one in root.iterfind(".//base[@href]")), None)
    canonical = next(
        (one.get("href", "") for one in root.iterfind(".//link[@href]") if _is_canonical(one.get("rel", ""))), None
    )
    return PageLinks(tuple(found), base, canonical, "noindex" not in wishes)


def _wishes(text: str) -> set[str]:
    said = {word.strip() for word in text.lower().replace(":", ",").split(",")}
    return said | {"noindex", "nofollow"} if "none" in said else said


def _is_canonical(rel: str) -> bool:
    return "canonical" in rel.lower().split()


def charset(headers: Mapping[str, str]) -> str | None:
    """Return the encoding that a site names for a text, by Python's name; None where it names none that is known."""
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", headers.get("content-type", ""), re.IGNORECASE)
    if not found:
        return None
    try:
        return codecs.lookup(found[1]).name
    except LookupError:
        return None


def as_utf_8(text: bytes, headers: Mapping[str, str]) -> bytes:
    """Write a text in UTF-8 when its site names another encoding: the file will not carry the site's word with it.

    Returns:
        The text, untouched where there is nothing to say.
    """
    named = charset(headers)
    if named in {None, "utf-8", "ascii"}:
        return text
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return decode(text, named).encode()
    return text  # valid UTF-8 by chance is all but impossible: the site is wrong


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap lists.

    Attributes:
        pages: Addresses as written.
        sitemaps: Of further sitemaps.
    """

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]


def read_sitemap(content: bytes, *, max_urls: int) -> Sitemap:
    """Read a sitemap, a sitemap index, or a plain list of addresses.

    Args:
        content: Unpacked.
        max_urls: How many are taken at most.

    Returns:
        The addresses in their order.

    Raises:
        ValueError: It is none of these.
    """
    from lxml import etree

    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = [line.strip() for line in decode(content).splitlines()]
        pages = [line for line in lines if line.startswith(("http://", "https://"))]
        if not pages:
            raise ValueError("it is no sitemap")
        return Sitemap(tuple(pages[:max_urls]), ())
    # No entities, no DTD from elsewhere: a sitemap needs neither. No recovery: of a sitemap that is cut off, what is
    # missing is not gone.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError("it is damaged") from error
    kind = etree.QName(root).localname
    if kind not in {"urlset", "sitemapindex"} or root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("it is no sitemap")
    found = []
    for entry in root:
        location = next((part for part in entry if _local(part.tag) == "loc"), None)
        if location is not None and location.text and location.text.strip():
            found.append(location.text.strip())
        if len(found) >= max_urls:
            break
    return Sitemap(tuple(found), ()) if kind == "urlset" else Sitemap((), tuple(found))


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
