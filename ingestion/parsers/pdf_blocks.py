"""liteparse's blocks of PDF pages -> Elements: verbatim text, ruled tables, no running headers and footers."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ingestion.parsers.clean import fold
from ingestion.parsers.pdf_figures import FigureTable, figure_tables
from ingestion.parsers.pdf_hidden import Unseen
from ingestion.parsers.pdf_tables import RuledTable, ruled_tables
from ingestion.parsers.pdf_words import (
    PageWords,
    Word,
    joined,
    key,
    lines,
    union,
    verbatim,
    vocabulary,
    without_marks,
    word,
)
from ingestion.parsers.scan import scan_elements
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
_RULED_ROWS = 0.7  # a grid with fewer rows than this share of a table of figures is ruled only in part
_MAX_HEADING_CHARS = 200


def page_elements(
    pages: Sequence[Any],
    *,
    scanned: frozenset[int] = frozenset(),
    unseen: Mapping[int, Sequence[Unseen]] | None = None,
) -> list[Element]:
    """Turn analysed pages into elements.

    Args:
        pages: liteparse's pages, with blocks, word boxes and vector graphics.
        scanned: Numbers of pages that were read by OCR, of which the blocks are not used.
        unseen: By page, text that a reader does not see; it comes last on its page, marked if it is hidden.

    Returns:
        Elements in reading order, each with page and, where it is known, box.
    """
    unseen = unseen or {}
    words = {page.page_num: _seen(page_words(page), unseen.get(page.page_num, ())) for page in pages}
    known = vocabulary(there for there, _ in words.values())
    running = _running_lines([page for page in pages if page.page_num not in scanned])
    said: set[str] = set()
    elements: list[Element] = []
    for page in pages:
        there, removed = words[page.page_num]
        if page.page_num in scanned:
            elements += scan_elements(page, known, without=removed)
        else:
            content, furniture = _content(page, running, said)
            tables = _tables(page, there, furniture)
            spoken_for = _spoken_for([*content, *furniture], tables, removed)
            ordered = _in_order(content, tables, there, spoken_for)
            for item in [*ordered, *_left_over(page, there, tables)]:
                element, box = _placed(item, there, known)
                if element is not None and element.kind == "heading" and page is not pages[0]:
                    # The first of the running lines stays, for what it says; it is above no section.
                    element = element if _mask(item) not in running else Element("paragraph", element.text)
                if element is not None:
                    elements.append(replace(element, page=page.page_num, box=box))
        elements += _unseen(page.page_num, unseen.get(page.page_num, ()), there)
    return elements


def _seen(there: PageWords, unseen: Sequence[Unseen]) -> tuple[PageWords, list[Word]]:
    """Part the words that a reader sees from those that are hidden."""
    hidden = [text for text in unseen if text.hidden]
    if not hidden:
        return there, []
    removed = [w for w in there.words if any(text.holds(w) for text in hidden)]
    gone = {id(w) for w in removed}
    return PageWords([w for w in there.words if id(w) not in gone]), removed


def _unseen(number: int, unseen: Sequence[Unseen], there: PageWords) -> Iterator[Element]:
    """Add the text layer of scans where the analysis left it out, and what is hidden, in one paragraph each."""
    layer = [text for text in unseen if not text.hidden and not there.inside(text.box)]
    hidden = [text for text in unseen if text.hidden]
    for found in (layer, hidden):
        if found:
            text, box = " ".join(piece.text for piece in found), union(piece.box for piece in found)
            yield Element("paragraph", text, page=number, box=box, hidden=found is hidden)


def _placed(item: Any, there: PageWords, known: frozenset[str]) -> tuple[Element | None, Box | None]:
    if isinstance(item, RuledTable | FigureTable):
        return table_element(item.rows), item.box
    if isinstance(item, list):  # words outside all blocks, or beside a table
        return Element("paragraph", joined(lines(item), known)), union(w.box for w in item)
    box = _box(item)
    return _element(item, box, there, known), box


def _tables(page: Any, there: PageWords, furniture: Sequence[Any]) -> list[RuledTable | FigureTable]:
    """Find the tables of a page; where lines and figures disagree, the one that tells more rows apart is right."""
    boxes = [box for block in furniture if (box := _box(block)) is not None]
    figures = figure_tables([w for w in there.words if not any(_holds(box, w) for box in boxes)])
    ruled = [t for t in ruled_tables(page, there.words) if not any(_tells_more(f, t) for f in figures)]
    kept = [f for f in figures if not any(_share(f.box, t.box) > 0 for t in ruled)]
    return sorted([*ruled, *kept], key=lambda table: table.box.y0)


def _tells_more(figures: FigureTable, ruled: RuledTable) -> bool:
    return _share(figures.box, ruled.box) > 0 and len(ruled.rows) < _RULED_ROWS * len(figures.rows)


def page_words(page: Any) -> PageWords:
    """Collect the words of liteparse's page."""
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


def _content(page: Any, running: frozenset[str], said: set[str]) -> tuple[list[Any], list[Any]]:
    """Part a page's blocks from running lines, but for the first of those that say something: it may be the title."""
    dropped: dict[int, Any] = {}
    for block in _edges(page):
        mask = _mask(block)
        if mask in running:
            if "#" in mask or mask in said:
                dropped[id(block)] = block
            said.add(mask)
    kept = [b for b in page.blocks or () if b.kind in _TEXT_KINDS and id(b) not in dropped]
    return kept, list(dropped.values())


def _spoken_for(
    blocks: Sequence[Any], tables: Sequence[RuledTable | FigureTable], removed: Sequence[Word]
) -> list[Box]:
    """Select the places of the blocks that stay as they are: no table and no word that was removed lies in them."""
    boxes = [box for block in blocks if (box := _box(block)) is not None]
    return [
        box
        for box in boxes
        if not any(_share(box, table.box) > 0 for table in tables) and not any(_holds(box, w) for w in removed)
    ]


def _in_order(
    blocks: Sequence[Any],
    tables: Sequence[RuledTable | FigureTable],
    there: PageWords,
    spoken_for: Sequence[Box],
) -> Iterator[Any]:
    """Put each table in the place of the first block that lies in it; what else these blocks say stays beside it.

    Of a block that holds words that were removed, the words that are left stay.
    """
    waiting = list(tables)
    for block in blocks:
        box = _box(block)
        touched = [t for t in tables if box is not None and _share(box, t.box) > 0]
        inside = there.inside(box) if box is not None and box not in spoken_for else []
        rest = [w for w in inside if not any(_holds(t.box, w) for t in touched)]
        if box is None or box in spoken_for or (touched and rest and len(rest) == len(inside)):
            while waiting and box is not None and waiting[0].box.y1 <= box.y0 and waiting[0].box.x0 < box.x1:
                yield waiting.pop(0)
            yield block
            continue
        rest = [w for w in rest if not any(_holds(other, w) for other in spoken_for)]
        middle = touched[0].box.y0 if touched else float("inf")
        above, below = [w for w in rest if w.box.y0 < middle], [w for w in rest if w.box.y0 >= middle]
        yield from [above] if above else []
        yield from [t for t in touched if t in waiting]
        waiting = [t for t in waiting if t not in touched]
        yield from [below] if below else []
    yield from waiting


def _share(inner: Box, outer: Box) -> float:
    """The part of a rectangle that lies in another, from 0 to 1."""
    width = min(inner.x1, outer.x1) - max(inner.x0, outer.x0)
    height = min(inner.y1, outer.y1) - max(inner.y0, outer.y0)
    area = (inner.x1 - inner.x0) * (inner.y1 - inner.y0)
    return width * height / area if width > 0 and height > 0 and area > 0 else 0.0


def _holds(box: Box, word_there: Word) -> bool:
    there = word_there.box
    return box.x0 <= (there.x0 + there.x1) / 2 <= box.x1 and box.y0 <= (there.y0 + there.y1) / 2 <= box.y1


def _left_over(page: Any, there: PageWords, tables: Sequence[RuledTable | FigureTable]) -> list[list[Word]]:
    """Find the words that are in no block, such as sideways text at the edge; neighbours form one paragraph."""
    blocks = [block for block in page.blocks or () if block.kind != "figure"]
    boxes = [box for block in blocks if (box := _box(block)) is not None] + [table.box for table in tables]
    held = {id(w) for box in boxes for w in there.inside(box)}
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
