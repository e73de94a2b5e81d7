"""Word documents (docx) -> Elements, read from the XML itself.

Kept: heading styles and outline levels, list numbers as Word shows them, tables with merged cells, text boxes, notes
after the paragraph that refers to them, pages as last rendered. Left out: page headers and footers, deleted text of
tracked changes, comments, field codes, tables of contents. Hidden text is marked.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any

from ingestion.parsers.archive import open_archive, read_xml
from ingestion.parsers.clean import fold
from ingestion.parsers.docx_styles import Numbering, Style, W, is_on, read_styles
from ingestion.parsers.tables import Cell, table_element
from ingestion.types import Element, SourceFile
from retrieval.errors import UnreadableError

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SKIPPED = frozenset({
    f"{W}del",
    f"{W}moveFrom",
    f"{W}instrText",
    f"{W}delText",
    f"{_MC}Fallback",
    f"{W}rPr",
    f"{W}pPr",
})
_WRAPPERS = frozenset(W + n for n in ("sdtContent", "sdt", "ins", "moveTo", "customXml", "smartTag"))
_CHARACTERS = {f"{W}tab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}ptab": " "}
_NOTE_MARKS = {f"{W}footnoteReference": "footnotes", f"{W}endnoteReference": "endnotes"}
_PAGE_BREAK = "\f"  # cannot occur in XML, so it is free to stand for a rendered page break


def parse_docx(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a Word document.

    Returns:
        The paragraph in the style Title, or an empty string (the title in the properties is mostly the template's), and
        its elements.

    Raises:
        UnreadableError: It is damaged, or is no Word document.
    """
    with open_archive(source.path) as archive:
        main = _main_part(archive)
        document = read_xml(archive, main)
        body = document.find(f"{W}body") if document is not None else None
        if body is None:
            raise UnreadableError("is damaged: it has no Word text")
        folder = posixpath.dirname(main)
        styles = read_styles(read_xml(archive, f"{folder}/styles.xml"))
        numbering = Numbering(read_xml(archive, f"{folder}/numbering.xml"))
        notes = {kind: read_xml(archive, f"{folder}/{kind}.xml") for kind in ("footnotes", "endnotes")}
    walk = _Walk(styles, numbering, notes, has_pages=next(body.iter(f"{W}lastRenderedPageBreak"), None) is not None)
    walk.blocks(body)
    return walk.title, walk.elements


def _main_part(archive: zipfile.ZipFile) -> str:
    relations = read_xml(archive, "_rels/.rels")
    for relation in relations if relations is not None else ():
        if relation.get("Type", "").endswith("/officeDocument"):
            return str(relation.get("Target", "")).lstrip("/")
    return "word/document.xml"


class _Walk:
    """One pass over the body. XML deeper than 256 levels is refused when it is read, so recursion is bounded."""

    def __init__(
        self, styles: dict[str, Style], numbering: Numbering, notes: dict[str, Any], *, has_pages: bool
    ) -> None:
        self._styles = styles
        self._numbering = numbering
        self._notes = {kind: _note_texts(part) for kind, part in notes.items()}
        self._page = 1 if has_pages else None
        self._number = 0
        self._aside: list[Any] = []  # text boxes and note texts met inside the paragraph
        self.title = ""
        self.elements: list[Element] = []

    def blocks(self, parent: Any) -> None:
        for child in parent:
            if child.tag == f"{W}p":
                self._paragraph(child)
            elif child.tag == f"{W}tbl":
                self._table(child)
            elif child.tag in _WRAPPERS:
                self.blocks(child)

    def _paragraph(self, paragraph: Any) -> None:
        self._number += 1
        style = self._style(paragraph)
        pieces = list(self._pieces(paragraph, hidden=style.hidden))
        whole = "".join(text for text, _ in pieces)
        breaks = whole.count(_PAGE_BREAK)
        before = whole[: len(whole) - len(whole.lstrip())].count(_PAGE_BREAK)
        self._turn_pages(before)
        shown = _lines("".join(text for text, hidden in pieces if not hidden))
        unseen = _lines("".join(text for text, hidden in pieces if hidden))
        if shown and not style.is_contents:
            self._add(shown, style)
        if unseen:
            self.elements.append(Element("paragraph", unseen, page=self._page, place=self._place, hidden=True))
        self._turn_pages(breaks - before)
        self._set_aside_down()

    def _add(self, text: str, style: Style) -> None:
        label = self._numbering.label(style)
        if style.level is not None:
            text = fold(f"{label} {text}" if label.strip("-") else text)
            if style.is_title and not self.title:
                self.title = text
            self.elements.append(Element("heading", text, level=style.level, page=self._page, place=self._place))
        elif style.number_id is not None:
            self.elements.append(Element("list_item", f"{label} {text}".strip(), page=self._page, place=self._place))
        else:
            self.elements.append(Element("paragraph", text, page=self._page, place=self._place))

    def _style(self, paragraph: Any) -> Style:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return self._styles.get("", Style())
        named = properties.find(f"{W}pStyle")
        style = self._styles.get(named.get(f"{W}val", "") if named is not None else "", Style())
        return style.with_direct(properties)

    def _pieces(self, node: Any, *, hidden: bool = False) -> Iterator[tuple[str, bool]]:
        for child in node:
            tag = child.tag
            if tag in {f"{W}t", f"{_MATH}t"}:
                yield child.text or "", hidden
            elif tag in _CHARACTERS:
                yield _CHARACTERS[tag], hidden
            elif tag == f"{W}txbxContent":
                self._aside.append(child)
            elif tag in _NOTE_MARKS:
                note = self._notes[_NOTE_MARKS[tag]].get(child.get(f"{W}id"))
                self._aside.extend([note] if note else [])
            elif tag == f"{W}lastRenderedPageBreak":
                yield _PAGE_BREAK, hidden
            elif tag not in _SKIPPED:
                yield from self._pieces(child, hidden=hidden or _vanishes(child))

    def _set_aside_down(self) -> None:
        aside, self._aside = self._aside, []
        for item in aside:
            if isinstance(item, str):
                self.elements.append(Element("paragraph", f"Note: {item}", page=self._page, place=self._place))
            else:
                self.blocks(item)

    def _table(self, table: Any) -> None:
        rows = [list(_cells(row)) for row in _rows(table)]
        if sum(len(row) for row in rows) == 1:
            self.blocks(rows[0][0] if rows[0] else rows[-1][0])  # a frame around text
            return
        self._number += 1
        place, page = self._place, self._page
        element = table_element(self._merged(rows), page=page, place=place)
        if element is not None:
            self.elements.append(element)
        self._turn_pages(sum(1 for _ in table.iter(f"{W}lastRenderedPageBreak")))
        self._set_aside_down()

    def _merged(self, rows: list[list[Any]]) -> list[list[Cell]]:
        """Fold the cells that continue a vertical merge into the one that began it."""
        merged: list[list[Cell]] = []
        begun: dict[int, tuple[int, int]] = {}  # column -> where in `merged` the cell above it is
        for row in rows:
            line: list[Cell] = []
            merged.append(line)
            column = 0
            for cell in row:
                width, continues = _span(cell)
                if continues and column in begun:
                    r, c = begun[column]
                    above = merged[r][c]
                    merged[r][c] = Cell(above.text, above.columns, above.rows + 1)
                else:
                    begun[column] = (len(merged) - 1, len(line))
                    line.append(Cell(self._cell_text(cell), width))
                column += width
        return merged

    def _cell_text(self, cell: Any) -> str:
        paragraphs = (p for p in cell.iter(f"{W}p") if not _is_elsewhere(p, cell))
        texts = ("".join(text for text, hidden in self._pieces(p) if not hidden) for p in paragraphs)
        return " ".join(fold(text) for text in texts if text.strip())

    def _turn_pages(self, count: int) -> None:
        if self._page is not None:
            self._page += count

    @property
    def _place(self) -> str:
        return f"paragraph {self._number}"


def _lines(text: str) -> str:
    lines = (fold(line) for line in text.replace(_PAGE_BREAK, "").split("\n"))
    return "\n".join(line for line in lines if line)


def _vanishes(run: Any) -> bool:
    if run.tag != f"{W}r":
        return False
    vanish = run.find(f"{W}rPr/{W}vanish")
    return vanish is not None and is_on(vanish)


def _note_texts(part: Any) -> dict[str | None, str]:
    if part is None:
        return {}
    return {note.get(f"{W}id"): fold("".join(t.text or "" for t in note.iter(f"{W}t"))) for note in part}


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == f"{W}tr":
            if child.find(f"{W}trPr/{W}del") is None:
                yield child
        elif child.tag in _WRAPPERS:
            yield from _rows(child)


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == f"{W}tc":
            yield child
        elif child.tag in _WRAPPERS:
            yield from _cells(child)


def _span(cell: Any) -> tuple[int, bool]:
    """Return how many columns a cell covers, and whether it continues the cell above it."""
    properties = cell.find(f"{W}tcPr")
    if properties is None:
        return 1, False
    span = properties.find(f"{W}gridSpan")
    merge = properties.find(f"{W}vMerge")
    width = span.get(f"{W}val", "1") if span is not None else "1"
    continues = merge is not None and merge.get(f"{W}val", "continue") == "continue"
    return max(int(width), 1) if width.isdecimal() and len(width) < 6 else 1, continues


def _is_elsewhere(paragraph: Any, cell: Any) -> bool:
    """Tell whether a paragraph under a cell is in a text box, or is a second copy for old programs."""
    for ancestor in paragraph.iterancestors():
        if ancestor is cell:
            return False
        if ancestor.tag in {f"{W}txbxContent", f"{_MC}Fallback"}:
            return True
    return False
