"""EdgeIndex: the vector index inside this process, on Qdrant's embedded engine."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.errors import ConflictError, DataDirectoryError, VectorIndexError
from retrieval.index import BuildReport, Hit, IndexPoint, IndexPointer, IndexStatus, checked_vector
from retrieval.index_build import Journal, LiveShard, optimise_aside, replay
from retrieval.index_engine import Change, deleting, labelling, opening, putting
from retrieval.index_entry import IndexEntry, point_id
from retrieval.index_generations import REMEDY, Generations, copy_sparse, remove
from retrieval.index_plan import Lookup, Searches, SearchPlan
from retrieval.index_shard import PAGE, HnswSettings, Shard, create_shard
from retrieval.labels import Labels
from retrieval.word_counts import WordCounts, count_words

_BATCH = 128  # Nothing else in this process runs while the engine writes a batch: some 10 ms.
_FLUSH_EVERY = 20_000  # Points; bounds the write-ahead log (60 MB) and its replay after a kill (2-4 s).
_LAST_ROUND = 8  # Changes few enough to be replayed while writers wait.


class EdgeIndex(Searches):
    """A VectorIndex in one directory, owned by one process; safe from any thread.

    Until ``build`` has run, dense search is brute force and exact.

    Args:
        root: Made if missing; holds one directory per fingerprint.
        dim: Of the dense vectors.
        fingerprint: Of the embedder; another one is another index.
        pointer: Remembers which generation is live.
        bm25: Fixed for the life of the index.
        hnsw: For searching, and for the next build.

    Attributes:
        created: True when there was no index and an empty one was made: the catalog may hold chunks it lacks.

    Raises:
        DataDirectoryError: Another process owns it, or it is foreign, corrupt or of another dimension.
    """

    def __init__(
        self,
        root: Path,
        *,
        dim: int,
        fingerprint: str,
        pointer: IndexPointer,
        bm25: Bm25Settings | None = None,
        hnsw: HnswSettings | None = None,
    ) -> None:
        self._dim = dim
        self._fingerprint = fingerprint
        self._hnsw = hnsw or HnswSettings()
        self._bm25 = Bm25Encoder(bm25 or Bm25Settings())
        self._counts = WordCounts()  # Of no use until somebody searches for words: then all are counted.
        self._writing = threading.Lock()  # One writer; also held over the copy and the switch.
        self._building = threading.Lock()
        self._closing = threading.Event()
        self._journal: Journal | None = None
        self._unflushed = 0  # Points written since the last flush.
        self._generations = Generations(root, fingerprint, pointer)
        with ExitStack() as undo:
            undo.callback(self._generations.unlock)
            directory = self._generations.live()
            self.created = directory is None
            self._live = LiveShard(self._open(directory or self._found()))
            undo.pop_all()

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Put points in; see VectorIndex. Nothing is written when any vector is refused."""
        vectors = [checked_vector(point.vector, self._dim) for point in points]
        for start in range(0, len(points), _BATCH):
            batch = zip(points[start : start + _BATCH], vectors[start : start + _BATCH], strict=True)
            made = [
                (point_id(point.chunk_id, self._fingerprint), vector, self._bm25.document(point.text), point.payload)
                for point, vector in batch
            ]
            self._write(putting(made), len(made), partial(WordCounts.put, points=made))

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Take points out; see VectorIndex."""
        for ids in self._pages(chunk_ids):
            self.remove(ids)

    def remove(self, point_ids: Sequence[str]) -> None:
        """Take points out by their own ids; see VectorIndex."""
        self._write(deleting(point_ids), len(point_ids), partial(WordCounts.drop, point_ids=point_ids))

    def set_access(self, chunk_ids: Sequence[str], acl: frozenset[str]) -> None:
        """Change who may find these chunks; see VectorIndex."""
        for ids in self._pages(chunk_ids):
            self._write(opening(ids, acl), len(ids), partial(WordCounts.open, point_ids=ids, acl=acl))

    def set_labels(self, chunk_ids: Sequence[str], labels: Labels) -> None:
        """Change what searches for these chunks are narrowed by; see VectorIndex."""
        for ids in self._pages(chunk_ids):
            self._write(labelling(ids, labels), len(ids))

    def _look(self, plan: SearchPlan, lookups: Sequence[Lookup], limit: int) -> list[tuple[Hit, ...]]:
        with self._live.reading() as shard:
            return shard.look(plan, lookups, limit)

    def count(self) -> int:
        """Return the number of points."""
        with self._live.reading() as shard:
            return shard.count()

    def ids(self) -> Iterator[list[str]]:
        """Yield the chunk ids of all points; see VectorIndex. A point written meanwhile may be missed."""
        for page in self.entries():
            yield [entry.chunk_id for entry in page]

    def entries(self, point_ids: Sequence[str] | None = None) -> Iterator[list[IndexEntry]]:
        """Return the pages of points; see VectorIndex."""
        return self._live.entries(self._fingerprint, point_ids)

    def vectors(self, chunk_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Return stored vectors; see VectorIndex."""
        found: dict[str, np.ndarray] = {}
        for ids in self._pages(chunk_ids):
            with self._live.reading() as shard:
                found |= shard.vectors(ids)
        return found

    def flush(self) -> None:
        """Put everything acknowledged on disk, safe from a power loss."""
        with self._writing, self._live.reading() as shard:
            shard.flush()
            self._unflushed = 0

    def status(self) -> IndexStatus:
        """Return how large the index is and how much of it is in HNSW."""
        with self._live.reading() as shard:
            return shard.status()

    def should_build(self, min_points: int = 50_000) -> bool:
        """Say whether brute force has become slow, or the directory wasteful, enough to be worth a build.

        Returns:
            True when there are that many points, live or left over, and more than a fifth of them outside HNSW.
        """
        with self._live.reading() as shard:
            points, outside = shard.count(), shard.outside()
        return max(points, outside) >= min_points and outside * 5 > points

    def build(self) -> BuildReport:
        """Make the HNSW graph in a child process and switch to it, while searches and writes go on.

        Takes about 1 ms a point on two cores. A kill at any moment leaves the old generation live and whole.

        Returns:
            What was built and what it took.

        Raises:
            ConflictError: A build is running, or this one was abandoned: too much changed, or the index is closing.
        """
        started = time.monotonic()
        with self._built_aside() as building:
            self._copy(building)
            optimise_aside(building, abandoned=self._abandoned)
            replayed = self._switch(building)
            status = self.status()
        return BuildReport(status.points, status.indexed, replayed, time.monotonic() - started)

    def compact(self) -> None:
        """Write the index anew; see VectorIndex. A graph is built again with it.

        Raises:
            ConflictError: As ``build``.
        """
        with self._built_aside() as building:
            with self._writing, self._live.reading() as shard:
                has_graph = shard.has_graph
                self._journal = Journal(self._hnsw.journal_points_max)
            create_shard(building, dim=self._dim, hnsw=self._hnsw)
            with closing(self._open(building)) as fresh:
                self._live.copy_into(fresh)
                fresh.flush()
            if has_graph:
                optimise_aside(building, abandoned=self._abandoned)
            self._switch(building, has_graph=has_graph)

    @contextmanager
    def _built_aside(self) -> Iterator[Path]:
        """Give a path for a generation in the making, one at a time; what is left of it at the end is removed."""
        if not self._building.acquire(blocking=False):
            raise ConflictError("an HNSW build is running already")
        building = self._generations.start_building()
        try:
            yield building
        finally:
            self._journal = None
            remove(building)
            self._building.release()

    def close(self) -> None:
        """Flush and let go of the directory; a running build is abandoned. Again is harmless."""
        self._closing.set()
        with self._building, self._writing:
            shard = self._live.replace(None)
            if shard is not None:
                shard.flush()
                shard.close()
            self._generations.unlock()

    def _found(self) -> Path:
        building = self._generations.start_building()
        create_shard(building, dim=self._dim, hnsw=self._hnsw)
        return self._generations.found(building)

    def _open(self, directory: Path) -> Shard:
        try:
            return Shard(directory, dim=self._dim, hnsw=self._hnsw)
        except VectorIndexError as error:
            raise DataDirectoryError(
                f"{directory} cannot be opened as a vector index of {self._dim} dimensions: {error}. {REMEDY}"
            ) from error

    def _pages(self, chunk_ids: Sequence[str]) -> Iterator[list[str]]:
        for start in range(0, len(chunk_ids), PAGE):
            yield [point_id(chunk_id, self._fingerprint) for chunk_id in chunk_ids[start : start + PAGE]]

    def _weighed(self, plan: SearchPlan) -> SearchPlan:
        return plan if plan.sparse is None else self._counted().weigh(plan)

    def _counted(self) -> WordCounts:
        if not self._counts.whole:
            with self._writing, self._live.reading() as shard:
                if not self._counts.whole:
                    self._counts = count_words(shard.words())
        return self._counts

    def _write(self, change: Change, points: int, counting: Callable[[WordCounts], object] | None = None) -> None:
        with self._writing, self._live.reading() as shard:
            shard.apply(change)
            if counting is not None and self._counts.whole:
                counting(self._counts)
            journal = self._journal
            if journal is not None:
                journal.add(change, points)
            self._unflushed += points
            if self._unflushed >= _FLUSH_EVERY:
                shard.flush()
                self._unflushed = 0

    def _copy(self, building: Path) -> None:
        with self._writing, self._live.reading() as shard:
            shard.flush()
            copy_sparse(shard.directory, building)
            self._journal = Journal(self._hnsw.journal_points_max)

    def _abandoned(self) -> str | None:
        if self._closing.is_set():
            return "the index is closing"
        journal = self._journal
        if journal is not None and journal.full:
            return f"more than {journal.points_max} points changed; try again when less is ingested"
        return None

    def _switch(self, building: Path, *, has_graph: bool = True) -> int:
        with ExitStack() as undo:
            directory = self._generations.adopt(building)
            undo.callback(remove, directory)
            shard = Shard(directory, dim=self._dim, hnsw=self._hnsw)
            undo.callback(shard.close)
            if has_graph:
                shard.note_build()
            replayed = 0
            while len(changes := self._take_changes()) > _LAST_ROUND:
                replayed += replay(shard, changes)
            with self._writing:
                replayed += replay(shard, changes) + replay(shard, self._journal_changes())
                shard.flush()
                self._generations.point_at(directory)
                undo.pop_all()
                self._journal = None
                old = self._live.replace(shard)
        if old is not None:
            old.close()
            remove(old.directory)
        return replayed

    def _take_changes(self) -> list[Change]:
        with self._writing:
            return self._journal_changes()

    def _journal_changes(self) -> list[Change]:
        if reason := self._abandoned():
            raise ConflictError(f"the HNSW build was abandoned: {reason}")
        return self._journal.take() if self._journal is not None else []
