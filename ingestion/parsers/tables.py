"""Rows of cells -> one table element: Markdown in its text, HTML beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from ingestion.parsers.clean import fold
from ingestion.types import Element
from retrieval.errors import ResourceLimitError

MAX_GRID_CELLS = 1_000_000
MAX_SPAN = 1_000
# Beyond this the HTML is only weight: nobody looks at a table of that size in one piece.
MAX_HTML_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and how many columns and rows it covers, at least one each."""

    text: str
    columns: int = 1
    rows: int = 1


def table_element(
    rows: Sequence[Sequence[Cell]], *, page: int | None = None, place: str | None = None, hidden: bool = False
) -> Element | None:
    """Build a table element from rows of cells; the first row is the header.

    A cell that covers several rows is repeated in each, so that a row makes sense alone; one that covers several
    columns stands in the first of them. Empty rows and columns are dropped.

    Returns:
        The table; a paragraph if a single cell holds text; None if none does.

    Raises:
        ResourceLimitError: The table is larger than ``MAX_GRID_CELLS``.
    """
    folded = [[Cell(fold(c.text), c.columns, c.rows) for c in row] for row in rows]
    grid = _without_empty_columns([row for row in _grid(folded) if any(row)])
    if not grid:
        return None
    if len(grid) == 1 and len(grid[0]) == 1:
        return Element("paragraph", grid[0][0], page=page, place=place, hidden=hidden)
    cells = sum(len(row) for row in folded)
    html = _html(folded) if cells <= MAX_HTML_CELLS else None
    return Element("table", _markdown(grid), page=page, place=place, html=html, hidden=hidden)


def plain_cells(rows: Iterable[Iterable[str]]) -> list[list[Cell]]:
    """Wrap strings as cells that cover one column and one row each."""
    return [[Cell(text) for text in row] for row in rows]


def rows_as_elements(
    rows: Sequence[tuple[int, Sequence[str]]], place: str, *, page: int | None = None, hidden: bool = False
) -> list[Element]:
    """Turn numbered rows of a sheet into a table, the lines of text above its header into paragraphs.

    Args:
        rows: Row number in the original, and its cells; no row is empty.
        place: A format for the place that takes the row number.
        page: Number of the sheet.
        hidden: The sheet is hidden.

    Returns:
        Elements in order; only paragraphs if no row has two filled cells.
    """
    filled = [sum(1 for cell in cells if cell.strip()) for _, cells in rows]
    first = next((i for i, count in enumerate(filled) if count > 1), len(rows))
    found = [
        Element("paragraph", fold(" ".join(cells)), page=page, place=place.format(number), hidden=hidden)
        for number, cells in rows[:first]
    ]
    body = rows[first:]
    if body:
        at = place.format(body[0][0])
        table = table_element(plain_cells(cells for _, cells in body), page=page, place=at, hidden=hidden)
        found.extend([table] if table is not None else [])
    return found


def _grid(rows: list[list[Cell]]) -> list[list[str]]:
    if all(cell.columns == 1 and cell.rows == 1 for row in rows for cell in row):
        return [[cell.text for cell in row] for row in rows]
    grid: list[list[str]] = []
    covered: dict[int, tuple[int, str]] = {}  # column -> rows still covered from above, and with what
    count = 0
    for row in rows:
        line = {column: text for column, (_, text) in covered.items()}
        covered = {column: (left - 1, text) for column, (left, text) in covered.items() if left > 1}
        column = 0
        for cell in row:
            while column in line:
                column += 1
            for text in (cell.text, *[""] * (min(cell.columns, MAX_SPAN) - 1)):
                line.setdefault(column, text)
                if cell.rows > 1:
                    covered[column] = (min(cell.rows, len(rows)) - 1, text)
                column += 1
        count += len(line)
        if count > MAX_GRID_CELLS:
            raise ResourceLimitError(f"holds a table of more than {MAX_GRID_CELLS:,} cells")
        grid.append([line.get(column, "") for column in range(max(line, default=-1) + 1)])
    return grid


def _without_empty_columns(grid: list[list[str]]) -> list[list[str]]:
    width = max((len(row) for row in grid), default=0)
    used = [any(column < len(row) and row[column] for row in grid) for column in range(width)]
    return [[row[c] if c < len(row) else "" for c in range(width) if used[c]] for row in grid]


def _markdown(grid: list[list[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in grid]
    lines.insert(1, "|" + " --- |" * len(grid[0]))
    return "\n".join(lines)


def _html(rows: list[list[Cell]]) -> str:
    parts = ["<table>"]
    for number, row in enumerate(row for row in rows if row):
        tag = "th" if number == 0 else "td"
        parts.append("<tr>" + "".join(_html_cell(tag, cell) for cell in row) + "</tr>")
    return "".join([*parts, "</table>"])


def _html_cell(tag: str, cell: Cell) -> str:
    columns = f' colspan="{min(cell.columns, MAX_SPAN)}"' if cell.columns > 1 else ""
    rows = f' rowspan="{min(cell.rows, MAX_SPAN)}"' if cell.rows > 1 else ""
    return f"<{tag}{columns}{rows}>{escape(cell.text)}</{tag}>"
