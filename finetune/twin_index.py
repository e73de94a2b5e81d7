"""TwinIndex: a vector index that writes to a second one too, of another embedder, while there is one."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from retrieval.index import BuildReport, Hits, IndexPoint, IndexStatus, TermScore, VectorIndex
from retrieval.index_entry import IndexEntry
from retrieval.labels import Labels
from retrieval.learned import Engine
from retrieval.search_question import SearchQuestion
from retrieval.types import Filters, Principal


class TwinIndex:
    """The first index in everything, but that what is written to it goes to the second too; see ``VectorIndex``.

    A write that the second refuses has failed, and can be repeated: a document is not shown before both hold it, so
    that whichever serves, it serves all.

    Args:
        first: Answers; closed with this.
    """

    def __init__(self, first: VectorIndex) -> None:
        self.first = first
        self._second: Engine | None = None
        self._writing = threading.RLock()

    @property
    def second(self) -> Engine | None:
        """What is written to besides; None when there is one index."""
        return self._second

    def attach(self, second: Engine) -> None:
        """Write to a second index too, from the next write."""
        with self._writing:
            self._second = second

    def detach(self) -> Engine | None:
        """Write to the first alone again.

        Returns:
            The second, for whoever closes it.
        """
        with self._writing:
            second, self._second = self._second, None
            return second

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody write meanwhile but who holds it."""
        with self._writing:
            yield

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Put points into both, in the second with vectors of its own."""
        while True:
            second = self._second
            # Outside of the lock: to embed takes longer than everything else.
            there = [] if second is None else embedded(points, second)
            with self._writing:
                if self._second is not second:
                    continue  # attached meanwhile
                self.first.upsert(points)
                if second is not None:
                    second.index.upsert(there)
                return

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Take points out of both."""
        with self._writing:
            for index in self._both():
                index.delete(chunk_ids)

    def remove(self, point_ids: Sequence[str]) -> None:
        """Take points out of the first: ids of points are its own."""
        self.first.remove(point_ids)

    def set_access(self, chunk_ids: Sequence[str], acl: frozenset[str]) -> None:
        """Change in both who may find these chunks."""
        with self._writing:
            for index in self._both():
                index.set_access(chunk_ids, acl)

    def set_labels(self, chunk_ids: Sequence[str], labels: Labels) -> None:
        """Change in both what searches for these chunks are narrowed by."""
        with self._writing:
            for index in self._both():
                index.set_labels(chunk_ids, labels)

    def flush(self) -> None:
        """Put everything acknowledged where it survives a power loss too, in both."""
        for index in self._both():
            index.flush()

    def compact(self) -> None:
        """Write both anew, so that nothing that was taken out lies on disk any more."""
        for index in self._both():
            index.compact()

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
        """Search the first; who searches the second asks it."""
        return self.first.search(
            vector, text, principal=principal, collections=collections, filters=filters, limit=limit
        )

    def matched_terms(
        self,
        text: str | SearchQuestion,
        chunks: Mapping[str, str],
        *,
        principal: Principal,
        collections: frozenset[str] | None = None,
    ) -> dict[str, tuple[TermScore, ...]]:
        """Return what each word of a text adds to the BM25 score of chunks; the same in both."""
        return self.first.matched_terms(text, chunks, principal=principal, collections=collections)

    def count(self) -> int:
        """Return the number of points in the first."""
        return self.first.count()

    def ids(self) -> Iterator[list[str]]:
        """Yield the chunk ids of all points in the first, in pages."""
        return self.first.ids()

    def entries(self, point_ids: Sequence[str] | None = None) -> Iterator[list[IndexEntry]]:
        """Yield what is stored beside the vectors of the first, in pages."""
        return self.first.entries(point_ids)

    def vectors(self, chunk_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the vectors of chunks in the first that both hold, shape (dim,), L2 norm 1."""
        found = self.first.vectors(chunk_ids)
        if (second := self._second) is None:
            return found
        there = second.index.vectors(chunk_ids)
        return {chunk_id: vector for chunk_id, vector in found.items() if chunk_id in there}

    def should_build(self, min_points: int) -> bool:
        """Say whether a build of the first is worth its while."""
        return self.first.should_build(min_points)

    def build(self) -> BuildReport | None:
        """Make the graph of the first aside."""
        return self.first.build()

    def status(self) -> IndexStatus:
        """Return how large the first is."""
        return self.first.status()

    def close(self) -> None:
        """Let go of both."""
        for index in self._both():
            index.close()

    def _both(self) -> list[VectorIndex]:
        second = self._second
        return [self.first] if second is None else [self.first, second.index]


def embedded(points: Sequence[IndexPoint], engine: Engine) -> list[IndexPoint]:
    """Return points with the vectors of an engine's embedder."""
    vectors = engine.embedder.embed_documents([point.text for point in points]).vectors
    return [replace(point, vector=vector) for point, vector in zip(points, vectors, strict=True)]
