"""The pages of a PDF as liteparse (PDFium, Tesseract) analyses them: upright, and by OCR where they have no text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingestion.parsers.clean import fold
from retrieval.errors import EncryptedError, UnreadableError

_OCR_DPI = 150  # measured: more costs time and finds nothing more
_TURNS = (0, 90, 180, 270)  # degrees clockwise
# Below this mean confidence (0 to 1) a scan may lie on its side; text that does is read as garbage.
_SURE = 0.8


def analyse(path: Path, *, max_pages: int, pages: Sequence[int] = (), **options: Any) -> dict[int, Any]:
    """Analyse pages.

    Args:
        path: The PDF.
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
        "include_complexity": True,
        # On by default, and without language data it would fetch them from the network.
        "ocr_enabled": False,
        "target_pages": ",".join(str(number) for number in pages) or None,
        **options,
    }
    try:
        result = LiteParse(**settings).parse(path.read_bytes())  # given a path, it would trust the suffix
    except ParseError as error:
        if "password" in str(error):
            raise EncryptedError("is password-protected") from error
        raise UnreadableError(f"is a damaged PDF ({fold(str(error))})") from error
    return {page.page_num: page for page in result.pages}


def turn_upright(path: Path, pages: dict[int, Any]) -> set[int]:
    """Analyse again, turned, the pages whose text runs sideways or upside down: it has no blocks, or garbled ones.

    Args:
        path: The PDF.
        pages: Its pages; those that were turned are replaced.

    Returns:
        The numbers of the pages that were turned.
    """
    angles: dict[int, int] = {}
    for number, page in pages.items():
        turns = Counter(round(item.rotation / 90) % 4 for item in page.text_items for _ in item.text)
        turn = turns.most_common(1)[0][0] if turns else 0
        if turn:
            angles[number] = turn * 90
    if angles:
        pages.update(_turned(path, angles))
    return set(angles)


def recognise(path: Path, pages: dict[int, Any], *, numbers: Sequence[int], tessdata: Path) -> set[int]:
    """Read scanned pages by OCR, those that are hard to read in all four directions.

    Args:
        path: The PDF.
        pages: Its pages; those that are read are replaced.
        numbers: Which are scanned.
        tessdata: Folder of Tesseract's language data.

    Returns:
        The numbers of the pages that had to be turned.
    """
    options = {"ocr_enabled": True, "tessdata_path": str(tessdata), "dpi": _OCR_DPI}
    best = analyse(path, max_pages=len(pages), pages=numbers, **options)
    unsure = [number for number, page in best.items() if _confidence(page) < _SURE]
    turned: set[int] = set()
    for angle in _TURNS[1:] if unsure else ():
        for number, page in _turned(path, dict.fromkeys(unsure, angle), **options).items():
            if _confidence(page) > _confidence(best[number]):
                best[number] = page
                turned.add(number)
    pages.update(best)
    return turned


def _turned(path: Path, angles: Mapping[int, int], **options: Any) -> dict[int, Any]:
    corrections = list(angles.items())
    numbers = list(angles)
    return analyse(path, max_pages=len(numbers), pages=numbers, page_orientation_corrections=corrections, **options)


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
