"""An HTML table -> rows of cells; tables that only arrange a page are told apart."""

import re
from typing import Any

from ingestion.parsers.clean import fold
from ingestion.parsers.html_sight import Sight, Viewer
from ingestion.parsers.tables import Cell, table_element
from ingestion.types import Element

_INLINE = frozenset(
    re.findall(
        r"\w+",
        """
        a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub
        sup time tt u var wbr
        """,
    )
)
_NO_TEXT = frozenset({"script", "style", "noscript", "template"})


def is_layout_table(table: Any) -> bool:
    """Tell whether a table arranges a page instead of holding data: its cells are then read as blocks."""
    if table.get("role") in {"presentation", "none"}:
        return True
    rows = list(_rows(table))
    if any(cell.tag == "th" for row in rows for cell in row):
        return False
    if max((len(row) for row in rows), default=0) <= 1:
        return True
    return any(True for _ in table.iterdescendants("table", "h1", "h2", "h3", "h4", "h5", "h6"))


def html_table(table: Any, *, place: str | None, viewer: Viewer, sight: Sight) -> list[Element]:
    """Read a data table.

    Args:
        table: The element.
        place: Where it stands.
        viewer: Tells what of it can be seen.
        sight: How the text of the table itself is seen.

    Returns:
        Its caption as a paragraph, if it has one; the table, if any cell holds text; and as hidden paragraphs what
        stands in its cells and cannot be seen.
    """
    reader = _Reader(viewer, sight)
    found: list[Element] = []
    caption = table.find("caption")
    if caption is not None:
        found.append(Element("paragraph", reader.text(caption, table), place=place, hidden=sight.hidden))
    rows = [
        [Cell(reader.text(c, table), _span(c, "colspan"), _span(c, "rowspan")) for c in row] for row in _rows(table)
    ]
    element = table_element(rows, place=place, hidden=sight.hidden)
    found.extend([element] if element is not None else [])
    return [*found, *(Element("paragraph", text, place=place, hidden=True) for text in reader.unseen)]


def _rows(table: Any) -> list[list[Any]]:
    rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
    return [[cell for cell in row if cell.tag in {"td", "th"}] for row in rows]


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "1").strip()
    return max(int(value), 1) if value.isdecimal() and len(value) < 10 else 1


class _Reader:
    """Reads cells as one line each, and keeps apart what cannot be seen."""

    def __init__(self, viewer: Viewer, sight: Sight) -> None:
        self._viewer = viewer
        self._sight = sight
        self.unseen: list[str] = []

    def text(self, cell: Any, table: Any) -> str:
        parts: dict[bool, list[str]] = {False: [], True: []}
        stack: list[tuple[Any, Sight, bool]] = [(cell, self._around(cell, table), False)]
        while stack:
            element, outer, done = stack.pop()
            space = "" if element.tag in _INLINE else " "
            if done:
                parts[self._is_unseen(outer)].append(space + (element.tail or "" if element is not cell else ""))
                continue
            stack.append((element, outer, True))
            if element.tag in _NO_TEXT:
                continue
            sight = self._viewer.look(outer, element)
            said = (element.get("alt") or "") if element.tag == "img" else ""
            parts[self._is_unseen(sight)].append(space + (element.text or "") + said)
            stack.extend((child, sight, False) for child in reversed(element))
        unseen = fold("".join(parts[True]))
        self.unseen.extend([unseen] if unseen else [])
        return fold("".join(parts[False]))

    def _around(self, cell: Any, table: Any) -> Sight:
        between: list[Any] = []
        for ancestor in cell.iterancestors():
            if ancestor is table:
                break
            between.append(ancestor)
        sight = self._sight
        for ancestor in reversed(between):
            sight = self._viewer.look(sight, ancestor)
        return sight

    def _is_unseen(self, sight: Sight) -> bool:
        # Where the whole table is hidden its cells are not hidden again.
        return sight.hidden and not self._sight.hidden
