"""Ruled tables of a PDF page: a grid over its drawn lines, filled with the words between them."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ingestion.parsers.pdf_words import Word, lines
from ingestion.parsers.tables import Cell
from retrieval.types import Box

_TOLERANCE = 2.5  # points; lines of one cell corner miss each other by this much
_THIN = 2.0
_SHORTEST = 4.0
_COLUMN_GAP = 2.5  # line heights between two words of one line; justified text does not go that far
_LEAST_FILLED, _MOST_WORDS, _MOST_GAPS = 0.3, 60, 0.02
_MAX_PAIRS = 4_000_000  # horizontal times vertical lines; a drawing, not a table


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal or vertical line: ``at`` on its own axis, ``start`` to ``end`` on the other."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RuledTable:
    """A table and the rectangle its lines enclose."""

    box: Box
    rows: list[list[Cell]]


def ruled_tables(page: Any, words: Sequence[Word]) -> list[RuledTable]:
    """Find the tables that lines enclose.

    Args:
        page: liteparse's page, with vector graphics.
        words: The page's words.

    Returns:
        Tables of at least two rows and two columns that hold text, top to bottom.
    """
    across, down = _lines(page.vector_graphics) if page.vector_graphics else ([], [])
    if len(across) < 2 or len(down) < 2 or len(across) * len(down) > _MAX_PAIRS:
        return []
    found = (_table(h, v, words) for h, v in _connected(across, down))
    return sorted((t for t in found if t is not None and _on_page(t.box, page)), key=lambda table: table.box.y0)


def _on_page(box: Box, page: Any) -> bool:
    # Artwork reaches over the edge of the paper, tables do not.
    margin = _TOLERANCE
    return min(box.x0, box.y0) >= -margin and box.x1 <= page.width + margin and box.y1 <= page.height + margin


def _lines(graphics: Any) -> tuple[list[Line], list[Line]]:
    across: list[Line] = []
    down: list[Line] = []
    for line in graphics.lines:
        _sort_line(line.x1, line.y1, line.x2, line.y2, across, down)
    for shape in graphics.shapes:
        x, y, width, height = shape.bbox
        if shape.has_curve:
            continue
        if min(width, height) <= _THIN:
            _sort_line(x, y, x + width, y + height, across, down)
        elif shape.stroke:
            across += [Line(y, x, x + width), Line(y + height, x, x + width)]
            down += [Line(x, y, y + height), Line(x + width, y, y + height)]
    return across, down


def _sort_line(x1: float, y1: float, x2: float, y2: float, across: list[Line], down: list[Line]) -> None:
    (x1, x2), (y1, y2) = sorted((x1, x2)), sorted((y1, y2))
    if y2 - y1 <= _THIN and x2 - x1 > _SHORTEST:
        across.append(Line((y1 + y2) / 2, x1, x2))
    elif x2 - x1 <= _THIN and y2 - y1 > _SHORTEST:
        down.append(Line((x1 + x2) / 2, y1, y2))


def _covers(line: Line, at: float) -> bool:
    return line.start - _TOLERANCE <= at <= line.end + _TOLERANCE


def _connected(across: list[Line], down: list[Line]) -> Iterable[tuple[list[Line], list[Line]]]:
    """Group lines that touch each other, directly or through others."""
    find, join = _groups(len(across) + len(down))
    order = sorted(range(len(down)), key=lambda j: down[j].at)
    places = [down[j].at for j in order]
    for i, h in enumerate(across):
        first, last = bisect_left(places, h.start - _TOLERANCE), bisect_right(places, h.end + _TOLERANCE)
        for j in order[first:last]:
            if _covers(down[j], h.at):
                join(i, len(across) + j)
    groups: dict[int, tuple[list[Line], list[Line]]] = defaultdict(lambda: ([], []))
    for i, line in enumerate([*across, *down]):
        groups[find(i)][i >= len(across)].append(line)
    return groups.values()


def _groups(count: int) -> tuple[Callable[[int], int], Callable[[int, int], None]]:
    parent = list(range(count))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(i: int, j: int) -> None:
        # The smallest stays the root, so that the root of a merged cell is its top left corner.
        a, b = sorted((find(i), find(j)))
        parent[b] = a

    return find, join


def _table(across: list[Line], down: list[Line], words: Sequence[Word]) -> RuledTable | None:
    xs, ys = _clusters(line.at for line in down), _clusters(line.at for line in across)
    if len(xs) < 3 or len(ys) < 3:
        return None
    columns, rows = len(xs) - 1, len(ys) - 1
    find = _merged_cells(across, down, xs, ys)
    held: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        x, y = (word.box.x0 + word.box.x1) / 2, (word.box.y0 + word.box.y1) / 2
        if xs[0] <= x < xs[-1] and ys[0] <= y < ys[-1]:
            held[find((bisect_right(ys, y) - 1) * columns + bisect_right(xs, x) - 1)].append(word)
    if not _reads_as_table(held, len({find(cell) for cell in range(columns * rows)})):
        return None
    return RuledTable(Box(xs[0], ys[0], xs[-1], ys[-1]), _cells(find, held, rows, columns))


def _merged_cells(across: list[Line], down: list[Line], xs: list[float], ys: list[float]) -> Callable[[int], int]:
    """Join the grid cells that have no line between them; the result maps a cell to the one that stands for it."""
    columns, rows = len(xs) - 1, len(ys) - 1
    find, join = _groups(columns * rows)
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            if column + 1 < columns and not _crossed(down, xs[column + 1], (ys[row] + ys[row + 1]) / 2):
                join(here, here + 1)
            if row + 1 < rows and not _crossed(across, ys[row + 1], (xs[column] + xs[column + 1]) / 2):
                join(here, here + columns)
    return find


def _reads_as_table(held: dict[int, list[Word]], cells: int) -> bool:
    """Tell a table from a page laid out in boxes, a drawing, and a table in which only every other row is ruled."""
    filled = len(held)
    words = sum(len(there) for there in held.values())
    most = _MOST_WORDS if cells > 4 else _MOST_WORDS // 3
    if filled < max(3, _LEAST_FILLED * cells) or words > most * filled:
        return False
    merged_by_mistake = sum(1 for there in held.values() if any(_has_column_gap(line) for line in lines(there)))
    return merged_by_mistake <= _MOST_GAPS * filled


def _has_column_gap(line: Sequence[Word]) -> bool:
    height = line[0].box.y1 - line[0].box.y0
    return any(b.box.x0 - a.box.x1 > _COLUMN_GAP * height for a, b in pairwise(line))


def _crossed(lines_there: list[Line], at: float, middle: float) -> bool:
    return any(abs(line.at - at) <= _TOLERANCE and _covers(line, middle) for line in lines_there)


def _cells(find: Callable[[int], int], held: dict[int, list[Word]], rows: int, columns: int) -> list[list[Cell]]:
    members: dict[int, list[int]] = defaultdict(list)
    for cell in range(rows * columns):
        members[find(cell)].append(cell)
    table: list[list[Cell]] = []
    for row in range(rows):
        line: list[Cell] = []
        for cell in range(row * columns, (row + 1) * columns):
            if cell in members:
                last = members[cell][-1]
                text = " ".join(w.text for printed in lines(held.get(cell, [])) for w in printed)
                width, height = last % columns - cell % columns + 1, last // columns - row + 1
                line.append(Cell(text, max(width, 1), height))
        table.append(line)
    return table


def _clusters(values: Iterable[float]) -> list[float]:
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= _TOLERANCE:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]
