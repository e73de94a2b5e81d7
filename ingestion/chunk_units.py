"""Elements -> units: pieces that a chunk holds whole, each with the number of its tokens.

A table or code that fits into a chunk is one unit, and so is a short paragraph. What is larger is cut where its kind
suggests: a table between rows, code at blank lines and then between lines, anything else at sentence ends; what is
still too long, at a line's end, a clause, a word.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingestion.types import Element
from retrieval.sentences import sentence_spans

Span = tuple[int, int]
TokenSpans = Callable[[Sequence[str]], list[list[Span]]]

# WordPiece reads a word of over 100 characters as one unknown token, and white space as none: counted as such, a
# megabyte of base64 or of blanks would fit into one chunk. Where no token begins for longer than a word goes on, one
# is counted for every few characters, as in running text.
_LONGEST_TOKEN_CHARS = 32
_CHARS_A_TOKEN = 4
# Text held as tokens at a time: their offsets take some thirty times the memory of the text.
_BATCH_CHARS = 200_000

# A paragraph of up to this part of the room stays whole; the sentences of a larger one fill chunks up.
_WHOLE_SHARE = 4
_PROSE = frozenset({"paragraph", "list_item"})

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_RULE = re.compile(r"[|\s:-]+")
# Best first: the end of a line, of a sentence, of a clause, of a word; the cut is behind the match. Marks of Chinese
# and Japanese (U+3001 comma, U+3002 stop, and the full-width ones) need no white space behind them.
_BREAKS = (
    re.compile(r"\n"),
    re.compile(r"[.!?;:](?=\s)|[\u3002\uff01\uff1f\uff1b]"),
    re.compile(r"[,|)\]}>](?=\s)|[\uff0c\u3001]"),
    re.compile(r"\s"),
    re.compile(r"\W"),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece that a chunk holds whole.

    Attributes:
        start: Character offset into the document's text, inclusive.
        end: Character offset into the document's text, exclusive.
        tokens: How many tokens it has; an estimate where it begins or ends inside a word.
        element: What it is a piece of.
        header: The header row of its table, where that does not stand in the unit itself.
    """

    start: int
    end: int
    tokens: int
    element: Element
    header: str = ""


def units(
    elements: Sequence[Element], token_spans: TokenSpans, *, room: Callable[[Element, str], int]
) -> Iterator[Unit | None]:
    """Cut the visible elements into units.

    Args:
        elements: In reading order, of one document.
        token_spans: The embedder's tokenizer: character offsets of each text's tokens.
        room: How many tokens a unit may have in a chunk that begins with this element, under this header row.

    Yields:
        The units in reading order, without the white space around them; None where something hidden stands between
        two of them, that no slice of the text may go across.
    """
    for batch in _batches(elements):
        visible = [element for element in batch if not element.hidden]
        spans = iter(token_spans([element.text for element in visible]))
        for element in batch:
            if element.hidden:
                yield None
            else:
                yield from _Cutter(element, _starts(element.text, next(spans))).units(room)


def halves(unit: Unit, text: str) -> tuple[Unit, Unit] | None:
    """Part a unit that turned out too long.

    Args:
        unit: What is parted.
        text: The document's.

    Returns:
        Two units that share its tokens evenly; None for a single character.
    """
    middle = (unit.start + unit.end + 1) // 2
    cut = _last_break(text, (unit.start + middle) // 2, middle)
    first, second = _trimmed(text, unit.start, cut), _trimmed(text, cut, unit.end)
    if first is None or second is None:
        return None
    tokens = (unit.tokens + 1) // 2
    return (
        Unit(*first, tokens, unit.element, unit.header),
        Unit(*second, tokens, unit.element, unit.header),
    )


def _batches(elements: Sequence[Element]) -> Iterator[list[Element]]:
    batch: list[Element] = []
    room = _BATCH_CHARS
    for element in elements:
        batch.append(element)
        room -= len(element.text)
        if room <= 0:
            yield batch
            batch, room = [], _BATCH_CHARS
    yield batch


def _starts(text: str, spans: Sequence[Span]) -> list[int]:
    """Where tokens begin, from 0; long stretches without a beginning are filled up."""
    starts = [a for a, _ in spans]
    if not starts or starts[0]:
        starts.insert(0, 0)
    ends = [*starts[1:], len(text)]
    if all(end - start <= _LONGEST_TOKEN_CHARS for start, end in zip(starts, ends, strict=True)):
        return starts
    filled: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        filled += range(start, end, _CHARS_A_TOKEN) if end - start > _LONGEST_TOKEN_CHARS else [start]
    return filled


@dataclass(frozen=True, slots=True)
class _Cutter:
    element: Element
    starts: list[int]

    def units(self, room: Callable[[Element, str], int]) -> Iterator[Unit]:
        text, kind, offset = self.element.text, self.element.kind, self.element.start
        whole = room(self.element, "") // (_WHOLE_SHARE if kind in _PROSE else 1)
        if len(self.starts) <= whole:
            yield Unit(offset, offset + len(text), len(self.starts), self.element)
            return
        header = text.partition("\n")[0] if kind == "table" else ""
        for start, end in self._parts(_WAYS.get(kind, (sentence_spans,)), room(self.element, header)):
            tokens = self._count(start, end)
            yield Unit(offset + start, offset + end, tokens, self.element, header if start > len(header) else "")

    def _parts(self, ways: Sequence["_Way"], room: int, start: int = 0, end: int | None = None) -> Iterator[Span]:
        for a, b in ways[0](self.element.text[start:end]):
            part = start + a, start + b
            if self._count(*part) <= room:
                yield part
            elif len(ways) > 1:
                yield from self._parts(ways[1:], room, *part)
            else:
                yield from self._forced(*part, room)

    def _forced(self, start: int, end: int, room: int) -> Iterator[Span]:
        text = self.element.text
        while self._count(start, end) > room:
            furthest = max(start + 1, self.starts[bisect_left(self.starts, start) + room])
            cut = _last_break(text, (start + furthest) // 2, furthest)
            if piece := _trimmed(text, start, cut):
                yield piece
            start = cut
        if piece := _trimmed(text, start, end):
            yield piece

    def _count(self, start: int, end: int) -> int:
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)


def _last_break(text: str, low: int, high: int) -> int:
    """The end of the last good break in ``text[low:high]``; ``high`` where there is none."""
    for kind in _BREAKS:
        ends = [match.end() for match in kind.finditer(text, low, high)]
        if ends:
            return ends[-1]
    return high


def _trimmed(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None


_Way = Callable[[str], Sequence[Span]]


def _lines(text: str) -> Sequence[Span]:
    return _between(text, re.finditer(r"\n", text))


def _blocks(text: str) -> Sequence[Span]:
    return _between(text, _BLANK_LINE.finditer(text))


def _rows(table: str) -> Sequence[Span]:
    """Rows of a table; its header, the rule below that and the first row are one, for a header alone says nothing."""
    rows = _lines(table)
    head = 3 if len(rows) > 1 and _RULE.fullmatch(table, *rows[1]) else 2
    return [(rows[0][0], rows[:head][-1][1]), *rows[head:]]


def _between(text: str, gaps: Iterator[re.Match[str]]) -> Sequence[Span]:
    spans: list[Span] = []
    start = 0
    for gap in gaps:
        spans.append((start, gap.start()))
        start = gap.end()
    trimmed = (_trimmed(text, *span) for span in [*spans, (start, len(text))])
    return [span for span in trimmed if span]


_WAYS: dict[str, Sequence[_Way]] = {"table": (_rows, _lines), "code": (_blocks, _lines)}
