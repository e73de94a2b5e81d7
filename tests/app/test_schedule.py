"""When syncs of sources begin: by the clock, after a change of a folder, and never two of one source."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from app.folder_watch import FolderWatch
from app.migrations import upgrade
from app.schedule import SCHEDULE, Schedule
from ingestion.sources.store import NewSource, SourceStore
from retrieval.errors import ConflictError, StorageFullError
from retrieval.tables import open_engine


def until(condition, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


class Syncs:
    """Notes which syncs are begun; refuses those of sources whose sync is at work, as the record of runs does."""

    def __init__(self):
        self.begun = []
        self.at_work = set()
        self.full = False

    def __call__(self, source, by):
        if self.full:
            raise StorageFullError("the disk is full")
        if source.id in self.at_work:
            raise ConflictError("this source is being synced")
        self.begun.append((source.name, by))
        return "run"


@pytest.fixture
def store(tmp_path):
    url = f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    upgrade(url)
    engine = open_engine(url)
    yield SourceStore(engine)
    engine.dispose()


@pytest.fixture
def syncs():
    return Syncs()


@pytest.fixture
def schedule(store, syncs):
    schedule = Schedule(store, syncs, quiet_s=0.3, patience_s=2.0)
    yield schedule
    schedule.close()


def add(store, name="papers", path="/nowhere", **more):
    return store.create(NewSource("default", "folder", name, {"path": str(path)}, **more), created_by="u:ann")


def test_what_is_due_begins_once_and_is_due_again_after_its_time(store, syncs, schedule):
    source = add(store, every_s=3600.0)
    add(store, "by hand")
    # Missed for ten days: one sync, not two hundred and forty.
    store.scheduled(source.id, datetime.now(UTC) - timedelta(days=10))
    schedule.start()
    assert until(lambda: syncs.begun)
    time.sleep(1.2)
    assert syncs.begun == [("papers", SCHEDULE)]
    after = store.get(source.id).next_sync_at - datetime.now(UTC)
    assert timedelta(minutes=59) < after < timedelta(minutes=64)


def test_what_is_paused_does_not_begin(store, syncs, schedule):
    source = add(store, every_s=60.0)
    store.update(source.id, paused=True)
    schedule.start()
    time.sleep(1.2)
    assert syncs.begun == []
    store.update(source.id, paused=False)
    assert until(lambda: syncs.begun)


def test_a_sync_that_is_still_at_work_gives_its_turn_up(store, syncs, schedule):
    source = add(store, every_s=3600.0)
    syncs.at_work.add(source.id)
    schedule.start()
    assert until(lambda: store.get(source.id).next_sync_at > datetime.now(UTC) + timedelta(minutes=50))
    assert syncs.begun == []


def test_a_sync_that_could_not_begin_is_tried_again_before_its_time(store, syncs, schedule):
    source = add(store, every_s=86_400.0)
    syncs.full = True
    schedule.start()
    assert until(lambda: store.get(source.id).next_sync_at > datetime.now(UTC) + timedelta(seconds=1))
    assert store.get(source.id).next_sync_at < datetime.now(UTC) + timedelta(minutes=11)


def test_chores_are_done_at_the_beginning(store, syncs):
    done = threading.Event()
    schedule = Schedule(store, syncs, chores=done.set)
    schedule.start()
    assert done.wait(10)
    schedule.close()


def test_a_watched_folder_is_synced_when_it_changed_and_is_still(store, syncs, schedule, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    add(store, path=folder, watch=True)
    schedule.start()
    assert until(lambda: len(syncs.begun) == 1)  # what changed while nobody watched
    time.sleep(1.5)
    before = len(syncs.begun)
    assert before <= 2
    (tmp_path / "new.md").write_text("moved in")
    (tmp_path / "new.md").rename(folder / "new.md")
    assert until(lambda: len(syncs.begun) == before + 1)


def test_a_burst_of_files_makes_a_few_syncs(store, syncs, schedule, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    add(store, path=folder, watch=True)
    schedule.start()
    assert until(lambda: syncs.begun)
    for number in range(10_000):
        (folder / f"{number % 100}").mkdir(exist_ok=True)
        (folder / f"{number % 100}" / f"{number}.md").write_text("x")
    written = len(syncs.begun)
    assert until(lambda: len(syncs.begun) > written)
    time.sleep(3)
    assert len(syncs.begun) <= 30


def test_what_changes_during_a_sync_is_not_missed(store, syncs, schedule, tmp_path, monkeypatch):
    monkeypatch.setattr("app.schedule._AGAIN_AFTER_S", 0.5)
    folder = tmp_path / "watched"
    folder.mkdir()
    source = add(store, path=folder, watch=True)
    syncs.at_work.add(source.id)
    schedule.start()
    time.sleep(1.5)
    (folder / "late.md").write_text("x")
    time.sleep(1.5)
    assert syncs.begun == []
    syncs.at_work.clear()
    assert until(lambda: syncs.begun)


def test_a_source_that_is_gone_or_paused_is_watched_no_more(store, syncs, schedule, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    source = add(store, path=folder, watch=True)
    schedule.start()
    assert until(lambda: syncs.begun)
    time.sleep(1.5)
    store.delete(source.id)
    time.sleep(1.0)
    before = len(syncs.begun)
    (folder / "a.md").write_text("x")
    time.sleep(1.5)
    assert len(syncs.begun) == before


def test_it_stops_within_a_second(store, syncs, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    add(store, path=folder, watch=True)
    schedule = Schedule(store, syncs)
    schedule.start()
    time.sleep(1.0)
    started = time.monotonic()
    schedule.close()
    assert time.monotonic() - started < 1.5
    assert not [thread for thread in threading.enumerate() if thread.name in {"schedule", "folder-watch"}]


@pytest.mark.parametrize("polling", [False, True])
def test_files_that_come_change_and_go_are_noticed_and_hidden_ones_are_not(tmp_path, monkeypatch, polling):
    monkeypatch.setattr("app.folder_watch._POLL_MS", 200)
    (tmp_path / "sub").mkdir()
    seen = []
    watch = FolderWatch(tmp_path, lambda: seen.append(1), polling=polling)
    watch.start()
    time.sleep(1.0)
    assert seen == []
    file = tmp_path / "sub" / "a.md"
    for act in (lambda: file.write_text("x"), lambda: file.write_text("other words"), file.unlink):
        before = len(seen)
        act()
        assert until(lambda before=before: len(seen) > before)
        time.sleep(0.8)
    before = len(seen)
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "~$plan.docx").write_text("x")
    time.sleep(1.2)
    assert len(seen) == before
    watch.stop()
    watch.join(3)


def test_a_folder_that_is_gone_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("app.folder_watch._AGAIN_AFTER_S", 0.2)
    monkeypatch.setattr("app.folder_watch._LOOK_MS", 300)
    folder, seen = tmp_path / "disk", []
    watch = FolderWatch(folder, lambda: seen.append(1))
    watch.start()
    time.sleep(0.4)
    folder.mkdir()
    assert until(lambda: len(seen) == 1)
    folder.rename(tmp_path / "elsewhere")
    assert until(lambda: len(seen) >= 2)
    folder.mkdir()
    before = len(seen)
    assert until(lambda: len(seen) > before)
    time.sleep(0.6)
    before = len(seen)
    (folder / "a.md").write_text("x")
    assert until(lambda: len(seen) > before)
    watch.stop()
    watch.join(2)
