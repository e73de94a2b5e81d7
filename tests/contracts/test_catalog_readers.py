"""What a reader may see: the second gate, and everything beside it that reads."""

import pytest

from retrieval.access import may_read
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.types import Principal

NOBODY = Principal("", frozenset())


@pytest.mark.parametrize(
    ("acl", "principal", "readable"),
    [
        ({"u:ann"}, Principal("u:ann", frozenset()), True),
        ({"u:ann"}, Principal("u:bob"), False),
        ({"u:ann"}, Principal("u:an"), False),
        ({"g:staff"}, Principal("u:ann", frozenset({"g:everyone", "g:staff"})), True),
        ({"g:staff"}, Principal("u:ann"), False),
        ({"g:staff"}, Principal("u:ann", frozenset({"g:Staff"})), False),
        ({"g:staff"}, Principal("g:staff", frozenset()), False),
        ({"g:everyone"}, Principal("u:ann", frozenset()), False),
        ({"u:ann"}, Principal("u:bob", administrator=True), False),
        (set(), Principal("u:ann", administrator=True), False),
        ({"u:ann", "g:everyone"}, NOBODY, False),
        ({"u:ann"}, Principal("u:bob", frozenset({"u:ann"})), False),
    ],
)
def test_every_reader_method_follows_the_access_list(catalog, shelf, acl, principal, readable):
    # Who may read the collection is another matter: here nobody fails by that.
    catalog.set_collection_access("default", readers=["g:everyone", "u:ann"], curators=[], version=None)
    revision = shelf.publish("file:///a.txt", "one\ntwo", frozenset(acl))
    assert may_read(acl, principal) is readable
    assert shelf.seen(revision, principal) == (["one", "two"] if readable else [])
    assert [d.id for d in catalog.documents(principal=principal)] == ([revision.document_id] if readable else [])
    assert sum(count for _, count in catalog.collections(principal=principal)) == int(readable)
    for read, key in (
        (catalog.document, revision.document_id),
        (catalog.revision, revision.id),
        (catalog.chunks, revision.id),
    ):
        if readable:
            assert read(key, principal=principal)
        else:
            with pytest.raises(NotFoundError):
                read(key, principal=principal)


def test_missing_and_forbidden_read_the_same(catalog, shelf, reader):
    hidden = shelf.publish("file:///a.txt", "one", frozenset({"u:else"}))
    for read, key in (
        (catalog.document, hidden.document_id),
        (catalog.revision, hidden.id),
        (catalog.chunks, hidden.id),
    ):
        unknown = "f" * len(key)
        said = []
        for asked in (key, unknown, "\x00", "\ud800"):
            with pytest.raises(NotFoundError) as caught:
                read(asked, principal=reader)
            said.append(str(caught.value).replace(asked, "ID"))
        assert len(set(said)) == 1


def test_a_new_access_list_holds_from_the_publish_on(catalog, shelf, reader):
    first = shelf.publish("file:///a.txt", "one")
    second = shelf.publish("file:///a.txt", "one", frozenset({"u:else"}))
    for revision in (first, second):
        assert shelf.seen(revision, reader) == []
        with pytest.raises(NotFoundError):
            catalog.revision(revision.id, principal=reader)
    assert shelf.seen(second, Principal("u:else")) == ["one"]


def test_a_passage_names_its_collection_title_and_uri(catalog, shelf, reader):
    revision = shelf.publish("file:///ä.txt", "one\ntwo\nthree\nfour")
    ids = catalog.chunk_ids(revision.id)
    found = catalog.passages_for([*ids, "missing", "\x00", "\ud800", "ü"], principal=reader)
    assert [found[key].chunk for key in ids] == shelf.chunks(revision)
    assert set(found) == set(ids)
    assert {(row.collection, row.title, row.uri) for row in found.values()} == {("default", "A title", "file:///ä.txt")}


def test_passages_can_be_kept_to_one_collection(catalog, shelf, reader):
    catalog.create_collection("other")
    here = shelf.publish("file:///a.txt", "here")
    there = shelf.publish("file:///a.txt", "there", collection="other")
    assert here.document_id != there.document_id
    ids = [f"{here.id}-0", f"{there.id}-0"]
    assert set(catalog.passages_for(ids, principal=reader)) == set(ids)
    assert set(catalog.passages_for(ids, principal=reader, collection="other")) == {ids[1]}
    assert catalog.passages_for(ids, principal=reader, collection="none") == {}
    assert catalog.passages_for([], principal=reader) == {}


def test_forty_thousand_ids_are_looked_up_in_one_go(catalog, shelf, reader):
    revision = shelf.publish("file:///a.txt", "one\ntwo")
    ids = [*(f"missing-{n}" for n in range(39_998)), *catalog.chunk_ids(revision.id)]
    assert set(catalog.passages_for(ids, principal=reader)) == set(ids[-2:])
    assert catalog.sentences(ids) == {}
    uris = [*(f"file:///missing-{n}" for n in range(39_999)), "file:///a.txt"]
    assert set(catalog.known("default", uris)) == {"file:///a.txt"}


def test_a_reader_in_many_groups_is_let_in_by_the_last_of_them(shelf):
    revision = shelf.publish("file:///a.txt", "one", frozenset({"g:7999"}))
    groups = frozenset({"g:everyone", *(f"g:{n}" for n in range(8_000))})
    assert shelf.seen(revision, Principal("u:reader", groups)) == ["one"]
    assert shelf.seen(revision, Principal("u:reader", groups - {"g:7999"})) == []


def test_pages_of_documents_follow_each_other_without_gaps(catalog, shelf, reader):
    catalog.create_collection("other")
    mine = {shelf.publish(f"file:///{n}", "x", frozenset({"g:everyone", f"u:{n}"})).document_id for n in range(5)}
    for n in range(4):
        shelf.publish(f"file:///hidden-{n}", "x", frozenset({"u:else"}))
    shelf.publish("file:///other", "x", collection="other")
    listed, after = [], None
    while page := catalog.documents(principal=reader, collection="default", after=after, limit=2):
        listed += page
        after = page[-1].id
    assert [d.id for d in listed] == sorted(mine)
    assert all(len(d.acl) == 2 for d in listed)
    assert len(catalog.documents(principal=reader)) == 6


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_size_out_of_range_is_refused(catalog, reader, limit):
    with pytest.raises(InvalidInputError):
        catalog.documents(principal=reader, limit=limit)


def test_listing_a_missing_collection_is_an_error(catalog, reader):
    with pytest.raises(NotFoundError):
        catalog.documents(principal=reader, collection="other")


def test_collections_count_only_what_the_reader_may_read(catalog, shelf, reader):
    catalog.create_collection("Another.one")
    shelf.publish("file:///a", "x")
    shelf.publish("file:///b", "x", frozenset({"u:reader", "g:everyone"}))
    shelf.publish("file:///c", "x", frozenset({"u:else"}))
    shelf.stage("file:///d", "x")
    catalog.tombstone(shelf.publish("file:///e", "x").document_id)
    counted = [(collection.name, count) for collection, count in catalog.collections(principal=reader)]
    assert counted == [("Another.one", 0), ("default", 2)]
    assert catalog.collections(principal=NOBODY) == []


def test_a_collection_is_made_once_and_found_by_name(catalog):
    made = catalog.create_collection("a-B_c.9")
    assert catalog.collection("a-B_c.9", principal=Principal("u:ann")) == made
    with pytest.raises(ConflictError):
        catalog.create_collection("a-B_c.9")
    for missing in ("nothing", "A-B_C.9", "\x00"):
        with pytest.raises(NotFoundError):
            catalog.collection(missing, principal=Principal("u:ann", administrator=True))


@pytest.mark.parametrize("name", ["", "a" * 65, "a b", "ä", "a/b", "a\n", "a\x00"])
def test_a_name_outside_the_allowed_characters_is_refused(catalog, name):
    with pytest.raises(InvalidInputError):
        catalog.create_collection(name)


def test_every_document_comes_once_however_many_pages_they_fill(shelf, reader, monkeypatch):
    monkeypatch.setattr("retrieval.catalog.MAX_PAGE_DOCUMENTS", 2)
    for number in range(5):
        shelf.publish(f"file:///{number}", "text")
    shelf.publish("file:///hidden", "text", acl=frozenset({"u:other"}))
    found = [document.uri for document in shelf.catalog.every_document(principal=reader)]
    assert sorted(found) == [f"file:///{number}" for number in range(5)]
