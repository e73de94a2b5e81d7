"""Who may read and curate collections, the access lists of documents, and how both bound every reading method."""

import threading
from dataclasses import replace

import pytest

from retrieval.access_lists import CollectionAccess
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.listing import Wanted
from retrieval.types import Principal

EVERYONE = frozenset({"g:everyone"})
ANN = Principal("u:ann", frozenset({"g:everyone", "g:law"}), curator=True)
BOB = Principal("u:bob", curator=True)
CHIEF = Principal("u:chief", administrator=True, curator=True)
NOBODY = Principal("", frozenset())
MALFORMED = [{"everyone"}, {"u:"}, {"g:a b"}, {"x:1"}, {"u:\x00"}, {"u:\ud800"}, {"u:" + "x" * 254}]


def set_collection(catalog, readers=EVERYONE, curators=(), *, version=None, name="default"):
    return catalog.set_collection_access(name, readers=readers, curators=curators, version=version)


def ids(documents):
    return [document.id for document in documents]


def refused(read, *args, principal):
    with pytest.raises(NotFoundError) as caught:
        read(*args, principal=principal)
    return str(caught.value)


def managed(catalog, collection, *, principal, **more):
    """A page of all documents of a collection that the principal looks after."""
    page, _ = catalog.listing(Wanted(collection, managed=True), principal=principal, **more)
    return [one.document for one in page]


def at_once(*calls):
    """Call at the same moment in threads; gives each one's result or error of ours."""
    barrier = threading.Barrier(len(calls))
    ended = [None] * len(calls)

    def run(number, call):
        barrier.wait()
        try:
            ended[number] = call()
        except (ConflictError, NotFoundError) as error:
            ended[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def test_a_new_collection_is_read_by_whom_its_maker_names_and_curated_by_nobody(catalog):
    catalog.create_collection("law", readers={"g:law"})
    assert catalog.collection_access("law") == CollectionAccess(frozenset({"g:law"}), frozenset(), 0)
    assert catalog.collection_access("default").readers == EVERYONE


def test_the_rights_of_a_collection_are_replaced_whole(catalog):
    first = set_collection(catalog, {"u:ann", "g:law"}, {"u:bob"})
    second = set_collection(catalog, {"u:bob"}, {"u:ann"}, version=first.version)
    assert second == CollectionAccess(frozenset({"u:bob"}), frozenset({"u:ann"}), first.version + 1)
    assert catalog.collection_access("default") == second
    assert set_collection(catalog, (), ()) == catalog.collection_access("default")


def test_who_saw_an_older_list_of_a_collection_does_not_replace_the_newer_one(catalog):
    seen = catalog.collection_access("default").version
    kept = set_collection(catalog, {"u:ann"}, version=seen)
    with pytest.raises(ConflictError):
        set_collection(catalog, {"u:bob"}, version=seen)
    assert catalog.collection_access("default") == kept


def test_of_two_who_set_a_collection_at_once_one_is_told(catalog):
    version = catalog.collection_access("default").version
    ended = at_once(*(lambda key=key: set_collection(catalog, {key}, version=version) for key in ("u:ann", "u:bob")))
    (kept,) = [one for one in ended if isinstance(one, CollectionAccess)]
    assert sum(isinstance(one, ConflictError) for one in ended) == 1
    assert catalog.collection_access("default") == kept


@pytest.mark.parametrize("name", ["other", "DEFAULT", "", "\x00", "\ud800"])
def test_a_collection_that_is_not_there_has_no_rights_to_show_or_set(catalog, name):
    with pytest.raises(NotFoundError):
        catalog.collection_access(name)
    with pytest.raises(NotFoundError):
        set_collection(catalog, name=name)
    assert not catalog.curates(name, principal=CHIEF)


@pytest.mark.parametrize("keys", MALFORMED)
def test_a_malformed_key_is_refused_and_nothing_changes(catalog, shelf, keys):
    document_id = shelf.publish("a", "one").document_id
    for setting in (
        lambda: set_collection(catalog, keys),
        lambda: set_collection(catalog, curators=keys),
        lambda: catalog.set_document_access(document_id, keys, by="u:chief", version=None),
        lambda: catalog.create_collection("other", readers=keys),
    ):
        with pytest.raises(InvalidInputError):
            setting()
    assert catalog.collection_access("default").readers == EVERYONE
    assert catalog.document(document_id, principal=BOB).acl == EVERYONE
    with pytest.raises(NotFoundError):
        catalog.collection_access("other")


def test_a_million_keys_are_refused(catalog, shelf):
    document_id = shelf.publish("a", "one").document_id
    keys = [f"u:{number}" for number in range(1_000_000)]
    with pytest.raises(InvalidInputError, match="1,000,000"):
        set_collection(catalog, keys)
    with pytest.raises(InvalidInputError, match="1,000,000"):
        catalog.set_document_access(document_id, keys, by="u:chief", version=None)


def test_a_thousand_keys_are_kept(catalog, shelf):
    revision = shelf.publish("a", "one")
    keys = frozenset(f"u:{number}" for number in range(1_000))
    catalog.set_document_access(revision.document_id, keys, by="u:chief", version=None)
    assert shelf.seen(revision, Principal("u:999")) == ["one"]
    assert catalog.document(revision.document_id, principal=Principal("u:0")).acl == keys


@pytest.mark.parametrize(
    ("readers", "acl", "readable"),
    [
        (EVERYONE, EVERYONE, True),
        ({"g:law"}, EVERYONE, True),
        ({"u:ann"}, {"g:law"}, True),
        (EVERYONE, {"u:bob"}, False),
        ({"u:bob"}, EVERYONE, False),
        ({"u:bob"}, {"u:ann"}, False),
        ((), {"u:ann"}, False),
        (EVERYONE, (), False),
    ],
)
@pytest.mark.parametrize("who", [ANN, replace(ANN, administrator=True)], ids=["reader", "administrator"])
def test_every_reading_method_asks_both_lists(catalog, shelf, readers, acl, readable, who):
    revision = shelf.publish("a", "one\ntwo", frozenset(acl))
    set_collection(catalog, readers, {"u:ann"})
    chunk_ids = catalog.chunk_ids(revision.id)
    assert bool(catalog.passages_for(chunk_ids, principal=who)) is readable
    assert bool(catalog.passages_for(chunk_ids, principal=who, collection="default")) is readable
    assert bool(catalog.around(chunk_ids[:1], principal=who, reach=1)) is readable
    assert bool(catalog.readable_documents([revision.document_id], principal=who)) is readable
    assert bool(catalog.hidden_documents(principal=who)) is not readable
    assert bool(catalog.documents(principal=who)) is readable
    assert bool(catalog.documents(principal=who, collection="default")) is readable
    assert bool(list(catalog.every_document(principal=who))) is readable
    # Who curates knows the collection, and how much of it they may read.
    assert [(c.name, n) for c, n in catalog.collections(principal=who)] == [("default", int(readable))]
    for read, key in (
        (catalog.document, revision.document_id),
        (catalog.revision, revision.id),
        (catalog.chunks, revision.id),
    ):
        if readable:
            assert read(key, principal=who)
        else:
            assert refused(read, key, principal=who) == refused(read, "f" * 32, principal=who).replace("f" * 32, key)


def test_a_collection_that_nobody_lets_one_into_is_not_there(catalog, shelf):
    catalog.create_collection("law", readers={"g:law"})
    shelf.publish("a", "one", collection="law")
    assert [c.name for c, _ in catalog.collections(principal=ANN)] == ["default", "law"]
    assert [c.name for c, _ in catalog.collections(principal=BOB)] == ["default"]
    assert refused(catalog.collection, "law", principal=BOB) == "no collection 'law'"
    assert refused(catalog.collection, "lax", principal=BOB) == "no collection 'lax'"
    with pytest.raises(NotFoundError, match="no collection 'law'"):
        catalog.documents(principal=BOB, collection="law")
    assert catalog.readable_collections(principal=BOB) == {"default"}
    assert catalog.readable_collections(principal=ANN) is None
    assert catalog.readable_collections(principal=CHIEF) == {"default"}
    assert catalog.readable_collections(principal=NOBODY) == frozenset()


def test_curators_and_administrators_manage_without_reading(catalog, shelf):
    document_id = shelf.publish("a", "one", frozenset({"u:else"})).document_id
    set_collection(catalog, {"u:else"}, {"u:ann"})
    for manager in (ANN, CHIEF):
        assert catalog.curates("default", principal=manager)
        assert catalog.managed_document(document_id, principal=manager).acl == {"u:else"}
        assert ids(managed(catalog, "default", principal=manager)) == [document_id]
        assert [c.name for c in catalog.curated_collections(principal=manager)] == ["default"]
        assert catalog.documents(principal=manager) == []
    for other in (BOB, replace(ANN, curator=False), replace(CHIEF, administrator=False), NOBODY):
        assert not catalog.curates("default", principal=other)
        assert catalog.curated_collections(principal=other) == []
        refused(catalog.managed_document, document_id, principal=other)
        refused(managed, catalog, "default", principal=other)


def test_to_read_a_collection_is_not_to_curate_it(catalog):
    set_collection(catalog, {"u:ann"}, {"u:bob"})
    assert not catalog.curates("default", principal=ANN)
    assert catalog.curates("default", principal=BOB)


def test_only_published_documents_are_managed_page_by_page(catalog, shelf):
    made = sorted(shelf.publish(uri, "x").document_id for uri in "abcde")
    shelf.stage("staged", "x")
    catalog.tombstone(shelf.publish("gone", "x").document_id)
    first = managed(catalog, "default", principal=CHIEF, limit=3)
    rest = managed(catalog, "default", principal=CHIEF, limit=3, after=first[-1].id)
    assert ids([*first, *rest]) == made
    with pytest.raises(InvalidInputError):
        managed(catalog, "default", principal=CHIEF, limit=0)
    for missing in ("nothing", "\x00", "\ud800"):
        refused(catalog.managed_document, missing, principal=CHIEF)
        refused(managed, catalog, missing, principal=CHIEF)


def test_a_list_set_by_hand_holds_from_the_next_reading_on(catalog, shelf):
    revision = shelf.publish("a", "one")
    version = catalog.set_document_access(revision.document_id, {"u:ann"}, by="u:chief", version=0)
    assert (shelf.seen(revision, ANN), shelf.seen(revision, BOB)) == (["one"], [])
    document = catalog.document(revision.document_id, principal=ANN)
    assert (document.acl, document.access_set_by, document.access_version) == ({"u:ann"}, "u:chief", version)


def test_who_saw_an_older_list_of_a_document_does_not_replace_the_newer_one(catalog, shelf):
    document_id = shelf.publish("a", "one").document_id
    version = catalog.set_document_access(document_id, {"u:ann"}, by="u:chief", version=0)
    for change in (
        lambda: catalog.set_document_access(document_id, {"u:bob"}, by="u:x", version=0),
        lambda: catalog.release_document_access(document_id, version=0),
    ):
        with pytest.raises(ConflictError):
            change()
    found = catalog.document(document_id, principal=ANN)
    assert (found.acl, found.access_set_by, found.access_version) == ({"u:ann"}, "u:chief", version)
    catalog.release_document_access(document_id, version=version)
    assert catalog.document(document_id, principal=ANN).access_set_by is None


def test_of_two_who_set_a_document_at_once_one_is_told(catalog, shelf):
    document_id = shelf.publish("a", "one").document_id

    def setting(key):
        return lambda: catalog.set_document_access(document_id, {key}, by=key, version=0)

    ended = at_once(setting("u:ann"), setting("u:bob"))
    assert sorted(type(one).__name__ for one in ended) == ["ConflictError", "int"]
    winner = ("u:ann", "u:bob")[0 if ended[0] == 1 else 1]
    assert catalog.document(document_id, principal=Principal(winner)).acl == {winner}


def test_without_a_version_the_last_of_many_stands_whole(catalog, shelf):
    document_id = shelf.publish("a", "one").document_id
    keys = [frozenset({f"u:{n}", "u:all"}) for n in range(6)]
    ended = at_once(
        *(lambda acl=acl: catalog.set_document_access(document_id, acl, by="u:x", version=None) for acl in keys)
    )
    assert sorted(ended) == list(range(1, 7))
    assert catalog.document(document_id, principal=Principal("u:all")).acl == keys[ended.index(6)]


@pytest.mark.parametrize("document_id", ["nothing", "\x00", "\ud800"])
def test_a_document_that_is_not_there_has_no_list_to_set(catalog, document_id):
    with pytest.raises(NotFoundError):
        catalog.set_document_access(document_id, {"u:ann"}, by="u:chief", version=None)
    with pytest.raises(NotFoundError):
        catalog.release_document_access(document_id, version=None)


def test_a_deleted_document_gets_no_list_again(catalog, shelf):
    document_id = shelf.publish("a", "one").document_id
    catalog.tombstone(document_id)
    with pytest.raises(NotFoundError):
        catalog.set_document_access(document_id, EVERYONE, by="u:chief", version=None)


def published(catalog, shelf, acl):
    staged = replace(shelf.staged("new words"), acl=acl)
    revision = catalog.stage("default", "a", staged)
    catalog.add_chunks(revision.id, shelf.chunks(revision), ready=True)
    told = catalog.ready_revision(catalog.ready_revisions(1)[0]).acl
    catalog.publish(revision.id)
    return revision, told


def acl_of(catalog, document_id):
    return catalog.managed_document(document_id, principal=CHIEF).acl


def test_a_first_revision_without_a_list_is_for_who_may_read_the_collection(catalog, shelf):
    revision, told = published(catalog, shelf, None)
    assert told == acl_of(catalog, revision.document_id) == EVERYONE


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [({"u:ann"}, None, {"u:ann"}), ((), None, ()), ({"u:ann"}, (), ()), ({"u:ann"}, {"u:bob"}, {"u:bob"})],
)
def test_a_later_revision_keeps_the_list_unless_it_brings_one(catalog, shelf, before, given, after):
    shelf.publish("a", "old words", frozenset(before))
    revision, told = published(catalog, shelf, None if given is None else frozenset(given))
    assert told == acl_of(catalog, revision.document_id) == frozenset(after)


def test_a_list_set_by_hand_is_kept_by_later_revisions_until_it_is_released(catalog, shelf):
    document_id = shelf.publish("a", "old words").document_id
    catalog.set_document_access(document_id, {"u:ann"}, by="u:chief", version=None)
    assert catalog.known("default", ["a"])["a"].acl_is_kept
    _, told = published(catalog, shelf, EVERYONE)
    assert told == acl_of(catalog, document_id) == {"u:ann"}
    catalog.release_document_access(document_id, version=None)
    assert not catalog.known("default", ["a"])["a"].acl_is_kept
    assert acl_of(catalog, document_id) == {"u:ann"}
    published(catalog, shelf, EVERYONE)
    assert acl_of(catalog, document_id) == EVERYONE


def test_a_list_set_while_a_revision_waits_is_the_one_that_holds(catalog, shelf):
    document_id = shelf.publish("a", "old words").document_id
    waiting = shelf.stage("a", "new words", EVERYONE)
    catalog.set_document_access(document_id, {"u:ann"}, by="u:chief", version=None)
    catalog.publish(waiting.id)
    assert acl_of(catalog, document_id) == {"u:ann"}
    (due,) = catalog.relabellings(10)
    assert due.acl == {"u:ann"}
    assert set(due.chunk_ids) >= set(catalog.chunk_ids(waiting.id))


def test_a_document_that_comes_back_has_nothing_of_the_list_it_had(catalog, shelf):
    document_id = shelf.publish("a", "one").document_id
    catalog.set_document_access(document_id, {"u:ann"}, by="u:chief", version=None)
    catalog.tombstone(document_id)
    revision, _ = published(catalog, shelf, None)
    assert revision.document_id != document_id
    assert acl_of(catalog, revision.document_id) == EVERYONE
    assert not catalog.known("default", ["a"])["a"].acl_is_kept
