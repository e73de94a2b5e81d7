"""Originals by their content: whole or not there, once, and not beyond the room there is."""

import hashlib
import io
import os
import stat
import time
from pathlib import Path

import pytest

from ingestion.blobs import Blobs
from retrieval.errors import NotFoundError, ResourceLimitError, StorageFullError

WORDS = b"some words of a document"
SHA256 = hashlib.sha256(WORDS).hexdigest()


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def files(blobs):
    return sorted(path for path in blobs.folder.glob("*/*") if path.is_file())


def test_bytes_come_back_by_their_hash_for_their_owner_only(blobs):
    assert blobs.put(io.BytesIO(WORDS)) == (SHA256, len(WORDS))
    assert blobs.path(SHA256).read_bytes() == WORDS
    assert stat.S_IMODE(blobs.path(SHA256).stat().st_mode) == 0o600
    assert stat.S_IMODE(blobs.folder.stat().st_mode) == 0o700
    assert SHA256 in blobs
    assert list(blobs) == [SHA256]


def test_the_same_bytes_are_kept_once_and_the_file_that_a_parser_reads_is_not_exchanged(blobs):
    blobs.put(io.BytesIO(WORDS))
    before = blobs.path(SHA256).stat().st_ino
    blobs.put(io.BytesIO(WORDS))
    assert blobs.path(SHA256).stat().st_ino == before
    assert files(blobs) == [blobs.path(SHA256)]


def test_a_damaged_file_is_mended_by_the_same_bytes(blobs):
    blobs.put(io.BytesIO(WORDS))
    blobs.path(SHA256).write_bytes(b"damaged")
    blobs.put(io.BytesIO(WORDS))
    assert blobs.path(SHA256).read_bytes() == WORDS


def test_what_is_too_large_leaves_nothing(blobs):
    with pytest.raises(ResourceLimitError, match="larger than"):
        blobs.put(io.BytesIO(b"x" * 3_000_000), max_bytes=2_000_000)
    assert files(blobs) == []
    assert blobs.unfinished() == []


def test_the_reserve_is_left_free(tmp_path):
    blobs = Blobs(tmp_path / "blobs", reserve_bytes=2**60)
    with pytest.raises(StorageFullError, match="ATTUNE_DISK_RESERVE_BYTES"):
        blobs.put(io.BytesIO(WORDS))
    assert files(blobs) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_disk_that_is_really_full_has_an_error_of_ours():
    from ingestion.blobs import storage

    with pytest.raises(StorageFullError), storage(), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "F" * 64, "f" * 63, SHA256 + "0"])
def test_what_is_no_hash_names_nothing(blobs, name):
    assert name not in blobs
    with pytest.raises(NotFoundError):
        blobs.path(name)
    blobs.delete(name)


def test_a_sweep_spares_what_is_used_and_what_is_new(blobs):
    used, _ = blobs.put(io.BytesIO(b"used"))
    old, _ = blobs.put(io.BytesIO(b"old"))
    new, _ = blobs.put(io.BytesIO(b"new"))
    left = blobs.folder / "pending" / "left"
    left.write_bytes(b"half")
    for path in (blobs.path(old), blobs.path(used), left):
        os.utime(path, (time.time() - 7200,) * 2)
    assert blobs.sweep({used}) == 2
    assert sorted(blobs) == sorted([used, new])
    assert blobs.unfinished() == []
