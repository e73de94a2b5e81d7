"""The words of a PDF page as they are printed, behind the text that the layout analysis made of them.

The analysis returns blocks in reading order, but straightens quotes, joins hyphens, loses dashes and adds Markdown
marks. A citation has to be verbatim, so each block's words are looked up on the page again, in order.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrieval.types import Box

_NOT_WORD = re.compile(r"[\W_]+")
_MARKS = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])|(?<![\w*])\*{1,3}(?=\S)|(?<=\S)\*{1,3}(?![\w*])|`")
_HYPHENS = ("-", "\u2010", "\u00ad")
_SPACE = 0.12  # line heights; a smaller gap is kerning
_REACH = 40  # the second half of a hyphenated word is this near, in words


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its rectangle; ``key`` is its letters and digits in lower case."""

    text: str
    key: str
    box: Box


def word(text: str, box: Box) -> Word:
    """Make a word."""
    return Word(text, key(text), box)


def key(text: str) -> str:
    """Reduce text to its letters and digits in lower case: what printed and analysed text have in common."""
    lowered = text.lower()
    return lowered if lowered.isalnum() else _NOT_WORD.sub("", lowered)


class PageWords:
    """The words of a page in the order of the file, found by place."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        by_height = sorted(((w.box.y0 + w.box.y1) / 2, (w.box.x0 + w.box.x1) / 2, i) for i, w in enumerate(words))
        self._heights = [y for y, _, _ in by_height]
        self._centres = [(x, i) for _, x, i in by_height]

    def inside(self, box: Box, margin: float = 2.0) -> list[Word]:
        """Select the words whose centre lies in a rectangle, in page order."""
        first = bisect_left(self._heights, box.y0 - margin)
        last = bisect_right(self._heights, box.y1 + margin)
        left, right = box.x0 - margin, box.x1 + margin
        return [self.words[i] for i in sorted(i for x, i in self._centres[first:last] if left <= x <= right)]


def vocabulary(pages: Iterable[PageWords]) -> frozenset[str]:
    """Collect the words of a document that stand for themselves: those that no hyphen cuts."""
    return frozenset(w.key for page in pages for w in page.words if w.key and not w.text.endswith(_HYPHENS))


def without_marks(text: str) -> str:
    """Strip the Markdown marks that the layout analysis adds."""
    return _MARKS.sub(r"\1", text)


def union(boxes: Iterable[Box]) -> Box | None:
    """Return the smallest rectangle around all; None for none."""
    all_boxes = list(boxes)
    if not all_boxes:
        return None
    return Box(
        min(b.x0 for b in all_boxes),
        min(b.y0 for b in all_boxes),
        max(b.x1 for b in all_boxes),
        max(b.y1 for b in all_boxes),
    )


def verbatim(text: str, words: Sequence[Word], known: frozenset[str]) -> str:
    """Replace the words of a block's text by the same words as printed.

    Args:
        text: A block's text in reading order.
        words: The words on the page inside the block.
        known: Words of the document, to tell "cutting-edge" from "informa-tion" at the end of a line.

    Returns:
        The text on one line; a word that is not found on the page stays as it is.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for index, candidate in enumerate(words):
        if candidate.key:
            places[candidate.key].append(index)
    used: set[int] = set()
    last = -1
    printed: list[str] = []
    for token in without_marks(text).split():
        token_key = key(token)
        here = places.get(token_key)
        if here:
            # The next one in page order; failing that, the last one before.
            last = here.pop(min(bisect_right(here, last), len(here) - 1))
            used.add(last)
            printed.append(words[last].text)
            continue
        halves = _halves(token_key, words, used, last) if len(token_key) > 2 else None
        if halves:
            used.update(halves)
            for half in halves:
                places[words[half].key].remove(half)
            last = halves[1]
            printed.append(_join(words[halves[0]], words[halves[1]], known))
        else:
            printed.append(token)
    return " ".join(printed)


def _halves(joined: str, words: Sequence[Word], used: set[int], last: int) -> tuple[int, int] | None:
    """Find two words that a line break cut one word into, or that the analysis ran together."""
    for first in range(max(last, 0), min(last + _REACH, len(words))):
        start = words[first]
        rest = joined[len(start.key) :]
        if first in used or not start.key or not rest or not joined.startswith(start.key):
            continue
        reach = _REACH if start.text.endswith(_HYPHENS) else 2
        for second in range(first + 1, min(first + reach, len(words))):
            if second not in used and words[second].key == rest:
                return first, second
    return None


def _join(first: Word, second: Word, known: frozenset[str]) -> str:
    if not first.text.endswith(_HYPHENS):
        gap, height = second.box.x0 - first.box.x1, first.box.y1 - first.box.y0
        return first.text + (" " if gap > _SPACE * height else "") + second.text
    stem = first.text.rstrip("".join(_HYPHENS))
    whole = first.key + second.key
    compound = whole not in known and first.key in known and second.key in known
    return f"{stem}-{second.text}" if compound else stem + second.text


def joined(printed: Sequence[Sequence[Word]], known: frozenset[str]) -> str:
    """Put printed lines on one, whole again what the ends of lines cut.

    Args:
        printed: Lines of words in reading order; none is empty.
        known: Words of the document, see ``verbatim``.

    Returns:
        The text.
    """
    text: list[str] = []
    held: Word | None = None  # the first half of a word
    for line in printed:
        for position, current in enumerate(line):
            if held is not None:
                text.append(_join(held, current, known))
                held = None
            elif position == len(line) - 1 and line is not printed[-1] and _is_cut(current):
                held = current
            else:
                text.append(current.text)
    return " ".join([*text, held.text] if held is not None else text)


def _is_cut(last: Word) -> bool:
    return last.text.endswith(_HYPHENS) and len(last.key) > 1


def lines(words: Sequence[Word]) -> list[list[Word]]:
    """Group words into printed lines, top to bottom, each from left to right."""
    grouped: list[list[Word]] = []
    for current in sorted(words, key=lambda w: ((w.box.y0 + w.box.y1) / 2, w.box.x0)):
        middle = (current.box.y0 + current.box.y1) / 2
        if grouped and grouped[-1][0].box.y0 <= middle <= grouped[-1][0].box.y1:
            grouped[-1].append(current)
        else:
            grouped.append([current])
    return [sorted(line, key=lambda w: w.box.x0) for line in grouped]
