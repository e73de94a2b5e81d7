"""Elements -> chunks: token budget, headings and tables kept, provenance.

A chunk is one contiguous slice of the document's text, so offsets are exact by construction. ``title > section path``
(and a table's header row, where a table is split) is embedded before the slice but is no part of it. The elements are
tokenised once; chunks that come near the budget are counted again as they will be embedded, since not every tokenizer
gives a whole the tokens of its parts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingestion.chunk_units import TokenSpans, Unit, halves, units
from ingestion.types import Element, ParsedDocument
from retrieval.types import Place

__all__ = ["ChunkDraft", "TokenSpans", "chunk"]

# Of the budget, whatever the headings' length: a quarter for the path, another for the header row of a split table.
_CONTEXT_SHARE = 4
# What is estimated to fill less than this of the budget is not counted again.
_SURELY_BELOW = 7 / 8
_BLANKS_A_TOKEN = 8

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A chunk before it has an identity; see ``retrieval.types.Chunk`` for the fields."""

    start: int
    end: int
    context: str
    section: tuple[str, ...]
    token_count: int  # of context and slice together, without special tokens
    places: tuple[Place, ...]


def chunk(
    document: ParsedDocument, token_spans: TokenSpans, *, max_tokens: int, merge_below_tokens: int | None = None
) -> list[ChunkDraft]:
    """Cut a document into chunks of at most ``max_tokens`` tokens, context included.

    Args:
        document: What was parsed.
        token_spans: The embedder's tokenizer: character offsets of each text's tokens.
        max_tokens: Upper bound for context and text together, without the model's special tokens; at least 16.
        merge_below_tokens: A chunk smaller than this goes on past the next heading; None goes on while there is room.

    Returns:
        Chunks in reading order; they do not overlap, together cover every element that a reader can see, and hold
        nothing that is hidden.

    Raises:
        ValueError: ``max_tokens`` is below 16.
    """
    if max_tokens < 16:
        raise ValueError("max_tokens must be at least 16")
    contexts = _Contexts(document, token_spans, max_tokens)
    packer = _Packer(contexts, max_tokens, merge_below_tokens)
    groups = packer.packed(units(document.elements, token_spans, room=contexts.room))
    return [_draft(group) for group in _Counted(document.text, token_spans, contexts, max_tokens).within(list(groups))]


@dataclass(frozen=True, slots=True)
class _Group:
    """The units of one chunk, at least one; ``tokens`` are of context and slice together."""

    units: Sequence[Unit]
    context: str
    tokens: int

    @property
    def start(self) -> int:
        return self.units[0].start

    @property
    def end(self) -> int:
        return self.units[-1].end


class _Contexts:
    """What is embedded before the slice, by section and header row; each is made and counted once."""

    def __init__(self, document: ParsedDocument, token_spans: TokenSpans, max_tokens: int) -> None:
        self._title = document.title
        self._token_spans = token_spans
        self._max_tokens = max_tokens
        self._share = max_tokens // _CONTEXT_SHARE
        paths = list(dict.fromkeys(path for e in document.elements for path in (e.section[:-1], e.section)))
        whole, half, *spans = token_spans(["a\n\na", "a", *(self._joined(path) for path in paths)])
        # WordPiece reads line breaks as nothing, byte-level tokenizers as a token or two.
        self._break_tokens = max(0, len(whole) - 2 * len(half))
        self._known = {
            (path, ""): (self._joined(path), len(of_path) + self._break_tokens)
            for path, of_path in zip(paths, spans, strict=True)
            if len(of_path) <= self._share
        }

    def between(self, first: Unit, second: Unit) -> int:
        """How many tokens the white space between two units counts; much of it counts even if nobody reads it."""
        return max(self._break_tokens, (second.start - first.end) // _BLANKS_A_TOKEN)

    def room(self, element: Element, header: str) -> int:
        """How many tokens of the element a chunk can hold beside its context."""
        return self._max_tokens - self._of(element.section, header)[1]

    def group(self, members: Sequence[Unit]) -> _Group:
        context, tokens = self._of(_common_path(_paths(members)), members[0].header)
        seams = sum(self.between(*pair) for pair in pairwise(members))
        return _Group(members, context, tokens + seams + sum(unit.tokens for unit in members))

    def _of(self, path: _Path, header: str) -> tuple[str, int]:
        key = (path, header)
        if key not in self._known:
            context = "\n".join(part for part in (self._fitted_path(path), self._fitted_header(header)) if part)
            tokens = len(self._token_spans([context])[0]) + self._break_tokens if context else 0
            self._known[key] = (context, tokens)
        return self._known[key]

    def _fitted_path(self, path: _Path) -> str:
        if (path, "") in self._known:
            return self._known[path, ""][0]
        names = self._names(path)
        context = " > ".join(names)
        while len(spans := self._token_spans([context])[0]) > self._share and len(names) > 2:
            # The title tells near-duplicates apart, and the innermost heading says most about the text.
            del names[1]
            context = " > ".join(names)
        return context if len(spans) <= self._share else context[spans[-self._share][0] :]

    def _names(self, path: _Path) -> list[str]:
        return list(dict.fromkeys(name for name in (self._title, *path) if name))

    def _joined(self, path: _Path) -> str:
        return " > ".join(self._names(path))

    def _fitted_header(self, header: str) -> str:
        spans = self._token_spans([header])[0] if header else []
        return header if len(spans) <= self._share else header[: spans[self._share - 1][1]]


class _Packer:
    def __init__(self, contexts: _Contexts, max_tokens: int, merge_below_tokens: int | None) -> None:
        self._contexts = contexts
        self._max_tokens = max_tokens
        self._merge_below = max_tokens if merge_below_tokens is None else merge_below_tokens
        self._open: list[Unit] = []
        self._tokens = 0

    def packed(self, pieces: Iterable[Unit | None]) -> Iterator[_Group]:
        """Fill one chunk after the other."""
        for unit in pieces:
            if self._open and (unit is None or self._starts_section(unit)):
                yield self._closed()
            if unit is None:
                continue
            if self._open and not self._fits(unit):
                yield self._closed(before=unit)
            self._add(unit)
        if self._open:
            yield self._closed()

    def _starts_section(self, unit: Unit) -> bool:
        return unit.element.kind == "heading" and sum(u.tokens for u in self._open) >= self._merge_below

    def _fits(self, unit: Unit) -> bool:
        return self._tokens + self._contexts.between(self._open[-1], unit) + unit.tokens <= self._max_tokens

    def _add(self, unit: Unit) -> None:
        if self._open:
            self._tokens += self._contexts.between(self._open[-1], unit) + unit.tokens
        else:
            self._tokens = self._contexts.group([unit]).tokens
        self._open.append(unit)

    def _closed(self, before: Unit | None = None) -> _Group:
        """Close the chunk; headings at its end go on to the unit that they are about, if that follows and has room."""
        members, self._open = self._open, []
        kept = len(members)
        while before and members[kept - 1].element.kind == "heading" and kept > 1:
            kept -= 1
        carried = members[kept:]
        if before and self._may_go_on(carried, before):
            members = members[:kept]
            for heading in carried:
                self._add(heading)
        return self._contexts.group(members)

    def _may_go_on(self, headings: Sequence[Unit], unit: Unit) -> bool:
        # A list of headings, as a table of contents is one, is about nothing that follows.
        few = 0 < sum(heading.tokens for heading in headings) <= self._max_tokens // _CONTEXT_SHARE
        return few and self._contexts.group([*headings, unit]).tokens <= self._max_tokens


@dataclass(frozen=True, slots=True)
class _Counted:
    """Chunks counted as they will be embedded."""

    text: str
    token_spans: TokenSpans
    contexts: _Contexts
    max_tokens: int

    def within(self, groups: Sequence[_Group]) -> Iterator[_Group]:
        """Part what is over the budget all the same: cut inside words, or by a tokenizer that reads parts otherwise."""
        for group, tokens in zip(groups, self._counts(groups), strict=True):
            parts = self._parts(group) if tokens > self.max_tokens else []
            if parts:
                yield from self.within(parts)
            else:
                yield replace(group, tokens=tokens)

    def _counts(self, groups: Sequence[_Group]) -> Iterator[int]:
        near = self.max_tokens * _SURELY_BELOW
        # Each unit may begin with a token more, and a tokenizer may read every blank between two of them.
        doubtful = [group.tokens + len(group.units) + _blanks(group.units) > near for group in groups]
        texts = [self._embedded(group) for group, doubted in zip(groups, doubtful, strict=True) if doubted]
        counts = map(len, self.token_spans(texts))
        return (next(counts) if doubted else group.tokens for group, doubted in zip(groups, doubtful, strict=True))

    def _embedded(self, group: _Group) -> str:
        quote = self.text[group.start : group.end]
        return f"{group.context}\n{quote}" if group.context else quote

    def _parts(self, group: _Group) -> list[_Group]:
        middle = len(group.units) // 2
        if middle:
            return [self.contexts.group(group.units[:middle]), self.contexts.group(group.units[middle:])]
        return [self.contexts.group([half]) for half in halves(group.units[0], self.text) or ()]


def _blanks(members: Sequence[Unit]) -> int:
    return sum(second.start - first.end for first, second in pairwise(members))


def _draft(group: _Group) -> ChunkDraft:
    return ChunkDraft(
        start=group.start,
        end=group.end,
        context=group.context,
        # Of several sections what they share: a wrong place is worse than a wide one.
        section=_common_path([unit.element.section for unit in group.units]),
        token_count=group.tokens,
        places=_places(group.units),
    )


def _paths(members: Sequence[Unit]) -> list[_Path]:
    """The paths that the context has to do justice to: without headings that stand in the text."""
    first = members[0].element
    if first.kind != "heading":
        # What goes on with a section is found by its name, even if a small sibling follows.
        return [first.section]
    return [unit.element.section[:-1] for unit in members if unit.element.kind == "heading"]


def _common_path(paths: Sequence[_Path]) -> _Path:
    shortest = min(paths, key=len)
    for depth, name in enumerate(shortest):
        if any(path[depth] != name for path in paths):
            return shortest[:depth]
    return shortest


def _places(members: Sequence[Unit]) -> tuple[Place, ...]:
    places: list[Place] = []
    for unit in members:
        element = unit.element
        if element.page is None and element.box is None:
            continue
        last = places[-1] if places else None
        if last is not None and last.page == element.page and last.box == element.box:
            places[-1] = Place(last.start, unit.end, element.page, element.box)
        else:
            places.append(Place(unit.start, unit.end, element.page, element.box))
    return tuple(places)
