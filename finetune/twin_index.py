"""TwinIndex: a vector index that writes to others too, of other embedders, while there are any."""

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
    """The first index in everything, but that what is written to it goes to the others too; see ``VectorIndex``.

    A write that one of them refuses has failed, and can be repeated: a document is not shown before all hold it, so
    that whichever serves, it serves all.

    Args:
        first: Answers; closed with this.
    """

    def __init__(self, first: VectorIndex) -> None:
        self.first = first
        self._others: tuple[Engine, ...] = ()
        self._filling: tuple[Engine, ...] = ()
        self._writing = threading.RLock()

    @property
    def others(self) -> tuple[Engine, ...]:
        """What is written to besides."""
        return self._others

    @property
    def indexes(self) -> tuple[VectorIndex, ...]:
        """All that are written to, the first first."""
        return (self.first, *(engine.index for engine in self._others))

    def attach(self, engine: Engine, *, filling: bool = False) -> None:
        """Write to another index too, from the next write.

        Args:
            engine: With the index. Said again of one that is written to, only what follows is noted.
            filling: It does not hold all that the first does yet.
        """
        with self._writing:
            others = [one for one in self._others if one is not engine]
            self._filling = tuple(one for one in self._filling if one is not engine) + ((engine,) if filling else ())
            self._others = self._others if len(others) < len(self._others) else (*others, engine)

    def detach(self, engine: Engine) -> None:
        """Write to it no more; whoever attached it closes it."""
        with self._writing:
            self._others = tuple(one for one in self._others if one is not engine)
            self._filling = tuple(one for one in self._filling if one is not engine)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody write meanwhile but who holds it."""
        with self._writing:
            yield

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Put points into all, in each with vectors of its own."""
        while True:
            others = self._others
            # Outside of the lock: to embed takes longer than everything else.
            there = [embedded(points, engine) for engine in others]
            with self._writing:
                if self._others is not others:
                    continue  # one was attached meanwhile
                self.first.upsert(points)
                for engine, made in zip(others, there, strict=True):
                    engine.index.upsert(made)
                return

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Take points out of all."""
        with self._writing:
            for index in self.indexes:
                index.delete(chunk_ids)

    def remove(self, point_ids: Sequence[str]) -> None:
        """Take points out of the first: ids of points are its own."""
        self.first.remove(point_ids)

    def set_access(self, chunk_ids: Sequence[str], acl: frozenset[str]) -> None:
        """Change in all who may find these chunks."""
        with self._writing:
            for index in self.indexes:
                index.set_access(chunk_ids, acl)

    def set_labels(self, chunk_ids: Sequence[str], labels: Labels) -> None:
        """Change in all what searches for these chunks are narrowed by."""
        with self._writing:
            for index in self.indexes:
                index.set_labels(chunk_ids, labels)

    def flush(self) -> None:
        """Put everything acknowledged where it survives a power loss too, in all."""
        for index in self.indexes:
            index.flush()

    def compact(self) -> None:
        """Write all anew, so that nothing that was taken out lies on disk any more."""
        for index in self.indexes:
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
        """Search the first; who searches another asks it."""
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
        """Return what each word of a text adds to the BM25 score of chunks; the same in all."""
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
        """Return the vectors of chunks in the first that all hold which should, shape (dim,), L2 norm 1."""
        found = self.first.vectors(chunk_ids)
        for engine in self._others:
            if engine not in self._filling:
                there = engine.index.vectors(list(found))
                found = {chunk_id: vector for chunk_id, vector in found.items() if chunk_id in there}
        return found

    def should_build(self, min_points: int) -> bool:
        """Say whether a build of any is worth its while."""
        return any(index.should_build(min_points) for index in self.indexes)

    def build(self) -> BuildReport | None:
        """Make the graphs of all aside, one after the other.

        Returns:
            How it went for the first.
        """
        report, *_ = [index.build() for index in self.indexes]
        return report

    def status(self) -> IndexStatus:
        """Return how large the first is."""
        return self.first.status()

    def close(self) -> None:
        """Let go of all."""
        for index in self.indexes:
            index.close()


def embedded(points: Sequence[IndexPoint], engine: Engine) -> list[IndexPoint]:
    """Return points with the vectors of an engine's embedder."""
    vectors = engine.embedder.embed_documents([point.text for point in points]).vectors
    return [replace(point, vector=vector) for point, vector in zip(points, vectors, strict=True)]
