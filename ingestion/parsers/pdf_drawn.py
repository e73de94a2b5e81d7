"""What is drawn on a PDF page, in its order: texts, filled shapes and pictures, with place and lightness."""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from PIL import Image

_LEAST_SIDE = 3.0  # points; thinner shapes are rules, which cover nothing
_MOST_OBJECTS = 60_000
_DEEPEST = 6  # forms within forms
_TEXT, _PATH, _IMAGE, _SHADING, _FORM = 1, 2, 3, 4, 5  # FPDF_PAGEOBJ_*
_UNKNOWN = -1.0
_LEAST_CONTRAST = 24  # of 255, between the lightest and the darkest pixel of what can be seen
_GLANCE_PIXELS = 600
_STRIP, _FARTHEST = 24.0, 20_000.0  # points

_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Something drawn on a page.

    Attributes:
        order: What comes later lies over what came before.
        raw: PDFium's object.
        left: In the page's own coordinates, as are the others: points, origin at the bottom left before rotation.
        lightness: Of its fill, from 0 (black) to 255; negative if it is not filled with one colour.
        alpha: Of its fill, from 0 (transparent) to 255.
        mode: For text, whether it is filled (0), stroked (1), neither (3) or a clipping path (7), among others.
    """

    order: int
    raw: Any
    left: float
    bottom: float
    right: float
    top: float
    lightness: float
    alpha: int
    mode: int = 0

    def covers(self, other: "Drawn") -> bool:
        """Tell whether the middle of something else lies in its rectangle."""
        x, y = (other.left + other.right) / 2, (other.bottom + other.top) / 2
        return self.left <= x <= self.right and self.bottom <= y <= self.top


class Drawing:
    """What is drawn on a page, in order.

    Attributes:
        texts: Pieces of text.
        pictures: Pictures, and shapes filled with a gradient.
    """

    def __init__(self) -> None:
        self.texts: list[Drawn] = []
        self.pictures: list[Drawn] = []
        self._shapes: dict[int, list[Drawn]] = {}

    def add_shape(self, shape: Drawn) -> None:
        """Add a filled shape; one too thin to cover text is left out."""
        if min(shape.right - shape.left, shape.top - shape.bottom) >= _LEAST_SIDE:
            for strip in range(self._strip(shape.bottom), self._strip(shape.top) + 1):
                self._shapes.setdefault(strip, []).append(shape)

    def shapes_around(self, text: Drawn) -> list[Drawn]:
        """Select the filled shapes in which the middle of a piece of text lies."""
        there = self._shapes.get(self._strip((text.bottom + text.top) / 2))
        return [shape for shape in there if shape.covers(text)] if there else []

    @staticmethod
    def _strip(y: float) -> int:
        # A table on a page may have hundreds of shaded cells.
        return int(min(max(y, -_FARTHEST), _FARTHEST) // _STRIP)


def drawing(page: Any) -> Drawing:
    """Collect what is drawn on a page.

    Args:
        page: pypdfium2's page; PDFium's objects in the result live as long as it does.

    Returns:
        Texts, filled shapes and pictures; of a page with very many objects, the first 60,000.
    """
    from pypdfium2 import raw

    found = Drawing()
    reader = _Reader(raw)
    for order, (kind, item, matrix) in enumerate(_objects(raw, page.raw)):
        if order >= _MOST_OBJECTS:
            break
        if kind == _TEXT:
            found.texts.append(reader.drawn(item, matrix, order, raw.FPDFTextObj_GetTextRenderMode(item)))
        elif kind in {_IMAGE, _SHADING}:
            found.pictures.append(reader.drawn(item, matrix, order))
        elif kind == _PATH and reader.is_filled(item):
            found.add_shape(reader.drawn(item, matrix, order))
    return found


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


def rendered(page: Any, longest: int, scale: float = 1.5) -> "Image.Image":
    """Draw a page in shades of grey.

    Args:
        page: pypdfium2's page.
        longest: Most pixels on a side.
        scale: Pixels per point where that is not more.

    Returns:
        The picture.
    """
    scale = min(scale, longest / max(page.get_size()))
    picture: Image.Image = page.render(scale=scale, may_draw_forms=False, grayscale=True).to_pil()
    return picture


def has_contrast(picture: "Image.Image") -> bool:
    """Tell whether anything stands out from its ground in a picture in shades of grey."""
    darkest, lightest = cast("tuple[int, int]", picture.getextrema())
    return lightest - darkest >= _LEAST_CONTRAST


def _objects(raw: Any, page: Any) -> Iterator[tuple[int, Any, _Matrix]]:
    yield from _within(raw, page, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, _IDENTITY, 0)


def _within(
    raw: Any, parent: Any, count: Callable[[Any], int], get: Callable[[Any, int], Any], matrix: _Matrix, depth: int
) -> Iterator[tuple[int, Any, _Matrix]]:
    for index in range(count(parent)):
        item = get(parent, index)
        kind = raw.FPDFPageObj_GetType(item)
        if kind != _FORM:
            yield kind, item, matrix
        elif depth < _DEEPEST:
            inner = _times(_matrix(raw, item), matrix)
            yield from _within(raw, item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, inner, depth + 1)


class _Reader:
    """Asks PDFium about objects; its answers go into the same few variables, since there are thousands on a page."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._edges = [ctypes.c_float() for _ in range(4)]
        self._colour = [ctypes.c_uint() for _ in range(4)]
        self._modes = ctypes.c_int(), ctypes.c_int()

    def is_filled(self, item: Any) -> bool:
        fill, stroke = self._modes
        return bool(self._raw.FPDFPath_GetDrawMode(item, fill, stroke)) and fill.value != 0

    def drawn(self, item: Any, matrix: _Matrix, order: int, mode: int = 0) -> Drawn:
        e0, e1, e2, e3 = self._edges
        self._raw.FPDFPageObj_GetBounds(item, e0, e1, e2, e3)
        left, bottom, right, top = e0.value, e1.value, e2.value, e3.value
        if matrix is not _IDENTITY:
            a, b, c, d, e, f = matrix
            corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
            left, right = min(x for x, _ in corners), max(x for x, _ in corners)
            bottom, top = min(y for _, y in corners), max(y for _, y in corners)
        red, green, blue, alpha = self._colour
        if not self._raw.FPDFPageObj_GetFillColor(item, red, green, blue, alpha):
            return Drawn(order, item, left, bottom, right, top, _UNKNOWN, 255, mode)
        lightness = 0.299 * red.value + 0.587 * green.value + 0.114 * blue.value
        return Drawn(order, item, left, bottom, right, top, lightness, alpha.value, mode)


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


def scaled_size(item: Drawn) -> float:
    """Return the size of a text's font as it is drawn, in points."""
    from pypdfium2 import raw

    size = ctypes.c_float()
    raw.FPDFTextObj_GetFontSize(item.raw, size)
    _, _, c, d, _, _ = _matrix(raw, item.raw)
    return size.value * float((c * c + d * d) ** 0.5)
