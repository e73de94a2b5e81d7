"""OpenDocument files -> Elements: texts (odt), spreadsheets (ods), presentations and drawings (odp, odg); flat too.

Kept: headings, numbered lists, tables with merged cells, text boxes, notes, pages as last rendered, slides, headers and
footers once. Left out: deleted text of tracked changes, comments, tables of contents. Hidden text is marked.
"""

import zipfile
from collections.abc import Iterator
from typing import Any

from ingestion.parsers.archive import open_archive, parse_xml, read_part, read_xml
from ingestion.parsers.clean import fold, readable_name
from ingestion.parsers.odf_sheets import spreadsheet_elements
from ingestion.parsers.odf_styles import OFFICE, PRESENTATION, STYLE, TEXT, Styles
from ingestion.parsers.odf_text import Where, Writer, slide_elements
from ingestion.types import Element, SourceFile
from retrieval.errors import EncryptedError, UnreadableError

_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def parse_odf(source: SourceFile) -> tuple[str, list[Element]]:
    """Read an OpenDocument file, packed or flat.

    Returns:
        What it calls itself, or an empty string, and its elements.

    Raises:
        UnreadableError: It is damaged, or holds no document.
    """
    if not zipfile.is_zipfile(source.path):
        root = parse_xml(source.path.read_bytes(), "the file")
        return _read(source, [root], {})
    with open_archive(source.path) as archive:
        _refuse_encrypted(archive)
        parts = [read_xml(archive, name) for name in ("content.xml", "styles.xml", "meta.xml")]
        objects = {
            name.removesuffix("/content.xml"): name for name in archive.namelist() if name.endswith("/content.xml")
        }
        charts = {name: read_xml(archive, part) for name, part in list(objects.items())[:200]}
    if parts[0] is None:
        raise UnreadableError("is damaged: it has no content")
    return _read(source, [part for part in parts if part is not None], charts)


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    manifest = read_part(archive, "META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest or "encrypted-package" in names:
        raise EncryptedError("is password-protected")


def _read(source: SourceFile, roots: list[Any], objects: dict[str, Any]) -> tuple[str, list[Element]]:
    body = roots[0].find(f"{OFFICE}body")
    content = next(iter(body), None) if body is not None else None
    if content is None:
        raise UnreadableError("is damaged: it has no OpenDocument content")
    styles = Styles(roots)
    named = next((title.text or "" for root in roots for title in root.iter(_TITLE)), "")
    if content.tag == f"{OFFICE}spreadsheet":
        return readable_name(source.name), spreadsheet_elements(content, styles)
    if content.tag in {f"{OFFICE}presentation", f"{OFFICE}drawing"}:
        return named, slide_elements(content, styles, objects)
    writer = Writer(styles, Where(has_pages=next(content.iter(f"{TEXT}soft-page-break"), None) is not None), objects)
    writer.blocks(content)
    return writer.title or named, [*writer.elements, *_margins(roots, styles)]


def _margins(roots: list[Any], styles: Styles) -> Iterator[Element]:
    """Read the headers and footers of all page styles, each text once."""
    seen: set[str] = set()
    for root in roots:
        for page in root.iter(f"{STYLE}master-page"):
            writer = Writer(styles, Where(), {})
            for margin in page:
                if margin.tag != f"{STYLE}style" and not margin.tag.startswith(PRESENTATION):
                    writer.blocks(margin)
            for element in writer.elements:
                text = fold(element.text)
                if text not in seen and any(c.isalpha() for c in text):
                    seen.add(text)
                    yield Element("paragraph", text, place="page margin", hidden=element.hidden)
