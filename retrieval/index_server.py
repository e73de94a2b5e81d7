"""ServerIndex: the vector index on a Qdrant server, for more than one process or machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Self

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.errors import VectorIndexError
from retrieval.index import (
    DENSE,
    PAYLOAD_INDEXES,
    SPARSE,
    Hit,
    Hits,
    IndexPoint,
    IndexStatus,
    Lookup,
    SearchPlan,
    checked_vector,
    plan_search,
    ranked,
    search_and_complete,
    short_name,
)
from retrieval.index_entry import IndexEntry, point_id, to_entry
from retrieval.types import Principal

_BATCH = 256
_PAGE = 1000
_PAYLOAD_M = 16


class ServerIndex:
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
        with _server("open its collection"):
            self.created = _create(client, self.collection, dim)
            _check(client, self.collection, dim)

    @classmethod
    def connect(cls, url: str, *, api_key: str | None, dim: int, fingerprint: str) -> Self:
        """Open the index on the server at a URL.

        Returns:
            The index; its client lives as long as the process.

        Raises:
            VectorIndexError: As the class.
        """
        with _server("connect"):
            client = QdrantClient(url=url, api_key=api_key)
        return cls(client, dim=dim, fingerprint=fingerprint)

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Put points in; see VectorIndex. Nothing is written when any vector is refused."""
        vectors = [checked_vector(point.vector, self._dim) for point in points]
        for start in range(0, len(points), _BATCH):
            pairs = zip(points[start : start + _BATCH], vectors[start : start + _BATCH], strict=True)
            batch = [self._struct(point, vector) for point, vector in pairs]
            with _server("write"):
                self._open().upsert(self.collection, batch, wait=True)

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Take points out; see VectorIndex."""
        for ids in self._pages(chunk_ids):
            self.remove(ids)

    def remove(self, point_ids: Sequence[Any]) -> None:
        """Take points out by their own ids; see VectorIndex."""
        if point_ids:
            with _server("write"):
                self._open().delete(self.collection, models.PointIdsList(points=list(point_ids)), wait=True)

    def set_access(self, chunk_ids: Sequence[str], acl: frozenset[str]) -> None:
        """Change who may find these chunks; see VectorIndex."""
        for ids in self._pages(chunk_ids):
            # By filter: by id, an unknown one is an error and the rest may stay as it was.
            these = models.Filter(must=[models.HasIdCondition(has_id=ids)])
            with _server("write"):
                self._open().set_payload(self.collection, {"acl": sorted(acl)}, these, wait=True)

    def search(
        self,
        vector: Sequence[float] | np.ndarray | None,
        text: str | None,
        *,
        principal: Principal,
        collections: frozenset[str] | None = None,
        limit: int = 100,
    ) -> Hits:
        """Find what is nearest and what matches best; see VectorIndex.

        Returns:
            Both lists, best first.
        """
        plan = plan_search(
            None if vector is None else checked_vector(vector, self._dim),
            None if text is None else self._bm25.query(text),
            principal=principal,
            collections=collections,
            limit=limit,
        )
        if plan is None:
            return Hits()
        return search_and_complete(plan, self._fingerprint, partial(self._look, limit=limit))

    def _look(self, plan: SearchPlan, lookups: Sequence[Lookup], limit: int) -> list[tuple[Hit, ...]]:
        requests = [_request(plan, lookup, limit) for lookup in lookups]
        with _server("search"):
            found = self._open().query_batch_points(self.collection, requests)
        return [_hits(response) for response in found]

    def count(self) -> int:
        """Return the number of points."""
        with _server("count"):
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
            with _server("list its points"):
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
            with _server("read vectors"):
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

    def status(self) -> IndexStatus:
        """Return how large the collection is and about how much of it is in HNSW.

        Deleted points stay in the server's count of indexed ones until it tidies up.
        """
        with _server("describe itself"):
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


@contextmanager
def _server(doing: str) -> Iterator[None]:
    """Turn what the client raises into VectorIndexError; its local mode raises ValueError where a server refuses."""
    try:
        yield
    except (ApiException, ValueError) as error:
        raise VectorIndexError(f"the vector index could not {doing}: {error}") from error


def _create(client: QdrantClient, collection: str, dim: int) -> bool:
    if client.collection_exists(collection):
        return False
    try:
        client.create_collection(
            collection,
            vectors_config={DENSE: models.VectorParams(size=dim, distance=models.Distance.COSINE)},
            sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            hnsw_config=models.HnswConfigDiff(payload_m=_PAYLOAD_M),
        )
    except UnexpectedResponse as error:
        # Another process made it since we looked.
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        return False
    return True


def _check(client: QdrantClient, collection: str, dim: int) -> None:
    found = client.get_collection(collection)
    params = found.config.params
    dense = params.vectors.get(DENSE) if isinstance(params.vectors, dict) else None
    if dense is None or SPARSE not in (params.sparse_vectors or {}):
        raise VectorIndexError(f"the collection {collection} on the server was not made by Attune")
    if dense.size != dim:
        raise VectorIndexError(f"the collection {collection} holds vectors of {dense.size} dimensions, not {dim}")
    # Here and not where it is made: whoever made it may have been killed before these.
    for key in PAYLOAD_INDEXES:
        if key not in found.payload_schema:
            client.create_payload_index(collection, key, models.PayloadSchemaType.KEYWORD, wait=True)


def _request(plan: SearchPlan, lookup: Lookup, limit: int) -> models.QueryRequest:
    must: list[models.Condition] = [models.FieldCondition(key="acl", match=models.MatchAny(any=plan.keys))]
    if plan.collections is not None:
        must.append(models.FieldCondition(key="collection", match=models.MatchAny(any=plan.collections)))
    readable = models.Filter(must=must)
    some = readable
    if lookup.among is not None:
        # The access filter stays: the ids were found with it, but it may have changed since.
        some = models.Filter(must=[*must, models.HasIdCondition(has_id=list(lookup.among))])
    if lookup.kind == "dense":
        return models.QueryRequest(query=plan.dense, using=DENSE, filter=some, limit=limit, with_payload=["chunk"])
    indices, values = plan.sparse or ([], [])
    return models.QueryRequest(
        query=models.SparseVector(indices=indices, values=values),
        using=SPARSE,
        filter=some,
        params=models.SearchParams(idf=models.IdfCorpusParams(corpus=readable)),
        limit=limit,
        with_payload=["chunk"],
    )


def _hits(response: models.QueryResponse) -> tuple[Hit, ...]:
    return ranked([Hit(point.payload["chunk"], point.score) for point in response.points if point.payload])
