"""Question -> passages the reader may read."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice

from retrieval.asked import Asked
from retrieval.catalog import Catalog
from retrieval.collapse import Collapse, collapse
from retrieval.compare import compare
from retrieval.embed import Embedder, searched_vector
from retrieval.errors import InvalidInputError, ModelError
from retrieval.fuse import Fused
from retrieval.index import VectorIndex
from retrieval.learned import Learned, Learning, fuse_learned, unlearned
from retrieval.learnt import Learnt
from retrieval.metadata import checked_filters
from retrieval.ranking import ranked
from retrieval.recency import faded, freshness
from retrieval.rerank import KeepOrder, Reranker, identity_of
from retrieval.rows import PassageRow, to_chunks
from retrieval.search_question import SearchQuestion, search_question
from retrieval.suspicion import Suspects, lowered, nobody
from retrieval.types import Filters, Fusion, Passage, Principal, SearchMode

MAX_QUESTION_CHARS = 4000
SPARE = 30
"""Candidates read beyond those that are looked at, in the place of what is folded or may not be read."""

_TOGETHER = 16  # candidates decoded at a time behind those that are reranked

_log = logging.getLogger(__name__)

_Readable = Sequence[tuple[Fused, PassageRow]]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Retriever:
    """Hybrid search behind two gates: the access filter in the index query, and the catalog in the same request.

    Attributes:
        pool: Hits taken from each of the dense and the sparse list before fusing.
        dense_weight: Share of the dense score in the fused one, in [0, 1].
        fusion: How the two lists become one.
        reranker: Looks at the best of the fused candidates again.
        rerank_depth: How many of them it sees, at least 1; those behind keep their order, after the ones it saw.
        collapse: What is folded into a better passage, so that what comes back is as many different things.
        half_life_days: How fast documents lose weight as they age, above 0; None has age not matter.
        suspects: Knows the chunks in which something speaks to a model; they are labelled and ranked lower.
        clock: Tells the time that age is counted from.
        learning: Says what was learned from feedback; asked once a request, so that none is served by two states.
        strict: Whether a reranker that was learned may not fail: a trial has to know.
    """

    catalog: Catalog
    index: VectorIndex
    embedder: Embedder
    pool: int = 100
    dense_weight: float = 0.6
    fusion: Fusion = "mix"
    reranker: Reranker = field(default_factory=KeepOrder)
    rerank_depth: int = 50
    collapse: Collapse = "duplicates"
    half_life_days: float | None = None
    suspects: Suspects = nobody
    clock: Callable[[], datetime] = _now
    learning: Learning = unlearned
    strict: bool = False

    def retrieve(
        self,
        question: str | SearchQuestion,
        *,
        principal: Principal,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int = 10,
        mode: SearchMode = "hybrid",
    ) -> list[Passage]:
        """Find the passages that fit a question best among those the principal may read.

        Args:
            question: 1 to 4,000 characters; with the context of a follow-up, that is searched for too.
            principal: Who asks.
            collection: Name of the one collection to search; None searches all.
            filters: Which documents to search in it; None searches all.
            limit: Most passages to return, 1 to 1,000.
            mode: Which of the two lists to use.

        Returns:
            Passages of live revisions, best first; empty when nothing matches or nothing may be read.

        Raises:
            InvalidInputError: The question is empty or too long, or a filter can be no document's.
            NotFoundError: There is no such collection.
        """
        within = self._within(principal, collection, filters)
        rank = partial(self._ranked, self._asked(question, mode), within, limit)
        return compare(self.learning(principal), rank, limit=limit)

    def candidates(
        self,
        question: str | SearchQuestion,
        *,
        principal: Principal,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int = 10,
        mode: SearchMode = "hybrid",
    ) -> list[tuple[Fused, float]]:
        """Find what ``retrieve`` ranks before its reranker looks at it.

        Returns:
            Every candidate that may be read as it was fused, and its score once it aged, best first.
        """
        asked = self._asked(question, mode).by(self.learning(principal).live)
        readable = self._readable(asked, self._within(principal, collection, filters), max(limit, self.pool))
        fused = {candidate.chunk_id: candidate for candidate, _ in readable}
        return [(fused[aged.chunk_id], aged.score) for aged, _ in self._faded(readable)]

    def searched_collections(self, collection: str | None, *, principal: Principal) -> frozenset[str] | None:
        """Return the names of the collections that a search of the principal looks into: None is every one there is.

        Args:
            collection: Name of the one that is asked for; None asks for all.
            principal: Who asks.

        Returns:
            Those that may be read; empty when nothing can be found.

        Raises:
            NotFoundError: There is no such collection.
        """
        readable = self.catalog.readable_collections(principal=principal)
        if collection is None:
            return readable
        self.catalog.collection(collection, principal=principal)
        named = frozenset({collection})
        return named if readable is None else named & readable

    def _within(self, principal: Principal, collection: str | None, filters: Filters | None) -> "_Within":
        searched = self.searched_collections(collection, principal=principal)
        return _Within(principal, collection, searched, checked_filters(filters or Filters()))

    def _asked(self, question: str | SearchQuestion, mode: SearchMode) -> Asked:
        searched = search_question(question)
        searched = replace(searched, text=checked_question(searched.text))
        vector = None if mode == "sparse" else searched_vector(self.embedder, searched)
        return Asked(searched, vector, None if mode == "dense" else searched)

    def _readable(self, asked: Asked, within: "_Within", limit: int) -> _Readable:
        pool = max(self.pool, limit)
        # To read all of a pool takes as long as to find it. What is reranked, and twice what is wanted, is enough.
        most = None if self.half_life_days else max(self.rerank_depth, 2 * limit) + SPARE
        found = self._search(asked, within, pool, most=most)
        # Hits the catalog refused (retired, revoked) left holes; one deeper look fills them.
        if len(found.readable) < limit and found.refused:
            found = self._search(asked, within, pool * 2 + found.refused)
        return found.readable

    def _faded(self, readable: _Readable) -> _Readable:
        if self.half_life_days is None:
            return readable
        now = self.clock()
        shares = [freshness(row.updated_at, now=now, half_life_days=self.half_life_days) for _, row in readable]
        aged = [(replace(f, score=faded(f.score, s)), row) for (f, row), s in zip(readable, shares, strict=True)]
        return sorted(aged, key=lambda pair: (-pair[0].score, pair[0].chunk_id))

    def _ranked(
        self, asked: Asked, within: "_Within", limit: int, learned: Learned, *, strict: bool = False
    ) -> list[Passage]:
        asked = asked.by(learned)
        readable = self._faded(self._readable(asked, within, limit))
        # Who keeps the order need not see candidates that are not shown: to decode them takes as long as to find them.
        reranker = asked.learned.reranker or self.reranker
        depth = 0 if isinstance(reranker, KeepOrder) and asked.learned.ranking is None else self.rerank_depth
        state = asked.learned.id
        passages: Iterator[Passage] = chain.from_iterable(
            _passages(readable[at : at + _TOGETHER], state) for at in range(depth, len(readable), _TOGETHER)
        )
        if depth:
            strict = (strict or self.strict) and asked.learned.reranker is not None
            passages = _reranked(reranker, asked, _passages(readable[:depth], state), passages, strict=strict)
        first = lowered(list(islice(passages, depth or limit + SPARE)), self.suspects)
        return collapse(chain(first, self._later(passages)), limit=limit, by=self.collapse)

    def _later(self, passages: Iterator[Passage]) -> Iterator[Passage]:
        """Label what stands behind the first, once somebody comes so far."""
        yield from lowered(list(passages), self.suspects)

    def _search(self, asked: Asked, within: "_Within", pool: int, *, most: int | None = None) -> "_Found":
        principal, collection, filters = within.principal, within.collection, within.filters
        index = self.index if asked.learned.engine is None else asked.learned.engine.index
        hits = index.search(
            asked.searched,
            asked.words,
            principal=principal,
            collections=within.collections,
            filters=filters,
            limit=pool,
        )
        recalled = {}
        if asked.vector is not None:
            recalled = asked.learned.recall(
                asked.vector, hits, readable=lambda ids: self.catalog.readable_documents(ids, principal=principal)
            )
        weights = asked.learned.weights
        fused = fuse_learned(hits, recalled, weights, fusion=self.fusion, dense_weight=self.dense_weight)[:most]
        ids = [f.chunk_id for f in fused]
        rows = self.catalog.passages_for(ids, principal=principal, collection=collection, filters=filters)
        readable = [(f, rows[f.chunk_id]) for f in fused if f.chunk_id in rows]
        return _Found(readable=readable, refused=len(fused) - len(readable))


def fused_alone(retriever: Retriever) -> Retriever:
    """Return the same that ranks by both lists alone: nothing looks at candidates again, and nothing is folded."""
    learning = retriever.learning
    return replace(retriever, learning=lambda who: learning(who).fused_alone(), reranker=KeepOrder(), collapse="none")


@dataclass(frozen=True, slots=True)
class _Within:
    """Where is searched, and for whom; ``collections`` are those of them that may be read, None is all there are."""

    principal: Principal
    collection: str | None
    collections: frozenset[str] | None
    filters: Filters | None


@dataclass(frozen=True, slots=True)
class _Found:
    readable: _Readable
    refused: int


def _passages(readable: _Readable, state: str) -> list[Passage]:
    # Rows are decoded together: one by one it takes three times as long.
    chunks = to_chunks([row.row for _, row in readable])
    return [
        Passage(
            chunk=chunk,
            collection=row.collection,
            title=row.title,
            uri=row.uri,
            score=fused.score,
            dense=fused.dense,
            sparse=fused.sparse,
            learnt=Learnt(state, fused.learned, fused.past_question, fused.similarity) if state else None,
        )
        for chunk, (fused, row) in zip(chunks, readable, strict=True)
    ]


def _reranked(
    reranker: Reranker, asked: Asked, first: list[Passage], passages: Iterator[Passage], *, strict: bool
) -> Iterator[Passage]:
    try:
        seen = reranker.rerank(asked.question.words, first, vector=asked.sentences)
    except ModelError as error:
        if strict:
            raise
        # The order of the search is worth more to the reader than an error message.
        _log.warning("candidates keep the order of the search: the reranker %s failed: %s", reranker.name, error)
        return chain(first, passages)
    ranking = asked.learned.ranking
    # It was learned of both lists, and behind one reranker: elsewhere its numbers mean nothing.
    if ranking is not None and ranking.reranker == identity_of(reranker) and asked.both:
        seen = ranked(seen, ranking)
    # The scores of two scales do not compare, but higher must stay better all the way down.
    floor = min((passage.score for passage in seen), default=0.0)
    return chain(seen, (replace(passage, score=min(passage.score, floor)) for passage in passages))


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
