"""Places in a text: what detectors return before anybody decides what to do about them."""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_JOINER = "\u200d"


class Spot(NamedTuple):
    """Where a rule matched: character offsets, inclusive and exclusive."""

    start: int
    end: int
    rule: str


def without_overlaps(spots: Iterable[Spot]) -> list[Spot]:
    """Keep the longest of spots that overlap, the first of equals.

    Returns:
        In order of the text, none overlapping.
    """
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda s: (s.start, -s.end)):
        if kept and spot.start < kept[-1].end:
            if spot.end - spot.start > kept[-1].end - kept[-1].start:
                kept[-1] = spot
            continue
        kept.append(spot)
    return kept


def touches(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Say whether one of the spans, in order and apart from each other, has a character between start and end."""
    before = bisect_left(spans, (end,)) - 1
    return before >= 0 and spans[before][1] > start


def whole_graphemes(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span so that it cuts no character as people see it: marks and joined emoji stay together.

    Returns:
        Start and end.
    """
    while start > 0 and start < len(text) and _continues(text, start):
        start -= 1
    while end < len(text) and _continues(text, end):
        end += 1
    return start, end


def _continues(text: str, at: int) -> bool:
    character = text[at]
    if character.isascii():
        return False
    return character == _JOINER or text[at - 1] == _JOINER or unicodedata.category(character)[0] == "M"
