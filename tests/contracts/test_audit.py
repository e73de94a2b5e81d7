"""What the doctor reads in the catalog, on each database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from ingestion.audit import Audit
from ingestion.audit_chunks import Standing

LATER = datetime.now(UTC) + timedelta(days=1)
EARLIER = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def audit(engine):
    return Audit(engine)


@pytest.fixture
def sql(engine):
    def sql(statement, **values):
        with engine.begin() as connection:
            connection.execute(text(statement), values)

    return sql


def test_live_chunks_come_page_by_page_with_their_vectors(audit, shelf):
    shelf.publish("a", "one\ntwo\nthree")
    shelf.stage("a", "four")
    first = audit.live_chunks_after("", 2)
    rest = audit.live_chunks_after(first[-1].id, 2)
    assert (len(first), len(rest)) == (2, 1)
    assert [chunk.vector for chunk in first] == [None, None]
    ids = [chunk.id for chunk in first + rest]
    assert sorted(chunk.id for chunk in audit.live_chunks_of([*ids, "unknown"])) == ids
    assert [chunk.text for chunk in audit.whole_chunks(ids)] == ["one", "two", "three"]


def test_a_standing_says_where_a_chunk_belongs_and_whether_it_is_live(audit, shelf, catalog):
    live = shelf.publish("a", "one", frozenset({"g:law", "u:ann"}))
    staged = shelf.stage("b", "two")
    found = audit.standings([f"{live.id}-0", f"{staged.id}-0", "unknown"])
    assert found == {
        f"{live.id}-0": Standing(live.document_id, live.id, "default", frozenset({"g:law", "u:ann"}), live=True),
        f"{staged.id}-0": Standing(staged.document_id, staged.id, "default", frozenset(), live=False),
    }
    catalog.tombstone(live.document_id)
    assert not audit.standings([f"{live.id}-0"])[f"{live.id}-0"].live


def test_chunks_that_do_not_fit_their_text_are_found_and_set_right(audit, shelf, sql):
    revision = shelf.publish("a", "ümlaut 漢字\ntwo\nthree")
    assert list(audit.misquotes()) == []
    sql('UPDATE chunks SET "end" = "end" + 1 WHERE ordinal = 0')
    sql("UPDATE chunks SET text = 'twa' WHERE ordinal = 1")
    sql("UPDATE chunks SET document_id = 'nobody' WHERE ordinal = 2")
    found = {quote.chunk_id: (quote.misquoted, quote.misfiled) for quote in audit.misquotes()}
    assert found == {
        f"{revision.id}-0": (True, False),
        f"{revision.id}-1": (True, False),
        f"{revision.id}-2": (False, True),
    }
    audit.refile([f"{revision.id}-2"])
    assert all(audit.requote(f"{revision.id}-{ordinal}") for ordinal in (0, 1))
    assert list(audit.misquotes()) == []
    assert not audit.requote("unknown")


def test_documents_that_show_no_live_revision_are_found_and_shown_one(audit, shelf, sql, reader):
    old = shelf.publish("a", "the old")
    new = shelf.publish("a", "the new")
    shelf.stage("b", "waits for its first")
    assert audit.revisionless(LATER) == {}
    sql("UPDATE documents SET live_revision_id = NULL WHERE id = :id", id=old.document_id)
    assert audit.revisionless(LATER) == {old.document_id: new.id}
    audit.show(old.document_id, new.id)
    assert audit.revisionless(LATER) == {}
    assert shelf.seen(new, reader) == ["the new"]


def test_a_second_live_revision_is_found_and_retired(audit, shelf, sql):
    shelf.publish("a", "one")
    second = shelf.stage("a", "two")
    sql("DROP INDEX uq_revisions_live")
    try:
        sql("UPDATE revisions SET state = 'live' WHERE id = :id", id=second.id)
        assert audit.second_lives() == [second.id]
        audit.retire([second.id])
        assert audit.second_lives() == []
        assert audit.uncollected(LATER)[0] == [second.id]
    finally:
        # Other tests use this database too.
        sql("CREATE UNIQUE INDEX uq_revisions_live ON revisions (document_id) WHERE state = 'live'")


def test_what_was_begun_and_never_ended_is_found_by_its_age(audit, shelf, catalog):
    shelf.publish("a", "one")
    retired = shelf.publish("b", "one")
    shelf.publish("b", "two")
    stuck = shelf.stage("c", "three")
    ready = shelf.stage("d", "four")
    catalog.add_chunks(ready.id, [], ready=True)
    gone = shelf.publish("e", "five")
    catalog.tombstone(gone.document_id)
    assert (audit.stuck(LATER), audit.waiting(LATER)) == ([stuck.id], [ready.id])
    assert audit.uncollected(LATER) == ([retired.id], [gone.document_id])
    assert (audit.stuck(EARLIER), audit.waiting(EARLIER), audit.uncollected(EARLIER)) == ([], [], ([], []))


def test_originals_of_live_documents_are_live_and_all_others_wanted(audit, shelf):
    shelf.publish("a", "one")
    new = shelf.publish("a", "two")
    staged = shelf.stage("b", "three")
    assert audit.live_originals() == {new.content_sha256: "a"}
    assert {new.content_sha256, staged.content_sha256} < audit.wanted_originals()
    assert len(audit.wanted_originals()) == 3


def test_documents_held_by_a_worker_can_be_given_to_another(audit, sql):
    now = datetime.now(UTC)
    sql("INSERT INTO ingest_runs (id, collection, label, state, scanned, batches, spec, created_by, created_at) "
        "VALUES ('r', 'default', 'files', 'running', true, 1, '{}', 'u', :now)", now=now)  # fmt: skip
    sql("INSERT INTO ingest_items (id, run_id, ordinal, uri, name, size_bytes, state, worker, attempts, failures, "
        "chunks, embedded, timings, started_at, batch) VALUES ('i', 'r', 0, 'u', 'n', 1, 'working', 'w', 1, 0, 0, 0, "
        "'{}', :now, 0)", now=now)  # fmt: skip
    sql("INSERT INTO workers (id, host, pid, started_at, seen_at) VALUES ('w', 'h', 1, :now, :now)", now=now)
    assert audit.workers_seen(EARLIER) == {"w"}
    assert audit.workers_seen(LATER) == set()
    assert (audit.running_runs(LATER), audit.working_items(LATER)) == (["r"], {"i": "w"})
    audit.requeue(["i"])
    assert audit.working_items(LATER) == {}


def test_pointers_can_be_forgotten(audit, catalog):
    catalog.set_index_pointer("vectors:a", "g1")
    catalog.set_index_pointer("vectors:b", "g2")
    audit.forget_pointers(["vectors:a"])
    assert audit.pointers() == {"vectors:b": "g2"}


def test_a_sound_catalog_has_no_faults_and_can_be_compacted(audit, shelf, reader):
    revision = shelf.publish("a", "one")
    assert audit.faults() == []
    audit.compact()
    assert shelf.seen(revision, reader) == ["one"]
