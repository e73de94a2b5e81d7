"""Draft -> text and citations that hold; pure."""

import re
from collections.abc import Sequence

from retrieval.prompt import Draft, Quote
from retrieval.sentences import sentence_spans
from retrieval.types import Citation, Passage, Place

_MARKS = re.compile(r"[ \t]*\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]")
_WORD = re.compile(r"\w+")


def cite(draft: Draft, passages: Sequence[Passage]) -> tuple[str, tuple[Citation, ...]]:
    """Resolve the ``[n]`` marks of a draft.

    A number that names no passage is dropped: a citation that leads nowhere is worse than none. The rest are
    numbered from 1 in order of first use.

    Args:
        draft: The generator's words.
        passages: What the generator was given, in the same order.

    Returns:
        The text with its marks renumbered, and one citation a number; every quote is a verbatim slice of its passage.
    """
    citations: dict[Quote, Citation] = {}

    def resolve(match: re.Match[str]) -> str:
        claim = draft.text[_claim_start(draft.text, match.start()) : match.start()]
        marks: list[str] = []
        for number in re.split(r"\s*,\s*", match.group(1)):
            quote = _quote(draft, passages, int(number), claim)
            if quote is None:
                continue
            if quote not in citations:
                citations[quote] = _citation(len(citations) + 1, quote, passages[quote.passage])
            mark = f"[{citations[quote].number}]"
            if mark not in marks:
                marks.append(mark)
        return (" " + "".join(marks)) if marks else ""

    text = _MARKS.sub(resolve, draft.text).strip()
    return text, tuple(citations.values())


def _claim_start(text: str, end: int) -> int:
    """Where the sentence before a mark begins, other marks skipped."""
    bare = _MARKS.sub(lambda m: " " * len(m.group()), text[:end])
    spans = sentence_spans(bare)
    return spans[-1][0] if spans else 0


def _quote(draft: Draft, passages: Sequence[Passage], number: int, claim: str) -> Quote | None:
    if draft.quotes is not None:
        return draft.quotes[number - 1] if 1 <= number <= len(draft.quotes) else None
    if not 1 <= number <= len(passages):
        return None
    chunk = passages[number - 1].chunk
    start, end = best_sentence(claim, chunk.text)
    return Quote(passage=number - 1, start=chunk.start + start, end=chunk.start + end)


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
        quote=chunk.text[quote.start - chunk.start : quote.end - chunk.start],
    )


def place_of(places: Sequence[Place], start: int, end: int) -> Place | None:
    """Find where the slice [start, end) of a revision's text stands.

    Returns:
        The first place that overlaps it, or None.
    """
    return next((place for place in places if place.start < end and place.end > start), None)
