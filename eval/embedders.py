"""Embedders that only evaluations need."""

from collections.abc import Sequence

import numpy as np

from retrieval.embed import Embedded, Embedder, FloatArray, Span


class WordsOnly:
    """Stands in for an embedder where only words are searched: its tokenizer, and vectors that cost nothing."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.dim = 1
        self.fingerprint = "words-only"
        self.max_tokens = embedder.max_tokens

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Give every text the same vector; see ``Embedder``."""
        del spans
        return Embedded(vectors=np.ones((len(texts), self.dim), dtype=np.float32), spans=None)

    def embed_query(self, text: str) -> FloatArray:
        """Give the question the vector of all texts, shape (1,)."""
        del text
        return np.ones(self.dim, dtype=np.float32)

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of tokens; see ``Embedder``."""
        return self._embedder.token_spans(texts)


class Remembering:
    """An embedder that encodes the same question only once, for the deeper searches after the timed one."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._last: dict[str, FloatArray] = {}  # of a follow-up and its context, the two that were encoded last
        self.dim, self.fingerprint, self.max_tokens = embedder.dim, embedder.fingerprint, embedder.max_tokens

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Embed texts; see ``Embedder``."""
        return self._embedder.embed_documents(texts, spans)

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question, or remember it; shape (dim,), L2 norm 1."""
        if text not in self._last:
            kept = list(self._last.items())[-1:]
            self._last = dict([*kept, (text, self._embedder.embed_query(text))])
        return self._last[text]

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of tokens; see ``Embedder``."""
        return self._embedder.token_spans(texts)


class Forgetting(Remembering):
    """An embedder that encodes a question anew each time, so that it can be timed."""

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question; shape (dim,), L2 norm 1."""
        vector: FloatArray = self._embedder.embed_documents([text]).vectors[0]
        return vector
