"""The pages of a PDF as liteparse (PDFium, Tesseract) analyses them: upright, and by OCR where they have no text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingestion.parsers.clean import fold
from ingestion.parsers.ocr import Ocr
from ingestion.parsers.pdf_drawn import pages_with_ink
from retrieval.errors import EncryptedError, UnreadableError
from retrieval.types import Box

OCR_DPI = 150  # measured: more costs time and finds nothing more
_MAX_OCR_PIXELS = 60_000_000  # of one page; a plan on a large sheet is read more coarsely
_MARK, _MARK_WITHIN = b"%PDF-", 1024
_TURNS = (90, 270, 180)  # degrees counter-clockwise, the likely ones first
_TRIED_FIRST = 3  # pages; a scan that lies on its side mostly does so from its first page to its last
# Below this mean confidence (0 to 1) a scan may lie on its side; text that does is read as garbage.
_SURE = 0.8


# liteparse also flags pages that carry an OCR layer already; these have no usable text.
_NO_TEXT = frozenset({"scanned", "garbled"})
_STAMP_CHARS = 200  # a page-wide picture with less text than that is a scan with a stamp or the header of a fax


def pictured(path: Path, pages: Mapping[int, Any]) -> dict[int, Any]:
    """Select the pages whose text is a picture.

    Args:
        path: The PDF.
        pages: liteparse's pages, analysed without OCR.

    Returns:
        Those that need OCR; a blank page needs none.
    """
    empty = [number for number, page in pages.items() if page.complexity.text_length == 0]
    inked = pages_with_ink(path, empty) if empty else frozenset()
    return {number: page for number, page in pages.items() if number in inked or _is_scan(page)}


def _is_scan(page: Any) -> bool:
    found = page.complexity
    reasons = set(found.reasons)
    if reasons & _NO_TEXT:
        return True
    if "invisible-text-layer" in reasons or not found.text_length:
        return False
    # "no-text" is said of pages with a few words, too: a page number, a stamp.
    stamped = found.full_page_image and found.text_length < _STAMP_CHARS
    return bool(stamped or ("no-text" in reasons and found.image_block_count))


def analyse(pdf: Path | bytes, *, max_pages: int, pages: Sequence[int] = (), **options: Any) -> dict[int, Any]:
    """Analyse pages.

    Args:
        pdf: The PDF.
        max_pages: How many to analyse at most; liteparse cuts longer documents off without a word.
        pages: Page numbers from 1; empty for all.
        options: More of liteparse's options.

    Returns:
        liteparse's pages by number, with blocks, word boxes, vector graphics and complexity; without those that are
        broken.

    Raises:
        EncryptedError: The PDF wants a password.
        UnreadableError: It is damaged.
    """
    from liteparse import LiteParse
    from liteparse.types import ParseError

    settings = {
        "quiet": True,
        "num_workers": 1,
        "max_pages": max_pages,
        "continue_on_page_error": True,
        "output_format": "markdown",
        "extract_blocks": True,
        # It drops lines at the edge that occur only once, too; ``pdf_blocks`` drops those that repeat.
        "keep_headers_footers": True,
        "extract_links": False,
        "extract_vector_graphics": True,
        "emit_word_boxes": True,
        "extract_text_metadata": True,
        "include_complexity": True,
        # On by default, and without language data it would fetch them from the network.
        "ocr_enabled": False,
        "target_pages": ",".join(str(number) for number in pages) or None,
        **options,
    }
    content = pdf if isinstance(pdf, bytes) else pdf.read_bytes()  # given a path, it would trust the suffix
    # Before its first mark a PDF may have other bytes, by which liteparse would take it for something else.
    content = content[max(content.find(_MARK, 0, _MARK_WITHIN), 0) :]
    try:
        result = LiteParse(**settings).parse(content)
    except ParseError as error:
        if "password" in str(error):
            raise EncryptedError("is password-protected") from error
        raise UnreadableError(f"is a damaged PDF ({fold(str(error))})") from error
    return {page.page_num: page for page in result.pages}


def turn_upright(pdf: Path | bytes, pages: dict[int, Any]) -> dict[int, int]:
    """Analyse again, turned, the pages whose text runs sideways or upside down: it has no blocks, or garbled ones.

    Args:
        pdf: The PDF.
        pages: Its pages; those that were turned are replaced.

    Returns:
        By how many degrees, counter-clockwise, pages were turned; only those that were.
    """
    angles: dict[int, int] = {}
    for number, page in pages.items():
        turns: Counter[int] = Counter()
        for item in page.text_items:
            turns[round(item.rotation / 90) % 4] += len(item.text)
        turn = turns.most_common(1)[0][0] if turns else 0
        if turn:
            angles[number] = turn * 90
    if angles:
        pages.update(_turned(pdf, angles))
    return angles


def recognise(pdf: Path | bytes, pages: Mapping[int, Any], ocr: Ocr) -> tuple[dict[int, Any], dict[int, int]]:
    """Read pages by OCR, those that are hard to read in other directions too.

    Args:
        pdf: The PDF.
        pages: The pages to read, as analysed without OCR.
        ocr: How to read them; its language data are there.

    Returns:
        liteparse's pages, without those that are broken; and by how many degrees, counter-clockwise,
        some had to be turned.
    """
    best: dict[int, Any] = {}
    for dpi, numbers in _by_resolution(pages).items():
        best |= analyse(pdf, max_pages=len(numbers), pages=numbers, **_options(ocr, dpi))
    turned: dict[int, int] = {}
    unsure = [number for number, page in best.items() if _confidence(page) < _SURE]
    turns = list(_TURNS)
    for some in (unsure[:_TRIED_FIRST], unsure[_TRIED_FIRST:]):
        for angle in list(turns):
            left = [number for number in some if _confidence(best[number]) < _SURE]
            for dpi, numbers in _by_resolution({number: pages[number] for number in left}).items():
                again = _turned(pdf, dict.fromkeys(numbers, angle), **_options(ocr, dpi))
                better = {n: page for n, page in again.items() if _confidence(page) > _confidence(best[n])}
                best |= better
                turned |= dict.fromkeys(better, angle)
        # What helped the first pages is tried first, and alone, on the others.
        turns = [angle for angle, _ in Counter(turned.values()).most_common(1)]
    return best, turned


def turned_back(box: Box, size_points: tuple[float, float], angle: int) -> Box:
    """Turn a rectangle back: from a page that was turned to the page as it was.

    Args:
        box: The rectangle.
        size_points: Width and height of the page as it was turned.
        angle: By how many degrees, counter-clockwise, it was turned.

    Returns:
        The rectangle on the page as it was.
    """
    width, height = size_points
    if angle == 90:
        return Box(height - box.y1, box.x0, height - box.y0, box.x1)
    if angle == 180:
        return Box(width - box.x1, height - box.y1, width - box.x0, height - box.y0)
    if angle == 270:
        return Box(box.y0, width - box.x1, box.y1, width - box.x0)
    return box


def _options(ocr: Ocr, dpi: int) -> dict[str, Any]:
    return {
        "ocr_enabled": True,
        "tessdata_path": str(ocr.tessdata()),
        "ocr_language": ocr.language(),
        "dpi": dpi,
        "ocr_failure_fatal": True,  # it would go on with an empty page
    }


def _by_resolution(pages: Mapping[int, Any]) -> dict[int, list[int]]:
    """Group page numbers by the resolution in which a page does not become too large a picture."""
    groups: dict[int, list[int]] = {}
    for number, page in pages.items():
        pixels = page.width * page.height * (OCR_DPI / 72) ** 2
        dpi = OCR_DPI if pixels <= _MAX_OCR_PIXELS else max(int(OCR_DPI * (_MAX_OCR_PIXELS / pixels) ** 0.5), 1)
        groups.setdefault(dpi, []).append(number)
    return groups


def _turned(pdf: Path | bytes, angles: Mapping[int, int], **options: Any) -> dict[int, Any]:
    corrections = list(angles.items())
    numbers = list(angles)
    return analyse(pdf, max_pages=len(numbers), pages=numbers, page_orientation_corrections=corrections, **options)


def _confidence(page: Any) -> float:
    """Return the mean OCR confidence over characters, in [0, 1]; 0 for a page without text."""
    # Tesseract reads words that lie on their side, but their order on the page is lost: they count for nothing.
    read = [
        (len(text), (item.confidence or 0.0) * (item.width >= item.height or len(text) < 3))
        for item in page.text_items
        if (text := item.text.strip())
    ]
    characters = sum(length for length, _ in read)
    return sum(length * confidence for length, confidence in read) / characters if characters else 0.0
