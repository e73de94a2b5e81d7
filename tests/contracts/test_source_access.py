"""Access lists that follow what a source says."""

from datetime import UTC, datetime

import pytest

from ingestion.policies import Policies
from ingestion.quarantine import Held, Quarantine
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.types import Principal

HR, ENG = frozenset({"g:hr"}), frozenset({"g:eng"})


def acl_of(catalog, document_id):
    return catalog.managed_document(document_id, principal=Principal("u:a", administrator=True)).acl


def test_documents_follow_their_source_and_the_index_is_due(catalog, shelf):
    first, second = shelf.publish("file:///a", "one", HR), shelf.publish("file:///b", "two", ENG)
    catalog.relabelled(catalog.relabellings(10))
    wanted = {first.document_id: ENG, second.document_id: ENG, "nothing": HR}
    assert catalog.follow_access(wanted) == 1
    assert acl_of(catalog, first.document_id) == ENG
    (due,) = catalog.relabellings(10)
    assert (due.document_id, due.acl) == (first.document_id, ENG)
    assert catalog.follow_access(wanted) == 0
    assert catalog.follow_access({}) == 0


def test_a_list_that_was_set_by_hand_is_not_followed(catalog, shelf):
    document_id = shelf.publish("file:///a", "one", HR).document_id
    catalog.set_document_access(document_id, ["u:ann"], by="u:chief", version=0)
    assert catalog.follow_access({document_id: ENG}) == 0
    assert acl_of(catalog, document_id) == {"u:ann"}
    catalog.release_document_access(document_id, version=1)
    assert catalog.follow_access({document_id: ENG}) == 1
    assert acl_of(catalog, document_id) == ENG


def test_what_is_staged_already_follows_too(catalog, shelf):
    document_id = shelf.publish("file:///a", "one", HR).document_id
    staged = shelf.stage("file:///a", "one, again", HR)
    catalog.follow_access({document_id: ENG})
    catalog.publish(staged.id)
    assert acl_of(catalog, document_id) == ENG


def test_a_list_may_shut_everybody_out(catalog, shelf):
    revision = shelf.publish("file:///a", "one", frozenset({"g:everyone"}))
    catalog.follow_access({revision.document_id: frozenset()})
    assert shelf.seen(revision, Principal("u:ann")) == []


def test_a_malformed_key_changes_nothing(catalog, shelf):
    document_id = shelf.publish("file:///a", "one", HR).document_id
    with pytest.raises(InvalidInputError):
        catalog.follow_access({document_id: frozenset({"hr"})})
    assert acl_of(catalog, document_id) == HR


def test_a_source_has_what_it_keeps_in_step_and_what_it_has_staged(catalog, shelf):
    kept = shelf.publish("file:///a", "one", HR)
    catalog.adopt([kept.document_id], "source")
    shelf.publish("file:///b", "two", HR)
    assert catalog.of_source("source") == {kept.document_id: "file:///a"}
    catalog.tombstone(kept.document_id)
    assert catalog.of_source("source") == {}


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (Principal("u:ann", frozenset({"g:owners"}), curator=True), True),
        (Principal("u:ann", frozenset({"g:owners"})), False),  # a key without the scope
        (Principal("u:ann", frozenset({"g:everyone"}), curator=True), False),
        (Principal("u:chief", administrator=True), True),
        (Principal("", frozenset(), curator=True), False),
    ],
)
def test_who_looks_after_a_collection_sees_and_lets_in_what_is_kept_out(catalog, engine, who, may):
    catalog.set_collection_access("default", readers=["g:everyone"], curators=["g:owners"], version=None)
    quarantine, policies = Quarantine(engine), Policies(engine)
    held = Held("", "default", "file:///a", "a", "f" * 64, "kept out", (), datetime(2026, 1, 1, tzinfo=UTC), acl=HR)
    key = quarantine.hold(held)
    assert [one.id for one in quarantine.waiting("default", principal=who)] == ([key] if may else [])
    if may:
        assert policies.set_policy("default", {"stale_after_days": 7}, by=who).stale_after_days == 7
        released = quarantine.release(key, by=who)
        assert (released.released_by, released.acl) == (who.id, HR)
        return
    with pytest.raises(NotFoundError):
        policies.set_policy("default", {"stale_after_days": 7}, by=who)
    with pytest.raises(NotFoundError):
        quarantine.release(key, by=who)
    assert policies.policy("default").stale_after_days != 7
