"""Lists of documents for people, and what a document was: searched, sorted, page by page, and never of the hidden."""

from datetime import UTC, datetime, timedelta

import pytest

from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.listing import Wanted
from retrieval.types import Place, Principal

ANN = Principal("u:ann")
CHIEF = Principal("u:chief", administrator=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def titled(catalog, shelf):
    def publish(uri, title, *, acl=frozenset({"g:everyone"}), at=NOON):
        revision = catalog.stage("default", uri, shelf.staged(f"words of {title}", acl, title))
        catalog.add_chunks(revision.id, shelf.chunks(revision))
        catalog.publish(revision.id, at=at)
        return revision

    return publish


def titles(catalog, wanted, *, limit=50, principal=ANN):
    """All titles of a list, walked through page by page."""
    seen, after = [], None
    while True:
        page, after = catalog.listing(wanted, principal=principal, after=after, limit=limit)
        seen += [one.document.title for one in page]
        if after is None:
            return seen


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("leave", ["Annual Leave", "Parental leave"]),
        ("LEAVE annual", ["Annual Leave"]),
        ("100%", ["100% sure"]),
        ("%", ["100% sure", "Über Öl"]),
        ("_", ["snake_case"]),
        ("über", ["Über Öl"]),
        ("ölfarben", ["Über Öl"]),
        ("upload:p", ["Parental leave"]),
        ("leave sure", []),
        ("\\", []),
        ("\x00", []),
        ("  ", ["100% sure", "Annual Leave", "Parental leave", "snake_case", "Über Öl"]),
    ],
)
def test_words_are_found_in_title_or_uri_in_any_case_and_literally(catalog, titled, words, found):
    titled("upload:a.md", "Annual Leave")
    titled("upload:p.md", "Parental leave")
    titled("upload:100%25.md", "100% sure")
    titled("upload:s.md", "snake_case")
    titled("file:///srv/%C3%96lfarben.md", "Über Öl")
    assert sorted(titles(catalog, Wanted(words=words))) == found


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_titles_are_sorted_without_regard_to_case_and_the_same_title_twice_is_no_trouble(catalog, titled, limit):
    for number, title in enumerate(["beta", "Alpha", "beta", "Gamma", "alpha two"]):
        titled(f"upload:{number}", title)
    assert titles(catalog, Wanted(sort="title"), limit=limit) == ["Alpha", "alpha two", "beta", "beta", "Gamma"]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_newest_change_comes_first_and_changes_of_one_moment_are_all_there(catalog, titled, limit):
    for number, minutes in enumerate([5, 1, 5, 9]):
        titled(f"upload:{number}", f"{minutes} {number}", at=NOON + timedelta(minutes=minutes))
    found = titles(catalog, Wanted(sort="newest"), limit=limit)
    assert [title[0] for title in found] == ["9", "5", "5", "1"]
    assert len(set(found)) == 4


@pytest.mark.parametrize("sort", ["id", "title", "newest"])
def test_a_list_goes_on_behind_a_document_that_is_gone_or_changed_meanwhile(catalog, titled, sort):
    made = {title: titled(f"upload:{title}", title) for title in "abcdef"}
    page, after = catalog.listing(Wanted(sort=sort), principal=ANN, limit=3)
    catalog.tombstone(page[-1].document.id)
    first = {one.document.title for one in page}
    changed = next(title for title in made if title in first and title != page[-1].document.title)
    titled(f"upload:{changed}", changed, at=NOON + timedelta(days=1))
    rest, end = catalog.listing(Wanted(sort=sort), principal=ANN, after=after, limit=50)
    assert {one.document.title for one in rest} == set(made) - first
    assert end is None


def test_a_list_counts_chunks_that_are_searched_and_revisions_that_are_kept(catalog, shelf):
    shelf.publish("upload:a", "one")
    shelf.publish("upload:a", "one\ntwo\nthree")
    shelf.stage("upload:a", "not yet")
    ((only,), _) = catalog.listing(Wanted(), principal=ANN)
    assert (only.chunks, only.revisions) == (3, 2)


@pytest.mark.parametrize("sort", ["id", "title", "newest"])
def test_what_is_hidden_is_neither_listed_nor_found(catalog, titled, sort):
    titled("upload:a", "Open")
    titled("upload:b", "Secret", acl=frozenset({"u:bob"}))
    assert titles(catalog, Wanted(sort=sort)) == ["Open"]
    assert titles(catalog, Wanted(words="secret", sort=sort)) == []
    assert titles(catalog, Wanted(words="secret", sort=sort), principal=Principal("u:bob")) == ["Secret"]
    assert titles(catalog, Wanted(words="secret", sort=sort), principal=Principal("", frozenset())) == []


def test_who_looks_after_a_collection_lists_all_of_it_and_others_are_told_nothing(catalog, titled):
    titled("upload:b", "Secret", acl=frozenset({"u:bob"}))
    wanted = Wanted("default", managed=True, words="secret")
    assert titles(catalog, wanted, principal=CHIEF) == ["Secret"]
    with pytest.raises(NotFoundError):
        catalog.listing(wanted, principal=ANN)
    with pytest.raises(NotFoundError):
        catalog.listing(Wanted("nowhere"), principal=ANN)


@pytest.mark.parametrize("after", ["x", "e30=", "WzEsMl0=", "WyJhXHUwMDAwIiwgImIiXQ==", "ü"])
@pytest.mark.parametrize("sort", ["title", "newest"])
def test_a_cursor_that_is_none_is_refused(catalog, after, sort):
    with pytest.raises(InvalidInputError, match="`next`"):
        catalog.listing(Wanted(sort=sort), principal=ANN, after=after)


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_page_has_its_bounds(catalog, limit):
    with pytest.raises(InvalidInputError):
        catalog.listing(Wanted(), principal=ANN, limit=limit)


def test_revisions_are_listed_the_newest_first_without_what_is_not_published(catalog, shelf):
    first = shelf.publish("upload:a", "one")
    second = shelf.publish("upload:a", "one\ntwo")
    shelf.stage("upload:a", "three")
    found = catalog.revisions_of(first.document_id, principal=ANN)
    assert [(one.id, one.number, one.chunks, one.live) for one in found] == [
        (second.id, 2, 2, True),
        (first.id, 1, 1, False),
    ]
    assert catalog.revisions_of(first.document_id, principal=ANN, before=2, limit=5) == found[1:]
    assert catalog.revisions_of(first.document_id, principal=ANN, limit=1) == found[:1]


def test_history_shows_itself_to_readers_only(catalog, shelf):
    hidden = shelf.publish("upload:a", "one", frozenset({"u:bob"}))
    other = shelf.publish("upload:b", "two")
    assert catalog.revisions_of(hidden.document_id, principal=ANN) == []
    assert catalog.chunk_page(hidden.id, principal=ANN) == []
    assert catalog.places_between(hidden.id, 0, 3, principal=ANN) == []
    for document_id, revision_id in ((hidden.document_id, None), (hidden.document_id, hidden.id), ("\x00", None)):
        with pytest.raises(NotFoundError, match="no document"):
            catalog.kept_revision(document_id, revision_id, principal=ANN)
    for revision_id in (hidden.id, "\x00", "f" * 32):
        with pytest.raises(NotFoundError, match="no revision"):
            catalog.kept_revision(other.document_id, revision_id, principal=ANN)
    assert catalog.kept_revision(other.document_id, None, principal=ANN).id == other.id


def test_chunks_come_page_by_page_in_reading_order(catalog, shelf):
    revision = shelf.publish("upload:a", "\n".join("abcde"))
    assert [c.text for c in catalog.chunk_page(revision.id, principal=ANN, limit=2)] == ["a", "b"]
    rest = catalog.chunk_page(revision.id, principal=ANN, after=1, limit=10)
    assert rest == catalog.chunks(revision.id, principal=ANN)[2:]


def test_places_are_those_of_the_characters_asked_for(catalog, shelf):
    # Of the shelf's chunks, the second has one place, the third two.
    revision = shelf.publish("upload:a", "abc\ndef\nghi")
    found = catalog.places_between(revision.id, 5, 9, principal=ANN)
    assert [(place.start, place.end, place.page) for place in found] == [(4, 7, 1), (8, 11, 1), (8, 11, 2)]
    assert catalog.places_between(revision.id, 7, 8, principal=ANN) == []
    assert all(isinstance(place, Place) for place in found)
