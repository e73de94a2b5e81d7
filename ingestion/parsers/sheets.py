"""Sheets of a workbook, whatever program wrote it -> a heading each, and their blocks of rows as tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.parsers.tables import MAX_GRID_CELLS, rows_as_elements
from ingestion.types import Element
from retrieval.errors import ResourceLimitError

_Row = tuple[int, Mapping[int, str]]
# Few cells far apart span a table that is mostly empty; it is built, so it has a bound of its own.
_MAX_SPANNED = 10 * MAX_GRID_CELLS


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as rows of shown values.

    Attributes:
        rows: Row number in the original, from 1, and its filled cells by column, from 0.
        hidden: A reader does not see the sheet; ``hidden_rows`` (numbers), ``hidden_columns`` (from 0) and
            ``hidden_cells`` (row and column) likewise.
    """

    name: str
    rows: Sequence[_Row]
    hidden: bool = False
    hidden_rows: Collection[int] = field(default=())
    hidden_columns: Collection[int] = field(default=())
    hidden_cells: Collection[tuple[int, int]] = field(default=())


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

    Raises:
        ResourceLimitError: It spans more cells than can be built.
    """
    shown, unseen = _parted(sheet)
    if not shown and not unseen:
        return []
    where = f"sheet {sheet.name}"
    place = where.replace("{", "{{").replace("}", "}}") + ", row {}"
    found = [Element("heading", sheet.name, level=1, page=number, place=where, hidden=sheet.hidden)]
    for rows, hidden in ((shown, sheet.hidden), (unseen, True)):
        columns = sorted({column for _, cells in rows for column in cells})
        if len(columns) * len(rows) > _MAX_SPANNED:
            raise ResourceLimitError(f"holds a sheet that spans more than {_MAX_SPANNED:,} cells")
        for block in _blocks(rows):
            lines = [(row, [cells.get(column, "") for column in columns]) for row, cells in block]
            found.extend(rows_as_elements(lines, place, page=number, hidden=hidden))
    return found


def _parted(sheet: Sheet) -> tuple[list[_Row], list[_Row]]:
    """Part what can be seen from what cannot: whole rows, columns, and single cells."""
    rows, columns, cells = frozenset(sheet.hidden_rows), frozenset(sheet.hidden_columns), frozenset(sheet.hidden_cells)
    parts: tuple[list[_Row], list[_Row]] = ([], [])
    for number, filled in sheet.rows:
        if number in rows:
            parts[1].append((number, filled))
            continue
        unseen = {c: text for c, text in filled.items() if c in columns or (number, c) in cells}
        shown = {c: text for c, text in filled.items() if c not in unseen} if unseen else filled
        for part, found in zip((shown, unseen), parts, strict=True):
            if part:
                found.append((number, part))
    return parts


def _blocks(rows: list[_Row]) -> list[list[_Row]]:
    """Part rows at blank rows, but never a table's rows from their header."""
    blocks: list[list[_Row]] = []
    columns: set[int] = set()
    for number, cells in rows:
        if blocks and (number == blocks[-1][-1][0] + 1 or _continues(columns, cells)):
            blocks[-1].append((number, cells))
            columns |= set(cells)
        else:
            blocks.append([(number, cells)])
            columns = set(cells)
    return blocks


def _continues(columns: set[int], cells: Mapping[int, str]) -> bool:
    """Tell whether a row after a gap is one more row of the table above: same columns, and figures, not headings."""
    has_figures = any(cell[:1].isdigit() or cell[:1] in "-+(" for cell in cells.values())
    return len(cells) > 1 and len(columns) > 1 and set(cells) <= columns and has_figures
