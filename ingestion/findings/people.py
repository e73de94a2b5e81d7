"""People whom a directory names, found in a text as whole words; without a directory nobody is found."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from ingestion.findings.spots import Spot

RULE = "person"
# An apostrophe before a single letter ends the word: "Anna's" is Anna, "O'Brien" is one name.
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]{2,})*")
_BETWEEN = re.compile(r"[.\s]{1,3}")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:;\n•–—-])[\s\"'“‘(\[*]*\Z")
_LOOK_BACK_CHARS = 8


def find_people(text: str, names: tuple[str, ...]) -> list[Spot]:
    """Find the names of a directory.

    Capitals count: a name that the directory writes with a capital must have one in the text, so that ``will`` is not
    Will. A single name that begins a sentence is left out when the text also has it as an ordinary word.

    Returns:
        In order of the text; the longest of several that begin at one word.
    """
    if not names:
        return []
    by_first, uncased = _index(names)
    words = list(_WORD.finditer(text)) if by_first else []
    lowercase = {match.group() for match in words if match.group().islower()} if by_first else set()
    spots: list[Spot] = []
    for at, first in enumerate(words):
        if spots and first.start() < spots[-1].end:
            continue
        for entry in by_first.get(first.group().casefold(), ()):
            span = _span(text, words[at : at + len(entry)], entry)
            if span and (len(entry) > 1 or not _ambiguous(text, first, lowercase)):
                spots.append(Spot(*span, RULE))
                break
    return [*spots, *_written_together(text, uncased)]


@lru_cache(maxsize=8)
def _index(names: tuple[str, ...]) -> tuple[dict[str, list[tuple[str, ...]]], tuple[str, ...]]:
    """By the first word, case-folded, what may follow, longest first; and names in scripts without capitals."""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    uncased: list[str] = []
    for name in names:
        if name.lower() == name.upper():
            uncased.append(name)
        elif entry := tuple(_WORD.findall(name)):
            by_first.setdefault(entry[0].casefold(), []).append(entry)
    for entries in by_first.values():
        entries.sort(key=len, reverse=True)
    return by_first, tuple(uncased)


def _span(text: str, words: Sequence[re.Match[str]], entry: tuple[str, ...]) -> tuple[int, int] | None:
    if len(words) < len(entry) or not all(map(_same, words, entry)):
        return None
    if not all(_BETWEEN.fullmatch(text, a.end(), b.start()) for a, b in pairwise(words)):
        return None
    return words[0].start(), words[-1].end()


def _same(word: re.Match[str], name: str) -> bool:
    found = word.group()
    return found.casefold() == name.casefold() and (found[0].isupper() or not name[0].isupper())


def _ambiguous(text: str, word: re.Match[str], lowercase: set[str]) -> bool:
    before = text[max(word.start() - _LOOK_BACK_CHARS, 0) : word.start()]
    starts = word.start() == 0 or bool(_SENTENCE_START.search(f" {before}" if word.start() else before))
    return starts and word.group().lower() in lowercase


def _written_together(text: str, names: tuple[str, ...]) -> Iterator[Spot]:
    for name in names:
        at = text.find(name)
        while at >= 0:
            yield Spot(at, at + len(name), RULE)
            at = text.find(name, at + len(name))
