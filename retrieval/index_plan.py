"""When an engine is asked, for what, and what is made of its hits: the same for every engine."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from retrieval.access import readable_keys
from retrieval.bm25 import Bm25Encoder
from retrieval.errors import InvalidInputError
from retrieval.index import Hit, Hits, TermScore, checked_vector, ranked
from retrieval.index_entry import point_id
from retrieval.labels import AnyOf, Condition, conditions_of
from retrieval.search_question import SearchQuestion
from retrieval.types import Filters, Principal

_WORD = re.compile(r"\w+")

NOTHING: tuple[Condition, ...] = (AnyOf("acl", ("",)),)
"""What no point fulfils."""

Words = tuple[list[int], list[float]]
"""A sparse vector: indices and weights."""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """A search that has something to find: at least one vector, one key and, if named, one collection.

    Attributes:
        corpus: What document frequencies are counted over: what may be read in the collections.
        narrowed: What a hit must fulfil besides; empty without filters.
        weighed: Whether the words carry their inverse document frequencies already, in units of what engines give
            every word over ``NOTHING``.
    """

    corpus: tuple[Condition, ...]
    narrowed: tuple[Condition, ...]
    dense: list[float] | None
    sparse: Words | None
    weighed: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """One list of hits wanted under a plan.

    Attributes:
        among: Point ids; None looks among all that may be read.
        words: To be looked for in place of the plan's.
    """

    kind: Literal["dense", "sparse"]
    among: tuple[str, ...] | None = None
    words: Words | None = None


Look = Callable[[SearchPlan, Sequence[Lookup]], list[tuple[Hit, ...]]]
"""One call of an engine: a list of hits for each lookup, best first."""


def plan_search(
    dense: list[float] | None,
    sparse: Words | None,
    *,
    principal: Principal,
    collections: frozenset[str] | None,
    filters: Filters | None,
    limit: int,
) -> SearchPlan | None:
    """Decide whether an engine may be asked at all, and with what filter.

    Returns:
        None when nothing can be found: engines differ in what an empty filter list means, so none ever sees one.

    Raises:
        InvalidInputError: ``limit`` is below 1.
    """
    if limit < 1:
        raise InvalidInputError(f"limit is {limit}; it is at least 1")
    keys = readable_keys(principal)
    if not keys or collections == frozenset() or (dense is None and sparse is None):
        return None
    corpus = [AnyOf("acl", keys)] + ([] if collections is None else [AnyOf("collection", tuple(sorted(collections)))])
    narrowed = () if filters is None else conditions_of(filters)
    return SearchPlan(corpus=tuple(corpus), narrowed=narrowed, dense=dense, sparse=sparse)


def search_and_complete(plan: SearchPlan, fingerprint: str, look: Look) -> Hits:
    """Search, and look up in each list the chunks that only the other one found.

    A score that is missing is not low, it is unknown: mixing with 0 in its place lost up to .016 nDCG@10
    (docs/decisions/0003-fusion.md).

    Returns:
        Both lists, best first.
    """
    dense = look(plan, [Lookup("dense")])[0] if plan.dense is not None else ()
    if plan.sparse is None:
        return Hits(dense=dense)
    if not dense:
        return Hits(sparse=look(plan, [Lookup("sparse")])[0])
    # In one call, for within a call the document frequencies of what may be read are counted once: for a reader of
    # a third of 100,000 chunks that is most of the work.
    sparse, more_sparse = look(plan, [Lookup("sparse"), Lookup("sparse", _points(dense, fingerprint))])
    sparse = _joined(sparse, more_sparse)
    known = {hit.chunk_id for hit in dense}
    if lacking := [hit for hit in sparse if hit.chunk_id not in known]:
        dense = _joined(dense, look(plan, [Lookup("dense", _points(lacking, fingerprint))])[0])
    return Hits(dense=dense, sparse=sparse)


def _points(hits: Sequence[Hit], fingerprint: str) -> tuple[str, ...]:
    return tuple(point_id(hit.chunk_id, fingerprint) for hit in hits)


def _joined(hits: Sequence[Hit], more: Sequence[Hit]) -> tuple[Hit, ...]:
    known = {hit.chunk_id for hit in hits}
    return ranked([*hits, *(hit for hit in more if hit.chunk_id not in known)])


class Searches(ABC):
    """Searching as an engine does it that can look hits up.

    Attributes:
        _dim: Of the dense vectors.
        _fingerprint: Of the embedder.
        _bm25: Made the sparse vectors.
    """

    _dim: int
    _fingerprint: str
    _bm25: Bm25Encoder

    @abstractmethod
    def _look(self, plan: SearchPlan, lookups: Sequence[Lookup], limit: int) -> list[tuple[Hit, ...]]:
        """Look for several lists of hits in one call, each of at most so many; see ``Look``."""

    def _weighed(self, plan: SearchPlan) -> SearchPlan:
        """Give the words of a plan their inverse document frequencies, where the engine is not to do so."""
        return plan

    def search(
        self,
        vector: Sequence[float] | np.ndarray | None,
        text: str | SearchQuestion | None,
        *,
        principal: Principal,
        collections: frozenset[str] | None = None,
        filters: Filters | None = None,
        limit: int = 100,
    ) -> Hits:
        """Find what is nearest and what matches best; see VectorIndex.

        Returns:
            Both lists, best first.
        """
        plan = plan_search(
            None if vector is None else checked_vector(vector, self._dim),
            None if text is None else self._bm25.query(text),
            principal=principal,
            collections=collections,
            filters=filters,
            limit=limit,
        )
        if plan is None:
            return Hits()
        return search_and_complete(self._weighed(plan), self._fingerprint, partial(self._look, limit=limit))

    def matched_terms(
        self,
        text: str | SearchQuestion,
        chunks: Mapping[str, str],
        *,
        principal: Principal,
        collections: frozenset[str] | None = None,
    ) -> dict[str, tuple[TermScore, ...]]:
        """Return what each word of a text adds to the BM25 score of chunks; see VectorIndex."""
        query = self._bm25.query(text)
        limit = max(1, len(chunks))
        plan = plan_search(None, query, principal=principal, collections=collections, filters=None, limit=limit)
        if plan is None or query is None or not chunks:
            return {}
        plan = self._weighed(plan)
        points = tuple(point_id(chunk_id, self._fingerprint) for chunk_id in chunks)
        # One term a lookup: what a chunk scores for it alone is its share of the sum.
        words = plan.sparse or query
        lookups = [Lookup("sparse", points, ([term], [weight])) for term, weight in zip(*words, strict=True)]
        scores: dict[str, dict[int, float]] = {}
        for term, hits in zip(query[0], self._look(plan, lookups, limit), strict=True):
            for hit in hits:
                scores.setdefault(hit.chunk_id, {})[term] = hit.score
        return {key: self._named(of_chunk, chunks[key]) for key, of_chunk in scores.items()}

    def _named(self, scores: Mapping[int, float], text: str) -> tuple[TermScore, ...]:
        words: dict[int, list[str]] = {}
        for word in dict.fromkeys(_WORD.findall(text.lower())):
            for term in self._bm25.terms(word) & scores.keys():
                words.setdefault(term, []).append(word)
        named = (TermScore(tuple(words.get(term, ())), score) for term, score in scores.items())
        return tuple(sorted(named, key=lambda term: (-term.score, term.words)))
