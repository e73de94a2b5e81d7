"""Search without an answer."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import PrincipalDep, ServicesDep, administrator, asker
from app.routes.explanation_bodies import ExplanationBody, explanation_bodies
from app.routes.filter_bodies import FiltersBody
from retrieval.guard import guarded
from retrieval.learnt import Learnt
from retrieval.types import Passage, Query, SearchMode

router = APIRouter(prefix="/v1", tags=["search"], dependencies=[Depends(asker)])


class SearchBody(BaseModel):
    """What to search for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"question": "annual leave", "limit": 5}]}
    )

    question: str = Field(min_length=1, max_length=4000, description="1 to 4,000 characters.")
    collection: str | None = Field(default=None, max_length=64, description="Search this collection only.")
    filters: FiltersBody = Field(default_factory=FiltersBody)
    limit: int = Field(default=10, ge=1, le=100)
    mode: SearchMode = Field(default="hybrid", description="dense, sparse (BM25), or both fused.")
    explain: bool = Field(default=False, description="Say where each score comes from; for administrators.")


class LearntBody(BaseModel):
    """What learning did for a passage."""

    candidate: str = Field(description="Id of what was learned and served; empty where it was placed without.")
    contributions: dict[str, float] = Field(description="What memory added to the fused score, by name.")
    past_question: str | None = Field(
        description="Id of the nearest question of the past that it answered, or did not."
    )
    similarity: float | None = Field(description="Cosine similarity of that one to the question.")


class PassageBody(BaseModel):
    """A passage that was found; characters ``start`` to ``end`` of the revision's text are ``text``."""

    document_id: str
    revision_id: str
    chunk_id: str
    collection: str = Field(examples=["default"])
    title: str = Field(examples=["Annual leave"])
    uri: str
    section: list[str]
    page: int | None
    start: int
    end: int
    text: str
    score: float = Field(description="Fused relevance; comparable within one search only.")
    dense: float | None = Field(description="Cosine similarity; null when the dense list did not hold it.")
    sparse: float | None = Field(description="BM25 score; null when the sparse list did not hold it.")
    suspect: bool = Field(description="Something in it speaks to a language model; it is ranked lower for that.")
    masked: bool = Field(description="Secrets or personal data in the text are replaced by marks.")
    rerank: float | None = Field(description="What the reranker gave it; null when it did not look.")
    also: list[str] = Field(description="Ids of chunks that say the same or stand beside it, folded into it.")
    learnt: LearntBody | None = Field(description="What learning did for it; null where nothing learned served.")


class ResultsBody(BaseModel):
    """Passages, best first."""

    results: list[PassageBody]
    explanations: list[ExplanationBody] | None = Field(description="Of each result, in order; null unless asked for.")


@router.post("/search", summary="Find passages")
def search(body: SearchBody, services: ServicesDep, principal: PrincipalDep) -> ResultsBody:
    """Find the passages that fit best among those the caller may read."""
    if body.explain:
        administrator(principal)
    # Nothing is worded here, so nothing is refused: passages stand open to who may read them. Secrets stay masked.
    guard = services.guards.guard(body.collection, principal)
    query = guard.check(Query(body.question, body.collection, body.filters.filters())).query
    found = services.retriever.retrieve(
        query.text,
        principal=principal,
        collection=query.collection,
        filters=query.filters,
        limit=body.limit,
        mode=body.mode,
    )
    passages = guarded(found, guard)
    explanations = None
    if body.explain:
        explanations = explanation_bodies(services, query, passages, principal=principal, mode=body.mode)
    return ResultsBody(results=[_passage_body(p) for p in passages], explanations=explanations)


def _passage_body(passage: Passage) -> PassageBody:
    chunk = passage.chunk
    return PassageBody(
        document_id=chunk.document_id,
        revision_id=chunk.revision_id,
        chunk_id=chunk.id,
        collection=passage.collection,
        title=passage.title,
        uri=passage.uri,
        section=list(chunk.section),
        page=chunk.places[0].page if chunk.places else None,
        start=chunk.start,
        end=chunk.end,
        text=passage.shown(),
        masked=bool(passage.masks),
        score=passage.score,
        dense=passage.dense,
        sparse=passage.sparse,
        suspect=passage.suspect,
        rerank=passage.rerank,
        also=list(passage.also),
        learnt=None if passage.learnt is None else _learnt_body(passage.learnt),
    )


def _learnt_body(learnt: Learnt) -> LearntBody:
    return LearntBody(
        candidate=learnt.state,
        contributions=dict(learnt.contributions),
        past_question=learnt.past_question,
        similarity=learnt.similarity,
    )
