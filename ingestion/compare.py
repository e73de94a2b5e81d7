"""Catalog beside index: what does not fit, point by point and chunk by chunk; it changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.audit import Audit
from ingestion.audit_chunks import Standing, StoredChunk
from retrieval.embed import FloatArray
from retrieval.index import VectorIndex
from retrieval.index_entry import IndexEntry
from retrieval.labels import Labels
from retrieval.vectors import to_vector

Found = dict[str, list[str]]
"""Ids of what is concerned, by the code of the ailment."""

PAGE = 1_000
# Both hold float32 of length 1; the engine makes the length anew, which moves the last bits.
_FURTHEST = 1e-3


@dataclass(frozen=True, slots=True)
class Comparison:
    """Looks at all, or again at what seemed wrong: a first look may fall between two steps of a write.

    Attributes:
        fingerprint: Of the embedder in use.
        dim: Of its vectors.
    """

    audit: Audit
    index: VectorIndex
    fingerprint: str
    dim: int

    def of_points(self, point_ids: Sequence[str] | None = None) -> Found:
        """Compare points with the catalog.

        Args:
            point_ids: Only these; None looks at all.

        Returns:
            Point ids by ailment: orphans, strays, points of another document, stale access, stale labels.
        """
        found = _nothing()
        for page in self.index.entries(point_ids):
            standings = self.audit.standings([entry.chunk_id for entry in page if entry.owned])
            labels = self.audit.labels({standing.document_id for standing in standings.values()})
            for entry in page:
                code = "point-stray" if not entry.owned else _of_point(entry, standings, labels)
                if code is not None:
                    found[code].append(entry.point_id)
        return found

    def of_chunks(self, chunk_ids: Sequence[str] | None = None) -> Found:
        """Compare live chunks with their points.

        Args:
            chunk_ids: Only those of these that are live; None looks at all.

        Returns:
            Chunk ids by ailment: missing points, wrong vectors.
        """
        found = _nothing()
        for page in self._pages(chunk_ids):
            held = self.index.vectors([chunk.id for chunk in page])
            for chunk in page:
                kept = usable(chunk, self.fingerprint, self.dim)
                if chunk.id not in held:
                    found["point-missing"].append(chunk.id)
                elif kept is not None and not alike(held[chunk.id], kept):
                    found["point-wrong-vector"].append(chunk.id)
        return found

    def of_vectors(self, chunk_ids: Sequence[str] | None = None) -> Found:
        """Look at the vectors that are kept beside live chunks.

        Returns:
            Chunk ids by ailment: no vector, one of another model, a damaged one.
        """
        found = _nothing()
        for page in self._pages(chunk_ids):
            for chunk in page:
                if chunk.fingerprint is None:
                    found["vector-missing"].append(chunk.id)
                elif chunk.fingerprint != self.fingerprint:
                    found["vector-of-another-model"].append(chunk.id)
                elif usable(chunk, self.fingerprint, self.dim) is None:
                    found["vector-damaged"].append(chunk.id)
        return found

    def _pages(self, chunk_ids: Sequence[str] | None) -> Iterable[list[StoredChunk]]:
        if chunk_ids is not None:
            for start in range(0, len(chunk_ids), PAGE):
                yield self.audit.live_chunks_of(chunk_ids[start : start + PAGE])
            return
        after = ""
        while page := self.audit.live_chunks_after(after, PAGE):
            yield page
            after = page[-1].id


def _of_point(entry: IndexEntry, standings: dict[str, Standing], labels: dict[str, Labels]) -> str | None:
    standing = standings.get(entry.chunk_id)
    if standing is None:
        return "point-orphan"
    if not standing.live:
        return None  # staged, to be published; or retired or deleted, to be collected: see ``Audit.uncollected``
    named = (entry.document_id, entry.revision_id, entry.collection)
    if named != (standing.document_id, standing.revision_id, standing.collection):
        return "point-mislabelled"
    if entry.acl != standing.acl:
        return "point-stale-access"
    wanted = labels.get(standing.document_id, Labels()).payload
    return (
        None if (list(entry.labels), entry.updated) == (wanted["labels"], wanted["updated"]) else "point-stale-labels"
    )


def _nothing() -> defaultdict[str, list[str]]:
    return defaultdict(list)


def usable(chunk: StoredChunk, fingerprint: str, dim: int) -> FloatArray | None:
    """Return the vector that is kept beside a chunk, shape (dim,), if the index could hold it.

    Returns:
        None where there is none, it is of another model, of another length, all 0 or not finite.
    """
    if chunk.vector is None or chunk.fingerprint != fingerprint or len(chunk.vector) != 4 * dim:
        return None
    vector = to_vector(chunk.vector)
    return vector if sound(vector, dim) else None


def sound(vector: FloatArray | None, dim: int) -> bool:
    """Say whether a vector has the right shape, is finite and not 0."""
    return vector is not None and vector.shape == (dim,) and bool(np.isfinite(vector).all()) and bool(vector.any())


def alike(one: FloatArray, other: FloatArray) -> bool:
    """Say whether two vectors point the same way; one that is not finite points nowhere."""
    if not (np.isfinite(one).all() and one.shape == other.shape):
        return False
    length = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return length > 0 and 1.0 - float(one @ other) / length <= _FURTHEST
