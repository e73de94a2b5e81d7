"""Word documents (docx) -> Elements, read from the XML itself.

Kept: heading styles and outline levels, list numbers as Word shows them, tables with merged cells, text boxes, notes
after the paragraph that refers to them, charts and diagrams, pages as last rendered, headers and footers once. Left
out: deleted text of tracked changes, comments, field codes, tables of contents. Hidden text is marked: by Word's own
mark, too small to be read, or white on white.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ingestion.parsers.archive import open_archive, read_part, read_xml
from ingestion.parsers.clean import fold, fold_lines
from ingestion.parsers.decode import decode
from ingestion.parsers.docx_styles import Look, Numbering, Style, W, read_styles
from ingestion.parsers.docx_table import MC, WRAPPERS, cells, is_elsewhere, rows, span
from ingestion.parsers.drawing import drawn_elements
from ingestion.parsers.html import html_elements
from ingestion.parsers.opc import R, Relation, main_part, relations
from ingestion.parsers.tables import Cell, table_element
from ingestion.types import Element, SourceFile
from retrieval.errors import UnreadableError

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SKIPPED = frozenset({
    f"{W}del",
    f"{W}moveFrom",
    f"{W}instrText",
    f"{W}delText",
    f"{MC}Fallback",
    f"{W}rPr",
    f"{W}pPr",
})
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
        main = main_part(archive, "word/document.xml")
        document = read_xml(archive, main)
        body = document.find(f"{W}body") if document is not None else None
        if body is None:
            raise UnreadableError("is damaged: it has no Word text")
        walk = _Walk(_Parts(archive, main), document)
        walk.blocks(body)
        walk.margins()
    return walk.title, walk.elements


class _Parts:
    """What the body of a document refers to."""

    def __init__(self, archive: zipfile.ZipFile, main: str) -> None:
        folder = posixpath.dirname(main)
        self.archive = archive
        self.links = relations(archive, main)
        self.styles = read_styles(read_xml(archive, f"{folder}/styles.xml"))
        self.numbering = Numbering(read_xml(archive, f"{folder}/numbering.xml"))
        parts = {kind: read_xml(archive, f"{folder}/{kind}.xml") for kind in ("footnotes", "endnotes")}
        self.notes = {kind: _note_texts(part) for kind, part in parts.items()}

    def margins(self) -> Iterator[Any]:
        """Yield the roots of headers, then of footers."""
        for kind in ("header", "footer"):
            for part in sorted(link.part for link in self.links.values() if link.kind == kind):
                root = read_xml(self.archive, part)
                if root is not None:
                    yield root

    def inserted(self, chunk: Any) -> list[Element]:
        """Read a file that was put in whole (``w:altChunk``): web pages only."""
        link: Relation | None = self.links.get(chunk.get(f"{R}id", ""))
        if link is None or not link.part.lower().endswith((".htm", ".html", ".xhtml")):
            return []
        data = read_part(self.archive, link.part)
        return html_elements(decode(data), is_page=False)[1] if data is not None else []


class _Walk:
    """One pass over the body. XML deeper than 256 levels is refused when it is read, so recursion is bounded."""

    def __init__(self, parts: _Parts, document: Any) -> None:
        self._parts = parts
        ground = document.find(f"{W}background")
        self._paper_is_white = ground is None or ground.get(f"{W}color", "auto").upper() in {"AUTO", "FFFFFF"}
        has_pages = next(document.iter(f"{W}lastRenderedPageBreak"), None) is not None
        self._page = 1 if has_pages else None
        self._number = 0
        self._inside = 0  # tables and text boxes, which may be coloured by a style that is not followed here
        self._aside: list[Any] = []  # text boxes and note texts met inside the paragraph
        self._unseen: list[str] = []  # what cannot be seen of the cells of a table
        self.title = ""
        self.elements: list[Element] = []

    def blocks(self, parent: Any) -> None:
        for child in parent:
            if child.tag == f"{W}p":
                self._paragraph(child)
            elif child.tag == f"{W}tbl":
                self._table(child)
            elif child.tag in WRAPPERS:
                self.blocks(child)
            elif child.tag == f"{W}altChunk":
                self.elements.extend(self._parts.inserted(child))

    def margins(self) -> None:
        """Read headers and footers, each text once; page numbers are none."""
        texts: dict[str, None] = {}
        for root in self._parts.margins():
            for paragraph in root.iter(f"{W}p"):
                pieces = self._pieces(paragraph, self._style(paragraph).look)
                text = fold("".join(text for text, hidden in pieces if not hidden))
                if any(c.isalpha() for c in text):
                    texts.setdefault(text)
        self._aside.clear()
        self.elements.extend(Element("paragraph", text, place="page margin") for text in texts)

    def _paragraph(self, paragraph: Any) -> None:
        self._number += 1
        style = self._style(paragraph)
        pieces = list(self._pieces(paragraph, style.look))
        whole = "".join(text for text, _ in pieces)
        breaks = whole.count(_PAGE_BREAK)
        before = whole[: len(whole) - len(whole.lstrip())].count(_PAGE_BREAK)
        self._turn_pages(before)
        shown = fold_lines("".join(text for text, hidden in pieces if not hidden).replace(_PAGE_BREAK, ""))
        unseen = fold_lines("".join(text for text, hidden in pieces if hidden).replace(_PAGE_BREAK, ""))
        if shown and not style.is_contents:
            self._add(shown, style)
        if unseen:
            self.elements.append(Element("paragraph", unseen, page=self._page, place=self._place, hidden=True))
        self._turn_pages(breaks - before)
        self._set_aside_down()
        if next(paragraph.iter(f"{W}drawing"), None) is not None:
            for drawn in drawn_elements(self._parts.archive, self._parts.links, paragraph):
                self.elements.append(replace(drawn, page=self._page, place=self._place))

    def _add(self, text: str, style: Style) -> None:
        label = self._parts.numbering.label(style)
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
            return self._parts.styles.get("", Style())
        named = properties.find(f"{W}pStyle")
        style = self._parts.styles.get(named.get(f"{W}val", "") if named is not None else "", Style())
        return style.with_direct(properties)

    def _pieces(self, node: Any, look: Look) -> Iterator[tuple[str, bool]]:
        hidden = look.hidden(on_white=self._paper_is_white and not self._inside)
        for child in node:
            tag = child.tag
            if tag in {f"{W}t", f"{_MATH}t"}:
                yield child.text or "", hidden
            elif tag in _CHARACTERS:
                yield _CHARACTERS[tag], hidden
            elif tag == f"{W}txbxContent":
                self._aside.append(child)
            elif tag in _NOTE_MARKS:
                note = self._parts.notes[_NOTE_MARKS[tag]].get(child.get(f"{W}id"))
                self._aside.extend([note] if note else [])
            elif tag == f"{W}lastRenderedPageBreak":
                yield _PAGE_BREAK, hidden
            elif tag not in _SKIPPED:
                yield from self._pieces(child, self._run_look(child, look) if tag == f"{W}r" else look)

    def _run_look(self, run: Any, look: Look) -> Look:
        properties = run.find(f"{W}rPr")
        if properties is None:
            return look
        named = properties.find(f"{W}rStyle")
        style = self._parts.styles.get(named.get(f"{W}val", "")) if named is not None else None
        if style is not None and style.look != Look():
            look = Look(
                look.vanishes or style.look.vanishes,
                style.look.tiny,
                style.look.white,
                look.shaded or style.look.shaded,
            )
        return look.with_direct(properties)

    def _set_aside_down(self) -> None:
        aside, self._aside = self._aside, []
        self._inside += 1
        for item in aside:
            if isinstance(item, str):
                self.elements.append(Element("paragraph", f"Note: {item}", page=self._page, place=self._place))
            else:
                self.blocks(item)
        self._inside -= 1

    def _table(self, table: Any) -> None:
        found = [list(cells(row)) for row in rows(table)]
        self._inside += 1
        if sum(len(row) for row in found) == 1:
            self.blocks(found[0][0] if found[0] else found[-1][0])  # a frame around text
            self._inside -= 1
            return
        self._number += 1
        place, page = self._place, self._page
        element = table_element(self._merged(found), page=page, place=place)
        if element is not None:
            self.elements.append(element)
        unseen, self._unseen = self._unseen, []
        self.elements.extend(Element("paragraph", text, page=page, place=place, hidden=True) for text in unseen)
        self._inside -= 1
        self._turn_pages(sum(1 for _ in table.iter(f"{W}lastRenderedPageBreak")))
        self._set_aside_down()

    def _merged(self, table: list[list[Any]]) -> list[list[Cell]]:
        """Fold the cells that continue a vertical merge into the one that began it."""
        merged: list[list[Cell]] = []
        begun: dict[int, tuple[int, int]] = {}  # column -> where in `merged` the cell above it is
        for row in table:
            line: list[Cell] = []
            merged.append(line)
            column = 0
            for cell in row:
                width, continues = span(cell)
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
        shown: list[str] = []
        for paragraph in cell.iter(f"{W}p"):
            if is_elsewhere(paragraph, cell):
                continue
            pieces = list(self._pieces(paragraph, self._style(paragraph).look))
            shown.append(fold("".join(text for text, hidden in pieces if not hidden)))
            unseen = fold("".join(text for text, hidden in pieces if hidden))
            self._unseen.extend([unseen] if unseen else [])
        return " ".join(text for text in shown if text)

    def _turn_pages(self, count: int) -> None:
        if self._page is not None:
            self._page += count

    @property
    def _place(self) -> str:
        return f"paragraph {self._number}"


def _note_texts(part: Any) -> dict[str | None, str]:
    if part is None:
        return {}
    return {note.get(f"{W}id"): fold("".join(t.text or "" for t in note.iter(f"{W}t"))) for note in part}
