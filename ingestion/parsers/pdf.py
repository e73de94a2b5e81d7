"""PDF -> Elements with page and box, through liteparse (PDFium, Tesseract); scanned pages only where OCR data exist."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingestion.parsers.clean import fold, readable_name
from ingestion.parsers.ocr import Ocr
from ingestion.parsers.pdf_blocks import page_elements
from ingestion.parsers.pdf_hidden import Unseen, unseen_text
from ingestion.parsers.pdf_pages import analyse, pictured, recognise, turn_upright, turned_back
from ingestion.types import Element, Reading, SourceFile
from retrieval.errors import EmptyDocumentError, EncryptedError, ResourceLimitError, UnreadableError

MAX_PAGES = 5_000
MAX_PAGE_POINTS = 14_400  # the format's own limit; PDFium aborts the process far above it
_FIRST_LINES = 5
_END_BYTES = 4096
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,20}(?![^\W\d_])|\b(?:19|20)\d\d\b|\b[A-Z]\d\b")
_TIMESTAMP = re.compile(r"[ -]*\d{8,}$")
_MACHINE_WORDS = frozenset({"scan", "document", "untitled", "img", "image", "download", "file", "pdf", "doc", "print"})


def parse_pdf(source: SourceFile, ocr: Ocr) -> Reading:
    """Read a PDF.

    Args:
        source: The file.
        ocr: How to read pages without text; where it cannot, they are named in the result.

    Returns:
        The title in the file's properties where the document's first lines bear it out, or one made of the file's name
        where that consists of words, or an empty string; and the elements of all pages.

    Raises:
        EmptyDocumentError: No page has text.
        NeedsOcrError: No page has text that can be read without OCR, and there is no language data for it.
        UnreadableError: No page can be read.
    """
    check_pdf(source.path)
    pages = analyse(source.path, max_pages=MAX_PAGES)
    if not pages:
        raise UnreadableError("is a damaged PDF: none of its pages can be read")
    found = unseen_text(source.path, pages)
    turned = turn_upright(source.path, pages)
    pictures = pictured(source.path, pages)
    can_read = ocr.tessdata() is not None
    if pictures and can_read:
        ocr.announce(len(pictures))
        read, turned_scans = recognise(source.path, pictures, ocr)
        pages |= read
        turned |= turned_scans
    scanned = frozenset(pictures) if can_read else frozenset()
    unseen = {
        number: [_turned(text, pages[number], turned.get(number, 0)) for text in texts]
        for number, texts in found.items()
    }
    elements = page_elements([pages[n] for n in sorted(pages)], scanned=scanned, unseen=unseen)
    if pictures and not any(element.text.strip() for element in elements):
        if can_read:
            raise EmptyDocumentError("is a scan in which no text could be recognised")
        raise ocr.missing("it is a scan without text")
    elements = [_turned_back(e, pages, turned) for e in elements]
    unread = () if can_read else tuple(sorted(pictures))
    return Reading(_own_title(source.path, elements) or _title(source.name), elements, unread)


def _turned_back(element: Element, pages: Mapping[int, Any], turned: Mapping[int, int]) -> Element:
    if element.box is None or element.page is None or element.page not in turned:
        return element
    page = pages[element.page]
    return replace(element, box=turned_back(element.box, (page.width, page.height), turned[element.page]))


def _turned(text: Unseen, page: Any, angle: int) -> Unseen:
    """Turn a rectangle on the page as shown as its page was turned, which is to turn it back the other way."""
    if not angle:
        return text
    width, height = (page.width, page.height) if angle == 180 else (page.height, page.width)
    return replace(text, box=turned_back(text.box, (width, height), 360 - angle))


def _own_title(path: Path, elements: list[Element]) -> str:
    """The title in the file's properties, if the document's first lines say the same: else it is a template's."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        title = fold(document.get_metadata_dict().get("Title", ""))
    finally:
        document.close()
    return title if title and any(fold(e.text).lower() == title.lower() for e in elements[:_FIRST_LINES]) else ""


def _title(file_name: str) -> str:
    # The title in a PDF's properties is mostly that of a template, and the first line is often a letterhead; people
    # name files better than that, unless a machine did.
    name = _TIMESTAMP.sub("", readable_name(file_name))
    words = [w for w in _WORD.findall(name) if w.lower() not in _MACHINE_WORDS]
    has_letters = any(w.isalpha() and len(w) > 2 for w in words)
    return name if has_letters and sum(map(len, words)) * 2 >= len(name.replace(" ", "")) else ""


def page_count(path: Path) -> int:
    """Count the pages of a PDF.

    Returns:
        The number of pages.

    Raises:
        EncryptedError: It wants a password.
        UnreadableError: It is damaged.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD_ERROR:
            raise EncryptedError("is password-protected") from error
        # What could be put together again would be a part of the document, and nobody would know.
        cut = b"%%EOF" not in _end(path)
        raise UnreadableError("is a damaged PDF: its end is missing" if cut else "is a damaged PDF") from error
    try:
        return len(document)
    finally:
        document.close()


def _end(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-min(_END_BYTES, path.stat().st_size), os.SEEK_END)
        return file.read()


def check_pdf(path: Path) -> None:
    """Refuse what would abort the parser's process.

    Raises:
        ResourceLimitError: It has too many pages, or a page is too large.
    """
    import pypdfium2

    pages = page_count(path)
    if pages > MAX_PAGES:
        raise ResourceLimitError(f"has {pages:,} pages; the limit is {MAX_PAGES:,}")
    document = pypdfium2.PdfDocument(path)
    try:
        for number in range(pages):
            try:
                size = document.get_page_size(number)
            except pypdfium2.PdfiumError:
                continue  # a broken page costs only itself
            if max(size) > MAX_PAGE_POINTS:
                raise ResourceLimitError(f"has a page larger than {MAX_PAGE_POINTS // 72} inches (page {number + 1})")
    finally:
        document.close()
