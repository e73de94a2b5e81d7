"""Answers without a language model: the sentences that answer, quoted verbatim.

Every sentence of the passages is scored by similarity to the question (vectors pooled at ingestion, in the context of
their chunk), by the question's terms in it, beside it and in its headings, and by its passage; the best ones grow into
quotes of a few sentences that stay within their section. Weights: docs/decisions/0005-extractive-answers.md.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from retrieval.abstain import confidence
from retrieval.bm25 import Terms
from retrieval.deadline import Deadline
from retrieval.embed import Embedder, FloatArray
from retrieval.generators.generator import Tell, silent
from retrieval.prompt import Draft, Prompt, Quote
from retrieval.sentences import is_heading, sentence_spans
from retrieval.types import Passage

SentenceVectors = Callable[[Sequence[str]], Mapping[str, FloatArray]]

QUOTE_CHARS = 400
QUOTES = 3
KEEP_WITHIN = 0.25  # a further quote must score this close to the best one

# Shares of a sentence's score: its terms, those of its heading and the sentence before, of its context, its passage.
COVERAGE, BESIDE, CONTEXT, PASSAGE = 0.25, 0.3, 0.15, 0.6
NOT_AN_ANSWER = 0.3  # off for questions and for fragments of fewer than four words

_TABLE_MARKS = re.compile(r"\s*\|\s*")


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: int
    position: int  # among the sentences of its passage, headings not counted
    part: int  # grows at each heading
    start: int  # in the chunk
    end: int
    text: str
    terms: frozenset[int]
    beside: frozenset[int]
    similarity: float
    score: float = 0.0


class ExtractiveGenerator:
    """Quotes the sentences that answer; needs no model beyond the embedder and cannot be unreachable."""

    name = "extractive"

    def __init__(self, embedder: Embedder, terms: Terms, sentence_vectors: SentenceVectors) -> None:
        self._embedder = embedder
        self._terms = terms
        self._sentence_vectors = sentence_vectors

    def generate(self, prompt: Prompt, *, deadline: Deadline, tell: Tell = silent) -> Draft:
        """Pick up to three quotes; see ``Generator``. Nothing is told: they are all there at once.

        Returns:
            A draft with one quote a paragraph; its text is empty when there is nothing to quote.
        """
        del deadline, tell
        question = prompt.search_question or prompt.question
        asked = self._terms(question)
        sentences = self._sentences(question, prompt.passages)
        if not sentences:
            return Draft(text="", quotes=(), confidence=0.0, generator="extractive")
        contexts = [self._terms(p.chunk.context) for p in prompt.passages]
        weights = _weights(asked, sentences)
        scored = [_scored(s, prompt.passages[s.passage], contexts[s.passage], weights) for s in sentences]
        picked = _picked(scored)
        parts = [
            f"{_readable(prompt.passages[p].chunk.text[start:end])} [{n}]"
            for n, (p, start, end) in enumerate(picked, start=1)
        ]
        return Draft(
            text="\n\n".join(parts),
            quotes=tuple(_quote(prompt.passages[p], p, start, end) for p, start, end in picked),
            confidence=confidence(
                sentence=max(s.similarity for s in sentences),
                passage=max((p.dense or 0.0) for p in prompt.passages),
                coverage=max(
                    _share(self._terms(p.chunk.text) | context, weights)
                    for p, context in zip(prompt.passages, contexts, strict=True)
                ),
            ),
            generator="extractive",
        )

    def _sentences(self, question: str, passages: Sequence[Passage]) -> list[_Sentence]:
        vectors = self._sentence_vectors([p.chunk.id for p in passages])
        asked: FloatArray = self._embedder.embed_query(question) if vectors else np.zeros(0, dtype=np.float32)
        sentences: list[_Sentence] = []
        for number, passage in enumerate(passages):
            spans = sentence_spans(passage.chunk.text)
            rows = vectors.get(passage.chunk.id)
            if rows is not None and len(rows) == len(spans):
                similar = [float(s) for s in rows @ asked]
            else:
                # An embedder without sentence vectors: the passage's similarity stands for each sentence.
                similar = [passage.dense or 0.0] * len(spans)
            sentences += self._of_passage(number, passage, spans, similar)
        return sentences

    def _of_passage(
        self, number: int, passage: Passage, spans: Sequence[tuple[int, int]], similar: Sequence[float]
    ) -> list[_Sentence]:
        text = passage.chunk.text
        sentences: list[_Sentence] = []
        heading: frozenset[int] = frozenset()
        before: frozenset[int] = frozenset()
        part = 0
        for (start, end), similarity in zip(spans, similar, strict=True):
            terms = self._terms(text[start:end])
            if is_heading(text, start, end):
                heading, before, part = terms, frozenset(), part + 1
                continue
            sentences.append(
                _Sentence(
                    passage=number,
                    position=len(sentences),
                    part=part,
                    start=start,
                    end=end,
                    text=text[start:end],
                    terms=terms,
                    beside=heading | before,
                    similarity=similarity,
                )
            )
            before = terms
        return sentences


def _weights(asked: frozenset[int], sentences: Sequence[_Sentence]) -> dict[int, float]:
    """Inverse frequency of the question's terms over the sentences at hand: what the reader may read, and no more."""
    counts = Counter(term for sentence in sentences for term in sentence.terms & asked)
    return {term: math.log(1 + len(sentences) / (1 + counts[term])) for term in asked}


def _share(terms: frozenset[int], weights: Mapping[int, float]) -> float:
    """Weight of the question's terms that are among these, in [0, 1]; 0 for a question without terms."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / total if total else 0.0


def _scored(sentence: _Sentence, passage: Passage, context: frozenset[int], weights: Mapping[int, float]) -> _Sentence:
    beside = sentence.beside - sentence.terms
    around = context - sentence.terms - sentence.beside
    score = (
        sentence.similarity
        + COVERAGE * _share(sentence.terms, weights)
        + BESIDE * _share(beside, weights)
        + CONTEXT * _share(around, weights)
        + PASSAGE * passage.score
    )
    fragment = len(sentence.text.split()) < 4
    penalty = NOT_AN_ANSWER * (sentence.text.endswith("?") + fragment)
    return replace(sentence, score=score - penalty)


def _quote(passage: Passage, number: int, start: int, end: int) -> Quote:
    return Quote(passage=number, start=passage.chunk.start + start, end=passage.chunk.start + end)


def _picked(sentences: Sequence[_Sentence]) -> list[tuple[int, int, int]]:
    """The quotes, best first: passage, and start and end in its chunk."""
    by_passage: dict[int, list[_Sentence]] = {}
    for sentence in sentences:
        by_passage.setdefault(sentence.passage, []).append(sentence)
    ranked = sorted(sentences, key=lambda s: (-s.score, s.passage, s.position))
    used: set[tuple[int, int]] = set()
    picked: list[tuple[int, int, int]] = []
    for sentence in ranked:
        if len(picked) == QUOTES or sentence.score < ranked[0].score - KEEP_WITHIN:
            break
        if (sentence.passage, sentence.position) in used:
            continue
        siblings = by_passage[sentence.passage]
        first, last = _grow(sentence, siblings, used)
        used.update((sentence.passage, i) for i in range(first, last + 1))
        picked.append((sentence.passage, siblings[first].start, siblings[last].end))
    return picked


def _grow(seed: _Sentence, siblings: Sequence[_Sentence], used: set[tuple[int, int]]) -> tuple[int, int]:
    """Widen a sentence by its better neighbour while the quote stays short: a list item needs its lead-in."""
    first = last = seed.position
    while True:
        options = [
            i
            for i in (first - 1, last + 1)
            if 0 <= i < len(siblings)
            and (seed.passage, i) not in used
            and siblings[i].part == seed.part
            and siblings[max(i, last)].end - siblings[min(i, first)].start <= QUOTE_CHARS
        ]
        if not options:
            return first, last
        best = max(options, key=lambda i: siblings[i].score)
        first, last = min(first, best), max(last, best)


def _readable(quote: str) -> str:
    """A quote as people read it: a line for each paragraph, list item and table row, table bars as commas."""
    lines: list[str] = []
    for line in quote.splitlines():
        cells = _TABLE_MARKS.split(line.strip()) if line.lstrip().startswith("|") else [line.strip()]
        words = ", ".join(cell for cell in cells if cell and set(cell) - set("-: "))
        if words:
            lines.append(words)
    return "\n".join(lines)
