"""A document that was made of others is read by who may read them all."""

import pytest

from retrieval.origins import common_access
from retrieval.types import EVERYONE, Principal

ANN = Principal("u:ann", frozenset({EVERYONE, "g:hr"}))
BOB = Principal("u:bob")


def made_of(shelf, *origins, acl=frozenset({EVERYONE})):
    answer = shelf.stage("answer:1", "thirty days", acl=acl)
    shelf.catalog.set_origins(answer.document_id, [origin.document_id for origin in origins])
    shelf.catalog.publish(answer.id)
    return answer


def test_who_may_not_read_an_origin_does_not_read_what_was_made_of_it(shelf):
    origin = shelf.publish("a", "thirty days of leave", acl=frozenset({"g:hr"}))
    answer = made_of(shelf, origin, shelf.publish("b", "open to all"))
    assert shelf.seen(answer, ANN) == ["thirty days"]
    assert shelf.seen(answer, BOB) == []
    assert shelf.catalog.readable_documents([answer.document_id], principal=BOB) == set()


def test_it_holds_from_the_moment_an_origin_is_closed_or_deleted(shelf):
    origin = shelf.publish("a", "thirty days of leave")
    answer = made_of(shelf, origin)
    assert shelf.seen(answer, BOB) == ["thirty days"]
    shelf.catalog.set_document_access(origin.document_id, {"g:hr"}, by="u:admin", version=None)
    assert shelf.seen(answer, BOB) == []
    assert shelf.seen(answer, ANN) == ["thirty days"]
    shelf.catalog.tombstone(origin.document_id)
    assert shelf.seen(answer, ANN) == []
    shelf.catalog.purge(origin.document_id)
    assert shelf.seen(answer, ANN) == []


def test_the_collection_of_an_origin_counts_too(shelf):
    shelf.catalog.create_collection("closed", readers={"g:hr"})
    answer = made_of(shelf, shelf.publish("a", "thirty days", collection="closed"))
    assert shelf.seen(answer, BOB) == []
    assert shelf.seen(answer, ANN) == ["thirty days"]


def test_what_was_made_of_something_made_of_others_is_read_by_who_may_read_those(shelf):
    shelf.catalog.create_collection("closed", readers={"g:hr"})
    origin = shelf.publish("a", "thirty days of leave", collection="closed")
    between = made_of(shelf, origin)
    later = shelf.stage("answer:2", "thirty days, still")
    shelf.catalog.set_origins(later.document_id, [between.document_id])
    shelf.catalog.publish(later.id)
    assert shelf.seen(later, BOB) == []
    assert shelf.seen(later, ANN) == ["thirty days, still"]


def test_its_list_follows_theirs_and_the_index_is_to_be_told(shelf):
    origin = shelf.publish("a", "thirty days of leave", acl=frozenset({"g:hr", "u:bob"}))
    answer = made_of(shelf, origin, shelf.publish("b", "open to all"))
    shelf.catalog.relabelled(shelf.catalog.relabellings(10))
    assert shelf.catalog.follow_origins() == 1
    assert shelf.catalog.follow_origins() == 0
    told = {due.document_id: due.acl for due in shelf.catalog.relabellings(10)}
    assert told == {answer.document_id: frozenset({"g:hr", "u:bob"})}


def test_a_list_that_was_set_by_hand_stays_and_the_gate_still_asks_for_the_origins(shelf):
    origin = shelf.publish("a", "thirty days of leave", acl=frozenset({"g:hr"}))
    answer = made_of(shelf, origin)
    shelf.catalog.set_document_access(answer.document_id, {EVERYONE}, by="u:admin", version=None)
    assert shelf.catalog.follow_origins() == 0
    assert shelf.seen(answer, BOB) == []


def test_what_was_made_of_a_document_can_be_found(shelf):
    origin, other = shelf.publish("a", "thirty days"), shelf.publish("b", "b")
    answer = made_of(shelf, origin)
    assert shelf.catalog.made_of([origin.document_id]) == {answer.document_id}
    assert shelf.catalog.made_of([other.document_id]) == set()
    shelf.catalog.set_origins(answer.document_id, [])
    assert shelf.catalog.made_of([origin.document_id]) == set()


@pytest.mark.parametrize(
    ("lists", "common"),
    [
        ([{EVERYONE}, {"g:a", "g:b"}], {"g:a", "g:b"}),
        ([{"g:a", "g:b"}, {"g:b", "u:c"}], {"g:b"}),
        ([{"g:a"}, {"g:b"}], set()),
        ([set(), {EVERYONE}], set()),
        ([{EVERYONE, "g:a"}, {EVERYONE}], {EVERYONE}),
        ([], {EVERYONE}),
    ],
)
def test_the_common_list_lets_in_whom_all_let_in(lists, common):
    assert common_access([frozenset(keys) for keys in lists]) == common
