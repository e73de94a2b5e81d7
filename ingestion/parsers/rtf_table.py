"""Tables of RTF: rows of cells whose columns are known only by where each cell ends."""

from dataclasses import dataclass, field

from ingestion.parsers.tables import Cell, table_element
from ingestion.types import Element

_SAME_EDGE_TWIPS = 60  # a millimetre: rows of one table are rarely drawn more exactly
_MERGES = {"clvmgf": "down", "clvmrg": "above", "clmgf": "across", "clmrg": "before"}


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where a cell ends, and how it is merged: down, above, across, before, or not."""

    right: int
    merge: frozenset[str] = frozenset()


@dataclass(slots=True)
class RowReader:
    """Collects the rows of one table."""

    _shapes: list[_Shape] = field(default_factory=list)
    _merge: set[str] = field(default_factory=set)
    _cells: list[str] = field(default_factory=list)
    _rows: list[list[tuple[str, _Shape]]] = field(default_factory=list)

    def define(self, word: str, number: int | None) -> None:
        """Take a control word, which may describe the row."""
        if word == "trowd":
            self._shapes.clear()
            self._merge.clear()
        elif word in _MERGES:
            self._merge.add(_MERGES[word])
        elif word == "cellx":
            self._shapes.append(_Shape(number or 0, frozenset(self._merge)))
            self._merge.clear()

    def cell(self, text: str) -> None:
        """Take the text of the next cell."""
        self._cells.append(text)

    def row(self) -> None:
        """End a row; what describes it may stand before or after its cells."""
        known = len(self._shapes)
        last = self._shapes[-1].right if self._shapes else 0
        extra = (_Shape(last + 1_000 * (i + 1)) for i in range(len(self._cells) - known))
        self._rows.append(list(zip(self._cells, [*self._shapes, *extra], strict=False)))
        self._cells = []

    def taken(self) -> Element | None:
        """End the table.

        Returns:
            It, or None if there were no rows with text.
        """
        if self._cells:
            self.row()
        rows, self._rows = self._rows, []
        return table_element(_spans(rows)) if rows else None


def _spans(rows: list[list[tuple[str, _Shape]]]) -> list[list[Cell]]:
    edges: list[int] = []
    for right in sorted({shape.right for row in rows for _, shape in row}):
        if not edges or right - edges[-1] > _SAME_EDGE_TWIPS:
            edges.append(right)
    merged: list[list[Cell]] = []
    begun: dict[int, tuple[int, int]] = {}  # column -> where in `merged` the cell that covers it begins
    for row in rows:
        line: list[Cell] = []
        merged.append(line)
        column = 0
        for text, shape in row:
            end = max(_column(edges, shape.right), column + 1)
            if "before" in shape.merge and line:
                before = line[-1]
                line[-1] = Cell(f"{before.text} {text}".strip(), before.columns + end - column, before.rows)
            elif "above" in shape.merge and column in begun:
                r, c = begun[column]
                above = merged[r][c]
                merged[r][c] = Cell(f"{above.text} {text}".strip(), above.columns, above.rows + 1)
            else:
                begun[column] = (len(merged) - 1, len(line))
                line.append(Cell(text, end - column))
            column = end
    return merged


def _column(edges: list[int], right: int) -> int:
    """Return how many columns end at or before an edge."""
    return sum(1 for edge in edges if edge <= right)
