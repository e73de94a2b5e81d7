"""Answers without a language model: the sentences that answer, quoted verbatim.

Every sentence of the passages is scored by similarity to the question (vectors pooled at ingestion, in the context of
their chunk), by the question's terms it holds or stands beside, and by its passage's rank; the best ones grow into
quotes of a few sentences. Weights were fitted on questions with marked evidence (bench/extractive_quality.py).
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.abstain import confidence
from retrieval.embed import Embedder, FloatArray
from retrieval.prompt import Draft, Prompt, Quote, retrieval_question
from retrieval.sentences import sentence_spans
from retrieval.terms import Terms
from retrieval.types import Passage

SentenceVectors = Callable[[Sequence[str]], Mapping[str, FloatArray]]

QUOTE_CHARS = 400
QUOTES = 3
KEEP_WITHIN = 0.15  # a further quote must score this close to the best one

SIMILARITY, COVERAGE, BESIDE, PASSAGE, RANK = 1.0, 0.25, 0.3, 0.3, 0.02
NOT_AN_ANSWER = 0.3  # off for questions and for fragments of fewer than four words

_TABLE_MARKS = re.compile(r"\s*\|\s*")


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: int
    position: int  # in its chunk
    start: int  # in the chunk
    end: int
    text: str
    terms: frozenset[int]
    similarity: float
    coverage: float = 0.0
    score: float = 0.0


class ExtractiveGenerator:
    """Quotes the sentences that answer; needs no model beyond the embedder and cannot be unreachable."""

    def __init__(self, embedder: Embedder, terms: Terms, sentence_vectors: SentenceVectors) -> None:
        self._embedder = embedder
        self._terms = terms
        self._sentence_vectors = sentence_vectors

    def generate(self, prompt: Prompt) -> Draft:
        """Pick up to three quotes; see ``Generator``. The text is empty when there is nothing to quote."""
        question = retrieval_question(prompt.question, prompt.history)
        sentences = self._scored(question, prompt.passages)
        quotes = _quotes(sentences)
        parts = [f"{_readable(prompt.passages[q.passage], q)} [{n}]" for n, q in enumerate(quotes, start=1)]
        best = max(sentences, key=lambda s: s.score, default=None)
        sure = 0.0
        if best is not None:
            sure = confidence(
                similarity=max(s.similarity for s in sentences),
                coverage=max(s.coverage for s in sentences),
                passage=max((p.dense or 0.0) for p in prompt.passages),
                score=best.score,
            )
        return Draft(text="\n\n".join(parts), quotes=tuple(quotes), confidence=sure, generator="extractive")

    def _scored(self, question: str, passages: Sequence[Passage]) -> list[_Sentence]:
        asked = self._terms(question)
        sentences = self._sentences(question, passages)
        weights = _weights(asked, sentences)
        total = sum(weights.values()) or 1.0
        scored: list[_Sentence] = []
        for i, sentence in enumerate(sentences):
            own = sum(weights[t] for t in asked & sentence.terms) / total
            before = sentences[i - 1].terms if sentence.position else frozenset()
            around = before | self._terms(" ".join(passages[sentence.passage].chunk.section))
            beside = sum(weights[t] for t in (asked & around) - sentence.terms) / total
            score = (
                SIMILARITY * sentence.similarity
                + COVERAGE * own
                + BESIDE * beside
                + PASSAGE * passages[sentence.passage].score
                - RANK * sentence.passage
                - NOT_AN_ANSWER * _is_no_answer(sentence.text)
            )
            scored.append(_replace(sentence, own, score))
        return scored

    def _sentences(self, question: str, passages: Sequence[Passage]) -> list[_Sentence]:
        vectors = self._sentence_vectors([p.chunk.id for p in passages])
        asked: FloatArray = self._embedder.embed_query(question) if vectors else np.zeros(0, dtype=np.float32)
        sentences: list[_Sentence] = []
        for number, passage in enumerate(passages):
            text = passage.chunk.text
            spans = sentence_spans(text)
            rows = vectors.get(passage.chunk.id)
            # Where the embedder gives no sentence vectors, its passage's similarity stands for each sentence.
            usable = rows is not None and len(rows) == len(spans)
            similar = rows @ asked if rows is not None and usable else np.full(len(spans), passage.dense or 0.0)
            sentences += [
                _Sentence(number, i, start, end, text[start:end], self._terms(text[start:end]), float(similar[i]))
                for i, (start, end) in enumerate(spans)
            ]
        return sentences


def _replace(sentence: _Sentence, coverage: float, score: float) -> _Sentence:
    return _Sentence(
        sentence.passage,
        sentence.position,
        sentence.start,
        sentence.end,
        sentence.text,
        sentence.terms,
        sentence.similarity,
        coverage,
        score,
    )


def _weights(asked: frozenset[int], sentences: Sequence[_Sentence]) -> dict[int, float]:
    """Inverse frequency of the question's terms over the sentences at hand: what the reader may read, and no more."""
    counts = Counter(term for sentence in sentences for term in sentence.terms & asked)
    return {term: math.log(1 + len(sentences) / (1 + counts[term])) for term in asked}


def _is_no_answer(text: str) -> bool:
    return text.endswith("?") or len(text.split()) < 4


def _quotes(sentences: Sequence[_Sentence]) -> list[Quote]:
    by_passage: dict[int, list[_Sentence]] = {}
    for sentence in sentences:
        by_passage.setdefault(sentence.passage, []).append(sentence)
    ranked = sorted(sentences, key=lambda s: (-s.score, s.passage, s.position))
    used: set[tuple[int, int]] = set()
    quotes: list[tuple[int, int, int]] = []
    for sentence in ranked:
        if len(quotes) == QUOTES or sentence.score < ranked[0].score - KEEP_WITHIN:
            break
        if (sentence.passage, sentence.position) in used:
            continue
        first, last = _grow(sentence, by_passage[sentence.passage], used)
        used.update((sentence.passage, i) for i in range(first, last + 1))
        quotes.append((sentence.passage, first, last))
    return [Quote(p, by_passage[p][first].start, by_passage[p][last].end) for p, first, last in quotes]


def _grow(seed: _Sentence, siblings: Sequence[_Sentence], used: set[tuple[int, int]]) -> tuple[int, int]:
    """Widen a sentence by its better neighbour while the quote stays short: a list item needs its lead-in."""
    first = last = seed.position
    while True:
        options = [
            i
            for i in (first - 1, last + 1)
            if 0 <= i < len(siblings)
            and (seed.passage, i) not in used
            and siblings[max(i, last)].end - siblings[min(i, first)].start <= QUOTE_CHARS
        ]
        if not options:
            return first, last
        best = max(options, key=lambda i: siblings[i].score)
        first, last = min(first, best), max(last, best)


def _readable(passage: Passage, quote: Quote) -> str:
    """The quote as a sentence for people: table bars and line breaks become commas and spaces."""
    lines = []
    for line in passage.chunk.text[quote.start : quote.end].splitlines():
        cells = _TABLE_MARKS.split(line.strip()) if line.lstrip().startswith("|") else [line.strip()]
        words = ", ".join(cell for cell in cells if cell and set(cell) - set("-: "))
        if words:
            lines.append(words)
    return " ".join(lines)
