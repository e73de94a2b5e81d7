"""Excel workbooks (xlsx, xlsm) -> per sheet a heading and its blocks of rows as tables."""

import datetime
import zipfile
from collections.abc import Iterator
from typing import Any

from ingestion.parsers.archive import open_archive
from ingestion.parsers.clean import readable_name
from ingestion.parsers.tables import MAX_GRID_CELLS, rows_as_elements
from ingestion.types import Element, SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

_Row = tuple[int, list[str]]


def parse_xlsx(source: SourceFile) -> tuple[str, list[Element]]:
    """Read the values a workbook showed when it was last saved; hidden sheets are marked hidden.

    Returns:
        The file's name in words, and for each sheet with cells its name as heading and its tables.

    Raises:
        UnreadableError: It is damaged.
    """
    open_archive(source.path).close()
    from openpyxl import load_workbook

    try:
        book = load_workbook(source.path, read_only=True, data_only=True, keep_links=False)
    except (KeyError, ValueError, TypeError, AttributeError, OSError, SyntaxError, zipfile.BadZipFile) as error:
        raise UnreadableError("is a damaged workbook") from error
    try:
        elements: list[Element] = []
        for number, sheet in enumerate(book.worksheets, 1):
            elements.extend(_sheet(sheet, number))
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, zipfile.BadZipFile) as error:
        raise UnreadableError("is a workbook with a damaged sheet") from error
    finally:
        book.close()
    return readable_name(source.name), elements


def _sheet(sheet: Any, number: int) -> list[Element]:
    hidden = sheet.sheet_state != "visible"
    rows = list(_filled_rows(sheet))
    if not rows:
        return []
    place = f"sheet {sheet.title}, row ".replace("{", "{{").replace("}", "}}") + "{}"
    found = [Element("heading", sheet.title, level=1, page=number, place=f"sheet {sheet.title}", hidden=hidden)]
    for block in _blocks(rows):
        found.extend(rows_as_elements(block, place, page=number, hidden=hidden))
    return found


def _filled_rows(sheet: Any) -> Iterator[_Row]:
    # The size a sheet states for itself is often wrong, and cells outside it would be lost.
    sheet.reset_dimensions()
    cells = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        values = [_shown(cell) for cell in row]
        filled = sum(1 for value in values if value)
        cells += filled
        if cells > MAX_GRID_CELLS:
            raise ResourceLimitError(f"has a sheet of more than {MAX_GRID_CELLS:,} cells")
        if filled:
            yield number, values


def _blocks(rows: list[_Row]) -> list[list[_Row]]:
    """Part rows at blank rows, but never a table's rows from their header."""
    blocks: list[list[_Row]] = []
    for row in rows:
        if blocks and (row[0] == blocks[-1][-1][0] + 1 or _continues(blocks[-1], row)):
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return blocks


def _continues(block: list[_Row], row: _Row) -> bool:
    """Tell whether a row after a gap is one more row of the table above: same columns, and figures, not headings."""
    columns = {i for _, cells in block for i, cell in enumerate(cells) if cell}
    own = {i for i, cell in enumerate(row[1]) if cell}
    has_figures = any(row[1][i][:1].isdigit() or row[1][i][:1] in "-+(" for i in own)
    return len(own) > 1 and len(columns) > 1 and own <= columns and has_figures


def _shown(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    return str(value)


def _number(value: float, number_format: str) -> str:
    if "%" in number_format:
        return f"{value * 100:.10g}%"
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.12g}"
