"""How chunks word what a question asks: its terms within one sentence, and its words beside each other; pure.

All chunks of a search are looked at in one pass over their terms, so that fifty of them take a millisecond.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retrieval.bm25 import Terms
from retrieval.types import Chunk

_TOKEN = re.compile(r"\w+|[.!?](?=\s)|[。！？\n]")
_MARKS = frozenset(".!?。！？\n")
_BREAK, _STOP_WORD = -1, -2
_APART = (1, 2)  # terms that are neighbours: one may stand between them, or the end of a sentence
_CHUNKS_KEPT = 20_000  # about 30 MB
_WORDS_KEPT = 200_000  # about 20 MB


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well each of some chunks words a question; shares in [0, 1], weighed by rarity among the chunks.

    Attributes:
        coverage: Of the question's terms, the share in its best sentence, title and headings counted with each.
        pairs: Of the question's neighbouring terms, the share that are neighbours there too, in either order.
    """

    coverage: NDArray[np.float64]
    pairs: NDArray[np.float64]


@dataclass(slots=True)
class WordingReader:
    """Holds chunks against questions, and keeps what it read of the chunks; safe from any thread.

    Attributes:
        terms: Text -> stemmed terms; empty for a stop word.
    """

    terms: Terms
    _words: dict[str, int] = field(default_factory=dict)
    _chunks: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def agreement(self, question: str, chunks: Sequence[Chunk]) -> Agreement:
        """Hold chunks against a question.

        Args:
            question: One of only stop words agrees with nothing.
            chunks: Any number.

        Returns:
            One share of each kind a chunk, in order.
        """
        asked = self._terms_of(question)
        if not asked or not chunks:
            return Agreement(np.zeros(len(chunks)), np.zeros(len(chunks)))
        places = _Places(asked, [self._read(chunk) for chunk in chunks])
        return Agreement(places.coverage(), places.pairs())

    def _read(self, chunk: Chunk) -> NDArray[np.int64]:
        """Return the terms of the context, a break, and those of the text with a break behind each sentence."""
        read = self._chunks.get(chunk.id)
        if read is None:
            # Two breaks at the end keep the next chunk's terms from being neighbours.
            terms = [*self._terms_of(chunk.context), _BREAK, *self._terms_of(chunk.text), _BREAK, _BREAK]
            read = np.array(terms, dtype=np.int64)
            if len(self._chunks) >= _CHUNKS_KEPT:
                self._chunks = {}
            self._chunks[chunk.id] = read
        return read

    def _terms_of(self, text: str) -> list[int]:
        words = _TOKEN.findall(text)
        # Looked up in one go: most words are known, and a chunk that was never read takes .1 ms then.
        found = list(map(self._words.get, words))
        terms = (self._learnt(word) if term is None else term for word, term in zip(words, found, strict=True))
        return [term for term in terms if term != _STOP_WORD]

    def _learnt(self, word: str) -> int:
        term = _BREAK if word in _MARKS else next(iter(self.terms(word)), _STOP_WORD)
        if len(self._words) >= _WORDS_KEPT:
            self._words = {}
        self._words[word] = term
        return term


class _Places:
    """Where the terms of a question stand in some chunks."""

    def __init__(self, asked: Sequence[int], chunks: Sequence[NDArray[np.int64]]) -> None:
        everything = np.concatenate(chunks)
        known = sorted(set(asked) - {_BREAK})
        self._order = [known.index(term) for term in asked if term != _BREAK]
        self._chunk = np.repeat(np.arange(len(chunks)), [len(chunk) for chunk in chunks])
        ends = everything == _BREAK
        self._sentence = np.cumsum(ends) - ends  # a break is the last of its own
        self._first = np.searchsorted(self._chunk, np.arange(len(chunks)))
        # Which of the question's terms stands there; -1 for another one.
        self._code = np.full(len(everything), -1)
        for code, term in enumerate(known):
            self._code[everything == term] = code
        held = self._held(self._chunk, len(chunks), len(known))
        counts = held.sum(axis=0)
        self._rarity = np.log1p((len(chunks) - counts + 0.5) / (counts + 0.5))

    def coverage(self) -> NDArray[np.float64]:
        told = self._held(self._sentence, int(self._sentence[-1]) + 1, len(self._rarity))
        context = self._sentence[self._first]
        chunk_of = self._chunk[np.searchsorted(self._sentence, np.arange(len(told)))]
        shares = (told | told[context][chunk_of]) @ self._rarity / self._rarity.sum()
        best: NDArray[np.float64] = np.maximum.reduceat(shares, context)
        return best

    def pairs(self) -> NDArray[np.float64]:
        chunks = len(self._first)
        asked = sorted({(min(pair), max(pair)) for pair in pairwise(self._order) if pair[0] != pair[1]})
        if not asked:
            return np.zeros(chunks)
        numbers = np.full((len(self._rarity), len(self._rarity)), -1)
        for number, (one, other) in enumerate(asked):
            numbers[one, other] = numbers[other, one] = number
        found = np.zeros((chunks, len(asked)), dtype=bool)
        for apart in _APART:
            before, behind = self._code[:-apart], self._code[apart:]
            standing = np.where((before >= 0) & (behind >= 0), numbers[before, behind], -1)
            found[self._chunk[:-apart][standing >= 0], standing[standing >= 0]] = True
        weights = np.array([min(self._rarity[one], self._rarity[other]) for one, other in asked])
        shares: NDArray[np.float64] = found @ weights / weights.sum()
        return shares

    def _held(self, where: NDArray[np.int64], count: int, terms: int) -> NDArray[np.bool_]:
        held = np.zeros((count, terms), dtype=bool)
        hits = self._code >= 0
        held[where[hits], self._code[hits]] = True
        return held
