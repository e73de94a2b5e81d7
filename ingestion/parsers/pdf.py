"""PDF -> Elements with page and box, through liteparse (PDFium, Tesseract); scanned pages only where OCR data exist."""

import re
from pathlib import Path

from ingestion.parsers.clean import fold, readable_name
from ingestion.parsers.pdf_blocks import page_elements
from ingestion.parsers.pdf_pages import analyse, recognise, turn_upright
from ingestion.types import Element, SourceFile
from retrieval.errors import EmptyDocumentError, EncryptedError, ResourceLimitError, UnreadableError

TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")  # where Debian and Ubuntu keep it
MAX_PAGES = 5_000
MAX_PAGE_POINTS = 14_400  # the format's own limit; PDFium aborts the process far above it
_FIRST_LINES = 5
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,20}(?![^\W\d_])|\b(?:19|20)\d\d\b|\b[A-Z]\d\b")
_TIMESTAMP = re.compile(r"[ -]*\d{8,}$")
_MACHINE_WORDS = frozenset({"scan", "document", "untitled", "img", "image", "download", "file", "pdf", "doc", "print"})
# liteparse also flags pages that carry an OCR layer already; only these have no usable text.
_NEEDS_OCR = frozenset({"scanned", "no-text", "garbled"})


def parse_pdf(source: SourceFile, tessdata: Path = TESSDATA) -> tuple[str, list[Element]]:
    """Read a PDF.

    Args:
        source: The file.
        tessdata: Folder of Tesseract's language data; pages without text are read by OCR if it exists.

    Returns:
        The title in the file's properties where the document's first lines bear it out, or one made of the file's name
        where that consists of words, or an empty string; and the elements of all pages.

    Raises:
        EmptyDocumentError: No page has text.
        UnreadableError: No page can be read.
    """
    check_pdf(source.path)
    pages = analyse(source.path, max_pages=MAX_PAGES)
    if not pages:
        raise UnreadableError("is a damaged PDF: none of its pages can be read")
    turned = turn_upright(source.path, pages)
    scanned = [number for number, page in pages.items() if _NEEDS_OCR & set(page.complexity.reasons)]
    if scanned and tessdata.is_dir():
        turned |= recognise(source.path, pages, numbers=scanned, tessdata=tessdata)
    elements = page_elements([pages[n] for n in sorted(pages)], turned=frozenset(turned), scanned=frozenset(scanned))
    if scanned and not any(element.text.strip() for element in elements):
        if tessdata.is_dir():
            raise EmptyDocumentError("is a scan in which no text could be recognised")
        raise EmptyDocumentError("holds no text: it is a scan and needs OCR (install tesseract-ocr-eng)")
    return _own_title(source.path, elements) or _title(source.name), elements


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
        raise UnreadableError("is a damaged PDF") from error
    try:
        return len(document)
    finally:
        document.close()


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
