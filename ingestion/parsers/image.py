"""Pictures of text (photographs, scans, screenshots) -> Elements, by OCR.

Each picture becomes a page of a PDF in memory, and is then read as a scanned PDF is. Boxes are in pixels of the
picture as it is shown: for a picture, one pixel is one point.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingestion.parsers.ocr import Ocr
from ingestion.parsers.pdf_pages import OCR_DPI, analyse, recognise, turned_back
from ingestion.parsers.scan import scan_elements
from ingestion.types import Element, Reading, SourceFile
from retrieval.errors import EmptyDocumentError, ResourceLimitError, UnreadableError
from retrieval.types import Box

if TYPE_CHECKING:
    from PIL import Image

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/webp": "WEBP",
}
"""Media types that are read, and Pillow's names for them: it is asked for these only, not for all it knows."""
MAX_PICTURES = 500  # pages of a TIFF
# A sheet of A4 at 300 dpi is 3,508 pixels high; finer pictures take longer and say no more.
_LONGEST_SIDE = 3_600
_POINTS_PER_INCH = 72


def parse_image(source: SourceFile, ocr: Ocr) -> Reading:
    """Read a picture of text; of an animation, its first picture.

    Args:
        source: The file.
        ocr: How to read it.

    Returns:
        No title, and the elements of all pictures in the file; their page is the number of the picture.

    Raises:
        NeedsOcrError: There is no language data.
        EmptyDocumentError: No text was recognised.
        ResourceLimitError: It has too many pixels, or too many pictures.
        UnreadableError: It is damaged.
    """
    tessdata = ocr.tessdata()
    with damage_named(), opened(source) as picture:
        count = picture.n_frames if picture.format == "TIFF" else 1
        if count > MAX_PICTURES:
            raise ResourceLimitError(f"holds {count:,} pictures; the limit is {MAX_PICTURES}")
        if tessdata is None:
            picture.load()  # damage is worth knowing before anything is installed
            raise ocr.missing("it is a picture")
        ocr.announce(count)
        elements: list[Element] = []
        for number in range(1, count + 1):
            picture.seek(number - 1)
            elements += _read(picture, number, ocr)
    if not elements:
        raise EmptyDocumentError("is a picture in which no text could be recognised")
    return Reading("", elements)


@contextmanager
def damage_named() -> Iterator[None]:
    """Have what decoders raise over a broken picture become an error of ours.

    Raises:
        ResourceLimitError: It has too many pixels.
        UnreadableError: It is damaged.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise ResourceLimitError(f"is a picture of more than {limit} million pixels") from error
    except UnidentifiedImageError as error:  # its words name a path
        raise UnreadableError("is a damaged picture") from error
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, struct.error) as error:
        # Pillow's decoders let these out where a file is broken.
        raise UnreadableError(f"is a damaged picture ({str(error)[:100]})") from error


def opened(source: SourceFile) -> Any:
    """Open a picture of a kind that is read, its pixels not yet decoded."""
    from PIL import Image

    # By its own name Pillow would open many more formats, some of them through other programs.
    return Image.open(source.path, formats=list(FORMATS.values()))


def _read(picture: "Image.Image", number: int, ocr: Ocr) -> list[Element]:
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    shown = on_white(upright)
    shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    pdf = _as_pdf(shown)
    pages, turned = recognise(pdf, analyse(pdf, max_pages=1), ocr)
    page = pages.get(1)
    if page is None:
        return []
    # From points of the page that was read to pixels of the picture.
    scale = OCR_DPI / _POINTS_PER_INCH * upright.width / shown.width
    size, angle = (page.width, page.height), turned.get(1, 0)
    placed = [(e, turned_back(e.box, size, angle)) for e in scan_elements(page) if e.box is not None]
    return [replace(e, page=number, box=_scaled(box, scale)) for e, box in placed]


def _scaled(box: Box, by: float) -> Box:
    return Box(box.x0 * by, box.y0 * by, box.x1 * by, box.y1 * by)


def on_white(picture: "Image.Image") -> "Image.Image":
    """Return a picture in grey or colours of 8 bits, on white paper where it lets through."""
    from PIL import Image

    if picture.mode in {"1", "L"}:
        return picture.convert("L")
    if picture.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would cut off at 255
        return picture.point(lambda value: value / 256).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")


def _as_pdf(picture: "Image.Image") -> bytes:
    """Put a picture on a page of its size, on which the OCR finds each pixel as it is."""
    import pypdfium2

    width, height = (side * _POINTS_PER_INCH / OCR_DPI for side in picture.size)
    document = pypdfium2.PdfDocument.new()
    try:
        drawn = pypdfium2.PdfImage.new(document)
        drawn.set_bitmap(pypdfium2.PdfBitmap.from_pil(picture))
        drawn.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        page = document.new_page(width, height)
        page.insert_obj(drawn)
        page.gen_content()
        stream = io.BytesIO()
        document.save(stream)
        return stream.getvalue()
    finally:
        document.close()
