from dataclasses import astuple

import pytest

from retrieval.errors import InvalidInputError
from retrieval.index import Hit, Hits
from retrieval.retrieve import Retriever, checked_question
from retrieval.rows import PassageRow
from retrieval.types import Chunk, Principal

READER = Principal(id="u:reader")


def row(chunk, updated_at=None):
    columns = (*astuple(chunk)[:8], "[]", chunk.token_count, "[]")
    return PassageRow((*columns, "default", "T", "upload:t", updated_at))


class Catalog:
    """Lets only some chunks through, as after a revocation that the index has not seen yet."""

    def __init__(self, readable):
        self.readable = readable

    def readable_collections(self, **_):
        return None

    def passages_for(self, chunk_ids, *, principal, **_):
        assert principal is READER
        return {c: row(Chunk(c, "d", "r", 0, 0, 4, c, "", (), 1)) for c in chunk_ids if c in self.readable}

    def collection(self, name, **_):
        assert name == "default"


class Index:
    def __init__(self, ids):
        self.ids = ids
        self.limits = []

    def search(self, vector, text, *, principal, limit, **_):
        assert principal is READER
        self.limits.append(limit)
        hits = tuple(Hit(c, 1.0 - n / 1000) for n, c in enumerate(self.ids[:limit]))
        return Hits(dense=hits if vector is not None else (), sparse=hits if text is not None else ())


class Embedder:
    def embed_query(self, _text):
        return [1.0]


IDS = [f"c{n:03d}" for n in range(400)]


def test_the_best_readable_passages_come_in_order():
    retriever = Retriever(Catalog(set(IDS)), Index(IDS), Embedder())
    assert [p.chunk.id for p in retriever.retrieve("q", principal=READER, limit=3)] == IDS[:3]
    assert retriever.index.limits == [100]


def test_holes_that_the_catalog_left_are_filled_by_one_deeper_look():
    readable = set(IDS[95:])
    retriever = Retriever(Catalog(readable), Index(IDS), Embedder())
    found = retriever.retrieve("q", principal=READER, limit=10)
    assert [p.chunk.id for p in found] == IDS[95:105]
    assert len(retriever.index.limits) == 2


def test_nothing_readable_is_nothing_found():
    retriever = Retriever(Catalog(set()), Index(IDS), Embedder())
    assert retriever.retrieve("q", principal=READER, limit=10) == []


@pytest.mark.parametrize("mode", ["dense", "sparse"])
def test_one_mode_asks_for_one_list(mode):
    found = Retriever(Catalog(set(IDS)), Index(IDS), Embedder()).retrieve("q", principal=READER, limit=1, mode=mode)
    assert (found[0].dense is None) == (mode == "sparse")
    assert (found[0].sparse is None) == (mode == "dense")


@pytest.mark.parametrize("question", ["", "   ", "\x00\x07", "x" * 4001])
def test_a_question_without_words_or_end_is_refused(question):
    with pytest.raises(InvalidInputError):
        checked_question(question)


def test_control_characters_become_spaces():
    assert checked_question(" a\x00b\tc ") == "a b c"
