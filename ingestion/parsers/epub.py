"""EPUB books (2 and 3) -> Elements: the chapters in reading order, each with its name from the table of contents."""

import posixpath
import re
import zipfile
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from ingestion.parsers.archive import open_archive, read_part, read_xml
from ingestion.parsers.clean import fold
from ingestion.parsers.decode import decode
from ingestion.parsers.html import html_elements
from ingestion.types import Element, SourceFile
from retrieval.errors import DocumentError, EncryptedError, UnreadableError

_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
_HTML = "{http://www.w3.org/1999/xhtml}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_CIPHER = "{http://www.w3.org/2001/04/xmlenc#}EncryptionMethod"
# Fonts may be scrambled in a book that anybody may read.
_SCRAMBLED_FONTS = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
_MAX_NAME = 100
_PAGE = re.compile(r"application/xhtml\+xml|text/html|text/x-oeb1-document|application/x-dtbook\+xml")


def parse_epub(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a book.

    Returns:
        Its title, or an empty string, and its elements; the place of each names its chapter.

    Raises:
        UnreadableError: It is damaged.
        EncryptedError: It is protected against copying.
    """
    with open_archive(source.path) as archive:
        _refuse_encrypted(archive)
        package = _package_name(archive)
        root = read_xml(archive, package)
        if root is None:
            raise UnreadableError("is damaged: it has no list of contents")
        items = {item.get("id", ""): item for item in root.iter(f"{_OPF}item")}
        folder = posixpath.dirname(package)
        names = _chapter_names(archive, folder, items)
        title = fold(next((t.text or "" for t in root.iter(_TITLE)), ""))
        elements: list[Element] = []
        chapter = ""
        for number, reference in enumerate(root.iter(f"{_OPF}itemref"), 1):
            item = items.get(reference.get("idref", ""))
            if item is not None and _is_chapter(item):
                part = _resolved(folder, item.get("href", ""))
                found, chapter = _placed(_part(archive, part), names.get(part, []), chapter, number)
                elements.extend(found)
    return title, elements


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    root = read_xml(archive, "META-INF/encryption.xml")
    methods = [m.get("Algorithm") for m in root.iter(_CIPHER)] if root is not None else []
    if any(method not in _SCRAMBLED_FONTS for method in methods):
        raise EncryptedError("is protected against copying")


def _package_name(archive: zipfile.ZipFile) -> str:
    container = read_xml(archive, "META-INF/container.xml")
    files = [f.get("full-path", "") for f in container.iter(f"{_CONTAINER}rootfile")] if container is not None else []
    return next((f for f in files if f), next((n for n in archive.namelist() if n.endswith(".opf")), ""))


def _is_chapter(item: Any) -> bool:
    # The table of contents says what the headings say again.
    return bool(_PAGE.fullmatch(item.get("media-type", ""))) and "nav" not in item.get("properties", "").split()


def _chapter_names(archive: zipfile.ZipFile, folder: str, items: dict[str, Any]) -> dict[str, list[str]]:
    """Read the table of contents: of EPUB 3 where there is one, else of EPUB 2.

    Returns:
        The names of the chapters in each file, by its place in the archive.
    """
    names: dict[str, list[str]] = {}
    ordered = sorted(items.values(), key=lambda item: "nav" not in item.get("properties", "").split())
    for item in ordered:
        is_nav = "nav" in item.get("properties", "").split()
        if not is_nav and item.get("media-type") != "application/x-dtbncx+xml":
            continue
        part = _resolved(folder, item.get("href", ""))
        try:
            root = read_xml(archive, part)
        except DocumentError:
            continue  # the book can be read without
        for target, name in _entries(root, is_nav=is_nav) if root is not None else ():
            names.setdefault(_resolved(posixpath.dirname(part), target), []).append(name)
        if names:
            break
    return names


def _entries(root: Any, *, is_nav: bool) -> list[tuple[str, str]]:
    if is_nav:
        return [(a.get("href", ""), fold("".join(a.itertext()))) for a in root.iter(f"{_HTML}a")]
    found = []
    for point in root.iter(f"{_NCX}navPoint"):
        content, label = point.find(f"{_NCX}content"), point.find(f"{_NCX}navLabel")
        if content is not None and label is not None:
            found.append((content.get("src", ""), fold("".join(label.itertext()))))
    return found


def _part(archive: zipfile.ZipFile, part: str) -> list[Element]:
    data = read_part(archive, part)
    return html_elements(decode(data), is_page=False)[1] if data is not None else []


def _placed(found: list[Element], names: list[str], chapter: str, number: int) -> tuple[list[Element], str]:
    """Name the chapter of each element of a file; a file may go on with a chapter, or hold several.

    Returns:
        The elements, and the chapter that the last of them is in.
    """
    has_heading = any(e.kind == "heading" and not e.hidden for e in found)
    if found and names and not has_heading:
        found = [Element("heading", names[0], level=1), *found]
    known = {_letters(name): name for name in names}
    if len(names) == 1:
        chapter = names[0]
    placed = []
    for element in found:
        if element.kind == "heading":
            chapter = known.get(_letters(element.text), chapter)
        place = f"chapter {chapter[:_MAX_NAME]}" if chapter else f"part {number}"
        placed.append(replace(element, place=place))
    return placed, chapter


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _resolved(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, unquote(href.partition("#")[0]))).lstrip("/")
