"""Text -> stemmed terms, the same that BM25 counts; nothing is downloaded."""

from collections.abc import Callable

Terms = Callable[[str], frozenset[int]]


def english_terms() -> Terms:
    """Make the function that gives a text's distinct stemmed terms without stop words, as hashes."""
    from qdrant_edge import Bm25, Bm25Config

    model = Bm25(Bm25Config(language="english"))

    def terms(text: str) -> frozenset[int]:
        return frozenset(model.embed_query(text).indices)

    return terms
