"""liteparse's blocks of PDF pages -> Elements: verbatim text, ruled tables, no running headers and footers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ingestion.parsers.clean import fold
from ingestion.parsers.pdf_tables import RuledTable, ruled_tables
from ingestion.parsers.pdf_words import PageWords, Word, key, union, verbatim, vocabulary, without_marks, word
from ingestion.parsers.tables import plain_cells, table_element
from ingestion.types import Element
from retrieval.types import Box

_TEXT_KINDS = frozenset({"heading", "paragraph", "list_item", "code", "grid_fallback", "table"})
# A line at the edge of this share of the pages, and of at least so many, is furniture.
_RUNNING_SHARE, _RUNNING_PAGES, _RUNNING_CHARS = 0.3, 3, 150
_EDGE_BLOCKS = 2
_DIGITS = re.compile(r"\d+")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxlc]{1,6})[.)]?")
_LINE_GAP = 0.6  # line heights; more parts paragraphs
_MAX_HEADING_CHARS = 200


def page_elements(
    pages: Sequence[Any], *, turned: frozenset[int] = frozenset(), scanned: frozenset[int] = frozenset()
) -> list[Element]:
    """Turn analysed pages into elements.

    Args:
        pages: liteparse's pages, with blocks, word boxes and vector graphics.
        turned: Numbers of pages that were turned to be read; their boxes would not fit the page as shown.
        scanned: Numbers of pages that were read by OCR, which sees lines, not paragraphs.

    Returns:
        Elements in reading order, each with page and, where it is known, box.
    """
    words = {page.page_num: _words(page) for page in pages}
    known = vocabulary(words.values())
    running = _running_lines(pages)
    said: set[str] = set()
    elements: list[Element] = []
    for page in pages:
        there = words[page.page_num]
        for item in [
            *_in_order(_content(page, running, said), ruled_tables(page, there.words)),
            *_left_over(page, there),
        ]:
            element, box = _placed(item, there, known)
            if element is not None:
                elements.append(replace(element, page=page.page_num, box=box))
    elements = _with_lines_joined(elements, scanned)
    return [replace(e, box=None) if e.page in turned else e for e in elements]


def _placed(item: Any, there: PageWords, known: frozenset[str]) -> tuple[Element | None, Box | None]:
    if isinstance(item, RuledTable):
        return table_element(item.rows), item.box
    if isinstance(item, list):  # words outside all blocks
        return Element("paragraph", " ".join(w.text for w in item)), union(w.box for w in item)
    box = _box(item)
    return _element(item, box, there, known), box


def _with_lines_joined(elements: list[Element], scanned: frozenset[int]) -> list[Element]:
    joined: list[Element] = []
    for element in elements:
        if joined and element.page in scanned and _goes_on(joined[-1], element):
            before = joined[-1]
            box = union(b for b in (before.box, element.box) if b is not None)
            joined[-1] = replace(before, text=f"{before.text} {element.text}", box=box)
        else:
            joined.append(element)
    return joined


def _goes_on(before: Element, line: Element) -> bool:
    """Tell whether a line stands close under the paragraph before it."""
    if before.kind != "paragraph" or line.kind != "paragraph" or before.page != line.page:
        return False
    if before.box is None or line.box is None:
        return False
    height = line.box.y1 - line.box.y0
    overlap = min(before.box.x1, line.box.x1) - max(before.box.x0, line.box.x0)
    return overlap > 0 and -height < line.box.y0 - before.box.y1 < _LINE_GAP * height


def _words(page: Any) -> PageWords:
    boxed = ((w.text, Box(w.x, w.y, w.x + w.width, w.y + w.height)) for item in page.text_items for w in item.words)
    return PageWords([word(text, box) for text, box in boxed])


def _box(block: Any) -> Box | None:
    box = block.bbox
    return Box(box.x, box.y, box.x + box.width, box.y + box.height) if box is not None else None


def _mask(block: Any) -> str:
    return _DIGITS.sub("#", fold(block.text or ""))


def _edges(page: Any) -> list[Any]:
    blocks = [b for b in page.blocks or () if b.kind in _TEXT_KINDS]
    return blocks[:_EDGE_BLOCKS] + blocks[_EDGE_BLOCKS:][-_EDGE_BLOCKS:]


def _running_lines(pages: Sequence[Any]) -> frozenset[str]:
    """Find short lines that stand, but for their numbers, at the top or bottom of many pages."""
    seen = Counter(mask for page in pages for mask in {_mask(b) for b in _edges(page)} if len(mask) <= _RUNNING_CHARS)
    least = max(_RUNNING_PAGES, _RUNNING_SHARE * len(pages))
    running = {mask for mask, count in seen.items() if mask and count >= least}
    return frozenset(running | _numbered_footer(pages))


def _numbered_footer(pages: Sequence[Any]) -> set[str]:
    """Two pages are too few to tell a running line by counting, but not a numbered last line on both."""
    last = [_mask(edges[-1]) for page in pages if (edges := _edges(page))]
    alike = len(pages) == 2 and len(last) == 2 and last[0] == last[1]
    return {last[0]} if alike and "#" in last[0] and len(last[0]) <= _RUNNING_CHARS else set()


def _content(page: Any, running: frozenset[str], said: set[str]) -> list[Any]:
    """Leave out running lines, but for the first of those that say something: it may be the title."""
    dropped: set[int] = set()
    for block in _edges(page):
        mask = _mask(block)
        if mask in running:
            if "#" in mask or mask in said:
                dropped.add(id(block))
            said.add(mask)
    return [b for b in page.blocks or () if b.kind in _TEXT_KINDS and id(b) not in dropped]


def _in_order(blocks: Sequence[Any], tables: Sequence[RuledTable]) -> Iterator[Any]:
    """Put each ruled table in the place of the first block that lies in it; its other blocks say the same again."""
    waiting = list(tables)
    for block in blocks:
        box = _box(block)
        table = next((t for t in tables if box is not None and _lies_in(box, t.box)), None)
        if table is None:
            while waiting and box is not None and waiting[0].box.y1 <= box.y0 and waiting[0].box.x0 < box.x1:
                yield waiting.pop(0)
            yield block
        elif table in waiting:
            waiting.remove(table)
            yield table
    yield from waiting


def _lies_in(inner: Box, outer: Box) -> bool:
    width = min(inner.x1, outer.x1) - max(inner.x0, outer.x0)
    height = min(inner.y1, outer.y1) - max(inner.y0, outer.y0)
    area = (inner.x1 - inner.x0) * (inner.y1 - inner.y0)
    return width > 0 and height > 0 and width * height >= 0.6 * area


def _left_over(page: Any, there: PageWords) -> list[list[Word]]:
    """Find the words that are in no block, such as sideways text at the edge; neighbours form one paragraph."""
    blocks = [block for block in page.blocks or () if block.kind != "figure"]
    held = {id(w) for block in blocks if (box := _box(block)) is not None for w in there.inside(box)}
    runs: list[list[Word]] = []
    last = -2
    for index, candidate in enumerate(there.words):
        if id(candidate) not in held:
            if index == last + 1:
                runs[-1].append(candidate)
            else:
                runs.append([candidate])
            last = index
    if not runs:
        return []
    # The box of a block may be smaller than its text.
    said = "".join(key(_all_text(block)) for block in blocks)
    return [run for run in runs if "".join(w.key for w in run) not in said]


def _all_text(block: Any) -> str:
    cells = [cell.text for row in [block.header or [], *(block.rows or [])] for cell in row]
    return " ".join([block.text or "", *(block.lines or []), *cells])


def _element(block: Any, box: Box | None, there: PageWords, known: frozenset[str]) -> Element | None:
    if block.kind == "table":
        rows = [*([block.header] if block.header else []), *(block.rows or [])]
        return table_element(plain_cells([_cell(cell, there, known) for cell in row] for row in rows))
    if block.kind in {"code", "grid_fallback"}:
        return Element("code", "\n".join(block.lines or [block.text or ""]))
    text = verbatim(block.text or "", there.inside(box) if box is not None else there.words, known)
    if not text:
        return None
    if block.kind == "list_item":
        return Element("list_item", f"{_marker(block)} {text}")
    if block.kind == "heading" and _reads_as_heading(text):
        return Element("heading", text, level=min(block.level or 1, 6))
    return Element("paragraph", text)


def _cell(cell: Any, there: PageWords, known: frozenset[str]) -> str:
    box = _box(cell)
    return verbatim(cell.text, there.inside(box), known) if box is not None else without_marks(cell.text)


def _marker(block: Any) -> str:
    marker = without_marks(block.marker or "").strip()
    return marker if _NUMBERED.fullmatch(marker) else "-" * (min(block.level or 0, 5) + 1)


def _reads_as_heading(text: str) -> bool:
    # Column heads of tables are set in bold too: mostly dates and figures.
    return len(text) <= _MAX_HEADING_CHARS and len(_LETTER.findall(text)) * 2 > len(text.replace(" ", ""))
