"""Uploads in parts as they lie on the disk."""

import hashlib
import os
import shutil
import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from ingestion.sources.upload import EXPIRES_AFTER, PartialUploads
from ingestion.sources.upload_part import ChecksumError, UploadBusyError, UploadExpiredError
from retrieval.errors import ConflictError, NotFoundError, ResourceLimitError, StorageFullError


def no_room(_size_bytes):
    raise StorageFullError("the disk is full")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "uploads"


@pytest.fixture
def uploads(folder):
    return PartialUploads(folder, max_bytes=1_000, check_room=lambda _: None)


@pytest.fixture
def upload(uploads):
    return uploads.create("plan.md", collection="default", size_bytes=10, created_by="u:ann")


def send(uploads, upload, offset, content, **more):
    with uploads.appending(upload.id, offset, **more) as part:
        part.write(content)
    return uploads.get(upload.id)


def break_off(uploads, upload, offset, content, **more):
    with uploads.appending(upload.id, offset, **more) as part:
        part.write(content)
        raise ConnectionResetError


def age(folder, upload):
    old = (datetime.now(UTC) - EXPIRES_AFTER).timestamp() - 1
    for path in folder.glob(f"{upload.id}.*"):
        os.utime(path, (old, old))


def test_parts_make_the_file(uploads, upload):
    assert (upload.offset, upload.complete, upload.run_id) == (0, False, None)
    assert send(uploads, upload, 0, b"01234").offset == 5
    assert send(uploads, upload, 5, b"").offset == 5
    done = send(uploads, upload, 5, b"56789")
    assert done.complete
    taken = []

    def take(whole, path):
        taken.append((whole.name, path.read_bytes()))
        return "run-1"

    assert uploads.finish(upload.id, take).run_id == "run-1"
    assert uploads.finish(upload.id, take).run_id == "run-1"
    assert taken == [("plan.md", b"0123456789")]
    assert uploads.get(upload.id).complete
    assert uploads.get(upload.id).offset == 10


def test_another_object_on_the_folder_goes_on_where_the_first_was(uploads, upload, folder):
    send(uploads, upload, 0, b"01234")
    again = PartialUploads(folder, max_bytes=1_000, check_room=lambda _: None)
    assert again.get(upload.id).offset == 5
    assert send(again, upload, 5, b"56789").complete
    assert [one.id for one in again.waiting()] == [upload.id]
    again.finish(upload.id, lambda _upload, _path: "run")
    assert again.waiting() == []


def test_what_arrived_before_an_error_stays(uploads, upload):
    with pytest.raises(ConnectionResetError):
        break_off(uploads, upload, 0, b"0123")
    assert uploads.get(upload.id).offset == 4


@pytest.mark.parametrize("offset", [1, 9, 10, 11])
def test_a_part_begins_where_the_file_ends(uploads, upload, offset):
    with pytest.raises(ConflictError, match="0 bytes have arrived"):
        send(uploads, upload, offset, b"x")
    assert uploads.get(upload.id).offset == 0


def test_more_than_was_announced_is_refused(uploads, upload):
    with pytest.raises(ResourceLimitError):
        send(uploads, upload, 0, b"x" * 11)
    send(uploads, upload, 0, b"x" * 10)
    with pytest.raises(ResourceLimitError):
        send(uploads, upload, 10, b"x")
    assert uploads.get(upload.id).offset == 10


def test_a_damaged_part_is_dropped_and_one_that_broke_off_too(uploads, upload):
    send(uploads, upload, 0, b"0123")
    good = ("sha256", hashlib.sha256(b"456").digest())
    with pytest.raises(ChecksumError):
        send(uploads, upload, 4, b"4x6", checksum=good)
    with pytest.raises(ConnectionResetError):
        break_off(uploads, upload, 4, b"45", checksum=good)
    assert uploads.get(upload.id).offset == 4
    assert send(uploads, upload, 4, b"456", checksum=good).offset == 7


def test_two_do_not_write_at_once(uploads, upload):
    with uploads.appending(upload.id, 0) as part:
        part.write(b"01")
        for act in (
            lambda: send(uploads, upload, 0, b"x"),
            lambda: uploads.delete(upload.id),
            lambda: uploads.finish(upload.id, lambda *_: "run"),
        ):
            with pytest.raises(UploadBusyError):
                act()
    assert uploads.get(upload.id).offset == 2


def test_a_complete_upload_is_handed_over_once_by_however_many(uploads, upload):
    send(uploads, upload, 0, b"0123456789")
    taken, begun = [], threading.Barrier(8)

    def finish():
        begun.wait()
        with suppress(UploadBusyError):
            uploads.finish(upload.id, lambda *_: taken.append(1) or "run")

    threads = [threading.Thread(target=finish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [1]


def test_an_upload_that_could_not_be_handed_over_can_be_tried_again(uploads, upload):
    send(uploads, upload, 0, b"0123456789")
    with pytest.raises(StorageFullError):
        uploads.finish(upload.id, lambda *_: no_room(10))
    assert [one.id for one in uploads.waiting()] == [upload.id]
    assert uploads.finish(upload.id, lambda *_: "run").run_id == "run"


def test_an_upload_that_is_not_whole_is_not_handed_over(uploads, upload):
    send(uploads, upload, 0, b"0123")
    with pytest.raises(ConflictError, match="4 of 10"):
        uploads.finish(upload.id, lambda *_: "run")


def test_too_much_is_refused_before_it_is_sent(uploads, folder):
    with pytest.raises(ResourceLimitError, match="ATTUNE_DOCUMENT_MAX_BYTES"):
        uploads.create("big.pdf", collection="default", size_bytes=5 * 2**30, created_by="u:ann")
    full = PartialUploads(folder, max_bytes=1_000, check_room=no_room)
    with pytest.raises(StorageFullError):
        full.create("a.pdf", collection="default", size_bytes=10, created_by="u:ann")
    assert list(folder.iterdir()) == []


def test_a_disk_that_fills_on_the_way_keeps_what_has_arrived(uploads, upload, folder):
    send(uploads, upload, 0, b"0123")
    with pytest.raises(StorageFullError):
        send(PartialUploads(folder, max_bytes=1_000, check_room=no_room), upload, 4, b"45")
    assert uploads.get(upload.id).offset == 4


def test_an_upload_nobody_went_on_with_is_given_up(uploads, upload, folder):
    send(uploads, upload, 0, b"0123")
    fresh = uploads.create("other.md", collection="default", size_bytes=1, created_by="u:ann")
    age(folder, upload)
    for act in (lambda: uploads.get(upload.id), lambda: send(uploads, upload, 4, b"4")):
        with pytest.raises(UploadExpiredError):
            act()
    assert uploads.waiting() == []
    assert uploads.expire() == 1
    with pytest.raises(NotFoundError):
        uploads.get(upload.id)
    assert {path.stem for path in folder.iterdir()} == {fresh.id}


def test_what_a_kill_left_half_made_is_nobodys_and_goes_with_time(uploads, upload, folder):
    (folder / f"{upload.id}.json").write_text('{"name": "pl')
    (folder / f"{upload.id}.new").write_text("")
    with pytest.raises(NotFoundError):
        uploads.get(upload.id)
    age(folder, upload)
    assert uploads.expire() == 1
    assert list(folder.iterdir()) == []


def test_a_deleted_upload_is_gone(uploads, upload, folder):
    uploads.delete(upload.id)
    assert list(folder.iterdir()) == []
    with pytest.raises(NotFoundError):
        uploads.delete(upload.id)


@pytest.mark.parametrize("upload_id", ["", "x", "../secret", "a" * 32 + "\n", "A" * 32, "0" * 32, "\ud800"])
def test_an_id_that_is_none_is_said_so_and_opens_nothing(uploads, upload_id):
    for act in (uploads.get, uploads.delete, lambda key: uploads.finish(key, lambda *_: "run")):
        with pytest.raises(NotFoundError):
            act(upload_id)


def test_others_on_the_machine_cannot_read_what_arrives(uploads, upload, folder):
    send(uploads, upload, 0, b"0123")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_folder_that_is_gone_is_made_again(folder):
    PartialUploads(folder, max_bytes=1, check_room=lambda _: None)
    shutil.rmtree(folder)
    PartialUploads(folder, max_bytes=1, check_room=lambda _: None)
    assert folder.is_dir()
