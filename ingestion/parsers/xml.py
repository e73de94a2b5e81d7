"""XML -> Elements: news feeds, Excel's old XML workbooks, and any other document or set of records.

Of other XML: records (siblings of one kind with nothing but fields) become a table, mixed text a paragraph, titles
headings; any other field a line ``name: value``, attributes likewise.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ingestion.parsers.archive import parse_xml
from ingestion.parsers.clean import fold, readable_name
from ingestion.parsers.html import html_elements
from ingestion.parsers.sheets import CellCount, Sheet, sheet_elements
from ingestion.parsers.tables import plain_cells, table_element
from ingestion.types import Element, SourceFile

_TITLES = frozenset({"title", "head", "heading", "caption"})
_FEEDS = frozenset({"rss", "feed", "RDF"})
_ENTRIES = frozenset({"item", "entry"})
_MARKUP = frozenset({"description", "summary", "content", "encoded"})
_BYLINE = frozenset({"pubDate", "date", "published", "updated", "author", "creator", "category"})
_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_LEAST_RECORDS = 2
_MOST_COLUMNS = 50
_MAX_LEVEL = 6


def parse_xml_file(source: SourceFile) -> tuple[str, list[Element]]:
    """Read an XML file.

    Returns:
        The title of a feed, or an empty string, and its elements.
    """
    root = parse_xml(source.path.read_bytes(), "the file")
    name = _name(root)
    if name in _FEEDS and any(_name(e) in _ENTRIES for e in root.iter()):
        return _feed(root)
    if root.tag == f"{_SS}Workbook":
        return readable_name(source.name), list(_workbook(root))
    return "", list(_Walk().elements(root, 1))


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _text(element: Any) -> str:
    return fold("".join(element.itertext()))


def _feed(root: Any) -> tuple[str, list[Element]]:
    channel = next((e for e in root.iter() if _name(e) == "channel"), root)
    title = next((_text(e) for e in channel if _name(e) == "title"), "")
    found = [Element("heading", title, level=1)] if title else []
    found.extend(part for e in channel if _name(e) in {"description", "subtitle"} for part in _markup(e))
    for number, entry in enumerate((e for e in root.iter() if _name(e) in _ENTRIES), 1):
        place = f"entry {number}"
        heading = next((_text(e) for e in entry if _name(e) == "title"), "") or place.capitalize()
        found.append(Element("heading", heading, level=2, place=place))
        byline = [f"{_name(e)}: {_text(e)}" for e in entry if _name(e) in _BYLINE and _text(e)]
        found.append(Element("paragraph", "\n".join(byline), place=place))
        parts = {_name(e): e for e in entry if _name(e) in _MARKUP}
        # The short form of what the long one says is left out.
        longest = max(parts.values(), key=lambda e: len(_text(e)), default=None)
        for part in _markup(longest) if longest is not None else ():
            found.append(Element(part.kind, part.text, _inner(part), place=place, html=part.html, hidden=part.hidden))
    return title, found


def _inner(part: Element) -> int | None:
    return min(part.level + 2, _MAX_LEVEL) if part.level else None


def _markup(element: Any) -> list[Element]:
    """Read text that is HTML, escaped or as elements."""
    if len(element):
        from lxml import etree

        return html_elements("".join(etree.tostring(e, encoding="unicode") for e in element), is_page=False)[1]
    return html_elements(element.text or "", is_page=False)[1]


def _workbook(root: Any) -> Iterator[Element]:
    """Read a workbook as Excel 2003, and many programs since, write it."""
    count = CellCount()
    for number, sheet in enumerate(root.iter(f"{_SS}Worksheet"), 1):
        rows: list[tuple[int, dict[int, str]]] = []
        at = 0
        for row in sheet.iter(f"{_SS}Row"):
            at = _index(row, at)
            cells: dict[int, str] = {}
            column = 0
            for cell in row.iter(f"{_SS}Cell"):
                column = _index(cell, column)
                text = fold(" ".join(_text(value) for value in cell.iter(f"{_SS}Data")))
                cells |= {column - 1: text} if text else {}
            count.add(len(cells))
            rows.extend([(at, cells)] if cells else [])
        yield from sheet_elements(Sheet(sheet.get(f"{_SS}Name", str(number)), rows), number)


def _index(element: Any, before: int) -> int:
    index = element.get(f"{_SS}Index", "")
    return int(index) if index.isdecimal() and len(index) < 8 else before + 1


class _Walk:
    """One pass over the tree. XML deeper than 256 levels is refused when it is read, so recursion is bounded."""

    def elements(self, element: Any, depth: int) -> Iterator[Element]:
        children = [child for child in element if isinstance(child.tag, str)]
        if not children or _is_mixed(element):
            yield from self._leaf(element, depth)
            return
        attributes = _attributes(element)
        if attributes:
            yield self._line(element, f"{_name(element)}: {attributes}")
        for group in _groups(children):
            table = _table(group) if len(group) >= _LEAST_RECORDS else None
            if table is not None:
                yield table
            else:
                for child in group:
                    yield from self.elements(child, depth + 1)

    def _leaf(self, element: Any, depth: int) -> Iterator[Element]:
        text = _text(element)
        name, attributes = _name(element), _attributes(element)
        if name in _TITLES and text:
            yield Element("heading", text, level=min(max(depth - 1, 1), _MAX_LEVEL), place=_place(element))
        elif len(element):
            yield self._line(element, text)
        elif text or attributes:
            yield self._line(element, f"{name}: {' — '.join(part for part in (text, attributes) if part)}")

    def _line(self, element: Any, text: str) -> Element:
        return Element("paragraph", text, place=_place(element))


def _place(element: Any) -> str:
    return f"line {element.sourceline}"


def _attributes(element: Any) -> str:
    own = ((k.rpartition("}")[2], v) for k, v in element.items() if "schemaLocation" not in k)
    return ", ".join(f"{name} {fold(value)}" for name, value in own if value.strip())


def _is_mixed(element: Any) -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _groups(children: Sequence[Any]) -> Iterator[list[Any]]:
    """Put neighbours of one name together."""
    group: list[Any] = []
    for child in children:
        if group and child.tag != group[0].tag:
            yield group
            group = []
        group.append(child)
    yield group


def _table(records: Sequence[Any]) -> Element | None:
    """Make a table of records; None if they are none, because one holds more than fields."""
    rows = []
    for record in records:
        fields = _fields(record)
        if fields is None:
            return None
        rows.append(fields)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not 2 <= len(columns) <= _MOST_COLUMNS:
        return None
    cells = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    return table_element(plain_cells(cells), place=_place(records[0]))


def _fields(record: Any) -> dict[str, str] | None:
    fields = {k.rpartition("}")[2]: fold(v) for k, v in record.items()}
    if not len(record) or _is_mixed(record):
        text = _text(record)
        return None if len(record) or not fields else fields | ({_name(record): text} if text else {})
    for field in record:
        name = _name(field)
        if len(field) or name in fields:
            return None
        fields[name] = "; ".join(part for part in (_text(field), _attributes(field)) if part)
    return fields
