"""Tables of figures without ruled lines: columns of numbers under each other, labels to their left, headings above.

Financial reports print them so. Layout analysis cuts them at every subheading and loses which period a column is for;
here a table is the run of lines whose numbers stand under each other, and what is printed over a column names it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import median

from ingestion.parsers.pdf_rows import MOST_CELL_CHARS, Line, Piece, cut_line
from ingestion.parsers.pdf_words import Word, lines, union
from ingestion.parsers.tables import Cell, plain_cells
from retrieval.types import Box

_LINE_GAP = 2.6  # line heights between two lines of one table
_HEADING_GAP = 2.0
_MOST_HEADING_LINES, _MOST_LABEL_LINES = 6, 4
_LEAST_ROWS = 3
_YEAR = re.compile(r"(?:19|20)\d\d")
_UNITS = re.compile(r"\((?:in|unaudited)\b.*\)", re.IGNORECASE)  # it is said of all columns
_UNFINISHED = re.compile(r"(?:,|\b(?:of|and|or|the|in|to|by|for|from|with))$")
_UNNAMED = 0.4  # of the distance between columns: what a column without a name costs
_MOST_COLUMNS = 60
_MONEY = re.compile(r"[$€£¥%()]|\d[.,]\d")


_Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A table, the rectangle around its words, and the words."""

    box: Box
    rows: list[list[Cell]]
    words: list[Word]


def figure_tables(words: Sequence[Word]) -> list[FigureTable]:
    """Find the tables of figures on a page.

    Args:
        words: The page's words.

    Returns:
        Tables, top to bottom; the first row of each names the columns where anything is printed over them.
    """
    printed = [cut_line(words_there) for words_there in lines(words)]
    height = median(line.y1 - line.y0 for line in printed) if printed else 0.0
    found: list[FigureTable] = []
    used = -1
    for first, last in _runs(printed, height):
        top = _with_headings(printed, first, used + 1, height)
        table = _table(printed[top : last + 1], first - top)
        if table is not None:
            found.append(table)
            used = last
    return found


def _runs(printed: Sequence[Line], height: float) -> list[tuple[int, int]]:
    """Find first and last lines of runs of rows, with at most a few lines of labels between two rows."""
    runs: list[list[int]] = []
    for index, line in enumerate(printed):
        if not line.is_row:
            continue
        if runs and _goes_on(printed[runs[-1][-1] : index + 1], height):
            runs[-1].append(index)
        else:
            runs.append([index])
    return [(run[0], run[-1]) for run in runs if _is_table([printed[i] for i in run])]


def _goes_on(part: Sequence[Line], height: float) -> bool:
    """Tell whether the last of some lines goes on the table that the first is in; between them stand labels."""
    if len(part) - 2 > _MOST_LABEL_LINES or any(b.y0 - a.y1 > _LINE_GAP * height for a, b in pairwise(part)):
        return False
    left = min(piece.x0 for piece in (*part[0].figures, *part[-1].figures))
    return all(line.pieces[-1].x1 < left for line in part[1:-1])


def _is_table(rows: Sequence[Line]) -> bool:
    figures = [piece.text for row in rows for piece in row.figures if piece.is_figure]
    several = sum(len(row.figures) > 1 for row in rows) >= 2
    if len(rows) < (2 if several and any(row.label for row in rows) else _LEAST_ROWS):
        return False
    # Bare whole numbers in one column are those of pages or items.
    return several or any(_MONEY.search(text) for text in figures)


def _with_headings(printed: Sequence[Line], first: int, least: int, height: float) -> int:
    """Go up from the first row over subheadings and the lines that name columns; those above the last of these stay."""
    left = min(piece.x0 for piece in printed[first].figures)
    top = first
    for index in range(first - 1, max(least, first - _MOST_HEADING_LINES) - 1, -1):
        line = printed[index]
        if printed[index + 1].y0 - line.y1 > _HEADING_GAP * height:
            break
        over = [piece for piece in line.pieces if piece.x1 > left]
        if any(len(piece.text) > MOST_CELL_CHARS or piece.x0 < left - 6 * height for piece in over):
            break
        if over:
            top = index
        elif len(line.pieces) > 1:
            break
    return top


def _table(part: Sequence[Line], headings: int) -> FigureTable | None:
    # Years over the columns look like figures.
    while headings < len(part) - 1 and _names_columns(part[headings]):
        headings += 1
    rows = part[headings:]
    columns = _columns([piece for row in rows if row.is_row for piece in row.figures])
    if not 0 < len(columns) <= _MOST_COLUMNS:
        return None
    label_x0 = min(line.pieces[0].x0 for line in part)
    head, body = part[:headings], [_row(line, columns) for line in rows]
    last_named = max(
        (i for i, line in enumerate(head) if _is_over(line.pieces[-1], line, columns, label_x0)), default=-1
    )
    subheadings = [_row(line, columns) for line in head[last_named + 1 :]]
    named = _heading(head[: last_named + 1], columns, label_x0)
    grid = [*([named] if any(named) else []), *_with_wrapped_labels([*subheadings, *body])]
    words = [w for line in part for w in line.words]
    box = union(w.box for w in words)
    return FigureTable(box, plain_cells(grid), words) if box is not None else None


def _names_columns(line: Line) -> bool:
    return (
        line.is_row
        and all(_YEAR.fullmatch(piece.text) for piece in line.figures)
        and len(line.label) <= MOST_CELL_CHARS
    )


def _columns(figures: Sequence[Piece]) -> list[_Span]:
    """Find the columns: figures of one column overlap each other, those of two do not."""
    columns: list[list[float]] = []
    typical = median(piece.x1 - piece.x0 for piece in figures) if figures else 0.0
    for piece in sorted(figures, key=lambda piece: piece.x0):
        if piece.x1 - piece.x0 > 3 * typical:
            continue  # text across columns
        if columns and piece.x0 < columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], piece.x1)
        else:
            columns.append([piece.x0, piece.x1])
    return [(x0, x1) for x0, x1 in columns]


def _row(line: Line, columns: Sequence[_Span]) -> list[str]:
    row = [""] * (len(columns) + 1)
    for piece in line.pieces:
        at = _column(piece, columns)
        row[at] = f"{row[at]} {piece.text}".strip()
    return row


def _column(piece: Piece, columns: Sequence[_Span]) -> int:
    """Number of the column a piece stands in, from 1; 0 for the labels."""
    if piece.x1 <= columns[0][0] or (piece.x0 < columns[0][0] and not piece.is_figure):
        return 0
    return _nearest(piece, columns)


def _nearest(piece: Piece, columns: Sequence[_Span]) -> int:
    return min(range(len(columns)), key=lambda i: _off_centre(piece, columns[i : i + 1])) + 1


def _heading(head: Sequence[Line], columns: Sequence[_Span], label_x0: float) -> list[str]:
    """Name each column by what stands over it, line by line; what stands over several names each of them."""
    names: list[list[str]] = [[] for _ in range(len(columns) + 1)]
    for line in head:
        over = [piece for piece in line.pieces if _is_over(piece, line, columns, label_x0)]
        names[0] += [piece.text for piece in line.pieces if piece not in over]
        for piece, (first, last) in zip(over, _shared_out(over, columns), strict=True):
            for column in range(first, last):
                names[column + 1].append(piece.text)
    return [" ".join(parts) for parts in names]


def _is_over(piece: Piece, line: Line, columns: Sequence[_Span], label_x0: float) -> bool:
    """Tell a name of columns from what is printed over the labels; one wider than its column begins left of it."""
    height = line.y1 - line.y0
    if _UNITS.fullmatch(piece.text):
        return False
    return piece.x1 > columns[0][0] or (piece.x1 > columns[0][0] - 4 * height and piece.x0 > label_x0 + 2 * height)


def _shared_out(over: Sequence[Piece], columns: Sequence[_Span]) -> list[tuple[int, int]]:
    """Share columns out among the names over them, in order, so that each name stands centred over its columns.

    Returns:
        First column and the one after the last, for each name.
    """
    if len(over) > len(columns):
        return [(at - 1, at) for at in (_nearest(piece, columns) for piece in over)]
    unnamed = _UNNAMED * median(b[1] - a[1] for a, b in pairwise(columns)) if len(columns) > 1 else 0.0

    @cache
    def best(name: int, column: int) -> tuple[float, tuple[tuple[int, int], ...]]:
        """Cost of placing the names from one on over the columns from one on, and their places."""
        if name == len(over):
            return unnamed * (len(columns) - column), ()
        last = len(columns) - (len(over) - name - 1)
        ways = []
        for end in range(column + 1, last + 1):
            cost, places = best(name + 1, end)
            ways.append((cost + _off_centre(over[name], columns[column:end]), ((column, end), *places)))
        if column + 1 < last:
            cost, places = best(name, column + 1)
            ways.append((cost + unnamed, places))
        return min(ways)

    return list(best(0, 0)[1])


def _off_centre(piece: Piece, columns: Sequence[_Span]) -> float:
    return abs((piece.x0 + piece.x1) - (columns[0][0] + columns[-1][1])) / 2


def _with_wrapped_labels(rows: Sequence[list[str]]) -> list[list[str]]:
    """Join a label that was too long for its line with the row it belongs to."""
    joined: list[list[str]] = []
    for row in rows:
        before = joined[-1] if joined else None
        if before and row[0] and not any(before[1:]) and _wraps(before[0], row[0]):
            joined[-1] = [f"{before[0]} {row[0]}", *row[1:]]
        else:
            joined.append(row)
    return joined


def _wraps(label: str, rest: str) -> bool:
    if label.endswith(":"):
        return False
    return rest[0].islower() or label.count("(") > label.count(")") or _UNFINISHED.search(label) is not None
