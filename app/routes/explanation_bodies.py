"""Why a passage was found, as the API tells it to administrators."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.bootstrap import Services
from retrieval.errors import DataDirectoryError, NotFoundError
from retrieval.explain import Explanation, explain
from retrieval.learnt import Learnt
from retrieval.search_question import SearchQuestion
from retrieval.types import Passage, Principal, Query, SearchMode


class TermBody(BaseModel):
    """A word of the question that the passage holds."""

    words: list[str] = Field(
        description="As they stand in the passage, in any inflection.", examples=[["foxes", "fox"]]
    )
    score: float = Field(description="What it adds to the BM25 score.")


class PastQuestionBody(BaseModel):
    """A question of the past that memory holds against this passage."""

    example: str = Field(description="Id of its row in the training set.")
    similarity: float = Field(description="Cosine similarity to the question.")
    words: str | None = Field(description="As it was trained on; null when it is not to be had any more.")


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
    contributions: dict[str, float] = Field(description="What learning added to the fused score, by name.")
    learned: str | None = Field(
        description="Id of the candidate by which it was placed; null where nothing learned was."
    )
    past_question: PastQuestionBody | None = Field(description="The nearest one that it answered, or did not.")


ANEW = ("terms", "fused", "freshness", "position", "unfiltered", "contributions.query_adapter")
"""What of an explanation no record holds: it is of the search as it is at this moment."""


class ExplainedPassageBody(BaseModel):
    """Where a passage that is explained stands."""

    title: str
    section: list[str] = Field(description="Headings above it, outermost first.")
    page: int | None


class ExplanationsBody(BaseModel):
    """Why the passages of a stored answer were chosen."""

    question: str
    searched: str = Field(description="What was searched for in place of a follow-up; empty for the question itself.")
    asked_at: datetime
    versions: dict[str, Any] = Field(description="What answered: embedder, prompt, settings, what was learned.")
    computed_anew: list[str] = Field(
        description="Fields that are of the search as it is now; all others are as they were recorded.",
        examples=[list(ANEW)],
    )
    explanations: list[ExplanationBody] = Field(description="One a passage, in the order of the answer's.")
    passages: list[ExplainedPassageBody] = Field(description="The same passages, in the same order.")


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
    if not passages:
        return []  # a question that a guard refused
    found = explain(services.retriever, query, passages, principal=principal, mode=mode, searched=searched)
    words = _words(services, {one.learnt.state for one in found if one.learnt is not None and one.learnt.past_question})
    return [_body(explanation, words) for explanation in found]


def explained_passages(passages: Sequence[Passage]) -> list[ExplainedPassageBody]:
    """Say where passages stand; to readers of all of them only, which the route has to see to."""
    return [
        ExplainedPassageBody(
            title=passage.title,
            section=list(passage.chunk.section),
            page=passage.chunk.places[0].page if passage.chunk.places else None,
        )
        for passage in passages
    ]


def _words(services: Services, states: set[str]) -> dict[str, str]:
    """Return past questions by the id of their example: words of others, so for administrators only."""
    words: dict[str, str] = {}
    for state in states:
        # A set that was erased or spoiled meanwhile leaves the id alone.
        with suppress(NotFoundError, DataDirectoryError):
            rows = services.training_sets.read(services.learned.registry.get(state).set_id).examples
            words |= {example.id: example.question for example in rows}
    return words


def _past(learnt: Learnt | None, words: Mapping[str, str]) -> PastQuestionBody | None:
    if learnt is None or learnt.past_question is None:
        return None
    example, similarity = learnt.past_question, learnt.similarity or 0.0
    return PastQuestionBody(example=example, similarity=similarity, words=words.get(example))


def _body(explanation: Explanation, words: Mapping[str, str]) -> ExplanationBody:
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
        learned=explanation.learnt.state or None if explanation.learnt is not None else None,
        past_question=_past(explanation.learnt, words),
    )
