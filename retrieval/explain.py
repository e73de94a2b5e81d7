"""Why this passage: where each part of its score comes from. For people who tune a knowledge base, not for readers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from retrieval.compare import placed_by
from retrieval.fuse import Fused
from retrieval.index import TermScore
from retrieval.learned import Learned, Serving
from retrieval.learnt import Learnt
from retrieval.retrieve import Retriever
from retrieval.search_question import SearchQuestion
from retrieval.types import Filters, Passage, Principal, Query, SearchMode

MAPPED = "query_adapter"
"""Name of the contribution of the map of questions."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a passage's score and place come from.

    Attributes:
        dense: Cosine similarity to the question; None if it was not searched by meaning.
        sparse: BM25 score; None if it shares no word with the question, or words were not searched.
        terms: What each word of the question adds to the BM25 score, the greatest share first; they add up to it.
        fused: Both lists as one; None if the search does not find it any more.
        freshness: Share of the fused score that the age of its document left; 1 where age does not matter.
        position: Its place, from 1, before the reranker looked; None as for ``fused``.
        unfiltered: The place it would have without filters; None without filters, or when it is not found so.
        rerank: What the reranker gave it, on its own scale; None when it did not look.
        score: By which it is ranked now.
        also: Ids of chunks that were folded into it.
        contributions: What learning added to the fused score, by name; of the map of questions, the difference to the
            score without it; of the ranking, what it added to what the reranker gave.
        learnt: What is kept of that with the passage; None where nothing learned served.
    """

    chunk_id: str
    dense: float | None
    sparse: float | None
    terms: tuple[TermScore, ...]
    fused: float | None
    freshness: float
    position: int | None
    unfiltered: int | None
    rerank: float | None
    score: float
    also: tuple[str, ...] = ()
    contributions: Mapping[str, float] = field(default_factory=dict)
    learnt: Learnt | None = None


def explain(
    retriever: Retriever,
    query: Query,
    passages: Sequence[Passage],
    *,
    principal: Principal,
    mode: SearchMode = "hybrid",
    searched: SearchQuestion | None = None,
) -> list[Explanation]:
    """Explain passages by searching once more, each of their words alone too.

    Args:
        retriever: Found them.
        query: What was asked, and where.
        passages: To be explained.
        principal: Who asked: what may not be read by now explains nothing.
        mode: Of the search.
        searched: What was searched for, where it is not the text of the query.

    Returns:
        An explanation for each passage, in order.
    """
    question: str | SearchQuestion = searched or query.text
    # Taken once: the searches below are compared with each other.
    live = placed_by(retriever.learning(principal), passages)

    def ask(by: Learned, filters: Filters | None = None) -> dict[str, _Placed]:
        return _placed(
            replace(retriever, learning=lambda _: Serving(by)).candidates(
                question,
                principal=principal,
                collection=query.collection,
                filters=filters,
                limit=max(1, len(passages)),
                mode=mode,
            )
        )

    found = ask(live, query.filters)
    unfiltered = {} if query.filters == Filters() else ask(live)
    mapped = _mapped(
        live, found, ask(replace(live, adapter=None), query.filters) if live.adapter is not None else found
    )
    terms: Mapping[str, tuple[TermScore, ...]] = {}
    if mode != "dense":
        texts = {passage.chunk.id: passage.chunk.embedding_text for passage in passages}
        collections = retriever.searched_collections(query.collection, principal=principal)
        terms = retriever.index.matched_terms(question, texts, principal=principal, collections=collections)
    return [
        replace(
            _explained(
                passage, terms.get(passage.chunk.id, ()), found.get(passage.chunk.id), unfiltered.get(passage.chunk.id)
            ),
            contributions=_contributions(passage, mapped, live.id),
            learnt=passage.learnt,
        )
        for passage in passages
    ]


@dataclass(frozen=True, slots=True)
class _Placed:
    position: int
    fused: float
    aged: float


def _placed(candidates: Sequence[tuple[Fused, float]]) -> dict[str, _Placed]:
    return {
        fused.chunk_id: _Placed(position, fused.score, aged) for position, (fused, aged) in enumerate(candidates, 1)
    }


def _mapped(live: Learned, found: Mapping[str, _Placed], without: Mapping[str, _Placed]) -> dict[str, float]:
    """Return what the map of questions changed of each fused score."""
    if live.adapter is None:
        return {}
    return {key: placed.fused - (without[key].fused if key in without else 0.0) for key, placed in found.items()}


def _contributions(passage: Passage, mapped: Mapping[str, float], state: str) -> dict[str, float]:
    if passage.learnt is None:
        return {}
    added = dict(passage.learnt.contributions)
    # What another state placed, this one's map says nothing about.
    if passage.learnt.state == state and passage.chunk.id in mapped:
        added[MAPPED] = mapped[passage.chunk.id]
    return added


def _explained(
    passage: Passage, terms: tuple[TermScore, ...], found: _Placed | None, unfiltered: _Placed | None
) -> Explanation:
    return Explanation(
        chunk_id=passage.chunk.id,
        dense=passage.dense,
        sparse=passage.sparse,
        terms=terms,
        fused=None if found is None else found.fused,
        freshness=found.aged / found.fused if found is not None and found.fused else 1.0,
        position=None if found is None else found.position,
        unfiltered=None if unfiltered is None else unfiltered.position,
        rerank=passage.rerank,
        score=passage.score,
        also=passage.also,
    )
