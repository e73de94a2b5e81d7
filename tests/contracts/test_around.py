"""The text around passages, read through the gate."""

import pytest

from retrieval.expand import expand
from retrieval.types import Passage, Principal


def texts(found):
    return [chunk.text for chunk, _ in sorted(found.values(), key=lambda pair: pair[0].ordinal)]


def test_chunks_are_returned_with_their_neighbours_and_what_stands_behind_them(catalog, shelf, reader):
    revision = shelf.publish("a", "ä one\ntwo\nthree\nfour\nfive")
    ids = catalog.chunk_ids(revision.id)
    found = catalog.around([ids[1]], principal=reader, reach=1)
    assert texts(found) == ["ä one", "two", "three"]
    assert found[ids[0]][1] == "\ntwo"
    assert texts(catalog.around([ids[4], ids[0]], principal=reader, reach=1)) == ["ä one", "two", "four", "five"]
    last = catalog.around([ids[4]], principal=reader, reach=0)
    assert [behind for _, behind in last.values()] == [""]


def test_around_what_may_not_be_read_there_is_nothing(catalog, shelf, reader):
    hidden = shelf.publish("a", "one\ntwo", acl=frozenset({"u:else"}))
    old = shelf.publish("b", "one\ntwo")
    shelf.publish("b", "three")
    staged = shelf.stage("c", "one")
    ids = [key for revision in (hidden, old, staged) for key in catalog.chunk_ids(revision.id)]
    assert catalog.around(ids, principal=reader, reach=4) == {}
    assert catalog.around([], principal=reader, reach=4) == {}
    assert catalog.around(ids, principal=Principal(""), reach=4) == {}


@pytest.mark.parametrize("revoked", [False, True])
def test_a_passage_is_widened_only_while_it_may_be_read(catalog, shelf, reader, revoked):
    revision = shelf.publish("a", "one\ntwo\nthree")
    key = catalog.chunk_ids(revision.id)[1]
    row = catalog.passages_for([key], principal=reader)[key]
    passages = [Passage(row.chunk, row.collection, row.title, row.uri, 1.0)]
    if revoked:
        shelf.publish("a", "one\ntwo\nthree", acl=frozenset({"u:else"}))
    wider = expand(passages, catalog, principal=reader, budget_tokens=100)
    assert [passage.chunk.text for passage in wider] == ([] if revoked else ["one\ntwo\nthree"])
