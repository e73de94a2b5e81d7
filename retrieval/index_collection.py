"""The collection of a Qdrant server: made, checked, and asked in the server's terms; and what its client raises."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from retrieval.errors import VectorIndexError
from retrieval.index import DENSE, LABEL_INDEXES, PAYLOAD_INDEXES, SPARSE, Hit, ranked
from retrieval.index_plan import Lookup, SearchPlan
from retrieval.labels import AnyOf, Condition

_PAYLOAD_M = 16
_RAW = "Raw response content"


@contextmanager
def server_errors(doing: str) -> Iterator[None]:
    """Turn what the client raises into ours; its local mode raises ValueError where a server refuses.

    Raises:
        VectorIndexError: The client raised something.
    """
    try:
        yield
    except (ApiException, ValueError) as error:
        # Without the server's own words, which follow: one that refuses a key may repeat it.
        raise VectorIndexError(
            f"the vector index could not {doing}: {str(error).partition(_RAW)[0].strip()}"
        ) from error


def create_collection(client: QdrantClient, collection: str, dim: int) -> bool:
    """Make the collection unless it is there.

    Returns:
        Whether it was made.

    Raises:
        UnexpectedResponse: The server refused.
    """
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


def check_collection(client: QdrantClient, collection: str, dim: int) -> None:
    """Check that the collection is ours, and make the payload indexes that it lacks.

    Raises:
        VectorIndexError: It holds other vectors.
    """
    found = client.get_collection(collection)
    params = found.config.params
    dense = params.vectors.get(DENSE) if isinstance(params.vectors, dict) else None
    if dense is None or SPARSE not in (params.sparse_vectors or {}):
        raise VectorIndexError(f"the collection {collection} on the server was not made by Attune")
    if dense.size != dim:
        raise VectorIndexError(f"the collection {collection} holds vectors of {dense.size} dimensions, not {dim}")
    # Here and not where it is made: whoever made it may have been killed before these.
    for key in (*PAYLOAD_INDEXES, *LABEL_INDEXES):
        if key not in found.payload_schema:
            client.create_payload_index(collection, key, _schema(key), wait=True)


def _schema(key: str) -> models.PayloadSchemaType | models.KeywordIndexParams | models.IntegerIndexParams:
    if key in PAYLOAD_INDEXES:
        return models.PayloadSchemaType.KEYWORD
    if key == "updated":
        return models.IntegerIndexParams(
            type=models.IntegerIndexType.INTEGER, lookup=False, range=True, enable_hnsw=False
        )
    return models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False)


def _filter(conditions: Sequence[Condition]) -> models.Filter:
    return models.Filter(must=[_condition(condition) for condition in conditions])


def _condition(condition: Condition) -> models.FieldCondition:
    if isinstance(condition, AnyOf):
        return models.FieldCondition(key=condition.field, match=models.MatchAny(any=list(condition.values)))
    return models.FieldCondition(key=condition.field, range=models.Range(gte=condition.at_least, lt=condition.below))


def request_of(plan: SearchPlan, lookup: Lookup, limit: int) -> models.QueryRequest:
    """Return a lookup as the server takes it."""
    corpus, some = _filter(plan.corpus), _filter(plan.corpus + plan.narrowed)
    if lookup.among is not None:
        # The access filter stays: the ids were found with it, but it may have changed since.
        some = models.Filter(must=[some, models.HasIdCondition(has_id=list(lookup.among))])
    if lookup.kind == "dense":
        # The graph has no edges among what a filter leaves: neighbours of neighbours are looked at in their place.
        params = models.SearchParams(acorn=models.AcornSearchParams(enable=True)) if plan.narrowed else None
        return models.QueryRequest(
            query=plan.dense, using=DENSE, filter=some, params=params, limit=limit, with_payload=["chunk"]
        )
    indices, values = lookup.words or plan.sparse or ([], [])
    return models.QueryRequest(
        query=models.SparseVector(indices=indices, values=values),
        using=SPARSE,
        filter=some,
        params=models.SearchParams(idf=models.IdfCorpusParams(corpus=corpus)),
        limit=limit,
        with_payload=["chunk"],
    )


def hits_of(response: models.QueryResponse) -> tuple[Hit, ...]:
    """Return what a lookup found, best first."""
    return ranked([Hit(point.payload["chunk"], point.score) for point in response.points if point.payload])
