"""The server index: what only a server path has."""

import pytest
from qdrant_client import QdrantClient, models

from retrieval.errors import VectorIndexError
from retrieval.index import IndexPoint
from retrieval.index_server import ServerIndex
from retrieval.types import Principal

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


@pytest.fixture
def client():
    client = QdrantClient(":memory:")
    yield client
    client.close()


def test_a_collection_of_another_dimension_is_refused(client):
    ServerIndex(client, dim=8, fingerprint="f")
    with pytest.raises(VectorIndexError, match="holds vectors of 8 dimensions, not 9"):
        ServerIndex(client, dim=9, fingerprint="f")


def test_a_collection_that_is_not_ours_is_refused(client):
    name = ServerIndex(client, dim=8, fingerprint="f").collection
    client.delete_collection(name)
    client.create_collection(name, models.VectorParams(size=8, distance=models.Distance.DOT))
    with pytest.raises(VectorIndexError, match="was not made by Attune"):
        ServerIndex(client, dim=8, fingerprint="f")


def test_the_collection_is_named_by_prefix_and_fingerprint(client):
    one = ServerIndex(client, dim=8, fingerprint="models/é 1", collection_prefix="team")
    other = ServerIndex(client, dim=8, fingerprint="models/é 2", collection_prefix="team")
    assert one.collection.startswith("team_")
    assert one.collection != other.collection


def test_a_server_that_cannot_be_reached_is_reported_as_such():
    # Port 9 discards; nothing listens there.
    client = QdrantClient(url="http://127.0.0.1:9", check_compatibility=False, timeout=2)
    with pytest.raises(VectorIndexError, match="could not open its collection"):
        ServerIndex(client, dim=8, fingerprint="f")
    client.close()


def test_a_collection_that_vanished_is_an_error_and_not_an_empty_answer(client):
    index = ServerIndex(client, dim=2, fingerprint="f")
    client.delete_collection(index.collection)
    with pytest.raises(VectorIndexError, match="could not search"):
        index.search([1.0, 0.0], None, principal=Principal("u:a"))
    with pytest.raises(VectorIndexError, match="could not write"):
        index.upsert([IndexPoint("a", [1.0, 0.0], "apple", "d", "r", "c", frozenset({"u:a"}))])


def test_building_is_left_to_the_server(client):
    assert ServerIndex(client, dim=2, fingerprint="f").build() is None


def test_closing_the_index_leaves_the_client_open(client):
    index = ServerIndex(client, dim=2, fingerprint="f")
    index.close()
    assert client.collection_exists(index.collection)
