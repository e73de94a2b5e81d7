"""Answers without a language model: the stretches of text that answer, quoted verbatim.

Sentences are weighed by ``retrieval.evidence``; a quote is the stretch of a passage that holds most of the weight in
some 600 characters, so that a list comes with its lead-in and a rule with its exception. Further quotes come from the
first one's document: docs/decisions/0005-extractive-answers.md.
"""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from retrieval.bm25 import Terms
from retrieval.deadline import Deadline
from retrieval.embed import Embedder
from retrieval.evidence import EvidenceFinder, Sentence, SentenceVectors
from retrieval.generators.generator import Tell, silent
from retrieval.prompt import Draft, Prompt, Quote
from retrieval.support import MARK
from retrieval.types import Passage

QUOTE_CHARS = 600
QUOTES = 3
KEEP_WITHIN = 0.3  # a further quote must score this close to the best one
FOREIGN = 0.02  # share of a stretch's weight below which a section at its edge is cut off
SOFTNESS = 0.05  # of a stretch's score: how much its second-best sentence counts beside its best

_TABLE_MARKS = re.compile(r"\s*\|\s*")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sentences ``first`` to ``last`` of a passage, both inclusive."""

    passage: int
    first: int
    last: int
    weight: float


class ExtractiveGenerator:
    """Quotes what answers; needs no model beyond the embedder and cannot be unreachable."""

    name = "extractive"

    def __init__(self, embedder: Embedder, terms: Terms, sentence_vectors: SentenceVectors) -> None:
        self.evidence = EvidenceFinder(embedder, terms, sentence_vectors)

    def generate(self, prompt: Prompt, *, deadline: Deadline, tell: Tell = silent) -> Draft:
        """Pick up to three quotes; see ``Generator``. Nothing is told: they are all there at once.

        Returns:
            A draft with one quote a paragraph; its text is empty when there is nothing to quote.
        """
        del deadline, tell
        evidence = self.evidence.find(prompt)
        picked = _picked(evidence.sentences, [passage.chunk.document_id for passage in prompt.passages])
        parts = [
            f"{_readable(prompt.passages[number].shown(start, end))} [{n}]"
            for n, (number, start, end) in enumerate(picked, start=1)
        ]
        return Draft(
            text="\n\n".join(parts),
            quotes=tuple(_quote(prompt.passages[number], number, start, end) for number, start, end in picked),
            confidence=evidence.confidence,
            generator="extractive",
        )


def _quote(passage: Passage, number: int, start: int, end: int) -> Quote:
    return Quote(passage=number, start=passage.chunk.start + start, end=passage.chunk.start + end)


def _picked(sentences: Sequence[Sentence], documents: Sequence[str]) -> list[tuple[int, int, int]]:
    """The quotes, best first: passage, and start and end in its chunk."""
    if not sentences:
        return []
    top = max(sentence.score for sentence in sentences)
    # Scores as weights: their sum over a stretch is a soft maximum, and a sentence .05 below another weighs a third.
    free = [
        [(sentence, math.exp((sentence.score - top) / SOFTNESS)) for sentence in group]
        for _, group in groupby(sentences, key=lambda sentence: sentence.passage)
    ]
    picked: list[tuple[int, int, int]] = []
    least = 0.0
    while free and len(picked) < QUOTES:
        best = max((_best(run, place) for place, run in enumerate(free)), key=lambda stretch: stretch.weight)
        if best.weight < least:
            break
        run = free.pop(best.passage)
        first, last = _edges(run[best.first : best.last + 1])
        picked.append((first.passage, first.start, last.end))
        free += [rest for rest in (run[: best.first], run[best.last + 1 :]) if rest]
        if len(picked) == 1:
            # What another document says beside it is more often wrong than useful.
            free = [run for run in free if documents[run[0][0].passage] == documents[first.passage]]
            least = best.weight * math.exp(-KEEP_WITHIN / SOFTNESS)
    return picked


def _best(run: Sequence[tuple[Sentence, float]], place: int) -> _Stretch:
    """The stretch of at most 600 characters that weighs most; a longer sentence stands alone."""
    best = _Stretch(place, 0, 0, -1.0)
    last, weight = -1, 0.0
    for first, (sentence, own) in enumerate(run):
        if last < first:
            last, weight = first, own
        while last + 1 < len(run) and run[last + 1][0].end - sentence.start <= QUOTE_CHARS:
            last += 1
            weight += run[last][1]
        if weight > best.weight:
            best = _Stretch(place, first, last, weight)
        weight -= own
    return best


def _edges(stretch: Sequence[tuple[Sentence, float]]) -> tuple[Sentence, Sentence]:
    """First and last sentence of a stretch, without sections at its edges that hold next to nothing of the answer."""
    held: dict[int, float] = defaultdict(float)
    for sentence, weight in stretch:
        held[sentence.section] += weight
    least = FOREIGN * sum(held.values())
    own = [sentence for sentence, _ in stretch if held[sentence.section] >= least]
    return own[0], own[-1]


def _readable(quote: str) -> str:
    """A quote as people read it: a line for each paragraph, list item and table row, table bars as commas."""
    lines: list[str] = []
    # A document's own [2] would be read as a mark of ours; the quote of the citation keeps it.
    for line in MARK.sub("", quote).splitlines():
        cells = _TABLE_MARKS.split(line.strip()) if line.lstrip().startswith("|") else [line.strip()]
        words = ", ".join(cell for cell in cells if cell and set(cell) - set("-: "))
        if words:
            lines.append(words)
    return "\n".join(lines)
