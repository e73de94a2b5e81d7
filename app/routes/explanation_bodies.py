"""Why a passage was found, as the API tells it to administrators."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from app.bootstrap import Services
from retrieval.explain import Explanation, explain
from retrieval.search_question import SearchQuestion
from retrieval.types import Passage, Principal, Query, SearchMode


class TermBody(BaseModel):
    """A word of the question that the passage holds."""

    words: list[str] = Field(
        description="As they stand in the passage, in any inflection.", examples=[["foxes", "fox"]]
    )
    score: float = Field(description="What it adds to the BM25 score.")


class ExplanationBody(BaseModel):
    """Where a passage's score and place come from."""

    chunk_id: str
    dense: float | None = Field(description="Cosine similarity to the question.")
    sparse: float | None = Field(description="BM25 score.")
    terms: list[TermBody] = Field(description="What the BM25 score is made of, the greatest share first.")
    fused: float | None = Field(description="Both lists as one; null when the search does not find it any more.")
    freshness: float = Field(description="Share of it that the age of the document left; 1 where age does not matter.")
    position: int | None = Field(description="Place before the reranker looked, from 1.")
    unfiltered: int | None = Field(description="Place it would have without filters; null where nothing is filtered.")
    rerank: float | None = Field(description="What the reranker gave it; null when it did not look.")
    score: float = Field(description="By which it is ranked.")
    also: list[str] = Field(description="Ids of chunks that were folded into it.")
    contributions: dict[str, float] = Field(description="What trained adapters added, by name.")


def explanation_bodies(
    services: Services,
    query: Query,
    passages: Sequence[Passage],
    *,
    principal: Principal,
    mode: SearchMode = "hybrid",
    searched: SearchQuestion | None = None,
) -> list[ExplanationBody]:
    """Explain passages; for administrators only, which the route has to see to.

    Returns:
        One for each, in order.
    """
    found = explain(services.retriever, query, passages, principal=principal, mode=mode, searched=searched)
    return [_body(explanation) for explanation in found]


def _body(explanation: Explanation) -> ExplanationBody:
    return ExplanationBody(
        chunk_id=explanation.chunk_id,
        dense=explanation.dense,
        sparse=explanation.sparse,
        terms=[TermBody(words=list(term.words), score=term.score) for term in explanation.terms],
        fused=explanation.fused,
        freshness=explanation.freshness,
        position=explanation.position,
        unfiltered=explanation.unfiltered,
        rerank=explanation.rerank,
        score=explanation.score,
        also=list(explanation.also),
        contributions=dict(explanation.contributions),
    )
