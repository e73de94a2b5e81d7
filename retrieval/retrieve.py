"""Question -> passages the reader may read."""

from dataclasses import dataclass

from retrieval.catalog import Catalog
from retrieval.embed import Embedder
from retrieval.errors import InvalidInputError
from retrieval.fuse import Fused, mix
from retrieval.index import VectorIndex
from retrieval.rows import PassageRow
from retrieval.types import Passage, Principal, SearchMode

MAX_QUESTION_CHARS = 4000


@dataclass(frozen=True, slots=True)
class Retriever:
    """Hybrid search behind two gates: the access filter in the index query, and the catalog in the same request.

    Attributes:
        pool: Hits taken from each of the dense and the sparse list before fusing.
        dense_weight: Share of the dense score in the fused one, in [0, 1].
    """

    catalog: Catalog
    index: VectorIndex
    embedder: Embedder
    pool: int = 100
    dense_weight: float = 0.6

    def retrieve(
        self,
        question: str,
        *,
        principal: Principal,
        collection: str | None = None,
        limit: int = 10,
        mode: SearchMode = "hybrid",
    ) -> list[Passage]:
        """Find the passages that fit a question best among those the principal may read.

        Args:
            question: 1 to 4,000 characters.
            principal: Who asks.
            collection: Name of the one collection to search; None searches all.
            limit: Most passages to return, 1 to 1,000.
            mode: Which of the two lists to use.

        Returns:
            Passages of live revisions, best first; empty when nothing matches or nothing may be read.

        Raises:
            InvalidInputError: The question is empty or too long.
            NotFoundError: There is no such collection.
        """
        question = checked_question(question)
        if collection is not None:
            self.catalog.collection(collection)
        pool = max(self.pool, limit)
        found = self._search(question, principal, collection, pool, mode)
        # Hits the catalog refused (retired, revoked) left holes; one deeper look fills them.
        if len(found.readable) < limit and found.refused:
            found = self._search(question, principal, collection, pool * 2 + found.refused, mode)
        return [_passage(fused, row) for fused, row in found.readable[:limit]]

    def _search(
        self, question: str, principal: Principal, collection: str | None, pool: int, mode: SearchMode
    ) -> "_Found":
        hits = self.index.search(
            None if mode == "sparse" else self.embedder.embed_query(question),
            None if mode == "dense" else question,
            principal=principal,
            collections=None if collection is None else frozenset({collection}),
            limit=pool,
        )
        fused = mix(hits.dense, hits.sparse, dense_weight=self.dense_weight)
        rows = self.catalog.passages_for([f.chunk_id for f in fused], principal=principal, collection=collection)
        readable = [(f, rows[f.chunk_id]) for f in fused if f.chunk_id in rows]
        return _Found(readable=readable, refused=len(fused) - len(readable))


@dataclass(frozen=True, slots=True)
class _Found:
    readable: list[tuple[Fused, PassageRow]]
    refused: int


def _passage(fused: Fused, row: PassageRow) -> Passage:
    return Passage(
        chunk=row.chunk,
        collection=row.collection,
        title=row.title,
        uri=row.uri,
        score=fused.score,
        dense=fused.dense,
        sparse=fused.sparse,
    )


def checked_question(question: str) -> str:
    """Return the question without surrounding space and control characters.

    Raises:
        InvalidInputError: Nothing is left, or it is longer than 4,000 characters.
    """
    cleaned = "".join(c if c.isprintable() else " " for c in question).strip()
    if not cleaned:
        raise InvalidInputError("the question is empty")
    if len(cleaned) > MAX_QUESTION_CHARS:
        raise InvalidInputError(f"the question has {len(cleaned)} characters; at most {MAX_QUESTION_CHARS} are read")
    return cleaned
