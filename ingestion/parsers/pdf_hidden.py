"""Text of a PDF that a reader of the page cannot see: invisible, transparent, tiny, off the page, or without contrast.

How text is drawn tells what may be hidden; whether it is, is seen by looking: the page is rendered, and text at whose
place nothing stands out from its ground is hidden. The invisible text of a scan's OCR layer lies on a picture that has
ink at its place, and counts as seen: without it a scan would have no text.
"""

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ingestion.parsers.clean import fold
from ingestion.parsers.pdf_drawn import Drawing, Drawn, drawing, has_contrast, rendered, scaled_size
from ingestion.parsers.pdf_words import Word, key, union
from retrieval.types import Box

if TYPE_CHECKING:
    from PIL import Image

_TINY_POINTS = 1.5
_INVISIBLE_MODES = frozenset({3, 7})  # neither filled nor stroked: nothing, or a clipping path
_LIGHT = 200  # of 255; text as light as that may stand on white
_SIMILAR = 48  # of 255; text that differs as little from the shape it is drawn on
_LOOK_PIXELS = 2_000  # on the longer side of the page
_SPACE = 0.15  # line heights between two words

_Doubt = Literal["hidden", "look", "layer"]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Text that is drawn so that it may not be seen.

    Attributes:
        box: Where it stands on the page as shown.
        hidden: Nothing is to be seen there; otherwise it is the text of the picture it lies on or under.
    """

    text: str
    box: Box
    hidden: bool

    def holds(self, word: Word) -> bool:
        """Tell whether a word on the page is one of its words."""
        x, y = (word.box.x0 + word.box.x1) / 2, (word.box.y0 + word.box.y1) / 2
        inside = self.box.x0 - 1 <= x <= self.box.x1 + 1 and self.box.y0 - 1 <= y <= self.box.y1 + 1
        return inside and word.key in key(self.text)


def unseen_text(path: Path, numbers: Iterable[int]) -> dict[int, list[Unseen]]:
    """Find text that is drawn so that it may not be seen.

    Args:
        path: The PDF.
        numbers: Pages from 1 to look at.

    Returns:
        By page, what was found, in the order of the file; only pages with any.
    """
    import pypdfium2

    found: dict[int, list[Unseen]] = {}
    document = pypdfium2.PdfDocument(path)
    try:
        for number in numbers:
            try:
                page = document[number - 1]
            except pypdfium2.PdfiumError:
                continue  # a broken page costs only itself
            there = list(_on_page(page))
            page.close()
            if there:
                found[number] = there
    finally:
        document.close()
    return found


def _on_page(page: Any) -> Iterator[Unseen]:
    drawn = drawing(page)
    paper = page.get_bbox()
    doubts = [(text, doubt) for text in drawn.texts if (doubt := _doubt(text, drawn, paper)) is not None]
    if not doubts:
        return
    looked = rendered(page, _LOOK_PIXELS) if any(doubt != "hidden" for _, doubt in doubts) else None
    textpage = page.get_textpage()
    pieces: list[Unseen] = []
    for text, doubt in doubts:
        box = _box(page, text)
        ink = looked is not None and doubt != "hidden" and _has_contrast(looked, box, page)
        said = _text(text, textpage)
        if not key(said):
            # Too small to be looked at: a comma is where the word before it is.
            pieces = [*pieces[:-1], replace(pieces[-1], text=pieces[-1].text + said)] if pieces else []
        elif not (ink and doubt == "look"):
            pieces.append(Unseen(said, box, hidden=not ink))
    textpage.close()
    yield from _joined(pieces)


def _doubt(text: Drawn, drawn: Drawing, paper: tuple[float, float, float, float]) -> _Doubt | None:
    """Say why text may not be seen: it surely is not, it takes a look, or it may be the text of a picture."""
    left, bottom, right, top = paper
    if text.right <= left or text.left >= right or text.top <= bottom or text.bottom >= top:
        return "hidden"
    if text.mode in _INVISIBLE_MODES:
        return "layer" if any(picture.covers(text) for picture in drawn.pictures) else "hidden"
    tiny = text.top - text.bottom < _TINY_POINTS and scaled_size(text) < _TINY_POINTS
    if tiny or text.alpha == 0:
        return "hidden"
    if drawn.pictures and any(picture.order > text.order and picture.covers(text) for picture in drawn.pictures):
        return "layer"
    light = text.lightness >= _LIGHT
    return "look" if light or any(_may_hide(shape, text) for shape in drawn.shapes_around(text)) else None


def _may_hide(shape: Drawn, text: Drawn) -> bool:
    return shape.order > text.order or abs(shape.lightness - text.lightness) < _SIMILAR


def _box(page: Any, text: Drawn) -> Box:
    from pypdfium2 import raw

    width, height = page.get_size()
    fine = 16  # PDFium rounds to whole pixels
    corners: list[tuple[float, float]] = []
    for x, y in ((text.left, text.bottom), (text.right, text.top)):
        at_x, at_y = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, int(width * fine), int(height * fine), 0, x, y, at_x, at_y)
        corners.append((at_x.value / fine, at_y.value / fine))
    (x0, y0), (x1, y1) = corners
    return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _has_contrast(looked: "Image.Image", box: Box, page: Any) -> bool:
    scale = looked.width / page.get_width()
    left, top = max(int(box.x0 * scale), 0), max(int(box.y0 * scale), 0)
    right, bottom = min(int(box.x1 * scale) + 1, looked.width), min(int(box.y1 * scale) + 1, looked.height)
    if right <= left or bottom <= top:
        return False
    return has_contrast(looked.crop((left, top, right, bottom)))


def _text(text: Drawn, textpage: Any) -> str:
    from pypdfium2 import raw

    size = raw.FPDFTextObj_GetText(text.raw, textpage.raw, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    raw.FPDFTextObj_GetText(text.raw, textpage.raw, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: max(size - 2, 0)].decode("utf-16-le", "replace").replace("\0", "")


def _joined(pieces: Iterable[Unseen]) -> Iterator[Unseen]:
    """Join pieces that follow each other on a line: a word is often drawn in several."""
    last: Unseen | None = None
    for piece in pieces:
        if last is not None and last.hidden == piece.hidden and _follows(last.box, piece.box):
            height = piece.box.y1 - piece.box.y0
            space = " " if piece.box.x0 - last.box.x1 > _SPACE * height else ""
            box = union((last.box, piece.box))
            last = replace(last, text=f"{last.text}{space}{piece.text}", box=box or last.box)
            continue
        if last is not None:
            yield replace(last, text=fold(last.text))
        last = piece
    if last is not None:
        yield replace(last, text=fold(last.text))


def _follows(before: Box, here: Box) -> bool:
    middle, height = (here.y0 + here.y1) / 2, here.y1 - here.y0
    return before.y0 <= middle <= before.y1 and -height < here.x0 - before.x1 < 3 * height
