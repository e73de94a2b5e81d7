"""Elements -> chunks: token budget, headings and tables kept, provenance.

A chunk is one contiguous slice of the document's text, so offsets are exact by construction. One tokenising pass over
the elements gives every count; nothing is measured twice. ``title > section path`` (and a table's header row, where a
table is split) is embedded before the slice but is no part of it.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingestion.types import Element, ParsedDocument
from retrieval.sentences import sentence_spans
from retrieval.types import Place

TokenSpans = Callable[[Sequence[str]], list[list[tuple[int, int]]]]

CONTEXT_SHARE = 4  # the context may take a quarter of the budget, whatever the headings' length


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A chunk before it has an identity; see ``retrieval.types.Chunk`` for the fields."""

    start: int
    end: int
    context: str
    section: tuple[str, ...]
    token_count: int  # of context and slice together, without special tokens
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece that is never cut: a small element, a sentence of a long one, a row of a long table."""

    start: int
    end: int
    tokens: int
    element: Element
    header: str = ""  # the table's header row, for pieces behind it


def chunk(
    document: ParsedDocument, token_spans: TokenSpans, *, max_tokens: int, merge_below_tokens: int = 48
) -> list[ChunkDraft]:
    """Cut a document into chunks of at most ``max_tokens`` tokens, context included.

    Args:
        document: What was parsed.
        token_spans: The embedder's tokenizer: character offsets of each text's tokens.
        max_tokens: Upper bound for context and text together, without the model's special tokens; at least 16.
        merge_below_tokens: A section smaller than this is joined with the sibling or child section that follows.

    Returns:
        Chunks in reading order; they do not overlap and together cover every element.

    Raises:
        ValueError: ``max_tokens`` is below 16.
    """
    if max_tokens < 16:
        raise ValueError("max_tokens must be at least 16")
    packer = _Packer(document, token_spans, max_tokens, merge_below_tokens)
    elements = [e for e in document.elements if not e.hidden]
    offsets = token_spans([e.text for e in elements])
    for element, spans in zip(elements, offsets, strict=True):
        for unit in _units(element, spans, max_tokens - max_tokens // CONTEXT_SHARE):
            packer.add(unit)
    packer.flush()
    return packer.drafts


class _Packer:
    def __init__(
        self, document: ParsedDocument, token_spans: TokenSpans, max_tokens: int, merge_below_tokens: int
    ) -> None:
        self._document = document
        self._token_spans = token_spans
        self._max_tokens = max_tokens
        self._merge_below = merge_below_tokens
        self._units: list[_Unit] = []
        self._context = ""
        self._tokens = 0
        self._contexts: dict[tuple[tuple[str, ...], str], tuple[str, int]] = {}
        self.drafts: list[ChunkDraft] = []

    def add(self, unit: _Unit) -> None:
        if self._units and (self._starts_section(unit) or self._tokens + unit.tokens > self._max_tokens):
            self.flush()
        if not self._units:
            self._context, self._tokens = self._context_of(unit)
        self._units.append(unit)
        self._tokens += unit.tokens

    def flush(self) -> None:
        if not self._units:
            return
        first, last = self._units[0], self._units[-1]
        section = _common_path([u.element.section for u in self._units])
        self.drafts.append(
            ChunkDraft(
                start=first.start,
                end=last.end,
                context=self._context,
                section=section or first.element.section,
                token_count=self._tokens,
                places=_places(self._units),
            )
        )
        self._units, self._tokens = [], 0

    def _starts_section(self, unit: _Unit) -> bool:
        if unit.element.kind != "heading":
            return False
        current = self._units[-1].element.section
        sibling_or_child = unit.element.section[:-1] in {current, current[:-1]}
        return not (sibling_or_child and sum(u.tokens for u in self._units) < self._merge_below)

    def _context_of(self, unit: _Unit) -> tuple[str, int]:
        # A heading that opens the chunk stands in its text already.
        section = unit.element.section[:-1] if unit.element.kind == "heading" else unit.element.section
        key = (section, unit.header)
        if key not in self._contexts:
            self._contexts[key] = self._fit_context(section, unit.header)
        return self._contexts[key]

    def _fit_context(self, section: tuple[str, ...], header: str) -> tuple[str, int]:
        names = [self._document.title, *section]
        path = [name for i, name in enumerate(names) if name and name not in names[:i]]
        context = " > ".join(path) + (f"\n{header}" if header else "")
        spans = self._token_spans([context])[0]
        limit = self._max_tokens // CONTEXT_SHARE
        if len(spans) > limit:
            # The innermost heading says most about the text, so the front is dropped.
            context = context[spans[len(spans) - limit][0] :]
            spans = spans[-limit:]
        return context, len(spans)


def _units(element: Element, spans: list[tuple[int, int]], budget: int) -> list[_Unit]:
    if len(spans) <= budget:
        return [_Unit(element.start, element.end, len(spans), element)]
    pieces = _rows(element.text) if element.kind == "table" else sentence_spans(element.text)
    header = element.text.split("\n", 1)[0] if element.kind == "table" else ""
    starts = [a for a, _ in spans]
    units: list[_Unit] = []
    for start, end in pieces:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        for a in range(first, max(last, first + 1), budget):
            b = min(a + budget, last)
            cut_start = start if a == first else starts[a]
            cut_end = end if b >= last else starts[b]
            units.append(
                _Unit(
                    element.start + cut_start,
                    element.start + cut_end,
                    max(1, b - a),
                    element,
                    header if units else "",
                )
            )
    return units


def _rows(table: str) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    position = 0
    for line in table.split("\n"):
        if line.strip():
            rows.append((position, position + len(line)))
        position += len(line) + 1
    return rows


def _common_path(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    shortest = min(paths, key=len)
    for depth, name in enumerate(shortest):
        if any(path[depth] != name for path in paths):
            return shortest[:depth]
    return shortest


def _places(units: list[_Unit]) -> tuple[Place, ...]:
    places: list[Place] = []
    for unit in units:
        element = unit.element
        if element.page is None and element.box is None:
            continue
        last = places[-1] if places else None
        if last is not None and last.page == element.page and last.box == element.box:
            places[-1] = Place(last.start, unit.end, element.page, element.box)
        else:
            places.append(Place(unit.start, unit.end, element.page, element.box))
    return tuple(places)
