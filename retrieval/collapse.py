"""Passages -> those that say something new, the others folded into them; pure.

A passage is folded into a better one only if that holds its very words: versions of a text that differ in a number, a
name or a denial are different passages. Documents that share words are different sources unless they share their title
too: on mtrag-un, whose passages have no titles, folding across documents lost .009 nDCG@10. What is folded is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Literal

from retrieval.types import Passage

Collapse = Literal["none", "duplicates", "sections"]
"""What is folded: nothing, what says the same, or also what stands beside a better passage of its section."""

_EDGES = ".,;:!?()[]{}\"'“”‘’*_`|#>-–—•…"
_BLANK = str.maketrans(dict.fromkeys("*_`|#", " "))
_TEXT_CHARS_MIN = 20  # a shorter text stands in many others by chance


def collapse(passages: Iterable[Passage], *, limit: int, by: Collapse = "duplicates") -> list[Passage]:
    """Keep the passages that say something new.

    Args:
        passages: Best first; no more of them are taken than it needs to keep enough.
        limit: Most passages to keep, at least 1.
        by: What is folded.

    Returns:
        The first passage of each kind in the order they came, with the ids of those folded into it.
    """
    if by == "none":
        return list(islice(passages, limit))
    kept: list[_Kept] = []
    for passage in passages:
        into = _found(kept, passage, sections=by == "sections")
        if into is None:
            kept.append(_Kept(passage, []))
        else:
            into.folded.append(passage)
        if len(kept) == limit:
            break
    return [_told(one) for one in kept]


@dataclass(frozen=True, slots=True)
class _Kept:
    passage: Passage
    folded: list[Passage]


def _found(kept: Iterable[_Kept], passage: Passage, *, sections: bool) -> _Kept | None:
    for one in kept:
        if _says(one.passage, passage) or (sections and _is_beside(passage, one)):
            return one
    return None


def _is_same_source(one: Passage, other: Passage) -> bool:
    return one.chunk.document_id == other.chunk.document_id or one.title == other.title != ""


def _says(one: Passage, other: Passage) -> bool:
    """Tell whether a passage holds the words of another of the same source."""
    # The words are made comparable last: that takes longer than all else, and few pairs come so far.
    if not _is_same_source(one, other):
        return False
    whole, part = _normalised(one.chunk.text), _normalised(other.chunk.text)
    # Both ends are blanks, so that words match as a whole.
    return part in whole if len(part) >= _TEXT_CHARS_MIN else part == whole


def _is_beside(passage: Passage, kept: _Kept) -> bool:
    """Tell whether a passage touches what was kept of its section, or what was folded into that."""
    chunk = passage.chunk
    if (chunk.revision_id, chunk.section) != (kept.passage.chunk.revision_id, kept.passage.chunk.section):
        return False
    of_document = (one.chunk for one in (kept.passage, *kept.folded) if one.chunk.revision_id == chunk.revision_id)
    return any(
        abs(chunk.ordinal - other.ordinal) <= 1 or (chunk.start < other.end and other.start < chunk.end)
        for other in of_document
    )


@lru_cache(maxsize=512)
def _normalised(text: str) -> str:
    words = (word.strip(_EDGES) for word in text.translate(_BLANK).casefold().split())
    return f" {' '.join(word for word in words if word)} "


def _told(kept: _Kept) -> Passage:
    if not kept.folded:
        return kept.passage
    return replace(kept.passage, also=(*kept.passage.also, *(one.chunk.id for one in kept.folded)))
