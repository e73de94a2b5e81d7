"""What ingestion, the index and the server ask the catalog."""

import pytest

from retrieval.catalog import Known
from retrieval.errors import ConflictError


def test_known_tells_what_each_live_revision_was_made_from(catalog, shelf):
    first = shelf.publish("file:///a", "one", frozenset({"u:a", "g:b"}))
    shelf.stage("file:///a", "changed")
    second = shelf.publish("file:///b", "two", frozenset())
    shelf.stage("file:///staged", "three")
    catalog.tombstone(shelf.publish("file:///gone", "four").document_id)
    asked = ["file:///a", "file:///b", "file:///staged", "file:///gone", "file:///never"]
    assert catalog.known("default", asked) == {
        "file:///a": Known(first.document_id, first.content_sha256, "recipe-1", frozenset({"u:a", "g:b"})),
        "file:///b": Known(second.document_id, second.content_sha256, "recipe-1", frozenset()),
    }
    assert catalog.known("other", asked) == {}


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("file:///a_b/", ["file:///a_b/1"]),
        ("file:///a%/", ["file:///a%/1"]),
        ("file:///a\\", ["file:///a\\1"]),
        ("file:///A", ["file:///Axb/1"]),
        ("file:///a", ["file:///a%/1", "file:///a\\1", "file:///a_b/1", "file:///axb/1"]),
        ("file:///ü", ["file:///ü/1"]),
        ("file:///nothing", []),
        ("\x00", []),
    ],
)
def test_a_prefix_is_taken_character_for_character(catalog, shelf, prefix, found):
    ids = {
        uri: shelf.publish(uri, "x").document_id
        for uri in ("file:///a_b/1", "file:///axb/1", "file:///Axb/1", "file:///a%/1", "file:///a\\1", "file:///ü/1")
    }
    shelf.stage("file:///a_b/staged", "x")
    catalog.tombstone(shelf.publish("file:///a_b/gone", "x").document_id)
    assert catalog.known_under("default", prefix) == [(ids[uri], uri) for uri in found]


def test_sentence_vectors_come_back_for_the_chunks_that_have_some(catalog, shelf):
    revision = catalog.stage("default", "file:///a", shelf.staged("one\ntwo"))
    catalog.add_chunks(revision.id, shelf.chunks(revision), {f"{revision.id}-1": b"\x00\xff"})
    assert catalog.sentences([*catalog.chunk_ids(revision.id), "missing"]) == {f"{revision.id}-1": b"\x00\xff"}


def test_sentence_vectors_are_exchanged_for_the_chunks_that_are_still_there(catalog, shelf):
    revision = catalog.stage("default", "file:///a", shelf.staged("one\ntwo\nthree"))
    one, two, three = (chunk.id for chunk in shelf.chunks(revision))
    catalog.add_chunks(revision.id, shelf.chunks(revision), {one: b"1", two: b"2", three: b"3"})
    catalog.replace_sentences({one: b"new", two: None, "gone": b"x", "gone too": None})
    assert catalog.sentences([one, two, three, "gone"]) == {one: b"new", three: b"3"}
    catalog.replace_sentences({})
    assert catalog.sentences([one]) == {one: b"new"}


def test_vectors_of_a_chunk_that_was_not_added_are_refused_with_all_the_rest(catalog, shelf):
    revision = catalog.stage("default", "file:///a", shelf.staged("one"))
    with pytest.raises(ConflictError):
        catalog.add_chunks(revision.id, shelf.chunks(revision), {"other": b"\x00"})
    assert catalog.chunk_ids(revision.id) == []


def test_the_walk_gives_every_live_chunk_once_with_its_access_and_collection(catalog, shelf):
    catalog.create_collection("other")
    first = shelf.publish("file:///a", "one\ntwo\nthree", frozenset({"u:a", "g:b"}))
    shelf.publish("file:///b", "old")
    second = shelf.publish("file:///b", "new", frozenset(), collection="default")
    third = shelf.publish("file:///c", "there", collection="other")
    shelf.stage("file:///a", "staged")
    catalog.tombstone(shelf.publish("file:///d", "gone").document_id)
    expected = [
        *((chunk, frozenset({"u:a", "g:b"}), "default") for chunk in shelf.chunks(first)),
        *((chunk, frozenset(), "default") for chunk in shelf.chunks(second)),
        *((chunk, frozenset({"g:everyone"}), "other") for chunk in shelf.chunks(third)),
    ]
    walked = list(catalog.all_live_chunks(2))
    assert [len(batch) for batch in walked] == [2, 2, 1]
    together = sorted((entry for batch in walked for entry in batch), key=lambda entry: entry[0].id)
    assert together == sorted(expected, key=lambda entry: entry[0].id)
    assert catalog.counts() == (3, 5)


def test_an_empty_catalog_has_nothing_to_walk_over(catalog):
    assert list(catalog.all_live_chunks(10)) == []
    assert catalog.counts() == (0, 0)


def test_an_index_pointer_is_switched(catalog):
    assert catalog.index_pointer("shard") is None
    catalog.set_index_pointer("shard", "generation-1")
    catalog.set_index_pointer("shard", "generation-2")
    catalog.set_index_pointer("other", "generation-9")
    assert catalog.index_pointer("shard") == "generation-2"


def test_a_token_is_found_by_its_digest_until_its_name_is_revoked(catalog):
    catalog.add_token("a" * 64, "laptop", administrator=True)
    catalog.add_token("b" * 64, "laptop", administrator=False)
    catalog.add_token("c" * 64, "other", administrator=False)
    found = catalog.find_token("a" * 64)
    assert (found.name, found.administrator) == ("laptop", True)
    assert catalog.find_token("b" * 64).administrator is False
    assert catalog.find_token("d" * 64) is None
    assert catalog.revoke_tokens("laptop") == 2
    assert catalog.revoke_tokens("laptop") == 0
    assert catalog.has_tokens("laptop") is True
    assert catalog.has_tokens("never") is False
    assert catalog.find_token("a" * 64) is None
    assert catalog.find_token("c" * 64).name == "other"


def test_a_revoked_token_cannot_be_added_again(catalog):
    catalog.add_token("a" * 64, "laptop", administrator=True)
    catalog.revoke_tokens("laptop")
    with pytest.raises(ConflictError):
        catalog.add_token("a" * 64, "laptop", administrator=True)
