"""PowerPoint presentations (pptx, pptm, potx) -> Elements, read from the XML itself.

Kept: slide number as page, shape box, titles as headings, lists with their numbers, tables with merged cells, charts,
diagrams, speaker notes, footers once. Text on hidden slides, in shapes that are off or beside the slide, or too small
or in the colour of its own shape is marked hidden. Left out: slide numbers, comments.
"""

import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from ingestion.parsers.archive import open_archive, read_xml
from ingestion.parsers.clean import fold, fold_lines
from ingestion.parsers.drawing import A, drawn_elements
from ingestion.parsers.numerals import numeral
from ingestion.parsers.opc import R, Relation, main_part, relations
from ingestion.parsers.pptx_shapes import EMU_PER_POINT, P, Shape, bullet, depth, shapes
from ingestion.parsers.tables import Cell, table_element
from ingestion.types import Element, SourceFile
from retrieval.errors import UnreadableError
from retrieval.types import Box

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MARGINAL = frozenset({"ftr", "dt", "hdr"})
_NUMBERED = {"alphaLc": "lowerLetter", "alphaUc": "upperLetter", "romanLc": "lowerRoman", "romanUc": "upperRoman"}
_TINY = 200  # hundredths of a point
_SLIDE_POINTS = (960.0, 540.0)  # if the presentation does not say


def parse_pptx(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a presentation.

    Returns:
        The title of its first slide, or an empty string, and its elements.

    Raises:
        UnreadableError: It is damaged, or is no presentation.
    """
    with open_archive(source.path) as archive:
        main = main_part(archive, "ppt/presentation.xml")
        presentation = read_xml(archive, main)
        if presentation is None:
            raise UnreadableError("is damaged: it has no presentation in it")
        deck = _Deck(archive, _size(presentation))
        links = relations(archive, main)
        order = [links.get(slide.get(f"{R}id", "")) for slide in presentation.iter(f"{P}sldId")]
        for number, link in enumerate(order, 1):
            if link is not None:
                deck.slide(number, link.part)
    return deck.title, deck.elements


def _size(presentation: Any) -> tuple[float, float]:
    size = presentation.find(f"{P}sldSz")
    try:
        return int(size.get("cx")) / EMU_PER_POINT, int(size.get("cy")) / EMU_PER_POINT
    except (AttributeError, TypeError, ValueError):
        return _SLIDE_POINTS


class _Deck:
    """One pass over the slides."""

    def __init__(self, archive: zipfile.ZipFile, extent: tuple[float, float]) -> None:
        self._archive = archive
        self._extent = extent
        self._marginal: set[str] = set()
        self._titled = False
        self.title = ""
        self.elements: list[Element] = []

    def slide(self, number: int, part: str) -> None:
        root = read_xml(self._archive, part)
        if root is None:
            return
        links = relations(self._archive, part)
        line = self._inherits_from(links)
        reader = _Slide(number, hidden=root.get("show") in {"0", "false"}, master=line[1] if len(line) > 1 else None)
        found_shapes = shapes(root, line)
        if self._titled and not any(shape.is_title for shape in found_shapes):
            # Without a heading of its own the slide would stand under that of the slide before it.
            self.elements.append(reader.untitled())
        for shape in found_shapes:
            found = reader.shape(shape, outside=self._is_outside(shape.box))
            found.extend(reader.placed(drawn_elements(self._archive, links, shape.node), shape))
            if shape.role in _MARGINAL:
                found = [e for e in found if e.text not in self._marginal]
                self._marginal.update(e.text for e in found)
            self.elements.extend(found)
        self.elements.extend(self._notes(links, number))
        headings = [e.text for e in self.elements if e.kind == "heading" and not e.hidden]
        self._titled = bool(headings)
        if number == 1 and headings:
            self.title = headings[0]

    def _inherits_from(self, links: dict[str, Relation]) -> list[Any]:
        line = []
        for kind in ("slideLayout", "slideMaster"):
            part = next((link.part for link in links.values() if link.kind == kind), None)
            root = read_xml(self._archive, part) if part is not None else None
            if part is None or root is None:
                break
            line.append(root)
            links = relations(self._archive, part)
        return line

    def _is_outside(self, box: Box | None) -> bool:
        width, height = self._extent
        return box is not None and (box.x1 <= 0 or box.y1 <= 0 or box.x0 >= width or box.y0 >= height)

    def _notes(self, links: dict[str, Relation], number: int) -> Iterator[Element]:
        part = next((link.part for link in links.values() if link.kind == "notesSlide"), None)
        root = read_xml(self._archive, part) if part is not None else None
        for shape in shapes(root, ()) if root is not None else ():
            if shape.role == "body":
                for paragraph in shape.node.iter(f"{A}p"):
                    text = fold("".join(text for text, _ in _pieces(paragraph)))
                    if text:
                        yield Element("paragraph", f"Note: {text}", page=number, place=f"slide {number}, notes")


class _Slide:
    """Turns the shapes of one slide into Elements."""

    def __init__(self, number: int, *, hidden: bool, master: Any) -> None:
        self._number = number
        self.hidden = hidden
        self._master = master
        self._outside = False

    def shape(self, shape: Shape, *, outside: bool) -> list[Element]:
        self._outside = outside
        if shape.role == "sldNum":
            return []
        table = shape.node.find(f".//{A}tbl")
        if table is not None:
            element = table_element(_rows(table))
            return self.placed([element] if element is not None else [], shape)
        if shape.node.tag == f"{P}pic":
            described = shape.node.find(f"./*/{P}cNvPr").get("descr") or ""
            return self.placed([Element("paragraph", fold(described))], shape) if _is_said(described) else []
        if shape.is_title:
            return list(self._title(shape))
        return self.placed(self._paragraphs(shape), shape)

    def placed(self, elements: Sequence[Element], shape: Shape) -> list[Element]:
        """Give elements the page and box of their shape, and mark what is hidden with it."""
        hidden = self.hidden or shape.hidden or self._outside
        where = f"slide {self._number}"
        return [
            Element(
                e.kind, e.text, level=e.level, page=self._number, box=shape.box, place=where, html=e.html,
                hidden=hidden or e.hidden,
            )
            for e in elements
            if e.text
        ]  # fmt: skip

    def untitled(self) -> Element:
        where = f"slide {self._number}"
        return Element("heading", where.capitalize(), level=1, page=self._number, place=where, hidden=self.hidden)

    def _title(self, shape: Shape) -> Iterator[Element]:
        parts = [piece for p in shape.node.iter(f"{A}p") for piece in (*_pieces(p, _fill(shape)), (" ", False))]
        for hidden in (False, True):
            text = fold("".join(text for text, unseen in parts if unseen is hidden))
            yield from self.placed([Element("heading", text, level=1, hidden=hidden)], shape)

    def _paragraphs(self, shape: Shape) -> list[Element]:
        counts: dict[int, int] = {}
        found: list[Element] = []
        for paragraph in shape.node.iterfind(f"{P}txBody/{A}p"):
            pieces = list(_pieces(paragraph, _fill(shape)))
            shown, unseen = (
                fold_lines("".join(t for t, hidden in pieces if hidden is which)) for which in (False, True)
            )
            mark = bullet(paragraph, shape, self._master)
            if shown:
                label = _label(mark, depth(paragraph), counts)
                found.append(Element("list_item" if label else "paragraph", f"{label} {shown}".strip()))
            if unseen:
                found.append(Element("paragraph", unseen, hidden=True))
        return found


def _label(mark: Any, level: int, counts: dict[int, int]) -> str:
    for deeper in [at for at in counts if at > level]:
        del counts[deeper]
    if mark is None:
        counts.pop(level, None)
        return ""
    if mark.tag != f"{A}buAutoNum":
        return "-" * (level + 1)
    start = mark.get("startAt", "1")
    first = int(start) if start.isdecimal() and len(start) < 6 else 1
    counts[level] = counts.get(level, first - 1) + 1
    kind = mark.get("type", "arabicPeriod")
    style = next((style for prefix, style in _NUMBERED.items() if kind.startswith(prefix)), "decimal")
    written = numeral(counts[level], style)
    return f"({written})" if kind.endswith("Both") else written + (")" if kind.endswith("ParenR") else ".")


def _pieces(node: Any, fill: str | None = None, *, hidden: bool = False) -> Iterator[tuple[str, bool]]:
    for child in node:
        if child.tag in {f"{A}t", f"{_MATH}t"}:
            yield child.text or "", hidden
        elif child.tag == f"{A}br":
            yield "\n", hidden
        elif child.tag == f"{_MC}Fallback":
            continue
        else:
            yield from _pieces(child, fill, hidden=hidden or _is_unseen(child, fill))


def _is_unseen(run: Any, fill: str | None) -> bool:
    properties = run.find(f"{A}rPr")
    if properties is None:
        return False
    size = properties.get("sz", "")
    colour = properties.find(f"{A}solidFill/{A}srgbClr")
    same = colour is not None and fill is not None and colour.get("val", "").upper() == fill
    return same or (size.isdecimal() and int(size) <= _TINY)


def _fill(shape: Shape) -> str | None:
    colour = shape.node.find(f"{P}spPr/{A}solidFill/{A}srgbClr")
    return str(colour.get("val", "")).upper() if colour is not None else None


def _rows(table: Any) -> list[list[Cell]]:
    rows = []
    for row in table.iterfind(f"{A}tr"):
        line = []
        for cell in row.iterfind(f"{A}tc"):
            if cell.get("hMerge") in {"1", "true"} or cell.get("vMerge") in {"1", "true"}:
                continue
            paragraphs = ("".join(text for text, hidden in _pieces(p) if not hidden) for p in cell.iter(f"{A}p"))
            line.append(Cell(fold(" ".join(paragraphs)), _span(cell, "gridSpan"), _span(cell, "rowSpan")))
        rows.append(line)
    return rows


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "1")
    return max(int(value), 1) if value.isdecimal() and len(value) < 6 else 1


def _is_said(described: str) -> bool:
    """Tell an author's description of a picture from a file name and from what a machine guessed."""
    return " " in described.strip() and "automatically generated" not in described.lower()
