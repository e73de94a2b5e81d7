"""Parts of a candidate -> what serves: chunks are found again by their anchors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from finetune.types import Anchor, FloatArray, Parts
from retrieval.catalog import Catalog
from retrieval.learned import Engine, Learned
from retrieval.memory import Memory, moved

_TOGETHER = 500  # documents read at a time

Stored = Callable[[Sequence[str]], Mapping[str, FloatArray]]
"""Chunk ids -> their vectors, shape (dim,), L2 norm 1; those that lack one are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """A live chunk that an anchor means.

    Attributes:
        vector: Shape (dim,), L2 norm 1.
    """

    chunk_id: str
    document_id: str
    vector: FloatArray


def anchor_of(document_id: str, text: str) -> Anchor:
    """Return the anchor of a chunk of a document, by its text."""
    return Anchor(document_id, sha256(text.encode()).hexdigest())


def located(anchors: Iterable[Anchor], catalog: Catalog, *, vectors: Stored) -> dict[Anchor, Located]:
    """Find the live chunks that anchors mean.

    Args:
        anchors: In any order.
        catalog: Asked on nobody's behalf.
        vectors: Returns those of the embedder that is searched.

    Returns:
        By anchor; those whose document is gone or changed there, or that has no vector of the embedder, are left out.
    """
    wanted = set(anchors)
    documents = sorted({anchor.document_id for anchor in wanted})
    found: dict[Anchor, Located] = {}
    for start in range(0, len(documents), _TOGETHER):
        there: dict[Anchor, str] = {}
        for chunk_id, document_id, text in catalog.live_texts(documents[start : start + _TOGETHER]):
            anchor = anchor_of(document_id, text)
            # A text that a document repeats is one text: its first place stands for all.
            if anchor in wanted:
                there.setdefault(anchor, chunk_id)
        stored = vectors(list(there.values()))
        found |= {
            anchor: Located(chunk_id, anchor.document_id, stored[chunk_id])
            for anchor, chunk_id in there.items()
            if chunk_id in stored
        }
    return found


def to_learned(
    candidate_id: str, parts: Parts, chunks: Mapping[Anchor, Located], engine: Engine | None = None
) -> Learned:
    """Return what serves for the parts of a candidate.

    Args:
        candidate_id: Of the candidate.
        parts: Of it.
        chunks: As ``located`` finds them; rows of others are passed over.
        engine: Whose vectors theirs are, and that is searched; None is the server's own.

    Returns:
        It, with memory of the chunks that are there; None in its place when there are none.
    """
    voice = candidate_id if parts.generator is not None else None
    memory = to_memory(parts, chunks)
    return Learned(candidate_id, parts.adapter, memory, parts.weights, engine, voice=voice, ranking=parts.ranking)


def to_memory(parts: Parts, chunks: Mapping[Anchor, Located]) -> Memory | None:
    """Return the memory that serves for the parts of a candidate; see ``to_learned``."""
    rows = [row for row, one in enumerate(parts.memory) if one.anchor in chunks]
    if parts.questions is None or not rows:
        return None
    kept = {chunk.chunk_id: chunk for row in rows for chunk in [chunks[parts.memory[row].anchor]]}
    places = {chunk_id: place for place, chunk_id in enumerate(kept)}
    answered = np.array([places[chunks[parts.memory[row].anchor].chunk_id] for row in rows], dtype=np.int64)
    weights = np.array([parts.memory[row].weight for row in rows], dtype=np.float32)
    questions = np.ascontiguousarray(parts.questions[rows], dtype=np.float32)
    vectors = np.stack([chunk.vector for chunk in kept.values()]).astype(np.float32)
    # Where a chunk was wrong it is not pushed away: that would move it for questions nobody spoke of.
    helped = np.maximum(weights, 0)
    sums, votes = np.zeros_like(vectors), np.zeros(len(kept), dtype=np.float32)
    np.add.at(sums, answered, helped[:, None] * questions)
    np.add.at(votes, answered, helped)
    return Memory(
        questions=questions,
        examples=tuple(parts.memory[row].example for row in rows),
        answered=answered,
        weights=weights,
        chunk_ids=tuple(kept),
        document_ids=tuple(chunk.document_id for chunk in kept.values()),
        vectors=vectors,
        moved=moved(vectors, sums, votes, reach=parts.reach),
    )
