"""Text -> sparse vectors and terms; nothing is downloaded."""

from collections.abc import Callable
from dataclasses import dataclass

from retrieval.errors import InvalidInputError
from retrieval.search_question import SearchQuestion, search_question

Terms = Callable[[str], frozenset[int]]
"""A text's distinct stemmed terms without stop words, as hashes."""


@dataclass(frozen=True, slots=True)
class Bm25Settings:
    """How words are weighed; a change needs every chunk to be indexed again.

    Attributes:
        k: Term-frequency saturation, >= 0.
        b: Length normalisation in [0, 1].
        avg_len: Words in an average chunk without stop words: chunks of 256 tokens have some 130.
        language: Of the stemmer and the stop words, in English: ``english``, ``german``.
    """

    k: float = 1.5
    b: float = 0.75
    avg_len: float = 130.0
    language: str = "english"


class Bm25Encoder:
    """Turns text into sparse vectors, the same for every engine; the engine weighs in the document frequencies.

    The encoder inside the embedded engine serves the server path too: it needs no file and no network.
    """

    def __init__(self, settings: Bm25Settings) -> None:
        from qdrant_edge import Bm25, Bm25Config

        try:
            self._model = Bm25(
                Bm25Config(k=settings.k, b=settings.b, avg_len=settings.avg_len, language=settings.language)
            )
        except ValueError as error:
            raise InvalidInputError(f"BM25 settings are refused: {error}") from error

    def document(self, text: str) -> tuple[list[int], list[float]] | None:
        """Return indices and weights of a chunk's words; None when it has none but stop words."""
        vector = self._model.embed_document(_encodable(text))
        return (vector.indices, vector.values) if vector.indices else None

    def query(self, question: str | SearchQuestion) -> tuple[list[int], list[float]] | None:
        """Return indices and weights of a question's words, those of its context weighed down.

        Returns:
            Each word once; None when there is none but stop words.
        """
        asked = search_question(question)
        weights = dict.fromkeys(self.terms(asked.context), asked.weight) if asked.context and asked.weight else {}
        vector = self._model.embed_query(_encodable(asked.text))
        weights |= dict(zip(vector.indices, vector.values, strict=True))
        return (list(weights), list(weights.values())) if weights else None

    def terms(self, text: str) -> frozenset[int]:
        """Return the distinct stemmed terms of a text without stop words, as hashes."""
        return frozenset(self._model.embed_query(_encodable(text)).indices)


def _encodable(text: str) -> str:
    # A lone surrogate is text in Python but not in Rust.
    return text.encode("utf-8", "ignore").decode("utf-8")
