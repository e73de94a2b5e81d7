"""Text of a PDF that a reader of the page cannot see: invisible, transparent, tiny, or without contrast.

How text is drawn tells what may be hidden; whether it is, is seen by looking: the page is rendered, and text at whose
place nothing stands out from its ground is hidden. The invisible text of a scan's OCR layer lies on a picture that has
ink at its place, and counts as seen: without it a scan would have no text.
"""

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.parsers.clean import fold
from ingestion.parsers.pdf_drawn import Drawing, Drawn, drawing, has_contrast, lightness, rendered
from ingestion.parsers.pdf_words import Word, key, union
from retrieval.types import Box

if TYPE_CHECKING:
    from PIL import Image

_TINY_POINTS = 1.5
_LIGHT = 200  # of 255; text as light as that may stand on white
_SIMILAR = 48  # of 255; text that differs as little from the shape it is drawn on
_LOOK_PIXELS = 2_000  # on the longer side of the page
_SPACE = 0.15  # line heights between two words


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


def unseen_text(path: Path, pages: Mapping[int, Any]) -> dict[int, list[Unseen]]:
    """Find text that is drawn so that it may not be seen; text outside the page is not read in the first place.

    Args:
        path: The PDF.
        pages: liteparse's pages by number, as they are shown.

    Returns:
        By page, what was found, in the order of the file; only pages with any.
    """
    import pypdfium2

    found: dict[int, list[Unseen]] = {}
    document = pypdfium2.PdfDocument(path)
    try:
        for number, read in pages.items():
            try:
                page = document[number - 1]
            except pypdfium2.PdfiumError:
                continue  # a broken page costs only itself
            there = list(_on_page(page, read))
            page.close()
            if there:
                found[number] = there
    finally:
        document.close()
    return found


def _on_page(page: Any, read: Any) -> Iterator[Unseen]:
    drawn = drawing(page)
    look = _Look(page)
    invisible = list(_joined(_invisible(page, drawn, look)))
    yield from invisible
    for item in read.text_items:
        box = Box(item.x, item.y, item.x + item.width, item.y + item.height)
        if any(_covers(text.box, box) for text in invisible):
            continue
        alpha, light = _colour(item.fill_color)
        tiny = 0 < (item.font_height or 0) < _TINY_POINTS  # its size may be 1, and enlarged as it is drawn
        doubtful = light >= _LIGHT or _may_be_covered(box, light, drawn)
        if key(item.text) and (tiny or alpha == 0 or (doubtful and not look.has_ink(box))):
            yield Unseen(fold(item.text), box, hidden=True)


def _invisible(page: Any, drawn: Drawing, look: "_Look") -> Iterator[Unseen]:
    if not drawn.invisible:
        return
    textpage = page.get_textpage()
    last: Unseen | None = None
    for text in drawn.invisible:
        said = _text(text, textpage)
        if not key(said):  # too small to be looked at: a comma is where the word before it is
            last = last and replace(last, text=last.text + said)
            continue
        if last is not None:
            yield last
        on_picture = any(_covers(picture.box, text.box) for picture in drawn.pictures)
        last = Unseen(said, text.box, hidden=not (on_picture and look.has_ink(text.box)))
    if last is not None:
        yield last
    textpage.close()


def _colour(argb: str | None) -> tuple[int, float]:
    if not argb:
        return 255, 0.0
    alpha, red, green, blue = bytes.fromhex(argb)
    return alpha, lightness(red, green, blue)


def _may_be_covered(box: Box, light: float, drawn: Drawing) -> bool:
    """Tell whether text stands where a shape of its colour is, or anything that was drawn after the first text."""
    for there in (*drawn.shapes, *drawn.pictures):
        over = there.order > drawn.first_text
        if (over or abs(there.lightness - light) < _SIMILAR) and _covers(there.box, box):
            return True
    return False


def _covers(outer: Box, inner: Box) -> bool:
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return outer.x0 <= x <= outer.x1 and outer.y0 <= y <= outer.y1


class _Look:
    """Looks at a page, which is drawn when first needed."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._picture: Image.Image | None = None

    def has_ink(self, box: Box) -> bool:
        """Tell whether anything stands out from its ground in a place."""
        if self._picture is None:
            self._picture = rendered(self._page, _LOOK_PIXELS)
        return _has_contrast(self._picture, box, self._page)


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
