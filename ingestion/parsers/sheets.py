"""Sheets of a workbook, whatever program wrote it -> a heading each, and their blocks of rows as tables."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ingestion.parsers.tables import MAX_GRID_CELLS, rows_as_elements
from ingestion.types import Element
from retrieval.errors import ResourceLimitError

_Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as rows of shown values.

    Attributes:
        rows: Row number in the original, from 1, and its cells from column A on; rows without any may be missing.
        hidden: A reader does not see the sheet; ``hidden_rows`` (numbers) and ``hidden_columns`` (from 0) likewise.
    """

    name: str
    rows: Sequence[_Row]
    hidden: bool = False
    hidden_rows: Collection[int] = field(default=())
    hidden_columns: Collection[int] = field(default=())


class CellCount:
    """Counts the filled cells of one workbook and stops it at ``MAX_GRID_CELLS``."""

    def __init__(self) -> None:
        self._left = MAX_GRID_CELLS

    def add(self, cells: int) -> None:
        """Count cells.

        Raises:
            ResourceLimitError: There are more than a workbook may have.
        """
        self._left -= cells
        if self._left < 0:
            raise ResourceLimitError(f"holds more than {MAX_GRID_CELLS:,} cells")


def sheet_elements(sheet: Sheet, number: int) -> list[Element]:
    """Turn a sheet into Elements.

    Args:
        sheet: The sheet.
        number: Which sheet of the workbook it is, from 1; it becomes the page.

    Returns:
        Its name as heading and its tables; last, marked hidden, what stands in hidden rows and columns. Empty if no
        cell holds anything.
    """
    shown, unseen = _parted(sheet)
    if not shown and not unseen:
        return []
    where = f"sheet {sheet.name}"
    place = where.replace("{", "{{").replace("}", "}}") + ", row {}"
    found = [Element("heading", sheet.name, level=1, page=number, place=where, hidden=sheet.hidden)]
    for rows, hidden in ((shown, sheet.hidden), (unseen, True)):
        for block in _blocks(rows):
            found.extend(rows_as_elements(block, place, page=number, hidden=hidden))
    return found


def _parted(sheet: Sheet) -> tuple[list[_Row], list[_Row]]:
    """Part what can be seen from what cannot: whole rows, and the cells of hidden columns."""
    shown: list[_Row] = []
    unseen: list[_Row] = []
    columns, rows = frozenset(sheet.hidden_columns), frozenset(sheet.hidden_rows)
    for number, cells in sheet.rows:
        if number in rows:
            parts = ([], cells)
        elif columns:
            seen = ["" if i in columns else cell for i, cell in enumerate(cells)]
            parts = (seen, [cell if i in columns else "" for i, cell in enumerate(cells)])
        else:
            parts = (cells, [])
        for part, rows_of_part in zip(parts, (shown, unseen), strict=True):
            if any(part):
                rows_of_part.append((number, part))
    return shown, unseen


def _blocks(rows: list[_Row]) -> list[list[_Row]]:
    """Part rows at blank rows, but never a table's rows from their header."""
    blocks: list[list[_Row]] = []
    columns: set[int] = set()
    for number, cells in rows:
        own = {i for i, cell in enumerate(cells) if cell}
        if blocks and (number == blocks[-1][-1][0] + 1 or _continues(columns, cells, own)):
            blocks[-1].append((number, cells))
            columns |= own
        else:
            blocks.append([(number, cells)])
            columns = own
    return blocks


def _continues(columns: set[int], cells: list[str], own: set[int]) -> bool:
    """Tell whether a row after a gap is one more row of the table above: same columns, and figures, not headings."""
    has_figures = any(cells[i][:1].isdigit() or cells[i][:1] in "-+(" for i in own)
    return len(own) > 1 and len(columns) > 1 and own <= columns and has_figures
