"""Chunk -> its sentences as they are weighed: terms, what stands beside them, abbreviations; pure.

None of it depends on the question, so that it can be kept for as long as the chunk lives.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from retrieval.bm25 import Terms
from retrieval.sentences import is_heading, sentence_spans
from retrieval.types import Chunk

_ITEM = re.compile(r"\s*(?:[-*•|]+|\d{1,2}[.)])\s*")
_AMOUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|half|every|never"
    r"|daily|weekly|monthly|annually|yearly|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\b[A-Z]{2,7}\b")
_ABBREVIATED = re.compile(r"\(([A-Z]{2,7})s?\)")
_WORD = re.compile(r"[A-Za-z]+")
_SKIPPED = frozenset(("of", "the", "and", "for", "to", "in", "a", "on"))
_LONG_FORM_CHARS = 90
_FRAGMENT_WORDS = 4
_LEADS_IN = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, list item or table row; headings lend theirs their terms and are none themselves.

    Attributes:
        row: Which of the chunk's sentence vectors is its own.
        section: Grows at each heading.
        start: In the chunk, inclusive.
        end: In the chunk, exclusive.
        beside: Terms of its heading, of the line before, and of the line that leads its list in.
        capitals: Its words in capitals, which may be abbreviations.
        has_amount: Whether it says a number, a day, a month or how often.
        flaws: How many reasons speak against its being an answer: it asks, it is a fragment, it leads in what follows.
    """

    row: int
    section: int
    start: int
    end: int
    terms: frozenset[int]
    beside: frozenset[int]
    capitals: frozenset[str]
    has_amount: bool
    flaws: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A chunk's lines in order, and its terms, those of its title and headings among them.

    Attributes:
        rows: How many sentence vectors the chunk has, headings counted.
        abbreviations: As "Privacy Threshold Analysis (PTA)" spells them out: ``PTA`` -> terms of the long form.
    """

    rows: int
    lines: tuple[Line, ...]
    terms: frozenset[int]
    abbreviations: Mapping[str, frozenset[int]]


def read(chunk: Chunk, terms: Terms) -> Reading:
    """Read a chunk.

    Args:
        chunk: Its text and context.
        terms: Text -> stemmed terms.

    Returns:
        What can be said of it before anything is asked.
    """
    text = chunk.text
    spans = sentence_spans(text)
    lines: list[Line] = []
    section = 0
    every = terms(chunk.context)
    heading = before = lead = frozenset[int]()
    for row, (start, end) in enumerate(spans):
        own = terms(text[start:end])
        every |= own
        if is_heading(text, start, end):
            heading, before, lead, section = own, frozenset(), frozenset(), section + 1
            continue
        mark = _ITEM.match(text, start, end)
        # A list item is understood by the line before its list: "To be eligible, you must:".
        lead = lead if mark else own
        lines.append(
            Line(
                row=row,
                section=section,
                start=start,
                end=end,
                terms=own,
                beside=(heading | before | lead) - own,
                capitals=frozenset(_CAPITALS.findall(text, start, end)),
                has_amount=_AMOUNT.search(text, mark.end() if mark else start, end) is not None,
                flaws=_flaws(text[start:end]),
            )
        )
        before = own
    return Reading(len(spans), tuple(lines), every, abbreviations(f"{chunk.context}\n{text}", terms))


def abbreviations(text: str, terms: Terms) -> dict[str, frozenset[int]]:
    """Find the abbreviations that a text spells out.

    Returns:
        Abbreviation -> terms of its long form, whose initials it is with or without small words.
    """
    found: dict[str, frozenset[int]] = {}
    for match in _ABBREVIATED.finditer(text):
        words = _WORD.findall(text, max(0, match.start() - _LONG_FORM_CHARS), match.start())
        for count in range(2, len(words) + 1):
            last = words[-count:]
            large = [word for word in last if word not in _SKIPPED]
            if match[1] in ("".join(word[0] for word in some).upper() for some in (last, large)):
                found[match[1]] = terms(" ".join(last))
                break
    return found


def _flaws(line: str) -> float:
    fragment = len(line.split()) < _FRAGMENT_WORDS
    return line.endswith("?") + fragment + _LEADS_IN * line.endswith(":")
