"""The record of runs of ingestion, on every database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.run_batches import MAX_BATCH_BYTES, MAX_BATCH_ITEMS
from ingestion.run_rows import NewItem
from ingestion.runs import IngestRuns
from ingestion.tables import sources
from ingestion.workers import Workers
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError


@pytest.fixture
def runs(engine):
    return IngestRuns(engine)


def begin(runs, *items, **more):
    run = runs.create("default", label="pages", spec={"paths": ["/pages"]}, created_by="u:me", **more)
    runs.add_items(run.id, items)
    return run.id


def pages(count, size_bytes=10):
    return [NewItem(f"file:///{n}", f"{n}.md", f"{n:064x}", size_bytes) for n in range(count)]


def working(runs, count=3):
    run_id = begin(runs, *pages(count))
    runs.start(run_id)
    runs.scanned(run_id)
    (batch,) = runs.assign(run_id)
    return run_id, runs.claim(run_id, batch, "worker:0")


def test_a_run_comes_back_as_it_was_created(runs):
    run = runs.create("default", label="pages", spec={"acl": ["g:a"]}, created_by="u:me")
    assert runs.get(run.id) == run
    assert (run.state, run.scanned, run.spec, run.ended) == ("queued", False, {"acl": ["g:a"]}, False)


def test_an_unknown_run_is_an_error(runs):
    for act in (runs.get, runs.pause, runs.resume, runs.cancel, runs.retry):
        with pytest.raises(NotFoundError):
            act("nothing")


def test_a_document_is_in_a_run_once_however_often_it_is_found(runs):
    run_id = begin(runs, *pages(2))
    assert runs.add_items(run_id, pages(3)) == 1
    assert [(item.ordinal, item.uri) for item in runs.items(run_id)] == [
        (0, "file:///0"),
        (1, "file:///1"),
        (2, "file:///2"),
    ]


def test_small_documents_share_a_batch_and_a_large_one_has_its_own(runs):
    run_id = begin(runs, *pages(MAX_BATCH_ITEMS + 1), NewItem("file:///big", "big", "f" * 64, MAX_BATCH_BYTES + 1))
    assert runs.assign(run_id) == [0, 1, 2]
    assert dict(runs.open_batches(run_id)) == {0: MAX_BATCH_ITEMS, 1: 1, 2: 1}
    assert runs.assign(run_id) == []


def test_documents_that_are_to_be_alone_are(runs):
    run_id = begin(runs, *pages(3))
    assert runs.assign(run_id, lone=True) == [0, 1, 2]


def test_a_document_that_is_to_be_deleted_is_in_no_batch(runs):
    run_id = begin(runs, *pages(1), NewItem("file:///gone", "gone", outcome="deleted"))
    runs.assign(run_id)
    assert dict(runs.open_batches(run_id)) == {0: 1}
    assert [item.uri for item in runs.deletions(run_id, limit=10)] == ["file:///gone"]


def test_claimed_documents_are_worked_on_and_counted(runs):
    run_id, items = working(runs)
    assert [(item.state, item.attempts, item.worker) for item in items] == [("working", 1, "worker:0")] * 3
    assert runs.progress(run_id).states == {"working": 3}


def test_nothing_can_be_claimed_of_a_run_that_does_not_run(runs):
    run_id = begin(runs, *pages(1))
    (batch,) = runs.assign(run_id)
    assert runs.claim(run_id, batch, "worker:0") == []
    runs.start(run_id)
    runs.pause(run_id)
    assert runs.claim(run_id, batch, "worker:0") == []
    assert runs.claim("nothing", batch, "worker:0") == []
    runs.resume(run_id)
    assert len(runs.claim(run_id, batch, "worker:0")) == 1


def test_of_two_workers_that_claim_one_batch_only_the_last_can_stage(runs):
    run_id, (item, *_) = working(runs)
    (other, *_) = runs.claim(run_id, 0, "worker:1")
    more = {"outcome": "added", "counts": (1, 1), "timings": {"parse": 1.5}}
    assert not runs.staged(item, revision_id="r1", **more)
    assert runs.staged(other, revision_id="r2", **more)
    assert runs.items(run_id)[0].revision_id == "r2"
    assert runs.items(run_id)[0].timings == {"parse": 1.5}


def test_an_interrupted_run_does_not_undo_what_a_later_one_took_in(runs):
    older, items = working(runs)
    newer, later = working(runs, 2)
    more = {"outcome": "added", "counts": (1, 1), "timings": {}}
    assert not runs.staged(items[0], revision_id="r0", **more)
    assert runs.staged(later[0], revision_id="r1", **more)
    assert [item.uri for item in runs.claim(older, 0, "worker:0")] == ["file:///2"]
    assert runs.progress(older).states == {"done": 2, "working": 1}
    runs.settle([later[1].id], state="failed", reason="is broken", kind="unreadable")
    assert runs.progress(newer).states == {"staged": 1, "failed": 1}


def test_what_a_worker_gives_back_waits_for_another(runs):
    run_id, items = working(runs)
    runs.settle([items[0].id], state="failed", reason="is broken", kind="unreadable")
    runs.release([item.id for item in items], "worker:0")
    assert runs.progress(run_id).states == {"failed": 1, "queued": 2}
    assert runs.assign(run_id) == [1]


def test_a_staged_document_is_done_when_its_revision_is_live_or_was_superseded(runs, catalog, shelf):
    run_id, items = working(runs)
    live, newer = shelf.stage("file:///0", "one"), shelf.stage("file:///1", "two")
    for item, revision_id in zip(items, (live.id, newer.id, "gone"), strict=True):
        runs.staged(item, revision_id=revision_id, outcome="added", counts=(1, 1), timings={})
    assert runs.settle_published() == 1
    catalog.publish(live.id)
    assert runs.settle_published() == 1
    found = {item.uri: item for item in runs.items(run_id)}
    assert (found["file:///0"].state, found["file:///0"].outcome) == ("done", "added")
    assert found["file:///1"].state == "staged"
    assert (found["file:///2"].state, found["file:///2"].outcome) == ("done", None)
    assert "newer state" in found["file:///2"].reason


def test_what_was_staged_whole_by_a_worker_that_died_is_made_ready(runs, catalog, shelf):
    _, items = working(runs)
    revision = shelf.stage("file:///0", "one")
    assert runs.adopt_staged() == 0
    runs.staged(items[0], revision_id=revision.id, outcome="added", counts=(1, 1), timings={})
    assert runs.adopt_staged() == 1
    assert [key.id for key in catalog.ready_revisions(5)] == [revision.id]
    assert runs.adopt_staged() == 0


def test_a_run_ends_when_it_is_scanned_and_nothing_is_open(runs):
    run_id = begin(runs, *pages(1))
    runs.start(run_id)
    (batch,) = runs.assign(run_id)
    (item,) = runs.claim(run_id, batch, "worker:0")
    runs.settle([item.id], state="done", outcome="added")
    assert not runs.finish(run_id)
    runs.scanned(run_id)
    assert runs.finish(run_id)
    assert not runs.finish(run_id)
    assert runs.get(run_id).state == "done"
    for act in (runs.pause, runs.resume, runs.cancel):
        with pytest.raises(ConflictError, match="the run is done"):
            act(run_id)


def test_what_failed_can_be_tried_again_and_what_was_done_is_left_alone(runs):
    run_id, items = working(runs)
    runs.settle([items[0].id], state="done", outcome="added")
    runs.settle([items[1].id], state="failed", reason="is broken", kind="unreadable")
    runs.settle([items[2].id], state="quarantined", reason="it crashed", kind="crash")
    runs.finish(run_id)
    assert runs.progress(run_id).failed_kinds == {"unreadable": 1, "crash": 1}
    assert runs.retry(run_id) == 2
    assert runs.get(run_id).state == "running"
    again = [item for item in runs.items(run_id) if item.state == "queued"]
    assert [(item.reason, item.kind, item.attempts) for item in again] == [(None, None, 1)] * 2


def test_what_waits_for_language_data_is_queued_when_it_is_there_unless_it_was_read_since(runs):
    first, (item, *_) = working(runs, 1)
    runs.settle([item.id], state="failed", reason="needs OCR", kind="needs_ocr")
    runs.finish(first)
    assert runs.requeue_kind("needs_ocr") == 1
    assert runs.get(first).state == "running"
    (batch,) = runs.assign(first)
    (item,) = runs.claim(first, batch, "worker:0")
    runs.settle([item.id], state="failed", reason="needs OCR", kind="needs_ocr")
    runs.finish(first)
    working(runs, 1)  # the same uri, later
    assert runs.requeue_kind("needs_ocr") == 0


def test_cancelling_settles_what_waits_and_lets_be_what_is_staged(runs):
    run_id, items = working(runs)
    runs.staged(items[0], revision_id="r", outcome="added", counts=(1, 1), timings={})
    runs.settle([items[1].id], state="done", outcome="added")
    runs.cancel(run_id)
    assert runs.progress(run_id).states == {"staged": 1, "done": 1, "cancelled": 1}
    runs.cancel(run_id)


def test_progress_counts_outcomes_and_says_when_it_will_be_over(runs):
    run_id, items = working(runs, 4)
    runs.add_items(run_id, [NewItem("file:///same", "same", state="done", outcome="unchanged")])
    for item in items[:2]:
        runs.settle([item.id], state="done", outcome="added", chunks=3, embedded=2)
    progress = runs.progress(run_id)
    assert (progress.total, progress.done, progress.outcomes) == (5, 3, {"added": 2, "unchanged": 1})
    assert (progress.chunks, progress.embedded) == (6, 4)
    # Two were worked on; what was unchanged says nothing about the speed of work.
    assert progress.per_second > 0
    assert progress.eta_s == pytest.approx(2 / progress.per_second, rel=0.01)


def test_runs_come_newest_first_page_by_page(runs):
    ids = [begin(runs) for _ in range(5)]
    first = runs.recent(limit=2)
    second = runs.recent(limit=10, before=first[-1].id)
    assert [run.id for run in [*first, *second]] == ids[::-1]


def test_settled_documents_come_in_the_order_of_their_end(runs):
    run_id, items = working(runs)
    for item in (items[2], items[0]):
        runs.settle([item.id], state="done", outcome="added")
    settled = runs.settled_since(run_id, datetime.now(UTC) - timedelta(minutes=1))
    assert [item.uri for item in settled] == ["file:///2", "file:///0"]
    assert runs.settled_since(run_id, datetime.now(UTC) + timedelta(minutes=1)) == []


def a_source(engine, key="s1"):
    row = {"id": key, "collection": "default", "kind": "folder", "name": key, "arguments": {}, "acl": []}
    now = datetime.now(UTC)
    with engine.begin() as connection:
        connection.execute(sources.insert().values(**row, watch=False, paused=False, created_by="u:me", created_at=now))


def test_a_source_has_one_run_at_a_time_whoever_asks_first(runs, engine):
    a_source(engine)

    def ask(_):
        try:
            return begin(runs, source_id="s1")
        except ConflictError:
            return None

    with ThreadPoolExecutor(4) as pool:
        begun = [run_id for run_id in pool.map(ask, range(4)) if run_id]
    assert len(begun) == 1
    runs.cancel(begun[0])
    assert begin(runs, source_id="s1")
    assert len(runs.recent(limit=10, source_id="s1")) == 2


def test_old_runs_are_forgotten_and_their_originals_are_in_use_until_they_are_read(runs):
    run_id, items = working(runs)
    runs.settle([items[0].id], state="done", outcome="added")
    runs.settle([items[1].id], state="failed", reason="x", kind="unreadable")
    assert runs.originals() == {items[1].content_sha256, items[2].content_sha256}
    later = datetime.now(UTC) + timedelta(days=1)
    assert runs.forget_before(later) == 0
    runs.cancel(run_id)
    assert runs.forget_before(later) == 1
    assert runs.items(run_id) == []
    assert runs.originals() == set()


def test_workers_are_alive_as_long_as_they_say_so(engine):
    workers = Workers(engine)
    workers.enter("a:0", host="a", pid=1)
    workers.enter("a:0", host="a", pid=2)
    workers.enter("b:0", host="b", pid=3)
    workers.leave("b:0")
    workers.beat("a:0")
    (worker,) = workers.all()
    assert (worker.id, worker.host, worker.pid) == ("a:0", "a", 2)
    assert worker.alive(datetime.now(UTC))
    assert not worker.alive(datetime.now(UTC) + timedelta(minutes=2))


def settled(runs, *items, collection="default"):
    """A run in which documents ended as the items say: their uris and states."""
    made = [NewItem(uri, uri, state=state, kind="damaged", reason="is damaged") for uri, state in items]
    return runs.create(collection, label="pages", spec={}, created_by="u:me", items=made).id


def unmended(runs, collection="default", limit=1000):
    """Uri and run of all that is listed, page by page."""
    seen, before = [], None
    while True:
        page, before = runs.unmended(collection, before=before, limit=limit)
        seen += [(item.uri, item.run_id) for item in page]
        if before is None:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_what_failed_is_listed_once_the_newest_first_until_it_was_taken_in(runs, limit):
    settled(runs, ("a", "failed"), ("b", "quarantined"), ("c", "failed"), ("d", "done"), ("e", "cancelled"))
    second = settled(runs, ("a", "failed"), ("c", "done"))
    third = settled(runs, ("f", "failed"))
    settled(runs, ("b", "failed"), ("f", "done"), collection="other")
    found = unmended(runs, limit=limit)
    assert [uri for uri, _ in found] == ["f", "a", "b"]
    assert dict(found)["a"] == second
    assert dict(found)["f"] == third
    settled(runs, ("a", "done"), ("f", "quarantined"))
    assert [uri for uri, _ in unmended(runs, limit=limit)] == ["f", "b"]


def test_what_is_tried_again_is_not_listed_until_it_fails_again(runs):
    run_id = settled(runs, ("a", "failed"), ("b", "failed"))
    assert runs.retry(run_id, ordinals=[0]) == 1
    assert [uri for uri, _ in unmended(runs)] == ["b"]
    runs.settle([runs.items(run_id)[0].id], state="failed")
    assert [uri for uri, _ in unmended(runs)] == ["a", "b"]


def test_only_the_named_documents_are_tried_again_and_none_that_did_not_fail(runs):
    run_id = settled(runs, ("a", "failed"), ("b", "failed"), ("c", "done"), ("d", "cancelled"))
    assert runs.retry(run_id, ordinals=[1, 2, 7]) == 1
    assert [item.state for item in runs.items(run_id)] == ["failed", "queued", "done", "cancelled"]
    assert runs.retry(run_id, ordinals=[2]) == 0


@pytest.mark.parametrize("before", ["x", "WyJhIiwgImIiXQ==", "WyIyMDI2LTAxLTAxIiwgImIiXQ=="])
def test_a_place_in_the_list_of_failures_that_is_none_is_refused(runs, before):
    # The last is a moment without its zone.
    with pytest.raises(InvalidInputError):
        runs.unmended("default", before=before)
