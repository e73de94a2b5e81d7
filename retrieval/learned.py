"""What was learned and serves: one immutable whole, taken once by each request, so that none mixes two."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.embed import Embedder, searched_vector
from retrieval.fuse import Fused, fuse
from retrieval.index import Hits, VectorIndex
from retrieval.memory import MOVED, SIMILAR, Memory, Readable, Recalled
from retrieval.ranking import Ranking
from retrieval.rerank import Reranker
from retrieval.search_question import SearchQuestion
from retrieval.types import Fusion, Principal, Sampling

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each score weighs.

    Attributes:
        dense: Share of the dense score in the fused one, in [0, 1]; None leaves it to the settings.
        similar: What the same question, asked before, adds to the fused score of what answered it, >= 0.
    """

    dense: float | None = None
    similar: float = 0.0


@dataclass(frozen=True, slots=True)
class Engine:
    """An embedder that was trained, and the index of its vectors; it holds what the server's own index holds."""

    index: VectorIndex
    embedder: Embedder


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """Everything learned that serves together, beside the index as it is.

    Attributes:
        id: Of the candidate it was; empty when nothing is learned.
        adapter: Shape (dim, dim): a question's vector q is searched as q + q @ adapter; None leaves it.
        engine: Encodes questions and is searched in the place of the server's own; None leaves that.
        reranker: Looks at candidates again in the place of the server's own; None leaves that.
        voice: Name of the adapter by which the language model answers; None leaves the model as it is.
        ranking: Adds to the scores of what the reranker saw; None leaves them.
    """

    id: str = ""
    adapter: FloatArray | None = None
    memory: Memory | None = None
    weights: Weights = field(default_factory=Weights)
    engine: Engine | None = None
    reranker: Reranker | None = None
    voice: str | None = None
    ranking: Ranking | None = None

    def encoded(self, question: SearchQuestion, vector: FloatArray) -> FloatArray:
        """Return a question's vector among those that are searched, shape (dim,), L2 norm 1.

        Args:
            question: Not empty.
            vector: By the server's own embedder.
        """
        return vector if self.engine is None else searched_vector(self.engine.embedder, question)

    def searched(self, vector: FloatArray) -> FloatArray:
        """Return the vector to search with in the place of a question's: shape (dim,), L2 norm 1."""
        if self.adapter is None:
            return vector
        mapped = vector + vector @ self.adapter
        mapped /= max(float(np.linalg.norm(mapped)), 1e-6)
        return mapped

    def voiced(self, asked: Sampling) -> Sampling:
        """Return how words are drawn: by the adapter that was learned, where a request names none of its own."""
        return asked if asked.adapter is not None else replace(asked, adapter=self.voice)

    def recall(self, vector: FloatArray, hits: Hits, *, readable: Readable) -> dict[str, Recalled]:
        """Return what memory knows of chunks; see ``Memory.recall``."""
        if self.memory is None:
            return {}
        return self.memory.recall(vector, self.searched(vector), hits, readable=readable)


NOTHING = Learned()

Failed = Callable[[str, Exception], None]
"""Hears the id of a candidate on trial, and what it failed with."""


def _unheard(candidate_id: str, error: Exception) -> None:
    del candidate_id, error


@dataclass(frozen=True, slots=True)
class Serving:
    """By what one request is served.

    Attributes:
        live: What was learned.
        challenger: What it is compared with, in one list of passages; None when it serves alone.
        seed: Of the comparison, so that it can be repeated; see ``retrieval.interleave``.
        instead: Serves where ``live`` is itself on trial and fails; None where it is not on trial.
        failed: Told what was on trial failed with, once the request was served without it.
    """

    live: Learned = NOTHING
    challenger: Learned | None = None
    seed: int = 0
    instead: Learned | None = None
    failed: Failed = _unheard

    def fused_alone(self) -> "Serving":
        """Return the same, of which nothing looks again at candidates that were fused."""
        others = [one and replace(one, reranker=None, ranking=None) for one in (self.challenger, self.instead)]
        live = replace(self.live, reranker=None, ranking=None)
        return replace(self, live=live, challenger=others[0], instead=others[1])


Learning = Callable[[Principal], Serving]
"""Says by what a request of somebody is served; asked once a request."""


def unlearned(principal: Principal) -> Serving:
    """Serve what was never taught."""
    del principal
    return Serving()


def fuse_learned(
    hits: Hits, recalled: Mapping[str, Recalled], weights: Weights, *, fusion: Fusion, dense_weight: float
) -> list[Fused]:
    """Fuse both lists, and add what memory knows.

    What memory adds to a chunk's cosine similarity counts as if the index had found it with that, on the scale of what
    the index found, so that a chunk which the reader may not read moves no score.

    Args:
        hits: Of the index.
        recalled: What memory knows, by chunk id.
        weights: How much each score weighs.
        fusion: The way.
        dense_weight: Where ``weights`` says nothing.

    Returns:
        As ``fuse``; what was added is in ``learned``, and a score can lie beyond 1.
    """
    dense_weight = dense_weight if weights.dense is None else weights.dense
    fused = fuse(hits.dense, hits.sparse, fusion=fusion, dense_weight=dense_weight)
    if not recalled or not hits.dense:
        return fused
    share = dense_weight if hits.sparse else 1.0
    lowest, highest = hits.dense[-1].score, hits.dense[0].score
    unit = share / (highest - lowest) if highest > lowest else share
    known = {one.chunk_id for one in fused}
    fused += [
        Fused(chunk_id, max(0.0, (it.dense - lowest) * unit), it.dense, None)
        for chunk_id, it in recalled.items()
        if chunk_id not in known
    ]
    learned = [_with(one, recalled[one.chunk_id], unit, weights) if one.chunk_id in recalled else one for one in fused]
    return sorted(learned, key=lambda one: (-one.score, one.chunk_id))


def _with(fused: Fused, recalled: Recalled, unit: float, weights: Weights) -> Fused:
    parts = {MOVED: recalled.moved * unit, SIMILAR: recalled.similar * weights.similar}
    added = tuple((name, part) for name, part in parts.items() if part)
    return Fused(
        fused.chunk_id,
        max(0.0, fused.score + sum(parts.values())),
        fused.dense,
        fused.sparse,
        learned=added,
        past_question=recalled.past_question,
        similarity=recalled.similarity,
    )
