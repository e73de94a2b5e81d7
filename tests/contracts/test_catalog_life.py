"""How documents change: staged, published, retired, discarded, tombstoned, purged."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.tables import chunk_sentences, chunks, document_access, documents, revisions


def test_a_published_document_comes_back_as_it_was_staged(catalog, shelf, reader):
    before = datetime.now(UTC)
    revision = shelf.publish("file:///a.txt", "one\ntwo\nthree\nfour", frozenset({"g:everyone", "u:else"}))
    document = catalog.document(revision.document_id, principal=reader)
    assert (document.collection, document.uri, document.title) == ("default", "file:///a.txt", "A title")
    assert (document.media_type, document.size_bytes) == ("text/plain", len("one\ntwo\nthree\nfour"))
    assert document.acl == {"g:everyone", "u:else"}
    assert document.live_revision_id == revision.id
    assert before <= document.created_at <= document.updated_at <= datetime.now(UTC)
    assert document.created_at.tzinfo is UTC
    assert catalog.revision(revision.id, principal=reader) == revision
    assert catalog.chunks(revision.id, principal=reader) == shelf.chunks(revision)


def test_a_staged_revision_is_seen_by_nobody(catalog, shelf, reader):
    staged = shelf.stage("file:///a.txt", "one")
    assert staged.state == "staged"
    assert shelf.seen(staged, reader) == []
    assert catalog.documents(principal=reader) == []
    assert catalog.counts() == (0, 0)
    for read in (catalog.revision, catalog.chunks):
        with pytest.raises(NotFoundError):
            read(staged.id, principal=reader)
    with pytest.raises(NotFoundError):
        catalog.document(staged.document_id, principal=reader)


def test_an_ingest_killed_between_stage_and_publish_leaves_the_old_revision(catalog, shelf, reader):
    old = shelf.publish("file:///a.txt", "old one\nold two")
    new = shelf.stage("file:///a.txt", "new one", frozenset())
    assert shelf.seen(old, reader) == ["old one", "old two"]
    assert shelf.seen(new, reader) == []
    document = catalog.document(old.document_id, principal=reader)
    assert (document.live_revision_id, document.acl) == (old.id, {"g:everyone"})
    (left,) = catalog.staged_revisions()
    assert (left.id, left.document_id, left.created_at) == (new.id, old.document_id, new.created_at)
    catalog.discard(left.id)
    assert catalog.staged_revisions() == []
    assert catalog.chunk_ids(new.id) == []
    assert shelf.seen(old, reader) == ["old one", "old two"]


def test_publishing_retires_the_former_revision_and_keeps_its_text(catalog, shelf, reader):
    first = shelf.publish("file:///a.txt", "old")
    second = shelf.stage("file:///a.txt", "new")
    assert second.number == 2
    assert catalog.publish(second.id) == first.id
    assert shelf.seen(first, reader) == []
    assert shelf.seen(second, reader) == ["new"]
    assert catalog.revision(first.id, principal=reader) == replace(first, state="retired")


def test_the_first_publish_retires_nothing(catalog, shelf):
    assert catalog.publish(shelf.stage("file:///a.txt", "one").id) is None


def test_collecting_a_retired_revision_removes_its_chunks_only(catalog, shelf, reader):
    old = shelf.publish("file:///a.txt", "old one\nold two")
    shelf.publish("file:///a.txt", "new")
    assert [key.id for key in catalog.retired_revisions()] == [old.id]
    assert catalog.chunk_ids(old.id) == [f"{old.id}-0", f"{old.id}-1"]
    catalog.collect(old.id)
    catalog.collect(old.id)
    assert catalog.retired_revisions() == []
    assert catalog.chunk_ids(old.id) == []
    assert catalog.chunks(old.id, principal=reader) == []
    assert catalog.revision(old.id, principal=reader).text == "old one\nold two"


def test_only_a_retired_revision_can_be_collected(catalog, shelf):
    live, staged = shelf.publish("file:///a.txt", "one"), shelf.stage("file:///a.txt", "two")
    for revision in (live, staged):
        with pytest.raises(ConflictError):
            catalog.collect(revision.id)
        assert len(catalog.chunk_ids(revision.id)) == 1


def test_a_revision_cannot_be_published_twice(catalog, shelf):
    live = shelf.publish("file:///a.txt", "one")
    with pytest.raises(ConflictError, match="is live"):
        catalog.publish(live.id)


def test_a_superseded_revision_cannot_be_published(catalog, shelf, reader):
    slow, fast = shelf.stage("file:///a.txt", "slow"), shelf.stage("file:///a.txt", "fast")
    with pytest.raises(ConflictError, match="superseded"):
        catalog.publish(slow.id)
    catalog.publish(fast.id)
    with pytest.raises(ConflictError, match="superseded"):
        catalog.publish(slow.id)
    assert shelf.seen(fast, reader) == ["fast"]
    assert shelf.seen(slow, reader) == []


def test_publishing_what_does_not_exist_is_an_error(catalog):
    with pytest.raises(NotFoundError):
        catalog.publish("nothing")


def test_discarding_the_only_revision_removes_its_document(catalog, shelf):
    first = shelf.stage("file:///a.txt", "one")
    catalog.discard(first.id)
    catalog.discard(first.id)
    again = shelf.stage("file:///a.txt", "one")
    assert again.document_id != first.document_id
    assert again.number == 1


def test_a_published_revision_cannot_be_discarded(catalog, shelf, reader):
    live = shelf.publish("file:///a.txt", "one")
    with pytest.raises(ConflictError):
        catalog.discard(live.id)
    assert shelf.seen(live, reader) == ["one"]


def test_a_tombstoned_document_is_gone_at_once_and_its_uri_free(catalog, shelf, reader):
    old = shelf.publish("file:///a.txt", "old")
    live = shelf.publish("file:///a.txt", "one\ntwo")
    staged = shelf.stage("file:///a.txt", "later")
    expected = {f"{old.id}-0", f"{live.id}-0", f"{live.id}-1", f"{staged.id}-0"}
    assert set(catalog.tombstone(live.document_id)) == expected
    assert shelf.seen(live, reader) == []
    assert catalog.documents(principal=reader) == []
    with pytest.raises(NotFoundError):
        catalog.revision(live.id, principal=reader)
    with pytest.raises(ConflictError, match="deleted"):
        catalog.publish(staged.id)
    # A kill before the purge: the same call gives the same ids once more.
    assert catalog.tombstones() == [live.document_id]
    assert set(catalog.tombstone(live.document_id)) == expected
    other = shelf.publish("file:///a.txt", "another document")
    assert other.document_id != live.document_id
    assert shelf.seen(other, reader) == ["another document"]


def test_purging_removes_every_trace_of_a_tombstoned_document(catalog, shelf, engine):
    document_id = shelf.publish("file:///secret.txt", "marker-7261").document_id
    catalog.tombstone(document_id)
    catalog.purge(document_id)
    catalog.purge(document_id)
    assert catalog.tombstones() == []
    with engine.connect() as connection:
        for table in (documents, document_access, revisions, chunks, chunk_sentences):
            assert connection.execute(select(table)).all() == []


def test_a_document_that_is_not_tombstoned_cannot_be_purged(catalog, shelf, reader):
    live = shelf.publish("file:///a.txt", "one")
    with pytest.raises(ConflictError):
        catalog.purge(live.document_id)
    assert shelf.seen(live, reader) == ["one"]


def test_a_missing_document_cannot_be_tombstoned(catalog):
    with pytest.raises(NotFoundError):
        catalog.tombstone("nothing")


def test_the_epoch_is_raised_by_each_publish_and_by_a_deletion_once(catalog, shelf):
    assert catalog.corpus_epoch() == 0
    revision = shelf.publish("file:///a.txt", "one")
    assert catalog.corpus_epoch() == 1
    shelf.stage("file:///a.txt", "two")
    assert catalog.corpus_epoch() == 1
    catalog.tombstone(revision.document_id)
    catalog.tombstone(revision.document_id)
    assert catalog.corpus_epoch() == 2


def test_staging_into_a_missing_collection_is_an_error(shelf):
    with pytest.raises(NotFoundError):
        shelf.stage("file:///a.txt", "one", collection="other")


@pytest.mark.parametrize("broken", ["\x00", "\ud800"])
@pytest.mark.parametrize("field", ["title", "text", "media_type", "recipe"])
def test_text_that_a_database_cannot_hold_is_refused(catalog, shelf, field, broken):
    with pytest.raises(InvalidInputError, match=field):
        catalog.stage("default", "file:///a.txt", replace(shelf.staged("one"), **{field: f"a{broken}b"}))


@pytest.mark.parametrize("uri", ["", "file:///\x00", "file:///\udc80", "file:///" + "a" * 1993])
def test_a_uri_that_cannot_be_stored_is_refused(catalog, shelf, uri):
    with pytest.raises(InvalidInputError):
        catalog.stage("default", uri, shelf.staged("one"))


def test_the_longest_uri_can_be_stored(catalog, shelf):
    # 8 + 1992 = 2000 bytes, of characters that do not compress.
    uri = "file:///" + "".join(chr(97 + (i * i * 7 + i // 3) % 26) for i in range(1992))
    assert catalog.known("default", [uri]) == {}
    revision = shelf.publish(uri, "one")
    assert catalog.known("default", [uri])[uri].document_id == revision.document_id


@pytest.mark.parametrize("key", ["reader", "u:", "g:a b", "", "x:1"])
def test_a_malformed_key_in_an_access_list_is_refused(shelf, key):
    with pytest.raises(InvalidInputError):
        shelf.stage("file:///a.txt", "one", frozenset({"u:reader", key}))


def test_a_chunk_that_is_not_the_text_at_its_place_is_refused(catalog, shelf):
    revision = catalog.stage("default", "file:///a.txt", shelf.staged("one\ntwo"))
    one, two = shelf.chunks(revision)
    for wrong in (replace(two, start=3), replace(two, text="Two"), replace(two, revision_id="other")):
        with pytest.raises(InvalidInputError):
            catalog.add_chunks(revision.id, [one, wrong])
    assert catalog.chunk_ids(revision.id) == []


def test_chunks_are_added_to_a_staged_revision_only_and_once(catalog, shelf):
    revision = shelf.stage("file:///a.txt", "one\ntwo")
    with pytest.raises(ConflictError):
        catalog.add_chunks(revision.id, shelf.chunks(revision)[:1])
    catalog.publish(revision.id)
    with pytest.raises(ConflictError, match="is live"):
        catalog.add_chunks(revision.id, shelf.chunks(revision))
    with pytest.raises(NotFoundError):
        catalog.add_chunks("nothing", [])


def test_a_revision_without_chunks_can_be_published(catalog, shelf, reader):
    revision = catalog.stage("default", "file:///a.txt", shelf.staged("one"))
    catalog.add_chunks(revision.id, [])
    catalog.publish(revision.id)
    assert catalog.chunks(revision.id, principal=reader) == []
