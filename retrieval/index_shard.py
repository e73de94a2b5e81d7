"""Shard: one directory of Qdrant's embedded engine, spoken to in our nouns."""

import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as engine

from retrieval.errors import VectorIndexError
from retrieval.index import DENSE, SPARSE, Hit, IndexStatus, ranked
from retrieval.index_engine import Change, Engine, filter_of, index_payload, putting
from retrieval.index_plan import NOTHING, Lookup, SearchPlan, Words
from retrieval.word_counts import Counted

PAGE = 1000
_WHOLE = 128  # Points with their vectors: nothing else in this process runs while the engine reads them.
_CHUNKS_KEPT = 200_000  # About 50 MB.

Offset = int | uuid.UUID | str

Stored = tuple[Offset, Mapping[str, Any]]
"""The id of a point and its payload."""


@dataclass(frozen=True, slots=True)
class HnswSettings:
    """How the graph is built and searched.

    Behind a filter that leaves a third, the usual m=16 and ef=128 found .89 of the true ten nearest and m=32 with
    ef=200 .98, for a third more time to build (40,000 points; ``bench/search_100k.py`` holds the present figure).

    Attributes:
        m: Edges per point.
        ef_construct: Candidates looked at for each point while building.
        ef: Candidates looked at while searching.
        payload_m: Edges per point among the points of one access key or collection, so that a filter does not
            cut the graph apart.
        full_scan_kb: What a filter leaves is searched exactly while its vectors take less than this.
        indexing_kb: A segment gets a graph when its vectors take more than this.
        journal_points_max: A build is abandoned when more points than this change while it runs.
    """

    m: int = 32
    ef_construct: int = 128
    ef: int = 256
    payload_m: int = 32
    full_scan_kb: int = 10_000
    indexing_kb: int = 10_000
    journal_points_max: int = 50_000


class Shard:
    """An open shard. The engine holds the interpreter lock for the whole of every call: keep calls small.

    Args:
        directory: Holds a shard; see ``create_shard``.
        dim: Of the dense vectors.
        hnsw: For searching here, and for the next build.

    Raises:
        VectorIndexError: It is no shard, is corrupt, is open elsewhere, or holds vectors of another dimension.
    """

    def __init__(self, directory: Path, *, dim: int, hnsw: HnswSettings) -> None:
        # Without this file the engine would make a fresh shard beside whatever lies there.
        if not (directory / "edge_config.json").is_file():
            raise VectorIndexError("it holds no edge_config.json, so it is no index of ours")
        self.directory = directory
        self._graph = directory / "graph.json"
        self._chunks: dict[Offset, str] = {}  # Chunk ids by point id; a pair once true is true for ever.
        self._ef = hnsw.ef
        with Engine("open"):
            self._engine = engine.EdgeShard.load(str(directory), _config(dim, hnsw))
            index_payload(self._engine)

    def apply(self, change: Change) -> None:
        """Apply a change whole; when it returns, the change survives a kill."""
        with Engine("write"):
            self._engine.update(change)

    def look(self, plan: SearchPlan, lookups: Sequence[Lookup], limit: int) -> list[tuple[Hit, ...]]:
        """Look for several lists of hits in one call.

        Returns:
            A list for each lookup, best first.
        """
        corpus, wanted = filter_of(plan.corpus), filter_of(plan.corpus + plan.narrowed)
        requests = [self._request(plan, lookup, (corpus, wanted), limit) for lookup in lookups]
        with Engine("search"):
            found = self._engine.query_batch(engine.QueryBatchRequest(requests))
        # Each look at .id makes a UUID, at the price of everything else done with a hit here: once is enough.
        chunks = self._chunks
        named = [[(chunks.get(key := point.id), key, point.score) for point in points] for points in found]
        if new := [key for points in named for chunk, key, _ in points if chunk is None]:
            chunks = self._chunks_of(new)
            named = [[(chunk or chunks.get(key), key, score) for chunk, key, score in points] for points in named]
        # A point that was deleted since it was found may have no chunk any more.
        return [ranked([Hit(chunk, score) for chunk, _, score in points if chunk is not None]) for points in named]

    def _request(
        self, plan: SearchPlan, lookup: Lookup, filters: tuple[engine.Filter, engine.Filter], limit: int
    ) -> engine.QueryRequest:
        corpus, some = filters
        if lookup.kind == "dense":
            query = engine.Query.Nearest(plan.dense or [], using=DENSE)
            # The graph has no edges among what a filter leaves: neighbours of neighbours are looked at in their place.
            # Behind a filter that leaves a tenth of 8,000 points, .87 of the true ten nearest were found without it.
            acorn = engine.AcornSearchParams(enable=True) if plan.narrowed else None
            params = engine.SearchParams(hnsw_ef=max(self._ef, limit), acorn=acorn)
        else:
            query = engine.Query.Nearest(engine.SparseVector(*(lookup.words or plan.sparse or ([], []))), using=SPARSE)
            params = engine.SearchParams(idf=engine.IdfParams(corpus=filter_of(NOTHING) if plan.weighed else corpus))
        if lookup.among is not None:
            # The access filter stays: the ids were found with it, but it may have changed since.
            some = engine.Filter(must=[some, engine.HasIdCondition(set(lookup.among))])
        return engine.QueryRequest(limit=limit, query=query, filter=some, with_payload=False, params=params)

    def words(self) -> Iterator[list[Counted]]:
        """Yield all points with their words, in pages."""
        offset: Offset | None = None
        while True:
            request = engine.ScrollRequest(
                offset=offset, limit=PAGE, with_payload=["acl", "collection"], with_vector=[SPARSE]
            )
            with Engine("list its words"):
                records, offset = self._engine.scroll(request)
            yield [(str(record.id), (), _words(record.vector), record.payload or {}) for record in records]
            if offset is None:
                return

    def _chunks_of(self, point_ids: Sequence[Offset]) -> dict[Offset, str]:
        # Reading the chunk ids of 200 hits from the payload takes a third of a search, so they are kept.
        if len(self._chunks) > _CHUNKS_KEPT:
            self._chunks = {}
        chunks = self._chunks  # This call's own, should another thread begin anew meanwhile.
        with Engine("read payloads"):
            records = self._engine.retrieve(list(set(point_ids)), with_payload=["chunk"], with_vector=False)
        chunks |= {record.id: record.payload["chunk"] for record in records if record.payload}
        return chunks

    def count(self) -> int:
        """Return the number of points."""
        with Engine("count"):
            return self._engine.count(engine.CountRequest())

    def page(self, offset: Offset | None) -> tuple[list[Stored], Offset | None]:
        """Return points from an offset on, in order of point id, and where the next page starts, if anywhere."""
        request = engine.ScrollRequest(offset=offset, limit=PAGE, with_payload=True, with_vector=False)
        with Engine("list its points"):
            records, following = self._engine.scroll(request)
        return [(record.id, record.payload or {}) for record in records], following

    def whole(self, offset: Offset | None) -> tuple[Change, Offset | None]:
        """Return the change that puts the points of a page into another shard, and where the next page starts."""
        request = engine.ScrollRequest(offset=offset, limit=_WHOLE, with_payload=True, with_vector=True)
        with Engine("read its points"):
            records, following = self._engine.scroll(request)
        points = []
        for record in records:
            vectors: Mapping[str, Any] = record.vector if isinstance(record.vector, dict) else {}
            sparse = vectors.get(SPARSE)
            words = None if sparse is None else (list(sparse.indices), list(sparse.values))
            points.append((str(record.id), list(vectors[DENSE]), words, record.payload or {}))
        return putting(points), following

    def stored(self, point_ids: Sequence[str]) -> list[Stored]:
        """Return points; those that are not there are left out."""
        with Engine("read payloads"):
            records = self._engine.retrieve(list(point_ids), with_payload=True, with_vector=False)
        return [(record.id, record.payload or {}) for record in records]

    def vectors(self, point_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Return dense vectors by chunk id: shape (dim,), float32; points that are not there are left out."""
        with Engine("read vectors"):
            records = self._engine.retrieve(list(point_ids), with_payload=["chunk"], with_vector=[DENSE])
        return {
            record.payload["chunk"]: np.asarray(record.vector[DENSE], dtype=np.float32)
            for record in records
            if record.payload and isinstance(record.vector, dict)
        }

    def status(self) -> IndexStatus:
        """Return how large the shard is and how much of it is in HNSW."""
        with Engine("describe itself"):
            points = self._engine.count(engine.CountRequest())
            segments = self._engine.info().segments_count
        return IndexStatus(points=points, indexed=max(0, points - self.outside()), segments=segments)

    @property
    def has_graph(self) -> bool:
        """Whether an HNSW graph was built."""
        return self._graph.is_file()

    def outside(self) -> int:
        """Return how many points lie outside HNSW, those deleted or replaced since the last build too."""
        with Engine("describe itself"):
            points = self._engine.count(engine.CountRequest())
            told = self._engine.info().indexed_vectors_count
        if not self._graph.is_file():
            return max(points, told)
        built = json.loads(self._graph.read_text())
        return int(built["outside"]) + max(0, told - int(built["told"]))

    def note_build(self) -> None:
        """Write down what is in HNSW now, just after it was built and before anything is written.

        The engine's own count of indexed vectors takes in every sparse vector, in a graph or not, and goes on
        counting deleted ones. So only its growth since the build tells something: what was written since.
        """
        with Engine("describe itself"):
            points = self._engine.count(engine.CountRequest())
            has_words = engine.Filter(must=[engine.HasVectorCondition(SPARSE)])
            sparse = self._engine.count(engine.CountRequest(filter=has_words))
            told = self._engine.info().indexed_vectors_count
        with self._graph.open("w") as file:
            json.dump({"outside": max(0, points - (told - sparse)), "told": told}, file)
            file.flush()
            os.fsync(file.fileno())

    def flush(self) -> None:
        """Put everything applied on disk, safe from a power loss."""
        with Engine("flush"):
            self._engine.flush()

    def close(self) -> None:
        """Let go of the directory; any later call but this one raises VectorIndexError."""
        with Engine("close"):
            self._engine.close()


def _words(vector: Any) -> Words | None:
    words = vector.get(SPARSE) if isinstance(vector, dict) else None
    return None if words is None else (words.indices, words.values)


def create_shard(directory: Path, *, dim: int, hnsw: HnswSettings) -> None:
    """Make an empty shard in a directory that does not exist yet.

    Raises:
        VectorIndexError: The engine cannot write there.
    """
    directory.mkdir(mode=0o700)
    with Engine("make a shard"):
        shard = engine.EdgeShard.create(str(directory), _config(dim, hnsw))
        index_payload(shard)
        shard.flush()
        shard.close()


def _config(dim: int, hnsw: HnswSettings) -> engine.EdgeConfig:
    return engine.EdgeConfig(
        vectors={DENSE: engine.EdgeVectorParams(size=dim, distance=engine.Distance.Cosine)},
        sparse_vectors={SPARSE: engine.EdgeSparseVectorParams(modifier=engine.Modifier.Idf)},
        hnsw_config=engine.HnswIndexConfig(
            m=hnsw.m,
            ef_construct=hnsw.ef_construct,
            full_scan_threshold=hnsw.full_scan_kb,
            payload_m=hnsw.payload_m,
        ),
        optimizers=engine.EdgeOptimizersConfig(indexing_threshold=hnsw.indexing_kb),
    )
