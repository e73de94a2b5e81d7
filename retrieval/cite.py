"""Draft -> text and citations that hold; pure."""

import re
from collections.abc import Callable, Sequence

from retrieval.guard_types import overlapping
from retrieval.prompt import Draft, Quote
from retrieval.sentences import sentence_spans
from retrieval.types import Citation, Passage, Place

_MARKS = re.compile(r"[ \t]*\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]")
_WORD = re.compile(r"\w+")
CLAIM_CHARS = 2000
"""How far back from its mark a claim can begin."""

MayCite = Callable[[Passage], bool]
"""Says whether a passage may be cited now: access can end while an answer is made."""


def always(_passage: Passage) -> bool:
    """Let every passage be cited."""
    return True


class Numbering:
    """Citations by number, from 1 in order of first use; the same quote keeps its number.

    Args:
        passages: What the generator was given, in its order.
        may_cite: Asked before each new citation.

    Attributes:
        citations: Those given so far, in order.
        quotes: What each of them quotes.
    """

    def __init__(self, passages: Sequence[Passage], *, may_cite: MayCite = always) -> None:
        self._passages = passages
        self._may_cite = may_cite
        self._numbers: dict[Quote, int] = {}
        self.citations: list[Citation] = []
        self.quotes: list[Quote] = []

    def number(self, quote: Quote) -> int | None:
        """Return the number of a quote, a new one the first time; None when it may not be cited."""
        if quote not in self._numbers:
            passage = self._passages[quote.passage]
            if not self._may_cite(passage):
                return None
            self._numbers[quote] = len(self.citations) + 1
            self.citations.append(_citation(self._numbers[quote], quote, passage))
            self.quotes.append(quote)
        return self._numbers[quote]

    def resolve(self, text: str, *, before: str = "", quotes: Sequence[Quote] | None = None) -> str:
        """Resolve the ``[n]`` marks of a text.

        A number that names no passage is dropped: a citation that leads nowhere is worse than none.

        Args:
            text: With the generator's marks.
            before: What stood before it, for a mark's claim may have begun there.
            quotes: What ``[n]`` stands for; None when n names a passage and the quote is to be found in it.

        Returns:
            The text with its marks renumbered.
        """
        whole = before + text

        def resolved(match: re.Match[str]) -> str:
            end = len(before) + match.start()
            claim = whole[_claim_start(whole, end) : end]
            found = [self._quote(int(number), claim, quotes) for number in re.split(r"\s*,\s*", match.group(1))]
            numbers = dict.fromkeys(self.number(quote) for quote in found if quote is not None)
            marks = [f"[{number}]" for number in numbers if number is not None]
            return (" " + "".join(marks)) if marks else ""

        return _MARKS.sub(resolved, text)

    def renumbered(self, text: str, other: "Numbering") -> str:
        """Take over a text that another numbering over the same passages resolved.

        Returns:
            The text with this numbering's marks.
        """
        return self.resolve(text, quotes=other.quotes)

    def _quote(self, number: int, claim: str, quotes: Sequence[Quote] | None) -> Quote | None:
        if quotes is not None:
            return quotes[number - 1] if 1 <= number <= len(quotes) else None
        if not 1 <= number <= len(self._passages):
            return None
        chunk = self._passages[number - 1].chunk
        start, end = best_sentence(claim, chunk.text)
        return Quote(passage=number - 1, start=chunk.start + start, end=chunk.start + end)


def cite(draft: Draft, passages: Sequence[Passage]) -> tuple[str, tuple[Citation, ...]]:
    """Resolve the ``[n]`` marks of a whole draft; see ``Numbering``.

    Returns:
        The text with its marks renumbered, and one citation a number; every quote is a slice of its passage, masked.
    """
    numbering = Numbering(passages)
    text = numbering.resolve(draft.text, quotes=draft.quotes).strip()
    return text, tuple(numbering.citations)


def _claim_start(text: str, end: int) -> int:
    """Where the sentence before a mark begins, other marks skipped; at most some sentences back."""
    first = max(0, end - CLAIM_CHARS)
    bare = _MARKS.sub(lambda m: " " * len(m.group()), text[first:end])
    spans = sentence_spans(bare)
    return first + spans[-1][0] if spans else first


def best_sentence(claim: str, text: str) -> tuple[int, int]:
    """Find the sentence of a text that shares most words with a claim.

    Returns:
        Its (start, end) in the text; the whole text when it has no sentences.
    """
    words = {w.lower() for w in _WORD.findall(claim)}
    best, best_score = (0, len(text)), -1.0
    for start, end in sentence_spans(text):
        own = {w.lower() for w in _WORD.findall(text[start:end])}
        # The root keeps long sentences from winning by length alone and short ones by being only the shared words.
        score = len(words & own) / (len(own) ** 0.5 or 1.0)
        if score > best_score:
            best, best_score = (start, end), score
    return best


def citation_of(number: int, passage: Passage) -> Citation:
    """Cite a whole passage, as for the nearest passages offered when there is no answer."""
    chunk = passage.chunk
    return _citation(number, Quote(passage=0, start=chunk.start, end=chunk.end), passage)


def _citation(number: int, quote: Quote, passage: Passage) -> Citation:
    chunk = passage.chunk
    place = place_of(chunk.places, quote.start, quote.end)
    start, end = quote.start - chunk.start, quote.end - chunk.start
    return Citation(
        number=number,
        document_id=chunk.document_id,
        revision_id=chunk.revision_id,
        chunk_id=chunk.id,
        title=passage.title,
        uri=passage.uri,
        section=chunk.section,
        page=place.page if place else None,
        box=place.box if place else None,
        start=quote.start,
        end=quote.end,
        quote=passage.shown(start, end),
        suspect=passage.suspect,
        masked=tuple(mask.rule for mask in overlapping(passage.masks, start, end)),
    )


def place_of(places: Sequence[Place], start: int, end: int) -> Place | None:
    """Find where the slice [start, end) of a revision's text stands.

    Returns:
        The first place that overlaps it, or None.
    """
    return next((place for place in places if place.start < end and place.end > start), None)
