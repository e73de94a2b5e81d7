"""The originals: bytes of documents by their SHA-256, written once and never changed."""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from retrieval.errors import NotFoundError, ResourceLimitError, StorageFullError

_PART_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PENDING = "pending"
_PIN = "kept.lock"  # shared by whoever reads what must not go, exclusive for whoever deletes


class Blobs:
    """Content-addressed files in a folder; any number of processes and machines may share it.

    A file appears under its name only when it is whole: it is written beside, synced, and renamed. The same bytes are
    kept once, whoever brings them.

    Args:
        folder: Made with mode 0700 where it is missing.
        reserve_bytes: Room that is left free on its disk; what would go below is refused, so that questions, which
            write a little too, go on.
    """

    def __init__(self, folder: Path, *, reserve_bytes: int = 0) -> None:
        self.folder = folder
        self.reserve_bytes = reserve_bytes
        with storage():
            # The mode is for the last of the folders alone.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / _PENDING).mkdir(mode=0o700, exist_ok=True)

    def put(self, stream: BinaryIO, *, max_bytes: int | None = None) -> tuple[str, int]:
        """Keep the rest of a stream.

        Returns:
            Its SHA-256 in hex, and how many bytes there were.

        Raises:
            ResourceLimitError: There are more than ``max_bytes``; nothing is kept.
            StorageFullError: The disk is full; nothing is kept.
        """
        fresh = self.folder / _PENDING / uuid4().hex
        digest = hashlib.sha256()
        size_bytes = 0
        try:
            with storage(), fresh.open("xb") as out:
                fresh.chmod(0o600)
                while part := stream.read(_PART_BYTES):
                    size_bytes += len(part)
                    if max_bytes is not None and size_bytes > max_bytes:
                        raise ResourceLimitError(f"is larger than {max_bytes / 2**20:,.0f} MB")
                    self.check_room(len(part))
                    digest.update(part)
                    out.write(part)
                out.flush()
                os.fsync(out.fileno())
            return self._adopt(fresh, digest.hexdigest()), size_bytes
        finally:
            fresh.unlink(missing_ok=True)

    def put_file(self, path: Path, *, max_bytes: int | None = None) -> tuple[str, int]:
        """Keep a copy of a file.

        Returns:
            As ``put``, which may raise too.

        Raises:
            OSError: The file cannot be read.
        """
        with path.open("rb") as stream:
            return self.put(stream, max_bytes=max_bytes)

    def path(self, sha256: str) -> Path:
        """Return where the bytes lie; not to be written to.

        Raises:
            NotFoundError: They are not there.
        """
        path = self._path(sha256)
        if not path.is_file():
            raise NotFoundError(f"no original {sha256[:12]}")
        return path

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and bool(_SHA256.fullmatch(sha256)) and self._path(sha256).is_file()

    def __iter__(self) -> Iterator[str]:
        """Go over the names of all that is kept, in their order."""
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(path.name for path in folder.iterdir() if _SHA256.fullmatch(path.name))

    def delete(self, sha256: str) -> None:
        """Forget bytes; gone already is fine. While ``kept`` lasts they stay, for ``sweep`` to find."""
        with self._may_delete() as allowed:
            if allowed and _SHA256.fullmatch(sha256):
                self._path(sha256).unlink(missing_ok=True)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Have nothing deleted while the block lasts, by any process: a backup reads what is named here."""
        with (self.folder / _PIN).open("a") as pin:
            fcntl.flock(pin, fcntl.LOCK_SH)
            yield

    @contextmanager
    def _may_delete(self) -> Iterator[bool]:
        with (self.folder / _PIN).open("a") as pin:
            try:
                fcntl.flock(pin, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def sweep(self, used: Collection[str], *, older_than_s: float = 3600.0) -> int:
        """Delete what nothing refers to, and what was begun and never finished; not what may be in use any moment now.

        Args:
            used: SHA-256 of everything that is referred to.
            older_than_s: Younger files stay: whoever wrote them may be about to refer to them.

        Returns:
            How many files were deleted.
        """
        before = time.time() - older_than_s
        unused = (self._path(sha256) for sha256 in self if sha256 not in used)
        old = [path for path in [*unused, *self.unfinished()] if _written_at(path) < before]
        with self._may_delete() as allowed:
            for path in old if allowed else []:
                path.unlink(missing_ok=True)
            return len(old) if allowed else 0

    def unfinished(self) -> list[Path]:
        """Return the files that were begun and not finished: what a killed process left, and what is being written."""
        return sorted((self.folder / _PENDING).iterdir())

    def check_room(self, size_bytes: int = 0) -> None:
        """Say nothing while the disk has room for this much beside the reserve.

        Raises:
            StorageFullError: It has not.
        """
        check_room(self.folder, size_bytes, reserve_bytes=self.reserve_bytes)

    def _adopt(self, fresh: Path, sha256: str) -> str:
        path = self._path(sha256)
        with storage():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            # Not replaced where it is whole: a parser may be confined to this very file.
            if not _holds(path, sha256):
                fresh.replace(path)
        return sha256

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise NotFoundError("no such original")
        return self.folder / sha256[:2] / sha256


def check_room(folder: Path, size_bytes: int, *, reserve_bytes: int) -> None:
    """Say nothing while the disk of a folder has room for this much beside the reserve.

    Raises:
        StorageFullError: It has not.
    """
    free = shutil.disk_usage(folder).free
    if free - size_bytes < reserve_bytes:
        raise StorageFullError(
            f"the disk has {free / 2**20:,.0f} MB left, of which {reserve_bytes / 2**20:,.0f} MB are kept "
            "free; make room or lower ATTUNE_DISK_RESERVE_BYTES"
        )


def _holds(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as kept:
            return hashlib.file_digest(kept, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


@contextmanager
def storage() -> Iterator[None]:
    """Give a full disk an error of ours.

    Raises:
        StorageFullError: The disk, or what this user may use of it, is full.
        OSError: Whatever else went wrong.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFullError("the disk is full; make room and try again") from error
        raise
