"""Excel workbooks (xlsx, xlsm, xltx) -> per sheet a heading and its tables, read from the XML itself.

Values are those the workbook showed when it was last saved. Kept: merged cells, text boxes, charts. Hidden sheets,
rows, columns and cells whose style hides them are marked hidden. Left out: comments, formulas.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ingestion.parsers.archive import open_archive, read_xml
from ingestion.parsers.clean import fold, readable_name
from ingestion.parsers.drawing import A, drawn_elements
from ingestion.parsers.opc import R, main_part, relations
from ingestion.parsers.sheets import CellCount, Sheet, sheet_elements
from ingestion.parsers.xlsx_cells import CellStyle, cell_styles, shown_number
from ingestion.types import Element, SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

_REFERENCE = re.compile(r"\$?[A-Za-z]{1,3}\$?(\d{1,7})")
_MAX_COLUMNS, _MAX_ROWS = 16_384, 1_048_576
_MAX_STRINGS = 2_000_000
_MAX_MERGES = 10_000
_PLAIN = CellStyle()
_ON = frozenset({"1", "true"})


def parse_xlsx(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a workbook.

    Returns:
        The file's name in words, and for each sheet with content its name as heading and its tables.

    Raises:
        UnreadableError: It is damaged.
    """
    with open_archive(source.path) as archive:
        try:
            return readable_name(source.name), list(_Book(archive).elements())
        except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError, KeyError, ValueError) as error:
            raise UnreadableError("is a damaged workbook") from error


class _Book:
    """The parts that sheets share."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        main = main_part(archive, "xl/workbook.xml")
        self._root = read_xml(archive, main)
        if self._root is None:
            raise UnreadableError("is a damaged workbook: it lists no sheets")
        self._links = relations(archive, main)
        properties = self._root.find("{*}workbookPr")
        self.is_1904 = properties is not None and properties.get("date1904") in _ON
        self.styles = cell_styles(read_xml(archive, self._part("styles", "xl/styles.xml")))
        self.strings = self._shared(self._part("sharedStrings", "xl/sharedStrings.xml"))
        self.count = CellCount()

    def elements(self) -> Iterator[Element]:
        for number, entry in enumerate(self._root.iterfind("{*}sheets/{*}sheet"), 1):
            link = self._links.get(entry.get(f"{R}id", ""))
            if link is None:
                continue
            name, hidden = entry.get("name", str(number)), entry.get("state", "visible") != "visible"
            found = []
            if link.kind == "worksheet":
                found = sheet_elements(_Reader(self, name, hidden=hidden).sheet(self._archive, link.part), number)
            drawn = list(self._drawn(link.part, name, number, hidden=hidden))
            if drawn and not found:
                yield Element("heading", name, level=1, page=number, place=f"sheet {name}", hidden=hidden)
            yield from found
            yield from drawn

    def _part(self, kind: str, default: str) -> str:
        return next((link.part for link in self._links.values() if link.kind == kind), default)

    def _shared(self, part: str) -> list[str]:
        strings: list[str] = []
        if part in self._archive.namelist():
            with self._archive.open(part) as stream:
                for element in _ended(stream, part, "si"):
                    strings.append(_text(element))
                    if len(strings) > _MAX_STRINGS:
                        raise ResourceLimitError(f"holds more than {_MAX_STRINGS:,} texts")
        return strings

    def _drawn(self, sheet: str, name: str, number: int, *, hidden: bool) -> Iterator[Element]:
        for link in relations(self._archive, sheet).values():
            root = read_xml(self._archive, link.part) if link.kind == "drawing" else None
            if root is None:
                continue
            texts = ["".join(t.text or "" for t in p.iter(f"{A}t")) for p in root.iter(f"{A}p")]
            found = [Element("paragraph", fold(text)) for text in texts if text.strip()]
            found.extend(drawn_elements(self._archive, relations(self._archive, link.part), root))
            for e in found:
                yield Element(e.kind, e.text, page=number, place=f"sheet {name}, drawing", html=e.html, hidden=hidden)


class _Reader:
    """One pass over the XML of a sheet, cell by cell."""

    def __init__(self, book: _Book, name: str, *, hidden: bool) -> None:
        self._book = book
        self._name = name
        self._hidden = hidden
        self._rows: dict[int, dict[int, str]] = {}
        self._hidden_rows: set[int] = set()
        self._hidden_columns: set[int] = set()
        self._hidden_cells: set[tuple[int, int]] = set()
        self._white_cells: set[tuple[int, int]] = set()
        self._row = 0  # the one that was read last

    def sheet(self, archive: zipfile.ZipFile, part: str) -> Sheet:
        is_coloured = False
        merges: list[str] = []
        with archive.open(part) as stream:
            for element in _ended(stream, part, "row", "col", "mergeCell", "tablePart", "conditionalFormatting"):
                kind = element.tag.rpartition("}")[2]
                if kind == "row":
                    self._cells(element)
                elif kind == "col":
                    self._columns(element)
                elif kind == "mergeCell":
                    merges.append(element.get("ref", ""))
                else:
                    is_coloured = True
        for reference in merges[:_MAX_MERGES]:
            self._fill_down(reference)
        cells = self._hidden_cells if is_coloured else self._hidden_cells | self._white_cells
        rows = sorted(self._rows.items())
        return Sheet(self._name, rows, self._hidden, self._hidden_rows, self._hidden_columns, cells)

    def _cells(self, row: Any) -> None:
        # A row or a cell without a number follows the one before.
        self._row = _whole(row.get("r")) or self._row + 1
        if row.get("hidden") in _ON:
            self._hidden_rows.add(self._row)
        space = row.tag[: -len("row")]
        filled: dict[int, str] = {}
        column = 0
        for cell in row.iterchildren(f"{space}c"):
            column = _column(cell.get("r", "")) or column + 1
            style = self._style(cell.get("s"))
            text = self._shown(cell, style, space)
            if text:
                filled[column - 1] = text
                self._note_unseen(style, column - 1)
        self._book.count.add(len(filled))
        if filled and self._row <= _MAX_ROWS:
            self._rows.setdefault(self._row, {}).update(filled)

    def _note_unseen(self, style: CellStyle, column: int) -> None:
        if style.hides:
            self._hidden_cells.add((self._row, column))
        elif style.is_white:
            self._white_cells.add((self._row, column))

    def _columns(self, column: Any) -> None:
        first, last = _whole(column.get("min")), _whole(column.get("max"))
        if column.get("hidden") in _ON and first and last:
            self._hidden_columns.update(range(first - 1, min(last, _MAX_COLUMNS)))

    def _style(self, index: str | None) -> CellStyle:
        number = _whole(index) or 0
        return self._book.styles[number] if number < len(self._book.styles) else _PLAIN

    def _shown(self, cell: Any, style: CellStyle, space: str) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return fold("".join(_text(inner) for inner in cell.iterchildren(f"{space}is")))
        value = str(cell.findtext(f"{space}v", "")).strip()
        if kind == "s":
            number = _whole(value)
            return self._book.strings[number] if number is not None and number < len(self._book.strings) else ""
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        return shown_number(value, style, is_1904=self._book.is_1904) if kind == "n" and value else fold(value)

    def _fill_down(self, reference: str) -> None:
        """Repeat a cell that covers several rows in each, so that a row makes sense alone."""
        corners = [_REFERENCE.fullmatch(corner) for corner in reference.split(":")]
        if len(corners) != 2 or corners[0] is None or corners[1] is None:
            return
        column, first, last = _column(reference) - 1, int(corners[0][1]), int(corners[1][1])
        text = self._rows.get(first, {}).get(column)
        for number in range(first + 1, min(last, first + 1_000) + 1):
            if text and number in self._rows:
                self._rows[number].setdefault(column, text)


def _ended(stream: Any, part: str, *names: str) -> Iterator[Any]:
    """Yield elements as soon as they have been read, and forget them then."""
    from lxml import etree

    tags = [f"{{*}}{name}" for name in names]
    try:
        for _, element in etree.iterparse(
            stream, events=("end",), tag=tags, resolve_entities=False, no_network=True, remove_comments=True
        ):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"is damaged: {part} cannot be read ({error.msg})") from error


def _text(element: Any) -> str:
    # Phonetic guides (rPh) repeat in another script what the text says.
    parts = (t.text or "" for t in element.iter("{*}t") if not t.getparent().tag.endswith("}rPh"))
    return "".join(parts).strip()


def _column(reference: str) -> int:
    """Return the column of a reference such as ``AB12``, 0 if it is none."""
    return _column_of_letters(reference.partition(":")[0].replace("$", "").rstrip("0123456789"))


@lru_cache(maxsize=4_096)
def _column_of_letters(letters: str) -> int:
    number = 0
    for letter in letters.upper() if letters.isascii() and letters.isalpha() and len(letters) < 4 else "":
        number = number * 26 + ord(letter) - ord("A") + 1
    return number if number <= _MAX_COLUMNS else 0


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 8 else None
