"""Memory: questions of the past and the chunks that answered them; pure.

A chunk's vector is moved towards the questions it answered, so that questions like those find it, and a question much
like one of the past lifts what answered that one. Nothing is trained, the index is not touched. Neither the scale of
scores nor what is shown depends on a chunk that the reader may not read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retrieval.index import Hits

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

MOVED, SIMILAR = "memory", "past_question"
"""Names of contributions: of a chunk's move towards its past questions, and of the nearest of those questions."""

RECALLED = 50
"""Most chunks that memory alone brings into a search."""

LEAST_SIMILAR = 0.5
"""Cosine similarity below which a past question says nothing about this one."""

_LOOKED_UP = 200  # documents asked for at a time

Readable = Callable[[Iterable[str]], set[str]]
"""Document ids -> those that the reader may read."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A chunk as memory knows it.

    Attributes:
        dense: Cosine similarity of its own vector to the question as it is searched.
        moved: What its move towards its past questions adds to that.
        similar: How near its nearest past question is, in [-1, 1]: 0 when none is near enough, below 0 when the chunk
            was wrong there.
        past_question: Id of that question's example.
        similarity: Cosine similarity of that question.
    """

    dense: float
    moved: float
    similar: float = 0.0
    past_question: str | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Questions of the past and the chunks that answered them; live chunks only.

    Attributes:
        questions: Shape (n, dim), L2 norm 1; as the embedder made them.
        examples: Id of the example of each, n of them.
        answered: Index into ``chunk_ids`` of the chunk of each, shape (n,).
        weights: In [-1, 1], shape (n,); below 0 where the chunk was wrong.
        chunk_ids: Those that have past questions, m of them.
        document_ids: Of each chunk.
        vectors: Each chunk's own, shape (m, dim), L2 norm 1.
        moved: The same, moved; L2 norm 1.
    """

    questions: FloatArray
    examples: tuple[str, ...]
    answered: IntArray
    weights: FloatArray
    chunk_ids: tuple[str, ...]
    document_ids: tuple[str, ...]
    vectors: FloatArray
    moved: FloatArray
    places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Note where each chunk stands."""
        object.__setattr__(self, "places", {chunk_id: place for place, chunk_id in enumerate(self.chunk_ids)})

    def recall(
        self, vector: FloatArray, searched: FloatArray, hits: Hits, *, readable: Readable
    ) -> dict[str, Recalled]:
        """Return what memory knows of the chunks that were found, and of others that it brings in.

        Args:
            vector: Of the question, shape (dim,), L2 norm 1.
            searched: What was searched for in its place.
            hits: What the index found, which the reader may read.
            readable: Asked about the documents of chunks that the index did not find.

        Returns:
            By chunk id.
        """
        if not self.chunk_ids:
            return {}
        # Row by row: a product of the whole matrix rounds each row by how many others there are, and so tells of them.
        dense, moved = np.vecdot(self.vectors, searched), np.vecdot(self.moved, searched)
        nearness = _nearness(np.vecdot(self.questions, vector)) * self.weights
        best: FloatArray = np.zeros(len(self.chunk_ids), dtype=np.float32)
        worst = best.copy()
        np.maximum.at(best, self.answered, nearness)
        np.minimum.at(worst, self.answered, nearness)
        found = {hit.chunk_id for hit in (*hits.dense, *hits.sparse)}
        # In the place of what the index would have found, had it the moved vectors.
        floor = min((hit.score for hit in hits.dense), default=1.0)
        chosen = [place for chunk_id in found if (place := self.places.get(chunk_id)) is not None]
        chosen += self._others(np.flatnonzero((moved >= floor) | (best > 0)), moved + best, found, readable)
        similar = best + worst
        recalled = {}
        for place in chosen:
            example, similarity = self._nearest(place, vector) if best[place] or worst[place] else (None, None)
            recalled[self.chunk_ids[place]] = Recalled(
                float(dense[place]), float(moved[place] - dense[place]), float(similar[place]), example, similarity
            )
        return recalled

    def _others(self, places: IntArray, score: FloatArray, found: set[str], readable: Readable) -> list[int]:
        """Choose the best that may be read; those that may not take nobody's place."""
        order = [int(place) for place in places[np.argsort(-score[places], kind="stable")]]
        order = [place for place in order if self.chunk_ids[place] not in found]
        chosen: list[int] = []
        for start in range(0, len(order), _LOOKED_UP):
            some = order[start : start + _LOOKED_UP]
            seen = readable({self.document_ids[place] for place in some})
            chosen += [place for place in some if self.document_ids[place] in seen]
            if len(chosen) >= RECALLED:
                break
        return chosen[:RECALLED]

    def _nearest(self, place: int, vector: FloatArray) -> tuple[str, float]:
        own = np.flatnonzero(self.answered == place)
        similarities = np.vecdot(self.questions[own], vector)
        at = int(np.argmax(similarities))
        return self.examples[int(own[at])], float(similarities[at])


def _nearness(similarities: FloatArray) -> FloatArray:
    """Return how much a question like that says: 0 to the least similarity, 1 for the same question."""
    above = np.maximum(similarities, LEAST_SIMILAR) ** 4 - LEAST_SIMILAR**4
    near: FloatArray = (above / (1 - LEAST_SIMILAR**4)).astype(np.float32)
    return near


def moved(vectors: FloatArray, sums: FloatArray, weights: FloatArray, *, reach: float) -> FloatArray:
    """Move chunks towards the questions they answered.

    Args:
        vectors: Of the chunks, shape (m, dim), L2 norm 1.
        sums: Of each one's past questions, weighted, shape (m, dim).
        weights: Of those, summed, shape (m,), >= 0.
        reach: How far, >= 0; 0 leaves them.

    Returns:
        Shape (m, dim), L2 norm 1.
    """
    centroids = sums / np.maximum(weights, 1e-6)[:, None]
    # Half a vote does not move a chunk as far as ten do.
    there = vectors + reach * np.minimum(1.0, weights)[:, None] * centroids
    lengths = np.maximum(np.linalg.norm(there, axis=1, keepdims=True), 1e-6)
    result: FloatArray = (there / lengths).astype(np.float32)
    return result
