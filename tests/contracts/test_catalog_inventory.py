"""What ingestion, the index and the server ask the catalog."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from retrieval.catalog import Known
from retrieval.errors import ConflictError
from retrieval.vectors import StoredVectors, vector_bytes


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


def vectors_of(number, sentences=None):
    return StoredVectors(vector_bytes(np.full(4, number)), sentences)


def test_sentence_vectors_come_back_for_the_chunks_that_have_some(catalog, shelf):
    revision = catalog.stage("default", "file:///a", shelf.staged("one\ntwo"))
    made = {f"{revision.id}-0": vectors_of(1), f"{revision.id}-1": vectors_of(2, b"\x00\xff")}
    catalog.add_chunks(revision.id, shelf.chunks(revision), made, fingerprint="words")
    assert catalog.sentences([*catalog.chunk_ids(revision.id), "missing"]) == {f"{revision.id}-1": b"\x00\xff"}


def test_vectors_are_exchanged_for_the_chunks_that_are_still_there(catalog, shelf):
    revision = catalog.stage("default", "file:///a", shelf.staged("one\ntwo\nthree"))
    one, two, three = (chunk.id for chunk in shelf.chunks(revision))
    made = {one: vectors_of(1, b"1"), two: vectors_of(2, b"2"), three: vectors_of(3, b"3")}
    catalog.add_chunks(revision.id, shelf.chunks(revision), made, fingerprint="old")
    catalog.replace_vectors({one: vectors_of(7, b"new"), two: vectors_of(8), "gone": vectors_of(9, b"x")}, "new")
    assert catalog.sentences([one, two, three, "gone"]) == {one: b"new", three: b"3"}
    assert set(catalog.stored_vectors([one, two, three, "gone"], "new")) == {one, two}
    assert set(catalog.stored_vectors([one, two, three], "old")) == {three}
    np.testing.assert_array_equal(catalog.stored_vectors([one], "new")[one], np.full(4, 7, dtype=np.float32))
    catalog.replace_vectors({}, "new")
    assert catalog.sentences([one]) == {one: b"new"}


def test_what_is_reusable_is_of_the_live_revision_and_of_the_same_embedder(catalog, shelf):
    revision = catalog.stage("default", "file:///a", shelf.staged("one\ntwo"))
    chunks = shelf.chunks(revision)
    made = {chunks[0].id: vectors_of(1, b"1"), chunks[1].id: vectors_of(2)}
    catalog.add_chunks(revision.id, chunks, made, fingerprint="words", ready=True)
    assert catalog.reusable("default", "file:///a", "words") == {}
    catalog.publish(revision.id)
    expected = {chunks[0].embedding_text: vectors_of(1, b"1"), chunks[1].embedding_text: vectors_of(2)}
    assert catalog.reusable("default", "file:///a", "words") == expected
    assert catalog.reusable("default", "file:///a", "others") == {}
    assert catalog.reusable("default", "file:///b", "words") == {}


def test_a_revision_is_ready_when_somebody_says_so_and_comes_back_whole(catalog, shelf):
    first, second = shelf.stage("file:///a", "one\ntwo"), shelf.stage("file:///b", "three", acl=frozenset({"u:me"}))
    assert catalog.ready_revisions(10) == []
    catalog.make_ready([second.id])
    catalog.make_ready([first.id])
    assert [key.id for key in catalog.ready_revisions(10)] == [first.id, second.id]
    whole = catalog.ready_revision(catalog.ready_revisions(10)[1])
    assert (whole.collection, whole.acl, whole.vectors) == ("default", {"u:me"}, (None,))
    assert [chunk.text for chunk in whole.chunks] == ["three"]
    catalog.publish(second.id)
    assert catalog.ready_revision(whole.key) is None


def test_a_moved_document_keeps_everything_but_its_uri(catalog, shelf, reader):
    revision = shelf.publish("file:///a", "one")
    assert catalog.move(revision.document_id, "file:///b")
    (found,) = catalog.documents(principal=reader)
    assert (found.id, found.uri, found.live_revision_id) == (revision.document_id, "file:///b", revision.id)


def test_a_document_is_not_moved_to_where_another_is_even_if_nobody_sees_that(catalog, shelf, reader):
    revision = shelf.publish("file:///a", "one")
    shelf.stage("file:///b", "two")
    assert not catalog.move(revision.document_id, "file:///b")
    assert [found.uri for found in catalog.documents(principal=reader)] == ["file:///a"]


def test_a_source_knows_its_documents_and_a_later_ingest_by_hand_takes_none_away(catalog, shelf):
    staged = replace(shelf.staged("one"), source_id="source-1", source_version="v1")
    revision = catalog.stage("default", "file:///a", staged)
    catalog.publish(revision.id)
    assert catalog.known_of_source("source-1") == [(revision.document_id, "file:///a")]
    assert catalog.known("default", ["file:///a"])["file:///a"].source_version == "v1"
    shelf.publish("file:///a", "two")
    assert catalog.known_of_source("source-1") == [(revision.document_id, "file:///a")]
    other = shelf.publish("file:///b", "three")
    catalog.adopt([other.document_id], "source-1")
    assert len(catalog.known_of_source("source-1")) == 2


def test_superseded_texts_go_when_their_time_is_over_and_their_points_are_gone(catalog, shelf, reader):
    old = shelf.publish("file:///a", "one")
    live = shelf.publish("file:///a", "two")
    later = datetime.now(UTC) + timedelta(days=1)
    assert catalog.forget_retired(later) == 0  # the index may still hold its points
    catalog.collect(old.id)
    assert catalog.forget_retired(datetime.now(UTC) - timedelta(days=1)) == 0
    assert catalog.forget_retired(later) == 1
    assert catalog.revision(live.id, principal=reader).text == "two"


def test_originals_are_in_use_until_their_document_is_deleted(catalog, shelf):
    revision = shelf.publish("file:///a", "one")
    sha256 = revision.content_sha256
    assert catalog.originals() == {sha256}
    assert catalog.originals_of(revision.document_id) == [sha256]
    assert catalog.uses_original(sha256)
    catalog.tombstone(revision.document_id)
    assert not catalog.uses_original(sha256)
    assert catalog.originals() == set()


def test_vectors_of_a_chunk_that_was_not_added_are_refused_with_all_the_rest(catalog, shelf):
    revision = catalog.stage("default", "file:///a", shelf.staged("one"))
    with pytest.raises(ConflictError):
        catalog.add_chunks(revision.id, shelf.chunks(revision), {"other": vectors_of(1, b"\x00")})
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


def test_the_texts_of_live_documents_are_told_and_no_others(catalog, shelf):
    shelf.publish("file:///a", "old")
    first = shelf.publish("file:///a", "one\ntwo")
    shelf.stage("file:///a", "staged")
    gone = shelf.publish("file:///gone", "gone").document_id
    catalog.tombstone(gone)
    shelf.publish("file:///b", "unasked")
    document = first.document_id
    assert catalog.live_texts([document, gone, "missing", "\x00"]) == [
        (f"{first.id}-0", document, "one"),
        (f"{first.id}-1", document, "two"),
    ]


def test_the_groups_that_may_read_anything_are_known(catalog, shelf):
    catalog.create_collection("more", readers={"g:guests", "u:one"}, curators={"g:curators"})
    shelf.publish("file:///a", "one", frozenset({"u:a", "g:b"}))
    shelf.stage("file:///staged", "two", frozenset({"g:staged"}))
    catalog.tombstone(shelf.publish("file:///gone", "three", frozenset({"g:gone"})).document_id)
    assert catalog.group_keys() == {"g:everyone", "g:b", "g:guests"}
