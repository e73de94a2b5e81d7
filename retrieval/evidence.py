"""Question and passages -> how well each of their sentences answers, and how sure one can be that any does.

No model is asked but the embedder, for the question's own vector: sentence vectors were pooled at ingestion, in the
context of their chunk. The weights: docs/decisions/0005-extractive-answers.md.
"""

import math
import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.abstain import Signs, confidence
from retrieval.bm25 import Terms
from retrieval.embed import Embedder, FloatArray, searched_vector
from retrieval.prompt import Prompt
from retrieval.reading import Line, Reading, abbreviations, read
from retrieval.search_question import SearchQuestion
from retrieval.types import Chunk, Passage

SentenceVectors = Callable[[Sequence[str]], Mapping[str, FloatArray]]

# A sentence answers by its similarity to the question (weight 1) and by its share of the question's terms, its own and
# those of its heading, lead-in and the sentence before; it is chosen by its passage's score and its document's too.
COVERAGE, BESIDE = 0.3, 0.2
PASSAGE, DOCUMENT = 0.5, 0.1
AMOUNT = 0.15  # a number where one is asked for
FLAW = 0.2
EARLIER = 0.5  # weight of what was said before, beside 1 for the question: of its vector and of its terms

_ASKS_AMOUNT = re.compile(
    r"\b(?:how (?:many|much|long|often|fast|old|far|big|large|soon|late|early)|when|deadline|cap|limit|maximum|minimum"
    r"|longest|shortest|cost|salary|(?:what|which) (?:date|day|time|year|weekday|percent(?:age)?|number|amount|age))\b",
    re.IGNORECASE,
)
_KEPT_CHUNKS = 512


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage; ``start`` and ``end`` are of its chunk.

    Attributes:
        passage: Index into the prompt's passages.
        section: Grows at each heading of its passage.
        answers: How well it answers by itself; 1 is a lot.
        score: The same with what speaks for its passage and its document.
    """

    passage: int
    section: int
    start: int
    end: int
    answers: float
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the passages hold for a question.

    Attributes:
        sentences: In order of passage and place.
        signs: What speaks for an answer; None without a sentence.
    """

    sentences: tuple[Sentence, ...] = ()
    signs: Signs | None = None

    @property
    def confidence(self) -> float:
        """In [0, 1], that the passages answer the question; 0 without a sentence."""
        return confidence(self.signs) if self.signs else 0.0


class EvidenceFinder:
    """Weighs the sentences of passages; keeps what it read of the last 512 chunks."""

    def __init__(self, embedder: Embedder, terms: Terms, sentence_vectors: SentenceVectors) -> None:
        self._embedder = embedder
        self._terms = terms
        self._sentence_vectors = sentence_vectors
        self._readings: OrderedDict[str, Reading] = OrderedDict()

    def find(self, prompt: Prompt) -> Evidence:
        """Weigh every sentence of a prompt's passages.

        Returns:
            All of them; none without passages.
        """
        if not prompt.passages:
            return Evidence()
        readings = [self._reading(passage.chunk) for passage in prompt.passages]
        asked = _asked(prompt, readings, self._terms)
        favours = _favours(prompt.passages)
        sentences: list[Sentence] = []
        for number, (reading, similar) in enumerate(zip(readings, self._similar(prompt, readings), strict=True)):
            for line in reading.lines:
                answers = similar[line.row] + asked.told_by(line)
                amount = AMOUNT * (asked.amount and line.has_amount)
                score = answers + favours[number] + amount
                sentences.append(Sentence(number, line.section, line.start, line.end, answers, score))
        if not sentences:
            return Evidence()
        signs = Signs(
            sentence=max(sentence.answers for sentence in sentences),
            passage=max(passage.dense or 0.0 for passage in prompt.passages),
            coverage=max(asked.share(reading.terms) for reading in readings),
        )
        return Evidence(tuple(sentences), signs)

    def confidence(self, prompt: Prompt) -> float:
        """Say how likely it is, in [0, 1], that the passages of a prompt answer its question."""
        return self.find(prompt).confidence

    def _similar(self, prompt: Prompt, readings: Sequence[Reading]) -> list[Sequence[float]]:
        """For each passage the similarity of each of its chunk's sentences, headings counted."""
        vectors = self._sentence_vectors([passage.chunk.id for passage in prompt.passages])
        question = searched_vector(self._embedder, _searched(prompt)) if vectors else np.zeros(0, dtype=np.float32)
        similar: list[Sequence[float]] = []
        for passage, reading in zip(prompt.passages, readings, strict=True):
            rows = vectors.get(passage.chunk.id)
            if rows is not None and len(rows) == reading.rows:
                similar.append((rows @ question).tolist())
            else:
                # An embedder without sentence vectors: the passage's similarity stands for each sentence.
                similar.append([passage.dense or 0.0] * reading.rows)
        return similar

    def _reading(self, chunk: Chunk) -> Reading:
        reading = self._readings.get(chunk.id)
        if reading is None:
            reading = read(chunk, self._terms)
            self._readings[chunk.id] = reading
            while len(self._readings) > _KEPT_CHUNKS:
                self._readings.popitem(last=False)
        return reading


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as sentences are held against it.

    Attributes:
        weights: Of its terms, by their rarity among the sentences at hand: what the reader may read, and no more.
        total: Of all weights.
        long_forms: Abbreviations that the passages or the question spell out -> terms.
        amount: Whether a number, a day or a time is asked for.
    """

    weights: Mapping[int, float]
    total: float
    long_forms: Mapping[str, frozenset[int]]
    amount: bool

    def share(self, terms: frozenset[int]) -> float:
        """Weight of the question's terms that are among these, in [0, 1]; 0 for a question without terms."""
        held = self.weights.keys() & terms
        return sum(self.weights[term] for term in held) / self.total if held else 0.0

    def told_by(self, line: Line) -> float:
        own = line.terms
        for short in line.capitals & self.long_forms.keys():
            own |= self.long_forms[short]
        return COVERAGE * self.share(own) + BESIDE * self.share(line.beside - own) - FLAW * line.flaws


def _searched(prompt: Prompt) -> SearchQuestion:
    return SearchQuestion(prompt.search_question or prompt.question, prompt.search_context, EARLIER)


def _asked(prompt: Prompt, readings: Sequence[Reading], terms: Terms) -> _Asked:
    searched = prompt.search_question or prompt.question
    now = terms(searched)
    every = now | terms(prompt.search_context)
    lines = [line for reading in readings for line in reading.lines]
    counts = Counter(term for line in lines for term in line.terms & every)
    weights = {
        term: math.log(1 + len(lines) / (1 + counts[term])) * (1.0 if term in now else EARLIER) for term in every
    }
    long_forms = abbreviations(f"{prompt.search_context} {searched}", terms)
    for reading in readings:
        long_forms |= reading.abbreviations
    return _Asked(weights, sum(weights.values()), long_forms, _ASKS_AMOUNT.search(prompt.question) is not None)


def _favours(passages: Sequence[Passage]) -> list[float]:
    """What speaks for the sentences of each passage: its own score, and how much of its document was found."""
    scores = [min(max(passage.score, 0.0), 1.0) for passage in passages]
    found: dict[str, float] = defaultdict(float)
    for passage, score in zip(passages, scores, strict=True):
        found[passage.chunk.document_id] += score
    most = max(found.values()) or 1.0
    return [
        PASSAGE * score + DOCUMENT * found[passage.chunk.document_id] / most
        for passage, score in zip(passages, scores, strict=True)
    ]
