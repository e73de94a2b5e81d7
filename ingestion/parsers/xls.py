"""Excel 97-2003 workbooks (xls) -> per sheet a heading and its tables.

Values are those the workbook showed when it was last saved. Hidden sheets, rows, columns and cells whose format hides
them are marked hidden.
"""

import os
import struct
from typing import TYPE_CHECKING, Any

from ingestion.parsers.clean import fold, readable_name
from ingestion.parsers.sheets import CellCount, Sheet, sheet_elements
from ingestion.parsers.xlsx_cells import CellStyle, shown_number, style_of_format
from ingestion.types import Element, SourceFile
from retrieval.errors import EncryptedError, UnreadableError

if TYPE_CHECKING:
    from xlrd.book import Book

_MAX_MERGED_ROWS = 1_000
# What the library raises on records that contradict each other.
_DAMAGE = (struct.error, AssertionError, LookupError, ValueError, ArithmeticError, TypeError, AttributeError)


def parse_xls(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a workbook.

    Returns:
        The file's name in words, and for each sheet with cells its name as heading and its tables.

    Raises:
        UnreadableError: It is damaged.
        EncryptedError: It wants a password.
    """
    import xlrd
    from xlrd.compdoc import CompDocError

    try:
        with open(os.devnull, "w", encoding="utf-8") as log:
            book = xlrd.open_workbook(str(source.path), logfile=log, formatting_info=True, ragged_rows=True)
            reader = _Reader(book)
            found = [e for i in range(book.nsheets) for e in sheet_elements(reader.sheet(i), i + 1)]
    except xlrd.XLRDError as error:
        if "encrypt" in str(error).lower() or "password" in str(error).lower():
            raise EncryptedError("is password-protected") from error
        raise UnreadableError(f"is a damaged workbook ({error})") from error
    except (CompDocError, *_DAMAGE) as error:
        raise UnreadableError("is a damaged workbook") from error
    return readable_name(source.name), found


class _Reader:
    """Reads the sheets of one workbook."""

    def __init__(self, book: "Book") -> None:
        self._book = book
        self._count = CellCount()
        self._styles: dict[int, CellStyle] = {}

    def sheet(self, index: int) -> Sheet:
        sheet = self._book.sheet_by_index(index)
        rows: dict[int, dict[int, str]] = {}
        hidden_cells: set[tuple[int, int]] = set()
        for row in range(sheet.nrows):
            cells: dict[int, str] = {}
            for column, cell in enumerate(sheet.row(row)):
                style = self._style(cell.xf_index)
                text = self._shown(cell, style)
                if text:
                    cells[column] = text
                    hidden_cells |= {(row + 1, column)} if style.hides else set()
            self._count.add(len(cells))
            if cells:
                rows[row + 1] = cells
        _fill_down(rows, sheet.merged_cells)
        return Sheet(
            sheet.name,
            sorted(rows.items()),
            hidden=sheet.visibility != 0,
            hidden_rows={row + 1 for row, shape in sheet.rowinfo_map.items() if shape.hidden},
            hidden_columns={column for column, shape in sheet.colinfo_map.items() if shape.hidden},
            hidden_cells=hidden_cells,
        )

    def _style(self, index: int | None) -> CellStyle:
        if index is None or index >= len(self._book.xf_list):
            return CellStyle()
        if index not in self._styles:
            key = self._book.xf_list[index].format_key
            number_format = self._book.format_map.get(key)
            self._styles[index] = style_of_format(key, number_format.format_str if number_format else "")
        return self._styles[index]

    def _shown(self, cell: Any, style: CellStyle) -> str:
        import xlrd

        if cell.ctype in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
            return shown_number(repr(float(cell.value)), style, is_1904=bool(self._book.datemode))
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return str(bool(cell.value)).upper()
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, ""))
        return fold(str(cell.value))


def _fill_down(rows: dict[int, dict[int, str]], merged: list[tuple[int, int, int, int]]) -> None:
    """Repeat a cell that covers several rows in each, so that a row makes sense alone."""
    for first, after, column, _ in merged:
        text = rows.get(first + 1, {}).get(column)
        for number in range(first + 2, min(after, first + _MAX_MERGED_ROWS) + 1):
            if text and number in rows:
                rows[number].setdefault(column, text)
