"""The running text of OpenDocument files: paragraphs, lists, tables, and the slides of presentations."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.parsers.clean import fold, fold_lines
from ingestion.parsers.odf_styles import DRAW, OFFICE, PRESENTATION, SVG, TABLE, TEXT, Styles, points, whole
from ingestion.parsers.tables import Cell, table_element
from ingestion.types import Element
from retrieval.types import Box

_HREF = "{http://www.w3.org/1999/xlink}href"
_SKIPPED = frozenset(
    [TEXT + n for n in ("tracked-changes", "table-of-content", "illustration-index", "table-index", "note-citation")]
    + [TEXT + n for n in ("ruby-text", "sequence-decls", "variable-decls", "user-field-decls", "index-title")]
    + [OFFICE + n for n in ("annotation", "forms", "scripts", "event-listeners")]
    + [f"{DRAW}image", f"{DRAW}plugin", f"{DRAW}glue-point", f"{SVG}title", f"{SVG}desc", f"{TEXT}page-number"]
)
_ASIDE = frozenset({f"{TEXT}note", f"{DRAW}text-box", f"{DRAW}object", f"{TABLE}table", f"{DRAW}custom-shape"})
_CHARACTERS = {f"{TEXT}tab": " ", f"{TEXT}line-break": "\n"}
_MAX_SPACES = 100
_PAGE_BREAK = "\f"  # cannot occur in XML


class Where:
    """Counts paragraphs and pages, or stands for one slide."""

    def __init__(self, *, has_pages: bool = False, slide: int | None = None) -> None:
        self.page = slide or (1 if has_pages else None)
        self.box: Box | None = None
        self._slide = slide
        self._number = 0

    def paragraph(self) -> None:
        """Count one more paragraph."""
        self._number += 1

    def turn(self, count: int) -> None:
        """Turn pages, unless this is a slide."""
        if self.page is not None and self._slide is None:
            self.page += count

    @property
    def place(self) -> str:
        """The place in words."""
        return f"paragraph {self._number}" if self._slide is None else f"slide {self._slide}"


class Writer:
    """One pass over a body. XML deeper than 256 levels is refused when it is read, so recursion is bounded."""

    def __init__(self, styles: Styles, where: Where, objects: Mapping[str, Any], *, hidden: bool = False) -> None:
        self._styles = styles
        self._where = where
        self._objects = objects
        self._hidden = hidden
        self._lists: list[list[Any]] = []  # per open list: its style, and the number of the next item
        self._marker = ""
        self._aside: list[Any] = []  # what hangs on a paragraph and is read after it
        self._ended: dict[str, int] = {}  # list id or style -> the number it would have gone on with
        self.title = ""
        self.elements: list[Element] = []

    def blocks(self, parent: Any) -> None:
        """Read everything below a node."""
        for child in parent:
            self._block(child)

    def _block(self, node: Any) -> None:
        tag = node.tag
        if tag in {f"{TEXT}p", f"{TEXT}h"}:
            self._paragraph(node)
        elif tag == f"{TEXT}list":
            self._list(node)
        elif tag == f"{TABLE}table":
            self._table(node)
        elif tag == f"{DRAW}object":
            self._object(node)
        elif tag == f"{TEXT}soft-page-break":
            self._where.turn(1)
        elif tag not in _SKIPPED:
            before = self._hidden
            self._hidden = before or self._is_off(node)
            self.blocks(node)
            self._hidden = before

    def _is_off(self, node: Any) -> bool:
        if node.tag != f"{TEXT}section":
            return False
        is_off = node.get(f"{TEXT}display") == "none" or node.get(f"{TEXT}is-hidden") == "true"
        return is_off or self._styles.get("section", node.get(f"{TEXT}style-name")).is_off

    def _paragraph(self, node: Any) -> None:
        self._where.paragraph()
        style = self._styles.get("paragraph", node.get(f"{TEXT}style-name"))
        pieces = list(self._pieces(node, hidden=self._hidden or style.hidden))
        whole_text = "".join(text for text, _ in pieces)
        before = whole_text[: len(whole_text) - len(whole_text.lstrip())].count(_PAGE_BREAK)
        self._where.turn(before)
        shown, unseen = (
            fold_lines("".join(text for text, hidden in pieces if hidden is h).replace(_PAGE_BREAK, ""))
            for h in (False, True)
        )
        level = whole(node, f"{TEXT}outline-level", style.level or 1) if node.tag == f"{TEXT}h" else style.level
        level = 1 if style.is_title else level
        if shown and level is not None:
            self.title = self.title or (fold(shown) if style.is_title else "")
            self._add("heading", fold(shown), level=min(max(level, 1), 6))
        elif shown:
            self._add("list_item" if self._marker else "paragraph", self._marker + shown)
            self._marker = ""
        if unseen:
            self._add("paragraph", unseen, hidden=True)
        self._where.turn(whole_text.count(_PAGE_BREAK) - before)
        self._set_aside_down()

    def _add(self, kind: Any, text: str, *, level: int | None = None, hidden: bool = False) -> None:
        where = self._where
        hidden = hidden or self._hidden
        self.elements.append(
            Element(kind, text, level=level, page=where.page, box=where.box, place=where.place, hidden=hidden)
        )

    def _pieces(self, node: Any, *, hidden: bool) -> Iterator[tuple[str, bool]]:
        yield _spaced(node.text), hidden
        for child in node:
            tag = child.tag
            if tag in _CHARACTERS:
                yield _CHARACTERS[tag], hidden
            elif tag == f"{TEXT}s":
                yield " " * min(whole(child, f"{TEXT}c", 1), _MAX_SPACES), hidden
            elif tag == f"{TEXT}soft-page-break":
                yield _PAGE_BREAK, hidden
            elif tag in _ASIDE:
                self._aside.append(child)
            elif tag not in _SKIPPED:
                yield from self._pieces(child, hidden=hidden or self._is_unseen(child))
            yield _spaced(child.tail), hidden

    def _is_unseen(self, span: Any) -> bool:
        if span.tag in {f"{TEXT}hidden-text", f"{TEXT}hidden-paragraph"}:
            return True
        return self._styles.get("text", span.get(f"{TEXT}style-name")).hidden

    def _set_aside_down(self) -> None:
        aside, self._aside = self._aside, []
        lists, self._lists = self._lists, []
        for node in aside:
            if node.tag == f"{TEXT}note":
                paragraphs = (self._flat(p) for p in node.iter(f"{TEXT}p"))
                self._add("paragraph", f"Note: {fold(' '.join(paragraphs))}")
            elif node.tag in {f"{TABLE}table", f"{DRAW}object"}:
                self._block(node)
            else:
                self.blocks(node)
        self._lists = lists

    def _list(self, node: Any) -> None:
        depth = len(self._lists) + 1
        outer = self._lists[-1][0] if self._lists else ""
        style = node.get(f"{TEXT}style-name") or outer
        follows = node.get(f"{TEXT}continue-list") or (
            style if node.get(f"{TEXT}continue-numbering") == "true" else None
        )
        first = self._styles.first_number(style, depth)
        self._lists.append([style, self._ended.get(follows, first) if follows else first])
        for item in node:
            if item.tag in {f"{TEXT}list-item", f"{TEXT}list-header"}:
                self._item(item, depth)
        ended = self._lists.pop()
        self._ended |= {style: ended[1], node.get("{http://www.w3.org/XML/1998/namespace}id", ""): ended[1]}

    def _item(self, item: Any, depth: int) -> None:
        current = self._lists[-1]
        current[1] = whole(item, f"{TEXT}start-value", current[1])
        if item.tag == f"{TEXT}list-item" and any(c.tag in {f"{TEXT}p", f"{TEXT}h"} for c in item):
            self._marker = f"{self._styles.label(current[0], depth, current[1])} ".lstrip()
            current[1] += 1
        self.blocks(item)
        self._marker = ""

    def _table(self, node: Any) -> None:
        rows = list(self._rows(node))
        if sum(len(row) for row in rows) == 1:
            # A frame around text.
            self.blocks(next(node.iter(f"{TABLE}table-cell")))
            return
        self._where.paragraph()
        where = self._where
        element = table_element(rows, page=where.page, place=where.place, hidden=self._hidden)
        if element is not None:
            self.elements.append(element)
        self._set_aside_down()

    def _rows(self, node: Any) -> Iterator[list[Cell]]:
        for child in node:
            if child.tag == f"{TABLE}table-row":
                cells = (c for c in child if c.tag == f"{TABLE}table-cell")
                yield [
                    Cell(
                        self._flat(cell),
                        max(whole(cell, f"{TABLE}number-columns-spanned", 1), 1),
                        max(whole(cell, f"{TABLE}number-rows-spanned", 1), 1),
                    )
                    for cell in cells
                ]
            elif child.tag in {TABLE + n for n in ("table-header-rows", "table-row-group", "table-rows")}:
                yield from self._rows(child)

    def _flat(self, node: Any) -> str:
        """Read everything below a node as one line."""
        paragraphs = list(node.iter(f"{TEXT}p", f"{TEXT}h")) if node.tag != f"{TEXT}p" else [node]
        texts = ("".join(text for text, hidden in self._pieces(p, hidden=False) if not hidden) for p in paragraphs)
        return fold(" ".join(text.replace(_PAGE_BREAK, "") for text in texts))

    def _object(self, node: Any) -> None:
        content = self._objects.get(node.get(_HREF, "").removeprefix("./"))
        for table in content.iter(f"{TABLE}table") if content is not None else ():
            self._table(table)


def slide_elements(content: Any, styles: Styles, objects: Mapping[str, Any]) -> list[Element]:
    """Read the slides of a presentation or the pages of a drawing.

    Returns:
        Per slide its title as heading and the text of its shapes, in the order they were laid; then its notes.
    """
    found: list[Element] = []
    for number, slide in enumerate(content.iterchildren(f"{DRAW}page"), 1):
        where = Where(slide=number)
        hidden = styles.get("drawing-page", slide.get(f"{DRAW}style-name")).is_off
        writer = Writer(styles, where, objects, hidden=hidden)
        for shape in sorted(slide, key=lambda s: s.get(f"{PRESENTATION}class") != "title"):
            before = len(writer.elements)
            if shape.tag == f"{PRESENTATION}notes":
                where.box = None
                writer.blocks(shape)
                writer.elements[before:] = [_note(e, number) for e in writer.elements[before:]]
            else:
                where.box = _box(shape)
                writer.blocks((shape,))
                if shape.get(f"{PRESENTATION}class") == "title":
                    writer.elements[before:] = _titled(writer.elements[before:])
        found.extend(writer.elements)
    return found


def _note(element: Element, number: int) -> Element:
    text = f"Note: {element.text}"
    return Element("paragraph", text, page=number, place=f"slide {number}, notes", hidden=element.hidden)


def _titled(elements: list[Element]) -> list[Element]:
    text = fold(" ".join(e.text for e in elements))
    return [Element("heading", text, 1, e.page, e.box, e.place, hidden=e.hidden) for e in elements[:1]]


def _box(shape: Any) -> Box | None:
    x, y, width, height = (points(shape.get(SVG + name)) for name in ("x", "y", "width", "height"))
    if x is None or y is None or width is None or height is None:
        return None
    return Box(*(round(edge, 1) for edge in (x, y, x + width, y + height)))


def _spaced(text: str | None) -> str:
    # Line breaks of the file are no line breaks of the text.
    return (text or "").replace("\n", " ")
