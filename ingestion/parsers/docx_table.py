"""Rows and cells of a Word table as they stand in the XML."""

from collections.abc import Iterator
from typing import Any

from ingestion.parsers.docx_styles import W

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
WRAPPERS = frozenset(W + n for n in ("sdtContent", "sdt", "ins", "moveTo", "customXml", "smartTag"))


def rows(table: Any) -> Iterator[Any]:
    """Yield the rows of a table, without those that a tracked change deleted."""
    for child in table:
        if child.tag == f"{W}tr":
            if child.find(f"{W}trPr/{W}del") is None:
                yield child
        elif child.tag in WRAPPERS:
            yield from rows(child)


def cells(row: Any) -> Iterator[Any]:
    """Yield the cells of a row."""
    for child in row:
        if child.tag == f"{W}tc":
            yield child
        elif child.tag in WRAPPERS:
            yield from cells(child)


def span(cell: Any) -> tuple[int, bool]:
    """Return how many columns a cell covers, and whether it continues the cell above it."""
    properties = cell.find(f"{W}tcPr")
    if properties is None:
        return 1, False
    span = properties.find(f"{W}gridSpan")
    merge = properties.find(f"{W}vMerge")
    width = span.get(f"{W}val", "1") if span is not None else "1"
    continues = merge is not None and merge.get(f"{W}val", "continue") == "continue"
    return max(int(width), 1) if width.isdecimal() and len(width) < 6 else 1, continues


def is_elsewhere(paragraph: Any, cell: Any) -> bool:
    """Tell whether a paragraph under a cell is in a text box, or is a second copy for old programs."""
    for ancestor in paragraph.iterancestors():
        if ancestor is cell:
            return False
        if ancestor.tag in {f"{W}txbxContent", f"{MC}Fallback"}:
            return True
    return False
