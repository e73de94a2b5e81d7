"""VectorIndex: what every vector index can do, and the nouns it speaks; it chooses no engine."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from retrieval.errors import VectorIndexError
from retrieval.index_entry import IndexEntry
from retrieval.labels import Labels
from retrieval.search_question import SearchQuestion
from retrieval.types import Filters, Principal

DENSE = "dense"
SPARSE = "bm25"
PAYLOAD_INDEXES = ("acl", "collection")
LABEL_INDEXES = ("labels", "updated")
"""Without edges of their own in the graph, which would make it several times larger; ``updated`` is a number."""


@dataclass(frozen=True, slots=True)
class IndexPoint:
    """A chunk as the index keeps it.

    Attributes:
        chunk_id: Lasting id of the chunk; with the embedder's fingerprint it gives the point id.
        vector: Shape (dim,), finite; the length does not matter, search is by cosine.
        text: What BM25 sees; not stored.
        acl: Principal keys that may read it; empty means nobody.
        labels: Of its document.
    """

    chunk_id: str
    vector: Sequence[float] | np.ndarray
    text: str
    document_id: str
    revision_id: str
    collection: str
    acl: frozenset[str]
    labels: Labels = field(default_factory=Labels)

    @property
    def payload(self) -> dict[str, str | int | list[str]]:
        """What is stored beside the vectors."""
        return {
            **self.labels.payload,
            "chunk": self.chunk_id,
            "document": self.document_id,
            "revision": self.revision_id,
            "collection": self.collection,
            "acl": sorted(self.acl),
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. ``score``: cosine in [-1, 1] for dense, BM25 >= 0 for sparse."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Hits:
    """What one search found, each list best first; equal scores stand in order of chunk id."""

    dense: tuple[Hit, ...] = ()
    sparse: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class TermScore:
    """A term of a question that a chunk holds.

    Attributes:
        words: As they stand in the chunk, in lower case: one term may stand there in several inflections.
        score: Its share of the chunk's BM25 score, > 0.
    """

    words: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How large the index is and how much of it is in HNSW; the rest is searched by brute force, exactly.

    Attributes:
        indexed: Points whose dense vector is in an HNSW graph.
    """

    points: int
    indexed: int
    segments: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: ``replayed`` changes came in while it ran and are in the new generation too."""

    points: int
    indexed: int
    replayed: int
    seconds: float


class IndexPointer(Protocol):
    """Which generation of an index is the live one; kept where it survives, with the catalog."""

    def get(self, name: str) -> str | None:
        """Return the target, or None when the name was never set."""

    def set(self, name: str, target: str) -> None:
        """Switch the name to the target, durably and at once."""


class VectorIndex(Protocol):
    """Dense and BM25 vectors of chunks, searched within what a principal may read.

    Every method may be called from any thread. Everything in it can be rebuilt from the catalog.
    """

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Put points in, replacing those of the same chunk; what returned survives a kill.

        Raises:
            VectorIndexError: A vector has the wrong shape or is not finite, or the engine refused.
        """

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Take points out; unknown ids are passed over."""

    def set_access(self, chunk_ids: Sequence[str], acl: frozenset[str]) -> None:
        """Change who may find these chunks; unknown ids are passed over, an empty list hides them from everyone."""

    def set_labels(self, chunk_ids: Sequence[str], labels: Labels) -> None:
        """Change what searches for these chunks are narrowed by; unknown ids are passed over."""

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
        """Find the chunks nearest to a vector and best matching a text that the principal may read.

        BM25 counts document frequencies over what may be read in the collections only, so a hidden document moves no
        score; filters move none either.

        Args:
            vector: Shape (dim,); None leaves the dense list empty.
            text: None, or one of only stop words, leaves the sparse list empty; a context counts as it says.
            principal: Who asks; one without a valid key finds nothing.
            collections: Names to search in; None is all of them, an empty set is none.
            filters: Which documents among those, as ``checked_filters`` returns them; None is all of them.
            limit: Most hits in each list, from 1.

        Returns:
            Both lists best first. When both are asked for, each also holds the other's chunks with their own scores,
            so that they can be mixed; a chunk that shares no term with the text is in no sparse list.

        Raises:
            InvalidInputError: ``limit`` is below 1.
            VectorIndexError: The vector has the wrong shape or is not finite, or the engine failed.
        """

    def matched_terms(
        self,
        text: str | SearchQuestion,
        chunks: Mapping[str, str],
        *,
        principal: Principal,
        collections: frozenset[str] | None = None,
    ) -> dict[str, tuple[TermScore, ...]]:
        """Return what each word of a text adds to the BM25 score of chunks, as a search of that text scores them.

        Args:
            text: The question.
            chunks: By id, the text of each that BM25 sees.
            principal: Who asks: document frequencies are counted as for a search.
            collections: As for ``search``.

        Returns:
            By id of those chunks that are there and may be read, the greatest share first; they add up to the score.
        """

    def count(self) -> int:
        """Return the number of points."""

    def ids(self) -> Iterator[list[str]]:
        """Yield the chunk ids of all points, in pages of at most 1,000, for a comparison with the catalog."""

    def entries(self, point_ids: Sequence[str] | None = None) -> Iterator[list[IndexEntry]]:
        """Yield what is stored beside the vectors, of all points or of those named that are there, in pages."""

    def remove(self, point_ids: Sequence[str]) -> None:
        """Take points out by the id of the point: those that no chunk owns; unknown ids are passed over."""

    def vectors(self, chunk_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the stored dense vectors of those chunks that are there: shape (dim,), float32, L2 norm 1."""

    def flush(self) -> None:
        """Put everything acknowledged where it survives a power loss too."""

    def should_build(self, min_points: int) -> bool:
        """Say whether a build is worth its while; always False where the engine does so by itself."""

    def build(self) -> BuildReport | None:
        """Make the HNSW graph aside while searches and writes go on; None where the engine does so by itself."""

    def compact(self) -> None:
        """Write the index anew, so that nothing that was taken out lies on disk any more; searches and writes go on.

        Where the engine tidies up by itself, at a time of its own, this does nothing.
        """

    def status(self) -> IndexStatus:
        """Return how large the index is and how much of it is in HNSW."""

    def close(self) -> None:
        """Let go of what the index holds; any later call but this one raises VectorIndexError."""


def checked_vector(vector: Sequence[float] | np.ndarray, dim: int) -> list[float]:
    """Return the vector as plain floats.

    Raises:
        VectorIndexError: Its shape is not (dim,), or it holds NaN or infinity, which engines take without a word.
    """
    array = np.asarray(vector, dtype=np.float32)
    if array.shape != (dim,):
        raise VectorIndexError(f"a vector has shape {array.shape}; this index holds ({dim},)")
    if not np.isfinite(array).all():
        raise VectorIndexError("a vector holds NaN or infinity")
    plain: list[float] = array.tolist()
    return plain


def short_name(fingerprint: str) -> str:
    """Return a name for a fingerprint that any file system and server takes: 16 hexadecimal digits."""
    return hashlib.sha256(fingerprint.encode()).hexdigest()[:16]


def ranked(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return hits best first; equal scores in order of chunk id, so that an answer can be repeated."""
    return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id)))
