"""What is drawn on a PDF page that bears on whether its text is seen, and the page as it looks."""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from retrieval.types import Box

if TYPE_CHECKING:
    from PIL import Image

_LEAST_SIDE = 3.0  # points; thinner shapes are rules, which cover nothing
_MOST_OBJECTS = 60_000
_DEEPEST = 4  # forms within forms; ten of them, each in ten others, are soon a million
_TEXT, _PATH, _IMAGE, _SHADING, _FORM = 1, 2, 3, 4, 5  # FPDF_PAGEOBJ_*
_UNKNOWN = -1.0
_LEAST_CONTRAST = 24  # of 255, between the lightest and the darkest pixel of what can be seen
_GLANCE_PIXELS = 600
_INVISIBLE_MODES = frozenset({3, 7})  # neither filled nor stroked: nothing, or a clipping path
_AXIS = 1_000  # points
_FINE = 16  # PDFium rounds places on a shown page to whole pixels; so many make a point

_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Something drawn on a page.

    Attributes:
        order: What comes later lies over what came before.
        raw: PDFium's object.
        box: Its rectangle on the page as shown.
        lightness: Of its fill, from 0 (black) to 255; negative if it is not filled with one colour.
    """

    order: int
    raw: Any
    box: Box
    lightness: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn on a page that bears on whether text is seen, in order.

    Attributes:
        invisible: Pieces of text that are drawn in no colour.
        first_text: When the first text was drawn; what came before covers none.
        shapes: Filled shapes large enough to hold text.
        pictures: Pictures, and shapes filled with a gradient.
    """

    invisible: list[Drawn]
    first_text: int
    shapes: list[Drawn]
    pictures: list[Drawn]


def drawing(page: Any) -> Drawing:
    """Collect what is drawn on a page.

    Args:
        page: pypdfium2's page; PDFium's objects in the result live as long as it does.

    Returns:
        Invisible text, filled shapes and pictures; of a page with very many objects, among the first 60,000.
    """
    from pypdfium2 import raw

    invisible, shapes, pictures, first_text = [], [], [], _MOST_OBJECTS
    reader = _Reader(raw, page)
    for order, (kind, item, matrix, mode) in enumerate(_objects(raw, page.raw)):
        if order >= _MOST_OBJECTS:
            break
        if kind == _TEXT:  # a page may have thousands, a word or a letter each
            first_text = min(first_text, order)
            if mode in _INVISIBLE_MODES:
                invisible.append(reader.drawn(item, matrix, order))
        elif kind in {_IMAGE, _SHADING}:
            pictures.append(reader.drawn(item, matrix, order))
        elif kind == _PATH and reader.is_filled(item):
            shapes.append(reader.drawn(item, matrix, order))
    large = [s for s in shapes if min(s.box.x1 - s.box.x0, s.box.y1 - s.box.y0) >= _LEAST_SIDE]
    return Drawing(invisible, first_text, large, pictures)


def pages_with_ink(path: Path, numbers: Iterable[int]) -> frozenset[int]:
    """Select the pages on which anything is to be seen.

    Args:
        path: The PDF.
        numbers: Pages from 1 to look at.

    Returns:
        Those that are not of one colour.
    """
    import pypdfium2

    inked: set[int] = set()
    document = pypdfium2.PdfDocument(path)
    try:
        for number in numbers:
            try:
                page = document[number - 1]
            except pypdfium2.PdfiumError:
                continue  # a broken page costs only itself
            if has_contrast(rendered(page, _GLANCE_PIXELS)):
                inked.add(number)
            page.close()
    finally:
        document.close()
    return frozenset(inked)


def rendered(page: Any, longest: int, scale: float = 1.0) -> "Image.Image":
    """Draw a page in shades of grey.

    Args:
        page: pypdfium2's page.
        longest: Most pixels on a side.
        scale: Pixels per point where that is not more.

    Returns:
        The picture.
    """
    from PIL import Image

    shorter, longer = sorted(page.get_size())
    scale = min(scale, longest / max(longer, 1.0))
    if shorter * scale < 1:  # a page of no width, on which nothing is to be seen
        return Image.new("L", (1, 1))
    return cast("Image.Image", page.render(scale=scale, may_draw_forms=False, grayscale=True).to_pil())


def has_contrast(picture: "Image.Image") -> bool:
    """Tell whether anything stands out from its ground in a picture in shades of grey."""
    darkest, lightest = cast("tuple[int, int]", picture.getextrema())
    return lightest - darkest >= _LEAST_CONTRAST


def _objects(raw: Any, page: Any) -> Iterator[tuple[int, Any, _Matrix, int]]:
    yield from _within(raw, page, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, _IDENTITY, 0)


def _within(
    raw: Any, parent: Any, count: Callable[[Any], int], get: Callable[[Any, int], Any], matrix: _Matrix, depth: int
) -> Iterator[tuple[int, Any, _Matrix, int]]:
    mode_of, kind_of = raw.FPDFTextObj_GetTextRenderMode, raw.FPDFPageObj_GetType
    for index in range(count(parent)):
        item = get(parent, index)
        mode = mode_of(item)  # negative for what is no text
        if mode >= 0:
            yield _TEXT, item, matrix, mode
            continue
        kind = kind_of(item)
        if kind != _FORM:
            yield kind, item, matrix, mode
        elif depth < _DEEPEST:
            inner = _times(_matrix(raw, item), matrix)
            yield from _within(raw, item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, inner, depth + 1)


class _Reader:
    """Asks PDFium about objects; its answers go into the same few variables."""

    def __init__(self, raw: Any, page: Any) -> None:
        self._raw = raw
        self._edges = [ctypes.c_float() for _ in range(4)]
        self._colour = [ctypes.c_uint() for _ in range(4)]
        self._numbers = ctypes.c_int(), ctypes.c_int()
        # Where the origin and the ends of both axes come to lie tells it for every place.
        size = tuple(int(side * _FINE) for side in page.get_size())
        ends = [self._on_page(page.raw, size, *end) for end in ((0, 0), (_AXIS, 0), (0, _AXIS))]
        (e, f), (ax, ay), (bx, by) = ends
        self._to_shown: _Matrix = (
            (ax - e) / _AXIS,
            (ay - f) / _AXIS,
            (bx - e) / _AXIS,
            (by - f) / _AXIS,
            e,
            f,
        )

    def is_filled(self, item: Any) -> bool:
        fill, stroke = self._numbers
        return bool(self._raw.FPDFPath_GetDrawMode(item, fill, stroke)) and fill.value != 0

    def drawn(self, item: Any, matrix: _Matrix, order: int) -> Drawn:
        self._raw.FPDFPageObj_GetBounds(item, *self._edges)
        left, bottom, right, top = (edge.value for edge in self._edges)
        a, b, c, d, e, f = self._to_shown if matrix is _IDENTITY else _times(matrix, self._to_shown)
        xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
        ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
        return Drawn(order, item, Box(min(xs), min(ys), max(xs), max(ys)), self._lightness(item))

    def _on_page(self, page: Any, size_pixels: tuple[int, ...], x: float, y: float) -> tuple[float, float]:
        at_x, at_y = self._numbers
        self._raw.FPDF_PageToDevice(page, 0, 0, *size_pixels, 0, x, y, at_x, at_y)
        return at_x.value / _FINE, at_y.value / _FINE

    def _lightness(self, item: Any) -> float:
        if not self._raw.FPDFPageObj_GetFillColor(item, *self._colour):
            return _UNKNOWN
        red, green, blue, _ = (part.value for part in self._colour)
        return lightness(red, green, blue)


def _matrix(raw: Any, item: Any) -> _Matrix:
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(item, matrix):
        return _IDENTITY
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def lightness(red: int, green: int, blue: int) -> float:
    """Return how light a colour is, from 0 to 255."""
    return 0.299 * red + 0.587 * green + 0.114 * blue
