"""The record of sources, on every database."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.sources.store import NewSource, SourceStore, next_sync
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError


@pytest.fixture
def store(engine):
    return SourceStore(engine)


def made(store, name="papers", *, collection="default", kind="folder", **more):
    new = NewSource(collection, kind, name, {"path": "/srv/ü", "include": ["*.md"]}, **more)
    return store.create(new, created_by="u:ann")


def test_a_source_comes_back_as_it_was_set_up(store):
    found = made(store, every_s=3600.0, watch=True, acl=frozenset({"g:a", "u:b"}))
    assert store.get(found.id) == found
    assert (found.collection, found.kind, found.name, found.created_by) == ("default", "folder", "papers", "u:ann")
    assert found.arguments == {"path": "/srv/ü", "include": ["*.md"]}
    assert found.acl == {"g:a", "u:b"}
    assert (found.every_s, found.watch, found.paused, found.last_run_id) == (3600.0, True, False, None)
    assert abs((datetime.now(UTC) - found.created_at).total_seconds()) < 60


def test_sources_are_listed_by_collection_and_name(store):
    for collection, name in (("b", "x"), ("a", "z"), ("a", "y")):
        made(store, name, collection=collection)
    assert [(s.collection, s.name) for s in store.all()] == [("a", "y"), ("a", "z"), ("b", "x")]


def test_a_name_is_taken_once_in_a_collection(store):
    first = made(store)
    with pytest.raises(ConflictError, match="papers"):
        made(store)
    other = made(store, "other")
    with pytest.raises(ConflictError, match="papers"):
        store.update(other.id, name="papers")
    made(store, collection="another")
    assert store.get(first.id) == first


@pytest.mark.parametrize("name", ["", " x", "x ", "a\nb", "a\0b", "x" * 101, "\u202eevil", "\ud800"])
def test_a_name_that_is_none_is_refused(store, name):
    with pytest.raises(InvalidInputError, match="name"):
        made(store, name)


@pytest.mark.parametrize("every_s", [0.0, 59.9, -1.0, 1e12, float("inf"), float("nan")])
def test_a_schedule_that_makes_no_sense_is_refused(store, every_s):
    with pytest.raises(InvalidInputError, match="every_s"):
        made(store, every_s=every_s)


def test_only_a_folder_is_watched(store):
    with pytest.raises(InvalidInputError, match="watch"):
        made(store, kind="web", watch=True)


def test_what_is_not_named_in_a_change_stays(store):
    before = made(store, every_s=3600.0)
    after = store.update(before.id, name="plans", arguments={"path": "/srv/b"})
    assert (after.name, after.arguments, after.every_s) == ("plans", {"path": "/srv/b"}, 3600.0)
    assert after.next_sync_at == before.next_sync_at
    assert after.created_at == before.created_at


def test_only_what_has_a_schedule_or_a_watch_and_is_not_paused_is_due(store):
    now = datetime.now(UTC) + timedelta(seconds=1)
    made(store, "by hand")
    timed, watched = made(store, "timed", every_s=60.0), made(store, "watched", watch=True)
    assert {source.id for source in store.due(now)} == {timed.id, watched.id}
    assert [source.id for source in store.watched()] == [watched.id]
    store.update(watched.id, paused=True)
    assert [source.id for source in store.due(now)] == [timed.id]
    assert store.watched() == []
    assert store.due(now - timedelta(days=1)) == []


def test_a_sync_that_begins_puts_the_next_one_off(store):
    source, now = made(store, every_s=60.0), datetime.now(UTC) + timedelta(hours=5)
    assert store.due(now) == [source]
    store.scheduled(source.id, next_sync(source, now))
    assert store.due(now) == []
    assert store.due(now + timedelta(seconds=59)) == []
    assert len(store.due(now + timedelta(seconds=60))) == 1
    store.scheduled("no such source", None)


def test_going_on_after_a_pause_and_a_new_schedule_are_due_at_once(store):
    source, later = made(store, every_s=60.0), datetime.now(UTC) + timedelta(days=1)
    soon = datetime.now(UTC) + timedelta(seconds=5)
    store.scheduled(source.id, later)
    assert store.due(soon) == []
    store.update(source.id, paused=True)
    assert [s.id for s in store.due(soon)] == []
    store.update(source.id, paused=False)
    assert [s.id for s in store.due(soon)] == [source.id]
    store.scheduled(source.id, later)
    store.update(source.id, every_s=120.0)
    assert [s.id for s in store.due(soon)] == [source.id]
    assert store.update(source.id, every_s=None).next_sync_at is None


def test_the_moment_of_the_next_sync_by_hand(store):
    source, now = made(store, every_s=100.0), datetime(2026, 1, 1, tzinfo=UTC)
    assert next_sync(source, now) == now + timedelta(seconds=100)
    assert next_sync(source, now, share=0.05) == now + timedelta(seconds=105)
    assert next_sync(made(store, "by hand"), now) is None


@pytest.mark.parametrize("source_id", ["missing", "", "a\0b", "\ud800"])
def test_a_source_that_does_not_exist_is_said_so(store, source_id):
    for act in (store.get, store.delete, store.update):
        with pytest.raises(NotFoundError):
            act(source_id)


def test_a_deleted_source_is_gone(store):
    source = made(store, every_s=60.0)
    store.delete(source.id)
    assert store.all() == []
    assert store.due(datetime.now(UTC) + timedelta(days=1)) == []
