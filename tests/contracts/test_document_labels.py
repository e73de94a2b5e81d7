"""Metadata of documents, searches narrowed by the catalog, and what the index still has to be told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.labels import Labels
from retrieval.types import Filters

JUNE = datetime(2026, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def publish(shelf, uri, *, at=JUNE, acl=frozenset({"g:everyone"}), **values):
    staged = replace(shelf.staged("one line", acl), **values)
    revision = shelf.catalog.stage("default", uri, staged)
    shelf.catalog.add_chunks(revision.id, shelf.chunks(revision))
    shelf.catalog.publish(revision.id, at=at)
    return revision


@pytest.fixture
def library(shelf):
    """By name, chunk ids of three documents that differ in every label."""
    made = {
        "pdf": publish(shelf, "a", media_type="application/pdf", source_id="s1", metadata={"team": "law", "y": "26"}),
        "png": publish(shelf, "b", media_type="image/png", source_id="s2", at=JUNE + timedelta(days=1)),
        "odd": publish(shelf, "c", media_type="imagE_/png", at=JUNE + timedelta(days=2), metadata={"team": "law'\"%"}),
    }
    return {shelf.catalog.chunk_ids(revision.id)[0]: name for name, revision in made.items()}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"pdf", "png", "odd"}),
        (Filters(sources=("s1", "unknown")), {"pdf"}),
        (Filters(media_types=("application/pdf",)), {"pdf"}),
        (Filters(media_types=("image/*",)), {"png"}),
        (Filters(media_types=("image/*", "application/pdf")), {"png", "pdf"}),
        (Filters(updated_from=JUNE + timedelta(days=1)), {"png", "odd"}),
        (Filters(updated_from=JUNE + timedelta(days=1, milliseconds=1)), {"odd"}),
        (Filters(updated_until=JUNE + timedelta(days=1)), {"pdf"}),
        (Filters(updated_until=JUNE + timedelta(days=1, milliseconds=1)), {"pdf", "png"}),
        (Filters(metadata=(("team", "law"),)), {"pdf"}),
        (Filters(metadata=(("team", "law'\"%"),)), {"odd"}),
        (Filters(metadata=(("team", "law"), ("y", "26"))), {"pdf"}),
        (Filters(metadata=(("team", "law"), ("y", "27"))), set()),
        (Filters(metadata=(("a.b-c_d", "law"),)), set()),
        (Filters(media_types=("application/pdf",), sources=("s2",)), set()),
    ],
)
def test_passages_are_narrowed_exactly(catalog, reader, library, filters, expected):
    found = catalog.passages_for(list(library), principal=reader, filters=filters)
    assert {library[chunk_id] for chunk_id in found} == expected


def test_a_filter_opens_nothing_that_access_closes(catalog, shelf, reader):
    revision = publish(shelf, "a", acl=frozenset({"u:else"}), metadata={"team": "law"})
    ids = catalog.chunk_ids(revision.id)
    assert catalog.passages_for(ids, principal=reader, filters=Filters(metadata=(("team", "law"),))) == {}


def test_a_passage_says_when_its_document_changed(catalog, shelf, reader):
    ids = catalog.chunk_ids(publish(shelf, "a").id)
    assert catalog.passages_for(ids, principal=reader)[ids[0]].updated_at == JUNE


def test_a_new_revision_keeps_metadata_unless_it_brings_its_own(catalog, shelf, reader):
    document_id = publish(shelf, "a", metadata={"team": "law"}).document_id
    publish(shelf, "a")
    assert catalog.document(document_id, principal=reader).metadata == {"team": "law"}
    publish(shelf, "a", metadata={"team": "tax"})
    assert catalog.document(document_id, principal=reader).metadata == {"team": "tax"}
    publish(shelf, "a", metadata={})
    assert catalog.document(document_id, principal=reader).metadata == {}


def test_staged_metadata_is_seen_by_nobody(catalog, shelf, reader):
    document_id = publish(shelf, "a", metadata={"team": "law"}).document_id
    catalog.stage("default", "a", replace(shelf.staged("two"), metadata={"team": "tax"}))
    assert catalog.document(document_id, principal=reader).metadata == {"team": "law"}
    assert catalog.known("default", ["a"])["a"].metadata == {"team": "law"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"": "x"},
        {"a b": "x"},
        {"k" * 65: "x"},
        {"k": "v" * 257},
        {"k": "a\nb"},
        {"k": "\x00"},
        {"k": "\ud800"},
        {f"k{n}": "v" for n in range(33)},
    ],
)
def test_metadata_that_cannot_be_kept_is_refused(catalog, shelf, metadata):
    with pytest.raises(InvalidInputError):
        publish(shelf, "a", metadata=metadata)
    document_id = publish(shelf, "b").document_id
    with pytest.raises(InvalidInputError):
        catalog.set_metadata(document_id, metadata)


def test_changed_metadata_is_due_in_the_index_until_it_was_taken_over(catalog, shelf):
    revision = publish(shelf, "a", metadata={"team": "law"}, media_type="text/html", source_id="s1")
    staged = shelf.stage("a", "another")
    assert catalog.relabellings(10) == []
    catalog.set_metadata(revision.document_id, {"team": "tax"})
    (due,) = catalog.relabellings(10)
    assert due.labels == Labels("s1", "text/html", JUNE, {"team": "tax"})
    assert set(due.chunk_ids) == {*catalog.chunk_ids(revision.id), *catalog.chunk_ids(staged.id)}
    catalog.set_metadata(revision.document_id, {"team": "it"})
    catalog.relabelled([due])
    (later,) = catalog.relabellings(10)
    assert later.labels.metadata == {"team": "it"}
    catalog.relabelled([later])
    assert catalog.relabellings(10) == []


def test_a_document_that_a_source_takes_over_is_due_in_the_index(catalog, shelf):
    document_id = publish(shelf, "a").document_id
    catalog.adopt([document_id], "s1")
    assert [due.labels.source_id for due in catalog.relabellings(10)] == ["s1"]


def test_nobody_gives_metadata_to_a_document_that_is_gone(catalog, shelf):
    document_id = publish(shelf, "a").document_id
    catalog.tombstone(document_id)
    with pytest.raises(NotFoundError):
        catalog.set_metadata(document_id, {})
    with pytest.raises(NotFoundError):
        catalog.set_metadata("nothing", {})


def test_a_staged_revision_tells_the_labels_it_will_have(catalog, shelf):
    publish(shelf, "a", metadata={"team": "law"}, source_id="s1")
    revision = catalog.stage("default", "a", replace(shelf.staged("two"), media_type="image/png"))
    catalog.add_chunks(revision.id, shelf.chunks(revision), ready=True)
    (key,) = catalog.ready_revisions(1)
    assert catalog.ready_revision(key).labels == Labels("s1", "image/png", None, {"team": "law"})
