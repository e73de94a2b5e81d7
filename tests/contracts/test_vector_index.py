"""What every vector index must do, on the embedded engine, the client's memory mode and, if given, a live server."""

import math
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from retrieval.errors import InvalidInputError, VectorIndexError
from retrieval.index import Hits, IndexPoint, VectorIndex
from retrieval.index_edge import EdgeIndex
from retrieval.index_server import ServerIndex
from retrieval.labels import Labels
from retrieval.types import Filters, Principal

DIM = 4
ANN = Principal("u:ann", frozenset({"g:everyone", "g:law"}))
BOB = Principal("u:bob", frozenset({"g:everyone"}))
NO_LABELS = Labels()
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
NORTH, EAST, SOUTH, WEST = np.eye(DIM, dtype=np.float32)

# Its memory mode says so for each payload index; a server makes them.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]

Open = Callable[..., VectorIndex]


class MemoryPointer:
    def __init__(self) -> None:
        self.targets: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        self.targets[name] = target


def edge(tmp_path: Path) -> Iterator[Open]:
    opened: list[EdgeIndex] = []
    pointer = MemoryPointer()

    def open_index(dim: int = DIM, fingerprint: str = "embedder-1") -> VectorIndex:
        opened.append(EdgeIndex(tmp_path, dim=dim, fingerprint=fingerprint, pointer=pointer))
        return opened[-1]

    yield open_index
    for index in opened:
        index.close()


def server(client: QdrantClient) -> Iterator[Open]:
    prefix = f"attune_test_{uuid.uuid4().hex[:12]}"

    def open_index(dim: int = DIM, fingerprint: str = "embedder-1") -> VectorIndex:
        return ServerIndex(client, dim=dim, fingerprint=fingerprint, collection_prefix=prefix)

    yield open_index
    for collection in client.get_collections().collections:
        if collection.name.startswith(prefix):
            client.delete_collection(collection.name)
    client.close()


def live_url() -> str:
    # Where a live server runs is told to the tests only; the program itself learns such things from its settings.
    url = os.environ.get("ATTUNE_TEST_QDRANT_URL")  # noqa: TID251
    if not url:
        pytest.skip("ATTUNE_TEST_QDRANT_URL is not set: no live Qdrant server to hold to the contract")
    return url


@pytest.fixture(params=["edge", "memory", "live"])
def open_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the index; after a close, opening again finds what was there."""
    if request.param == "edge":
        yield from edge(tmp_path)
    elif request.param == "memory":
        yield from server(QdrantClient(":memory:"))
    else:
        yield from server(QdrantClient(url=live_url()))


@pytest.fixture
def index(open_index: Open) -> VectorIndex:
    return open_index()


def point(
    chunk_id: str,
    vector=NORTH,
    text: str = "apple",
    acl: str = "g:everyone",
    collection: str = "c",
    labels: Labels = NO_LABELS,
) -> IndexPoint:
    return IndexPoint(
        chunk_id=chunk_id,
        vector=vector,
        text=text,
        document_id=f"document of {chunk_id}",
        revision_id=f"revision of {chunk_id}",
        collection=collection,
        acl=frozenset(acl.split()),
        labels=labels,
    )


def dense(hits: Hits) -> list[str]:
    return [hit.chunk_id for hit in hits.dense]


def sparse(hits: Hits) -> list[str]:
    return [hit.chunk_id for hit in hits.sparse]


def everything(index: VectorIndex) -> set[str]:
    return {chunk_id for page in index.ids() for chunk_id in page}


def test_dense_hits_come_nearest_first_with_their_cosine(index):
    # The cosine of (3, 4, 0, 0) and NORTH is 3/5, with EAST 4/5; their lengths do not count.
    index.upsert([point("north", NORTH), point("east", 7 * EAST), point("south", SOUTH)])
    hits = index.search([3.0, 4.0, 0.0, 0.0], None, principal=BOB)
    assert dense(hits) == ["east", "north", "south"]
    assert [hit.score for hit in hits.dense] == pytest.approx([0.8, 0.6, 0.0], abs=1e-6)
    assert hits.sparse == ()


def test_sparse_hits_match_words_in_any_inflection(index):
    index.upsert([point("fox", text="The quick foxes jumped"), point("cat", text="A lazy cat slept")])
    hits = index.search(None, "a fox jumping", principal=BOB)
    assert sparse(hits) == ["fox"]
    assert hits.dense == ()


def test_one_search_gives_both_lists(index):
    index.upsert([point("near", NORTH, "pear"), point("worded", EAST, "apple")])
    hits = index.search(NORTH, "apple", principal=BOB)
    assert (dense(hits), sparse(hits)) == (["near", "worded"], ["worded"])


def test_equal_scores_stand_in_order_of_chunk_id(index):
    index.upsert([point("b"), point("c"), point("a")])
    hits = index.search(NORTH, "apple", principal=BOB)
    assert (dense(hits), sparse(hits)) == (["a", "b", "c"], ["a", "b", "c"])


def test_each_list_is_cut_at_the_limit(index):
    index.upsert([point("far", EAST, "apple pear pear pear pear"), point("near", NORTH, "apple")])
    hits = index.search(NORTH, "apple", principal=BOB, limit=1)
    assert (dense(hits), sparse(hits)) == (["near"], ["near"])


def test_each_list_also_holds_what_only_the_other_found(index):
    # By vector b, a, c; by words (shorter first) c, b, a: cut at one each, both chunks still have both scores.
    index.upsert([
        point("a", [0.9, 0.1, 0, 0], "apple x y z"),
        point("b", NORTH, "apple pear"),
        point("c", EAST, "apple"),
    ])
    hits = index.search(NORTH, "apple", principal=BOB, limit=1)
    assert (dense(hits), sparse(hits)) == (["b", "c"], ["c", "b"])
    whole = index.search(NORTH, "apple", principal=BOB)
    assert set(hits.dense) < set(whole.dense)
    assert set(hits.sparse) < set(whole.sparse)


def test_what_only_the_words_found_gets_no_score_for_words_it_lacks(index):
    index.upsert([point("near", NORTH, "pear"), point("worded", EAST, "apple")])
    hits = index.search(NORTH, "apple", principal=BOB, limit=1)
    assert (dense(hits), sparse(hits)) == (["near", "worded"], ["worded"])


def test_a_limit_below_one_is_refused(index):
    with pytest.raises(InvalidInputError, match="limit is 0"):
        index.search(NORTH, None, principal=BOB, limit=0)


def test_what_others_may_read_is_never_found(index):
    index.upsert([point("open"), point("law", acl="g:law"), point("bob", acl="u:bob"), point("ann", acl="u:ann")])
    for_bob = index.search(NORTH, "apple", principal=BOB)
    assert (dense(for_bob), sparse(for_bob)) == (["bob", "open"], ["bob", "open"])
    for_ann = index.search(NORTH, "apple", principal=ANN)
    assert (dense(for_ann), sparse(for_ann)) == (["ann", "law", "open"], ["ann", "law", "open"])


def test_any_one_of_several_groups_opens_a_chunk(index):
    index.upsert([point("both", acl="g:law g:tax"), point("tax", acl="g:tax")])
    assert dense(index.search(NORTH, None, principal=ANN)) == ["both"]


def test_an_empty_access_list_hides_from_everyone(index):
    index.upsert([point("nobody", acl="")])
    hits = index.search(NORTH, "apple", principal=ANN)
    assert hits == Hits()


@pytest.mark.parametrize(
    "nobody", [Principal("", frozenset()), Principal("u:", frozenset({"g:"})), Principal("g:everyone", frozenset())]
)
def test_a_principal_without_a_valid_key_finds_nothing(index, nobody):
    index.upsert([point("open"), point("odd", acl="u: g:")])
    assert index.search(NORTH, "apple", principal=nobody) == Hits()


def test_a_revoked_reader_finds_nothing_from_the_next_search(index):
    index.upsert([point("one", acl="g:law"), point("two", acl="g:law"), point("three", acl="g:law")])
    index.set_access(["one", "never seen", "two"], frozenset({"u:bob"}))
    assert dense(index.search(NORTH, None, principal=ANN)) == ["three"]
    assert dense(index.search(NORTH, None, principal=BOB)) == ["one", "two"]


def test_access_can_be_taken_from_everyone(index):
    index.upsert([point("one")])
    index.set_access(["one"], frozenset())
    assert index.search(NORTH, "apple", principal=ANN) == Hits()


def test_only_the_named_collections_are_searched(index):
    index.upsert([point("a", collection="first"), point("b", collection="second"), point("c", collection="third")])
    hits = index.search(NORTH, "apple", principal=BOB, collections=frozenset({"first", "third"}))
    assert (dense(hits), sparse(hits)) == (["a", "c"], ["a", "c"])


def test_no_collection_named_is_none_searched(index):
    index.upsert([point("a")])
    assert index.search(NORTH, "apple", principal=BOB, collections=frozenset()) == Hits()


def test_a_collection_opens_nothing_that_access_closes(index):
    index.upsert([point("a", acl="g:law", collection="first")])
    assert index.search(NORTH, "apple", principal=BOB, collections=frozenset({"first"})) == Hits()


@pytest.mark.parametrize("text", ["", "   ", "the of and", "?!"])
def test_a_question_without_words_has_no_sparse_hits(index, text):
    index.upsert([point("a")])
    hits = index.search(NORTH, text, principal=BOB)
    assert (dense(hits), sparse(hits)) == (["a"], [])


def test_a_chunk_without_words_is_found_by_its_vector(index):
    index.upsert([point("symbols", text="— the —"), point("other", EAST)])
    assert dense(index.search(NORTH, None, principal=BOB))[0] == "symbols"


def test_text_that_is_not_unicode_is_indexed_and_asked_without_an_error(index):
    index.upsert([point("odd", text="apple \ud800 pear")])
    assert sparse(index.search(None, "pear \udfff", principal=BOB)) == ["odd"]


def test_hidden_documents_move_no_bm25_score(index):
    # Over the three readable chunks: idf(apple) = ln((3-1+.5)/(1+.5) + 1) = .981, idf(banana) with df 2 is
    # ln(1.5/2.5 + 1) = .470, so the apple leads. Over all 13, apple has df 11: ln(2.5/11.5 + 1) = .197, banana
    # ln(11.5/2.5 + 1) = 1.723, and the bananas would lead.
    index.upsert([point("apple", text="apple"), point("b1", text="banana"), point("b2", text="banana")])
    alone = index.search(None, "apple banana", principal=BOB)
    index.upsert([point(f"hidden {i}", text="apple", acl="g:law") for i in range(10)])
    among_hidden = index.search(None, "apple banana", principal=BOB)
    assert sparse(among_hidden) == ["apple", "b1", "b2"]
    assert among_hidden == alone
    ratio = among_hidden.sparse[0].score / among_hidden.sparse[1].score
    assert ratio == pytest.approx(math.log(2.5 / 1.5 + 1) / math.log(1.5 / 2.5 + 1), rel=1e-4)


def test_other_collections_move_no_bm25_score(index):
    index.upsert([point("apple", text="apple"), point("b1", text="banana"), point("b2", text="banana")])
    index.upsert([point(f"other {i}", text="apple", collection="other") for i in range(10)])
    hits = index.search(None, "apple banana", principal=BOB, collections=frozenset({"c"}))
    assert sparse(hits) == ["apple", "b1", "b2"]


@pytest.fixture
def labelled(index):
    """Three documents that differ in every label, and one that only Ann's group reads."""
    index.upsert([
        point("pdf", labels=Labels("s1", "application/pdf", JUNE, {"team": "law", "year": "2026"})),
        point("png", labels=Labels("s2", "image/png", JUNE + timedelta(days=1), {"team": "tax"})),
        point("text", labels=Labels(None, "text/plain", JUNE + timedelta(days=2, milliseconds=500), {"team": "law"})),
        point("secret", acl="g:law", labels=Labels("s1", "application/pdf", JUNE, {"team": "law"})),
    ])
    return index


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ["pdf", "png", "text"]),
        (Filters(sources=("s1",)), ["pdf"]),
        (Filters(sources=("s1", "s2")), ["pdf", "png"]),
        (Filters(media_types=("application/pdf", "text/plain")), ["pdf", "text"]),
        (Filters(media_types=("image/*",)), ["png"]),
        (Filters(updated_from=JUNE + timedelta(days=1)), ["png", "text"]),
        (Filters(updated_until=JUNE + timedelta(days=1)), ["pdf"]),
        (Filters(updated_from=JUNE, updated_until=JUNE + timedelta(days=2)), ["pdf", "png"]),
        (Filters(metadata=(("team", "law"),)), ["pdf", "text"]),
        (Filters(metadata=(("team", "law"), ("year", "2026"))), ["pdf"]),
        (Filters(sources=("s2",), metadata=(("team", "law"),)), []),
        (Filters(metadata=(("team", "LAW"),)), []),
    ],
)
def test_filters_narrow_both_lists_within_what_may_be_read(labelled, filters, expected):
    hits = labelled.search(NORTH, "apple", principal=BOB, filters=filters)
    assert (dense(hits), sparse(hits)) == (expected, expected)


def test_a_moment_within_the_second_of_the_edge_is_left_to_the_catalog(labelled):
    # Stored in whole seconds: .5 s after the second day is found from .9 s and until .1 s after it too.
    for moment in (timedelta(milliseconds=900), timedelta(milliseconds=100)):
        edge_of_day = JUNE + timedelta(days=2) + moment
        from_it = labelled.search(NORTH, None, principal=BOB, filters=Filters(updated_from=edge_of_day))
        until_it = labelled.search(NORTH, None, principal=BOB, filters=Filters(updated_until=edge_of_day))
        assert "text" in dense(from_it)
        assert "text" in dense(until_it)


def test_filters_move_no_bm25_score(labelled):
    labelled.upsert([point("other", text="pear")])
    everywhere = {hit.chunk_id: hit.score for hit in labelled.search(None, "apple", principal=BOB).sparse}
    narrowed = labelled.search(None, "apple", principal=BOB, filters=Filters(media_types=("image/*",)))
    assert [(hit.chunk_id, hit.score) for hit in narrowed.sparse] == [("png", everywhere["png"])]


def test_the_terms_of_a_chunk_add_up_to_its_score(index):
    texts = {"a": "Foxes jumped. A fox and a pear", "b": "A pear, a lazy pear", "c": "nothing of it"}
    index.upsert([point(key, text=text) for key, text in texts.items()])
    index.upsert([point(f"hidden {n}", text="pear", acl="g:law") for n in range(5)])
    scores = {hit.chunk_id: hit.score for hit in index.search(None, "the fox and the pears", principal=BOB).sparse}
    terms = index.matched_terms("the fox and the pears", texts, principal=BOB)
    assert set(terms) == {"a", "b"}
    # The fox is in fewer chunks that may be read, and twice in this one.
    assert [term.words for term in terms["a"]] == [("foxes", "fox"), ("pear",)]
    assert [term.words for term in terms["b"]] == [("pear",)]
    for key, found in terms.items():
        assert sum(term.score for term in found) == pytest.approx(scores[key], rel=1e-5)


def test_terms_are_told_only_of_what_may_be_read(index):
    index.upsert([point("open"), point("law", acl="g:law"), point("other", collection="other")])
    texts = dict.fromkeys(["open", "law", "other", "never seen"], "apple")
    assert set(index.matched_terms("apple", texts, principal=BOB)) == {"open", "other"}
    assert set(index.matched_terms("apple", texts, principal=BOB, collections=frozenset({"c"}))) == {"open"}
    assert index.matched_terms("the", texts, principal=BOB) == {}
    assert index.matched_terms("apple", {}, principal=BOB) == {}
    assert index.matched_terms("apple", texts, principal=Principal("", frozenset())) == {}


def test_labels_change_without_the_vectors(labelled):
    labelled.set_labels(["png", "never seen", "pdf"], Labels("s9", "text/html", JUNE, {"team": "it"}))
    found = labelled.search(NORTH, "apple", principal=BOB, filters=Filters(metadata=(("team", "it"),)))
    assert (dense(found), sparse(found)) == (["pdf", "png"], ["pdf", "png"])
    assert dense(labelled.search(NORTH, None, principal=BOB, filters=Filters(sources=("s1", "s2")))) == []
    assert dense(labelled.search(NORTH, None, principal=BOB)) == ["pdf", "png", "text"]


def test_a_document_loses_the_metadata_that_its_new_labels_lack(labelled):
    labelled.set_labels(["pdf"], Labels("s1", "application/pdf", JUNE, {}))
    assert dense(labelled.search(NORTH, None, principal=BOB, filters=Filters(metadata=(("team", "law"),)))) == ["text"]


def test_an_upsert_can_be_repeated(index):
    index.upsert([point("a"), point("b", EAST)])
    index.upsert([point("a"), point("b", EAST)])
    assert index.count() == 2
    assert dense(index.search(NORTH, None, principal=BOB)) == ["a", "b"]


def test_an_upsert_replaces_vector_words_access_and_collection(index):
    index.upsert([point("a", NORTH, "apple", acl="g:everyone", collection="first")])
    index.upsert([point("a", EAST, "banana", acl="g:law", collection="second")])
    assert index.search(NORTH, "banana", principal=BOB) == Hits()
    hits = index.search(EAST, "banana", principal=ANN, collections=frozenset({"second"}))
    assert hits.dense[0].score == pytest.approx(1.0)
    assert sparse(hits) == ["a"]
    assert index.search(None, "apple", principal=ANN) == Hits()


def test_words_that_an_upsert_takes_away_are_found_no_more(index):
    index.upsert([point("a", text="apple")])
    index.upsert([point("a", text="the")])
    assert sparse(index.search(NORTH, "apple", principal=BOB)) == []


def test_what_is_deleted_is_found_no_more(index):
    index.upsert([point("a"), point("b")])
    index.delete(["a", "never seen"])
    hits = index.search(NORTH, "apple", principal=BOB)
    assert (dense(hits), sparse(hits)) == (["b"], ["b"])
    assert index.count() == 1


def test_nothing_is_a_fine_amount_to_write_or_delete(index):
    index.upsert([])
    index.delete([])
    index.set_access([], frozenset())
    index.set_labels([], NO_LABELS)
    assert index.count() == 0
    assert list(index.ids()) == []
    assert index.vectors([]) == {}
    assert index.search(NORTH, "apple", principal=BOB) == Hits()


def test_ids_lists_every_chunk_once_across_pages(index):
    expected = [f"chunk {i}" for i in range(2300)]
    index.upsert([point(chunk_id) for chunk_id in expected])
    pages = list(index.ids())
    assert max(len(page) for page in pages) <= 1000
    assert sorted(chunk_id for page in pages for chunk_id in page) == sorted(expected)


def test_entries_say_what_is_stored_beside_every_vector(index):
    index.upsert([point("a", acl="g:law u:ann", collection="first"), point("b")])
    entries = {entry.chunk_id: entry for page in index.entries() for entry in page}
    assert set(entries) == {"a", "b"}
    a = entries["a"]
    assert (a.document_id, a.revision_id, a.collection) == ("document of a", "revision of a", "first")
    assert a.acl == {"g:law", "u:ann"}
    assert a.owned
    assert [e.chunk_id for page in index.entries([a.point_id, str(uuid.uuid4())]) for e in page] == ["a"]
    assert [entry for page in index.entries([]) for entry in page] == []


def test_a_point_can_be_removed_by_its_own_id(index):
    index.upsert([point("a"), point("b")])
    entries = {entry.chunk_id: entry for page in index.entries() for entry in page}
    index.remove([entries["a"].point_id, str(uuid.uuid4())])
    index.remove([])
    assert everything(index) == {"b"}


def test_vectors_come_back_at_length_one(index):
    index.upsert([point("a", [3.0, 4.0, 0.0, 0.0]), point("b", EAST)])
    found = index.vectors(["a", "never seen", "b"])
    assert set(found) == {"a", "b"}
    assert found["a"].dtype == np.float32
    assert found["a"] == pytest.approx(np.array([0.6, 0.8, 0.0, 0.0]), abs=1e-6)


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        ([1.0, 0.0, 0.0], r"shape \(3,\)"),
        ([[1.0, 0.0, 0.0, 0.0]], r"shape \(1, 4\)"),
        ([1.0, math.nan, 0.0, 0.0], "NaN"),
        ([1.0, math.inf, 0.0, 0.0], "infinity"),
    ],
)
def test_a_wrong_vector_is_refused_and_nothing_of_its_batch_is_written(index, vector, said):
    with pytest.raises(VectorIndexError, match=said):
        index.upsert([point("good"), point("bad", vector)])
    with pytest.raises(VectorIndexError, match=said):
        index.search(vector, None, principal=BOB)
    assert index.count() == 0


def test_an_index_opened_again_finds_what_it_held(open_index):
    first = open_index()
    assert first.created
    first.upsert([point("a"), point("b", EAST, acl="g:law")])
    first.set_access(["b"], frozenset({"u:bob"}))
    first.close()
    again = open_index()
    assert not again.created
    assert everything(again) == {"a", "b"}
    hits = again.search(EAST, "apple", principal=BOB)
    assert (dense(hits), sparse(hits)) == (["b", "a"], ["a", "b"])


def test_another_embedder_has_an_index_of_its_own(open_index):
    one = open_index()
    one.upsert([point("a")])
    other = open_index(dim=2, fingerprint="embedder-2")
    other.upsert([point("a", [1.0, 0.0]), point("b", [1.0, 0.0])])
    assert (one.count(), other.count()) == (1, 2)


def test_a_closed_index_says_so(index):
    index.upsert([point("a")])
    index.close()
    index.close()
    for call in (index.count, index.status, index.flush, index.build, lambda: index.upsert([point("b")])):
        with pytest.raises(VectorIndexError, match="closed"):
            call()
    with pytest.raises(VectorIndexError, match="closed"):
        index.search(NORTH, None, principal=BOB)


def test_status_counts_points_and_says_that_few_of_them_need_no_graph(index):
    index.upsert([point("a"), point("b", text="the")])
    index.flush()
    status = index.status()
    assert (status.points, status.indexed) == (2, 0)
    assert status.segments >= 1


def test_a_chunk_that_was_found_and_is_deleted_and_put_back_is_found_again(index):
    index.upsert([point("a"), point("b", EAST)])
    assert dense(index.search(NORTH, None, principal=BOB)) == ["a", "b"]
    index.delete(["a"])
    assert dense(index.search(NORTH, None, principal=BOB)) == ["b"]
    index.upsert([point("a")])
    assert dense(index.search(NORTH, None, principal=BOB)) == ["a", "b"]
