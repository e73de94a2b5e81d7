"""A page that was read by OCR -> Elements: its words into columns, tables, lines, paragraphs and headings.

The engine returns words row by row across the page. Columns of text are told by the gap between them that no word
crosses, paragraphs by their distance, indents and last lines, headings by their size.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from ingestion.parsers.pdf_figures import figure_tables
from ingestion.parsers.pdf_words import PageWords, Word, joined, lines, union, vocabulary, word
from ingestion.parsers.tables import table_element
from ingestion.types import Element
from retrieval.types import Box

_LEAST_CONFIDENCE = 0.3  # of 1; below it stand stains and pictures
_RULE = re.compile(r"[|_~\u2014=]+")  # lines of a form, read as letters
_GUTTER, _INDENT, _LARGEST_STEP = 1.2, 1.2, 3.0  # heights of words
_LARGE_STEP = 1.35  # usual steps from line to line; a larger one parts paragraphs
_LEAST_COLUMN_LINES, _LEAST_LINE_WORDS = 3, 3.0
_SHORT_LINE = 0.75  # of the width of the column; a sentence that ends there ends a paragraph
# Words without letters that reach up or down are smaller by a third.
_HEADING_SIZE, _OTHER_SIZE, _MAX_HEADING_CHARS = 1.45, 1.7, 120
_SENTENCE_ENDS = (".", ":", "?", "!", ";")
_ITEM = re.compile(r"[-\u2022\u25cf\u25aa\u00b7*]|\(?(?:\d{1,3}|[a-zA-Z])[.)]")

_Lines = list[list[Word]]


def scan_elements(page: Any, known: frozenset[str] = frozenset(), *, without: Sequence[Word] = ()) -> list[Element]:
    """Turn the recognised words of a page into elements.

    Args:
        page: liteparse's page, read by OCR; text that was in the file before is among its words.
        known: Words of the rest of the document, to tell compounds from words cut at the end of a line.
        without: Words to leave out.

    Returns:
        Elements in reading order, with page and box.
    """
    words = [w for w in _words(page) if w not in without]
    if not words:
        return []
    known |= vocabulary([PageWords(words)])
    height = median(w.box.y1 - w.box.y0 for w in words)
    tables = figure_tables(words)
    in_tables = {id(w) for table in tables for w in table.words}
    rest = [w for w in words if id(w) not in in_tables]
    found: list[tuple[Element | None, Box | None]] = []
    for table in tables:
        above = [w for w in rest if w.box.y0 < table.box.y1]
        rest = [w for w in rest if w.box.y0 >= table.box.y1]
        found += [*_paragraphs(above, height, known), (table_element(table.rows), table.box)]
    found += _paragraphs(rest, height, known)
    return [Element(e.kind, e.text, e.level, page.page_num, box, html=e.html) for e, box in found if e is not None]


def _words(page: Any) -> list[Word]:
    return [
        word(w.text, Box(w.x, w.y, w.x + w.width, w.y + w.height))
        for item in page.text_items
        if item.confidence is None or item.confidence >= _LEAST_CONFIDENCE
        for w in item.words
        if w.text.strip() and not _RULE.fullmatch(w.text)
    ]


def _paragraphs(
    words: Sequence[Word], height: float, known: frozenset[str]
) -> Iterator[tuple[Element | None, Box | None]]:
    columns = list(_columns(words, height))
    usual = median(_size(line) for printed in columns for line in printed) if columns else 0.0
    for printed in columns:
        for paragraph in _cut(printed, height):
            text = joined(paragraph, known)
            large = min(map(_size, paragraph)) >= _HEADING_SIZE * usual and len(paragraph) <= 2
            readable = len(text) <= _MAX_HEADING_CHARS and sum(map(str.isalpha, text)) * 2 > len(text)
            kind = Element("heading", text, level=2) if large and readable else Element("paragraph", text)
            yield kind, union(w.box for line in paragraph for w in line)


def _columns(words: Sequence[Word], height: float) -> Iterator[_Lines]:
    """Part words into the columns they are printed in, in reading order, each as lines.

    Bands that share the gap between their columns are read together: down the left column, then down the right one.
    """
    group: _Lines = []
    for band in _bands(lines(words), height):
        together = [*group, *band]
        in_columns = [_gutter(some, height) is not None for some in (group, band, together) if some]
        if group and (in_columns[-1] != in_columns[0] or (any(in_columns) and not in_columns[-1])):
            yield from _side_by_side(group, height)
            together = band
        group = together
    if group:
        yield from _side_by_side(group, height)


def _bands(printed: _Lines, height: float) -> Iterator[_Lines]:
    band: _Lines = []
    usual = _usual_step(printed, height)
    for line in printed:
        if band and _step(band[-1], line) > _LARGE_STEP * usual:
            yield band
            band = []
        band.append(line)
    if band:
        yield band


def _step(before: Sequence[Word], line: Sequence[Word]) -> float:
    """How far a line stands under another, from middle to middle."""
    middles = [median((w.box.y0 + w.box.y1) / 2 for w in there) for there in (before, line)]
    return middles[1] - middles[0]


def _usual_step(printed: _Lines, height: float) -> float:
    steps = [step for before, line in pairwise(printed) if (step := _step(before, line)) < _LARGEST_STEP * height]
    return median(steps) if steps else _LARGEST_STEP * height


def _side_by_side(printed: _Lines, height: float) -> Iterator[_Lines]:
    gutter = _gutter(printed, height)
    if gutter is None:
        yield printed
        return
    words = [w for line in printed for w in line]
    yield from _side_by_side(lines([w for w in words if w.box.x0 < gutter]), height)
    yield from _side_by_side(lines([w for w in words if w.box.x0 >= gutter]), height)


def _gutter(printed: _Lines, height: float) -> float | None:
    """Find the widest gap that no word crosses, with running text on both sides; the place of its middle."""
    words = sorted((w for line in printed for w in line), key=lambda w: w.box.x0)
    reach = words[0].box.x1
    gaps: list[tuple[float, float]] = []
    for before, here in pairwise(words):
        reach = max(reach, before.box.x1)
        if here.box.x0 - reach > _GUTTER * height:
            gaps.append((here.box.x0 - reach, (here.box.x0 + reach) / 2))
    for _, middle in sorted(gaps, reverse=True):
        sides = ([w for w in words if w.box.x0 < middle], [w for w in words if w.box.x0 >= middle])
        if all(_is_running_text(lines(side)) for side in sides):
            return middle
    return None


def _is_running_text(printed: _Lines) -> bool:
    enough = len(printed) >= _LEAST_COLUMN_LINES
    return enough and sum(map(len, printed)) / len(printed) >= _LEAST_LINE_WORDS


def _cut(printed: _Lines, height: float) -> Iterator[_Lines]:
    """Cut the lines of a column into paragraphs."""
    left = min(line[0].box.x0 for line in printed)
    right = max(line[-1].box.x1 for line in printed)
    usual = _usual_step(printed, height)
    paragraph: _Lines = []
    for line in printed:
        apart = bool(paragraph) and _step(paragraph[-1], line) > _LARGE_STEP * usual
        if apart or (paragraph and _begins(line, paragraph[-1], (left, right), height)):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _begins(line: list[Word], before: list[Word], column: tuple[float, float], height: float) -> bool:
    """Tell whether a line begins a paragraph though it stands close under another."""
    left, right = column
    if _ITEM.fullmatch(line[0].text):
        return True
    indented = line[0].box.x0 - before[0].box.x0 > _INDENT * height and before[0].box.x0 - left < height
    ended = before[-1].text.endswith(_SENTENCE_ENDS) and before[-1].box.x1 - left < _SHORT_LINE * (right - left)
    sizes = [_size(there) for there in (before, line)]
    return indented or ended or max(sizes) > _OTHER_SIZE * min(sizes)


def _size(line: Sequence[Word]) -> float:
    return median(w.box.y1 - w.box.y0 for w in line)
