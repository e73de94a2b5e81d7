"""ServerIndex: the vector index on a Qdrant server, for more than one process or machine."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from qdrant_client import QdrantClient, models

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.errors import VectorIndexError
from retrieval.index import DENSE, SPARSE, Hit, IndexPoint, IndexStatus, checked_vector, short_name
from retrieval.index_collection import check_collection, create_collection, hits_of, request_of, server_errors
from retrieval.index_entry import IndexEntry, point_id, to_entry
from retrieval.index_plan import Lookup, Searches, SearchPlan
from retrieval.labels import Labels

_BATCH = 256
_PAGE = 1000


class ServerIndex(Searches):
    """A VectorIndex in one collection of a Qdrant server (1.19.2 or newer); safe from any thread.

    The server builds HNSW by itself. Points carry the same vectors as in the embedded engine, BM25 too, so both
    rank alike.

    Args:
        client: Stays the caller's: ``close`` does not close it.
        dim: Of the dense vectors.
        fingerprint: Of the embedder; another one is another collection.
        collection_prefix: Of the collection's name, for installations that share a server.
        bm25: Fixed for the life of the index.

    Attributes:
        created: True when there was no collection and an empty one was made: the catalog may hold chunks it lacks.

    Raises:
        VectorIndexError: The server cannot be reached or the collection there holds other vectors.
    """

    def __init__(
        self,
        client: QdrantClient,
        *,
        dim: int,
        fingerprint: str,
        collection_prefix: str = "attune",
        bm25: Bm25Settings | None = None,
    ) -> None:
        self._client: QdrantClient | None = client
        self._dim = dim
        self._fingerprint = fingerprint
        self._bm25 = Bm25Encoder(bm25 or Bm25Settings())
        self.collection = f"{collection_prefix}_{short_name(fingerprint)}"
        with server_errors("open its collection"):
            self.created = create_collection(client, self.collection, dim)
            check_collection(client, self.collection, dim)

    @classmethod
    def connect(cls, url: str, *, api_key: str | None, dim: int, fingerprint: str) -> Self:
        """Open the index on the server at a URL.

        Returns:
            The index; its client lives as long as the process.

        Raises:
            VectorIndexError: As the class.
        """
        with server_errors("connect"):
            client = QdrantClient(url=url, api_key=api_key)
        return cls(client, dim=dim, fingerprint=fingerprint)

    def discard(self) -> None:
        """Delete the collection, and close.

        Raises:
            VectorIndexError: The server refused.
        """
        with server_errors("delete its collection"):
            self._open().delete_collection(self.collection)
        self.close()

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Put points in; see VectorIndex. Nothing is written when any vector is refused."""
        vectors = [checked_vector(point.vector, self._dim) for point in points]
        for start in range(0, len(points), _BATCH):
            pairs = zip(points[start : start + _BATCH], vectors[start : start + _BATCH], strict=True)
            batch = [self._struct(point, vector) for point, vector in pairs]
            with server_errors("write"):
                self._open().upsert(self.collection, batch, wait=True)

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Take points out; see VectorIndex."""
        for ids in self._pages(chunk_ids):
            self.remove(ids)

    def remove(self, point_ids: Sequence[Any]) -> None:
        """Take points out by their own ids; see VectorIndex."""
        if point_ids:
            with server_errors("write"):
                self._open().delete(self.collection, models.PointIdsList(points=list(point_ids)), wait=True)

    def set_access(self, chunk_ids: Sequence[str], acl: frozenset[str]) -> None:
        """Change who may find these chunks; see VectorIndex."""
        self._set_payload(chunk_ids, {"acl": sorted(acl)})

    def set_labels(self, chunk_ids: Sequence[str], labels: Labels) -> None:
        """Change what searches for these chunks are narrowed by; see VectorIndex."""
        self._set_payload(chunk_ids, dict(labels.payload))

    def _set_payload(self, chunk_ids: Sequence[str], payload: dict[str, Any]) -> None:
        for ids in self._pages(chunk_ids):
            # By filter: by id, an unknown one is an error and the rest may stay as it was.
            these = models.Filter(must=[models.HasIdCondition(has_id=ids)])
            with server_errors("write"):
                self._open().set_payload(self.collection, payload, these, wait=True)

    def _look(self, plan: SearchPlan, lookups: Sequence[Lookup], limit: int) -> list[tuple[Hit, ...]]:
        requests = [request_of(plan, lookup, limit) for lookup in lookups]
        with server_errors("search"):
            found = self._open().query_batch_points(self.collection, requests)
        return [hits_of(response) for response in found]

    def count(self) -> int:
        """Return the number of points."""
        with server_errors("count"):
            return self._open().count(self.collection, exact=True).count

    def ids(self) -> Iterator[list[str]]:
        """Yield the chunk ids of all points; see VectorIndex. A point written meanwhile may be missed."""
        for page in self.entries():
            yield [entry.chunk_id for entry in page]

    def entries(self, point_ids: Sequence[str] | None = None) -> Iterator[list[IndexEntry]]:
        """Yield pages of points; see VectorIndex."""
        named = None if point_ids is None else models.Filter(must=[models.HasIdCondition(has_id=list(point_ids))])
        offset: Any = None
        while True:
            with server_errors("list its points"):
                records, offset = self._open().scroll(
                    self.collection, named, limit=_PAGE, offset=offset, with_payload=True, with_vectors=False
                )
            if records:
                yield [to_entry(record.id, record.payload or {}, self._fingerprint) for record in records]
            if offset is None:
                return

    def vectors(self, chunk_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Return stored vectors; see VectorIndex."""
        found: dict[str, np.ndarray] = {}
        for ids in self._pages(chunk_ids):
            with server_errors("read vectors"):
                records = self._open().retrieve(self.collection, ids, with_payload=["chunk"], with_vectors=[DENSE])
            for record in records:
                if record.payload and isinstance(record.vector, dict):
                    found[record.payload["chunk"]] = np.asarray(record.vector[DENSE], dtype=np.float32)
        return found

    def flush(self) -> None:
        """Nothing to do: the server flushes by itself, and what it acknowledged is in its write-ahead log."""
        self._open()

    def should_build(self, min_points: int) -> bool:
        """Return False: the server builds its graphs by itself."""
        del min_points
        return False

    def build(self) -> None:
        """Nothing to do: the server builds HNSW by itself."""
        self._open()

    def compact(self) -> None:
        """Do nothing: the server clears away by itself what was deleted, once it is a fifth of a segment."""

    def status(self) -> IndexStatus:
        """Return how large the collection is and about how much of it is in HNSW.

        Deleted points stay in the server's count of indexed ones until it tidies up.
        """
        with server_errors("describe itself"):
            told = self._open().get_collection(self.collection)
            # The server counts every sparse vector as indexed, in a graph or not.
            has_words = models.Filter(must=[models.HasVectorCondition(has_vector=SPARSE)])
            sparse = self._open().count(self.collection, has_words, exact=True).count
        points = self.count()
        indexed = max(0, min(points, (told.indexed_vectors_count or 0) - sparse))
        return IndexStatus(points=points, indexed=indexed, segments=told.segments_count)

    def close(self) -> None:
        """Let go of the client; it is not closed."""
        self._client = None

    def _open(self) -> QdrantClient:
        if self._client is None:
            raise VectorIndexError("the vector index is closed")
        return self._client

    def _pages(self, chunk_ids: Sequence[str]) -> Iterator[list[Any]]:
        for start in range(0, len(chunk_ids), _PAGE):
            yield [point_id(chunk_id, self._fingerprint) for chunk_id in chunk_ids[start : start + _PAGE]]

    def _struct(self, point: IndexPoint, dense: list[float]) -> models.PointStruct:
        vector: dict[str, Any] = {DENSE: dense}
        if words := self._bm25.document(point.text):
            vector[SPARSE] = models.SparseVector(indices=words[0], values=words[1])
        return models.PointStruct(
            id=point_id(point.chunk_id, self._fingerprint), vector=vector, payload=dict(point.payload)
        )
