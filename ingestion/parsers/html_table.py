"""An HTML table -> rows of cells; tables that only arrange a page are told apart."""

import re
from typing import Any

from ingestion.parsers.clean import fold
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


def html_table(table: Any, *, place: str | None, hidden: bool) -> list[Element]:
    """Read a data table.

    Returns:
        Its caption as a paragraph, if it has one, and the table, if any cell holds text.
    """
    found: list[Element] = []
    caption = table.find("caption")
    if caption is not None:
        found.append(Element("paragraph", _cell_text(caption), place=place, hidden=hidden))
    rows = [[Cell(_cell_text(c), _span(c, "colspan"), _span(c, "rowspan")) for c in row] for row in _rows(table)]
    element = table_element(rows, place=place, hidden=hidden)
    return [*found, element] if element is not None else found


def _rows(table: Any) -> list[list[Any]]:
    rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
    return [[cell for cell in row if cell.tag in {"td", "th"}] for row in rows]


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "1").strip()
    return max(int(value), 1) if value.isdecimal() and len(value) < 10 else 1


def _cell_text(cell: Any) -> str:
    parts: list[str] = []
    stack: list[tuple[Any, bool]] = [(cell, False)]
    while stack:
        element, done = stack.pop()
        block = element.tag not in _INLINE
        if done:
            parts.append((" " if block else "") + (element.tail or "" if element is not cell else ""))
            continue
        stack.append((element, True))
        if element.tag in _NO_TEXT:
            continue
        parts.append((" " if block else "") + (element.text or ""))
        if element.tag == "img":
            parts.append(element.get("alt") or "")
        stack.extend((child, False) for child in reversed(element))
    return fold("".join(parts))
