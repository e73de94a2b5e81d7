"""Which printed words are the words of a text: the same letters and digits, as far as possible in the same order."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ingestion.parsers.pdf_words import key

_TOKEN = re.compile(r"\S+")
_REACH = 40  # words; the second half of a word that a line break cut is this near
_MOST_ALIGNED = 4_000  # tokens; a longer text is looked up word by word
_ANCHOR = 2  # matching words in a row that say where a text stands
_SLACK = 30  # words around them


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text; ``key`` is its letters and digits in lower case."""

    start: int
    end: int
    key: str


def tokens(text: str) -> list[Token]:
    """Cut a text into its words, without those that have neither letters nor digits: marks of tables and lists."""
    found = (Token(match.start(), match.end(), _key(match[0])) for match in _TOKEN.finditer(text))
    return [token for token in found if token.key]


def aligned(wanted: Sequence[Token], printed: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """Find the printed words that the words of a text are.

    Args:
        wanted: All words of the text, in order.
        printed: Printed words, mostly in the same order; more than the text has, or fewer.

    Returns:
        For each word that was found, by its start: the indices in ``printed``, two where it was cut by a line break.
        No printed word is given twice, but for one that is several words of the text.
    """
    keys = [_key(text) for text in printed]
    places = _in_order([token.key for token in wanted], keys)
    used = set(places.values())
    free: dict[str, list[int]] = defaultdict(list)
    for index, printed_key in enumerate(keys):
        if printed_key and index not in used:
            free[printed_key].append(index)
    found: dict[int, tuple[int, ...]] = {}
    for position, token in enumerate(wanted):
        if position in places:
            found[token.start] = (places[position],)
            continue
        expected = _expected(position, places, len(keys))
        here = free.get(token.key)
        if here:
            index = min(here, key=lambda candidate: abs(candidate - expected))
            here.remove(index)
            places[position] = index
            used.add(index)
            found[token.start] = (index,)
        elif halves := _halves(token.key, keys, used, expected):
            used.update(halves)
            places[position] = halves[0]
            found[token.start] = halves
    return found | _run_together(wanted, keys, found, used)


def nearest(wanted: Sequence[Token], printed: Sequence[str]) -> tuple[int, int]:
    """Say between which printed words a text stands that may be anywhere among them.

    Returns:
        First and last index (exclusive) of a window that holds it; an empty one when it is nowhere.
    """
    keyed = [(index, _key(text)) for index, text in enumerate(printed)]
    keyed = [(index, printed_key) for index, printed_key in keyed if printed_key]
    matcher = SequenceMatcher(None, [token.key for token in wanted], [k for _, k in keyed], autojunk=False)
    match = matcher.find_longest_match()
    if match.size < min(_ANCHOR, len(wanted)) or not match.size:
        return 0, 0
    first = max(match.b - match.a - match.a // 4 - _SLACK, 0)
    behind = len(wanted) - match.a
    last = min(match.b + behind + behind // 4 + _SLACK, len(keyed))
    return keyed[first][0], keyed[last - 1][0] + 1


def _key(text: str) -> str:
    # Ligatures and full-width digits may be printed where the text has plain ones, and the other way round.
    return key(text if text.isascii() else unicodedata.normalize("NFKC", text))


def _in_order(wanted: Sequence[str], keys: Sequence[str]) -> dict[int, int]:
    if len(wanted) > _MOST_ALIGNED or len(keys) > _MOST_ALIGNED:
        return {}
    places: dict[int, int] = {}
    for match in SequenceMatcher(None, wanted, keys, autojunk=False).get_matching_blocks():
        places |= {match.a + step: match.b + step for step in range(match.size)}
    return places


def _expected(position: int, places: Mapping[int, int], count: int) -> int:
    """Return where a word should be printed by where those before or behind it are."""
    for distance in range(1, _REACH):
        if (before := places.get(position - distance)) is not None:
            return min(before + distance, count)
        if (behind := places.get(position + distance)) is not None:
            return max(behind - distance, 0)
    return 0


def _halves(whole: str, keys: Sequence[str], used: set[int], expected: int) -> tuple[int, int] | None:
    """Find two words that a line break cut one into, or that the parser ran together."""
    candidates = sorted(range(len(keys)), key=lambda index: abs(index - expected))[: 4 * _REACH]
    for first in candidates:
        head = keys[first]
        if first in used or not head or len(head) >= len(whole) or not whole.startswith(head):
            continue
        for second in range(first + 1, min(first + _REACH, len(keys))):
            if second not in used and keys[second] == whole[len(head) :]:
                return first, second
    return None


def _run_together(
    wanted: Sequence[Token], keys: Sequence[str], found: Mapping[int, tuple[int, ...]], used: set[int]
) -> dict[int, tuple[int, ...]]:
    """Find words of the text that are printed as one."""
    more: dict[int, tuple[int, ...]] = {}
    free = {k: index for index, k in reversed(list(enumerate(keys))) if k and index not in used}
    lost = [position for position, token in enumerate(wanted) if token.start not in found]
    for position in lost:
        for count in (2, 3):
            some = wanted[position : position + count]
            if any(token.start in found or token.start in more for token in some):
                break
            index = free.get("".join(token.key for token in some))
            if index is not None and len(some) == count:
                more |= {token.start: (index,) for token in some}
                break
    return more
