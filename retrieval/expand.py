"""Passages -> the same passages with the text around them, for a generator that reads more than a chunk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.catalog import Catalog
from retrieval.gate import GAP_CHARS
from retrieval.types import Chunk, Passage, Principal

REACH = 4
"""Chunks that are looked at to either side: some 1,000 tokens each way."""

Around = Mapping[str, tuple[Chunk, str]]
"""As ``Catalog.around`` returns it."""


def expand(passages: Sequence[Passage], catalog: Catalog, *, principal: Principal, budget_tokens: int) -> list[Passage]:
    """Widen passages as far as a budget allows; see ``widen``.

    Args:
        passages: What was retrieved, best first.
        catalog: Where the text around them is.
        principal: Who asked.
        budget_tokens: Of all passages together.

    Returns:
        Passages in the same order. What the principal may not read any more is left out.
    """
    around = catalog.around([passage.chunk.id for passage in passages], principal=principal, reach=REACH)
    return widen(passages, around, budget_tokens=budget_tokens)


def widen(passages: Sequence[Passage], around: Around, *, budget_tokens: int) -> list[Passage]:
    """Add the chunks before and behind each passage: those of its own section first, then the others.

    All passages grow in turn, the best first, by a chunk at a time. Hidden text parts chunks for good: only what
    follows on each other is read as one. Passages that meet become one.

    Args:
        passages: Best first.
        around: Chunks that may be read, with those of the passages.
        budget_tokens: Of all passages together; passages that take more by themselves stay as they are.

    Returns:
        Passages in the same order, each with a chunk of the same id whose start, end, text and places are wider:
        ``text == revision.text[start:end]`` as before. One that took others in names them in ``also``.
    """
    readable = [passage for passage in passages if passage.chunk.id in around]
    pages = _Pages(around)
    stretches = [
        _Stretch(rank, passage.chunk, passage.chunk.ordinal, passage.chunk.ordinal)
        for rank, passage in enumerate(readable)
    ]
    taken = {_place(stretch.chunk, stretch.chunk.ordinal) for stretch in stretches}
    left = budget_tokens - sum(pages.chunk(*place).token_count for place in taken)
    for own_section in (True, False):
        growing = True
        while growing:
            growing = False
            for stretch in stretches:
                ordinal = _next(stretch, pages, own_section=own_section)
                if ordinal is None:
                    continue
                place = _place(stretch.chunk, ordinal)
                cost = 0 if place in taken else pages.chunk(*place).token_count
                if cost <= left:
                    left -= cost
                    taken.add(place)
                    stretch.take(ordinal)
                    growing = True
    return [_widened(group, readable, pages) for group in _met(stretches, pages)]


class _Pages:
    """Chunks by revision and ordinal, and whether one follows on another."""

    def __init__(self, around: Around) -> None:
        self._found = {(chunk.revision_id, chunk.ordinal): (chunk, behind) for chunk, behind in around.values()}

    def chunk(self, revision_id: str, ordinal: int) -> Chunk:
        return self._found[revision_id, ordinal][0]

    def gap(self, revision_id: str, ordinal: int) -> str | None:
        """What stands between a chunk and the next; None where they cannot be read as one."""
        first, second = (self._found.get((revision_id, number)) for number in (ordinal, ordinal + 1))
        if first is None or second is None:
            return None
        length = second[0].start - first[0].end
        gap = first[1][: max(0, length)]
        return gap if 0 <= length <= GAP_CHARS and not gap.strip() else None


@dataclass(slots=True)
class _Stretch:
    """A passage and how far it reaches, in ordinals of its revision."""

    rank: int
    chunk: Chunk
    first: int
    last: int

    def take(self, ordinal: int) -> None:
        self.first, self.last = min(self.first, ordinal), max(self.last, ordinal)


def _place(chunk: Chunk, ordinal: int) -> tuple[str, int]:
    return chunk.revision_id, ordinal


def _next(stretch: _Stretch, pages: _Pages, *, own_section: bool) -> int | None:
    """Return the chunk by which a passage grows: on the side where it has grown less, behind it when equal."""
    own, revision_id = stretch.chunk, stretch.chunk.revision_id
    sides = [
        (stretch.last - own.ordinal, stretch.last + 1, stretch.last),
        (own.ordinal - stretch.first, stretch.first - 1, stretch.first - 1),
    ]
    open_sides = [
        (grown, ordinal)
        for grown, ordinal, joint in sides
        if pages.gap(revision_id, joint) is not None
        and (not own_section or pages.chunk(revision_id, ordinal).section == own.section)
    ]
    return min(open_sides, key=lambda side: side[0])[1] if open_sides else None


def _met(stretches: Sequence[_Stretch], pages: _Pages) -> list[list[_Stretch]]:
    """Group what overlaps or follows on each other, best rank first within and among the groups."""
    groups: list[list[_Stretch]] = []
    for stretch in sorted(stretches, key=lambda s: (s.chunk.revision_id, s.first, s.last)):
        before = groups[-1] if groups else []
        last = max((s.last for s in before), default=-1)
        meets = before and before[0].chunk.revision_id == stretch.chunk.revision_id
        if meets and (
            stretch.first <= last
            or (stretch.first == last + 1 and pages.gap(stretch.chunk.revision_id, last) is not None)
        ):
            before.append(stretch)
        else:
            groups.append([stretch])
    return sorted((sorted(group, key=lambda s: s.rank) for group in groups), key=lambda group: group[0].rank)


def _widened(group: Sequence[_Stretch], passages: Sequence[Passage], pages: _Pages) -> Passage:
    best = passages[group[0].rank]
    revision_id = best.chunk.revision_id
    ordinals = range(min(s.first for s in group), max(s.last for s in group) + 1)
    chunks = [pages.chunk(revision_id, ordinal) for ordinal in ordinals]
    gaps = [pages.gap(revision_id, ordinal) or "" for ordinal in ordinals[:-1]]
    wider = replace(
        best.chunk,
        start=chunks[0].start,
        end=chunks[-1].end,
        text="".join(text for pair in zip((c.text for c in chunks), [*gaps, ""], strict=True) for text in pair),
        token_count=sum(chunk.token_count for chunk in chunks),
        places=tuple(dict.fromkeys(place for chunk in chunks for place in chunk.places)),
    )
    members = [passages[stretch.rank] for stretch in group]
    others = [key for member in members for key in (member.chunk.id, *member.also) if key != best.chunk.id]
    return replace(best, chunk=wider, also=tuple(dict.fromkeys(others)))
