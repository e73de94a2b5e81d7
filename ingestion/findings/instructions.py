"""Text that speaks to a model instead of to a reader, by signs and their weights, without a model of its own.

No single sign but the plainest proves anything: a handbook may well say "include in your response". So the signs
within a stretch are added up, each once, and the sum decides; the weights were chosen on one half of a set of attacks
and hard harmless texts and measured on the other, see ``bench/findings.py``. In text that no reader of the original
sees, half the sum is enough.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from ingestion.findings.signs import STRONG, WEAK, Sign
from ingestion.findings.spots import Spot, touches

RULES = ("speaks_to_model",)
_ENOUGH = 1.0
_STRETCH_CHARS = 800
# Joiners between letters split words for a search, and no Latin script needs them.
_SPLITTER = re.compile("(?<=[A-Za-z])[\u200c\u200d\u00ad]+(?=[A-Za-z])")


def find_instructions(text: str, hidden: Sequence[tuple[int, int]] = ()) -> list[Spot]:
    """Find stretches that speak to a model.

    Args:
        text: Of the document.
        hidden: Where text stands that no reader of the original sees, in order.

    Returns:
        In order, none overlapping.
    """
    plain, offsets = _joined(text)
    hits = sorted(_hits(plain))
    spots: list[Spot] = []
    first = 0
    for last, (start, end, _, _) in enumerate(hits):
        while end - hits[first][0] > _STRETCH_CHARS and first < last:
            first += 1
        begin = _offset(offsets, hits[first][0])
        finish = _offset(offsets, end - 1) + 1
        at = _offset(offsets, start)
        enough = _ENOUGH / 2 if touches(hidden, at, at + 1) else _ENOUGH
        if _sum(hits[first : last + 1]) < enough - 1e-9:
            continue
        if spots and begin < spots[-1].end:
            spots[-1] = spots[-1]._replace(end=max(finish, spots[-1].end))
        else:
            spots.append(Spot(begin, finish, RULES[0]))
    return spots


def heaviest(text: str, weights: Mapping[str, float]) -> float:
    """Return the greatest sum of signs within a stretch.

    Args:
        text: Any.
        weights: By name, of signs that weigh otherwise than in a document; 0 leaves one out.

    Returns:
        At least 0; 1 is enough.
    """
    hits = sorted(_hits(_joined(text)[0]))
    most, first = 0.0, 0
    for last, (_, end, _, _) in enumerate(hits):
        while end - hits[first][0] > _STRETCH_CHARS and first < last:
            first += 1
        names = {name: weights.get(name, weight) for _, _, name, weight in hits[first : last + 1]}
        most = max(most, sum(names.values()))
    return most


def _hits(text: str) -> Iterator[tuple[int, int, str, float]]:
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter that is two in lower case: offsets must hold
        lowered = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
    strong = [hit for sign in STRONG for hit in _around(sign, text, _stretches(lowered, sign.stems, sign.reach_chars))]
    yield from strong
    beside = _merged([(start - _STRETCH_CHARS, end + _STRETCH_CHARS) for start, end, _, _ in strong])
    for sign in WEAK:
        yield from _around(sign, text, beside)


def _around(sign: Sign, text: str, stretches: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, str, float]]:
    for start, end in stretches:
        for match in sign.expression.finditer(text, max(start, 0), min(end, len(text))):
            yield match.start(), match.end(), sign.name, sign.weight


def _stretches(lowered: str, stems: Sequence[str], reach_chars: int) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    for stem in stems:
        at = lowered.find(stem)
        while at >= 0:
            places.append((at - reach_chars, at + len(stem) + reach_chars))
            at = lowered.find(stem, at + len(stem))
    return _merged(places)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _sum(hits: Sequence[tuple[int, int, str, float]]) -> float:
    return sum({name: weight for _, _, name, weight in hits}.values())


def _joined(text: str) -> tuple[str, list[int] | None]:
    """Leave out what splits words; where each character stood, or None where nothing was left out."""
    cuts = [match.span() for match in _SPLITTER.finditer(text)] if not text.isascii() else []
    if not cuts:
        return text, None
    parts: list[str] = []
    offsets: list[int] = []
    done = 0
    for start, end in [*cuts, (len(text), len(text))]:
        parts.append(text[done:start])
        offsets += range(done, start)
        done = end
    return "".join(parts), offsets


def _offset(offsets: list[int] | None, at: int) -> int:
    return at if offsets is None else offsets[at]
