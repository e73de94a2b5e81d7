"""OpenDocument spreadsheets (ods) -> Elements."""

from collections.abc import Iterator
from typing import Any

from ingestion.parsers.clean import fold
from ingestion.parsers.odf_styles import OFFICE, TABLE, TEXT, Styles, whole
from ingestion.parsers.sheets import CellCount, Sheet, sheet_elements
from ingestion.types import Element

_GROUPS = frozenset(TABLE + n for n in ("table-header-rows", "table-row-group", "table-rows"))
_MAX_COLUMNS = 16_384


def spreadsheet_elements(content: Any, styles: Styles) -> list[Element]:
    """Read the sheets of a spreadsheet with the values they showed when it was last saved."""
    found: list[Element] = []
    count = CellCount()
    for number, table in enumerate(content.iterchildren(f"{TABLE}table"), 1):
        rows: list[tuple[int, dict[int, str]]] = []
        hidden_rows: set[int] = set()
        at = 1
        for row, repeated in _rows(table):
            cells = _cells(row)
            if cells:
                count.add(len(cells) * repeated)
                rows.extend((at + i, cells) for i in range(repeated))
                if row.get(f"{TABLE}visibility") in {"collapse", "filter"}:
                    hidden_rows.update(range(at, at + repeated))
            at += repeated
        is_off = styles.get("table", table.get(f"{TABLE}style-name")).is_off
        name = table.get(f"{TABLE}name", str(number))
        sheet = Sheet(name, rows, is_off, hidden_rows, frozenset(_hidden_columns(table)))
        found.extend(sheet_elements(sheet, number))
    return found


def _rows(table: Any) -> Iterator[tuple[Any, int]]:
    for child in table:
        if child.tag == f"{TABLE}table-row":
            yield child, max(whole(child, f"{TABLE}number-rows-repeated", 1), 1)
        elif child.tag in _GROUPS:
            yield from _rows(child)


def _cells(row: Any) -> dict[int, str]:
    cells: dict[int, str] = {}
    column = 0
    for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
        repeated = min(max(whole(cell, f"{TABLE}number-columns-repeated", 1), 1), _MAX_COLUMNS - column)
        text = _shown(cell)
        if text:
            cells |= dict.fromkeys(range(column, column + repeated), text)
        column += repeated
    return cells


def _shown(cell: Any) -> str:
    # Comments stand in the cell too.
    paragraphs = ("".join(p.itertext()) for p in cell.iterchildren(f"{TEXT}p"))
    return fold(" ".join(paragraphs)) or str(cell.get(f"{OFFICE}value", ""))


def _hidden_columns(table: Any) -> Iterator[int]:
    at = 0
    for column in table.iter(f"{TABLE}table-column"):
        repeated = min(max(whole(column, f"{TABLE}number-columns-repeated", 1), 1), _MAX_COLUMNS)
        if column.get(f"{TABLE}visibility") in {"collapse", "filter"}:
            yield from range(at, min(at + repeated, _MAX_COLUMNS))
        at += repeated
