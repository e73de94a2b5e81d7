"""A page of a PDF or a picture as a reader sees it -> PNG. Runs in the sandbox's children: PDFium can abort a process.

Pages are counted from 1; so are the pictures in a TIFF. Of an animation there is the first picture only.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.parsers.image import FORMATS, MAX_PICTURES, damage_named, on_white, opened
from ingestion.parsers.pdf import MAX_PAGE_POINTS, page_count
from ingestion.types import SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

if TYPE_CHECKING:
    from PIL import Image

PICTURE = "page.png"
PDF = "application/pdf"
PAGED = frozenset({PDF, *FORMATS})
"""Media types of files that have pages to be seen."""

# A page as long as a roll of paper would be a picture of gigabytes; it is drawn narrower than was asked for.
_MAX_PIXELS = 16_000_000
_COMPRESSION = 4  # of 9: more takes longer than sending the rest does


def facts(source: SourceFile, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many ``pages`` a file has.

    Args:
        source: The file.
        wanted: Its ``media_type``.

    Raises:
        DocumentError: It cannot be opened.
    """
    if wanted["media_type"] == PDF:
        return {"pages": page_count(source.path)}
    with damage_named(), opened(source) as picture:
        return {"pages": _pictures(picture)}


def drawn(source: SourceFile, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a page into the file ``PICTURE`` of the working folder.

    Args:
        source: The file.
        wanted: Its ``media_type``, the ``page`` and ``width_px``.

    Returns:
        How many ``pages`` the file has; when it has not as many as ``page`` there is no picture.

    Raises:
        DocumentError: The page cannot be drawn.
    """
    draw = _pdf_page if wanted["media_type"] == PDF else _picture
    pages, picture = draw(source, wanted["page"], wanted["width_px"])
    if picture is not None:
        picture.save(Path(PICTURE), format="PNG", compress_level=_COMPRESSION)
    return {"pages": pages}


def _pdf_page(source: SourceFile, number: int, width_px: int) -> "tuple[int, Image.Image | None]":
    import pypdfium2

    pages = page_count(source.path)
    if number > pages:
        return pages, None
    document = pypdfium2.PdfDocument(source.path)
    try:
        document.init_forms()  # what was filled in is to be seen
        width, height = document.get_page_size(number - 1)
        if max(width, height) > MAX_PAGE_POINTS:
            raise ResourceLimitError(f"has a page larger than {MAX_PAGE_POINTS // 72} inches (page {number})")
        scale = _fitting(width, height, width_px)
        bitmap = document[number - 1].render(scale=scale)
        return pages, bitmap.to_pil().convert("RGB")
    except pypdfium2.PdfiumError as error:
        raise UnreadableError(f"is a damaged PDF: page {number} cannot be drawn") from error
    finally:
        document.close()


def _picture(source: SourceFile, number: int, width_px: int) -> "tuple[int, Image.Image | None]":
    from PIL import ImageOps

    with damage_named(), opened(source) as picture:
        pages = _pictures(picture)
        if number > pages:
            return pages, None
        picture.seek(number - 1)
        shown = on_white(ImageOps.exif_transpose(picture))
        scale = min(_fitting(shown.width, shown.height, width_px), 1.0)  # larger than life says nothing more
        return pages, shown.resize((max(round(shown.width * scale), 1), max(round(shown.height * scale), 1)))


def _fitting(width: float, height: float, width_px: int) -> float:
    """Return the scale at which a page is so wide, or as wide as it may be for its height."""
    if min(width, height) <= 0:
        raise UnreadableError("has a page without a size")
    return min(width_px / width, math.sqrt(_MAX_PIXELS / (width * height)))


def _pictures(picture: Any) -> int:
    count = int(picture.n_frames) if picture.format == "TIFF" else 1
    if count > MAX_PICTURES:
        raise ResourceLimitError(f"holds {count:,} pictures; the limit is {MAX_PICTURES}")
    return count
