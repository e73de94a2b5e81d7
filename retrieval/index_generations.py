"""Generations: the directories of an embedded index, of which the pointer says which one is live."""

import fcntl
import os
import re
import shutil
import uuid
from pathlib import Path

from retrieval.errors import DataDirectoryError
from retrieval.index import IndexPointer, short_name

_GENERATION = re.compile(r"g[0-9a-f]{32}")
_BUILDING = re.compile(r"building-[0-9a-f]{32}")

_HOLE = bytes(1 << 20)

REMEDY = "Restore it from a backup, or move it away: the next start builds the index again from the catalog."


class Generations:
    """The directory ``root/<fingerprint>/`` under an exclusive lock, with one directory per generation.

    A generation is made under the name ``building-...`` and renamed ``g...`` when it is whole, so a kill leaves
    nothing that could be taken for an index. The pointer decides which ``g...`` is live.

    Args:
        root: Where the indexes of all fingerprints lie; made if missing.
        fingerprint: Of the embedder.
        pointer: Remembers the live generation.

    Raises:
        DataDirectoryError: Another process has the index open, or the directory cannot be used.
    """

    def __init__(self, root: Path, fingerprint: str, pointer: IndexPointer) -> None:
        self.directory = root / short_name(fingerprint)
        self._pointer = pointer
        self._name = f"vectors:{self.directory.name}"
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _locked(self.directory / "owner.lock")
        except OSError as error:
            raise DataDirectoryError(f"The vector index at {self.directory} cannot be used: {error}.") from error

    def live(self) -> Path | None:
        """Return the live generation and remove what killed builds left over.

        Returns:
            Its directory; None when there is no generation yet and one must be made.

        Raises:
            DataDirectoryError: There are generations, but the catalog knows none of them.
        """
        target = self._pointer.get(self._name)
        present = {path.name for path in self.directory.iterdir() if _GENERATION.fullmatch(path.name)}
        if present and target not in present:
            raise DataDirectoryError(
                f"The vector index at {self.directory} does not belong to this catalog, which points at "
                f"{target or 'no index yet'}. {REMEDY}"
            )
        for path in self.directory.iterdir():
            if _BUILDING.fullmatch(path.name) or path.name in present - {target}:
                remove(path)
        return self.directory / target if present and target else None

    def start_building(self) -> Path:
        """Return a fresh path for a generation in the making; it does not exist yet."""
        return self.directory / f"building-{uuid.uuid4().hex}"

    def found(self, building: Path) -> Path:
        """Make the first generation live.

        Returns:
            Its directory.
        """
        directory = self._named(building)
        # Pointer first: with the name missing, a kill in between reads as "no index yet" at the next start.
        self.point_at(directory)
        return self._settle(building, directory)

    def adopt(self, building: Path) -> Path:
        """Give a generation that is whole its lasting name; it is not live before ``point_at``.

        Returns:
            Its directory.
        """
        return self._settle(building, self._named(building))

    def point_at(self, directory: Path) -> None:
        """Make this generation the live one."""
        self._pointer.set(self._name, directory.name)

    def unlock(self) -> None:
        """Let another process open the index."""
        self._lock.close()

    def _named(self, building: Path) -> Path:
        return self.directory / f"g{building.name.removeprefix('building-')}"

    def _settle(self, building: Path, directory: Path) -> Path:
        building.rename(directory)
        sync_directory(self.directory)
        return directory


class _Lock:
    """An open lock file; closing it lets go, and so does the end of the process, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def close(self) -> None:
        """Let go; again is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _locked(path: Path) -> _Lock:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise DataDirectoryError(
            f"The vector index at {path.parent} is open in the process {owner}. "
            "Stop that process, or let it do the work: the embedded engine has one owner."
        ) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return _Lock(descriptor)


def remove(directory: Path) -> None:
    """Remove a generation's directory; whatever cannot be removed now is removed at the next start."""
    shutil.rmtree(directory, ignore_errors=True)


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a directory tree, holes and all: the engine's files are mostly reserved, unwritten space."""
    shutil.copytree(source, target, copy_function=_copy_file)


def sync_directory(directory: Path) -> None:
    """Put names made or changed in a directory where they survive a power loss."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_file(source: str, target: str) -> None:
    with open(source, "rb") as reader, open(target, "wb") as writer:
        while block := reader.read(len(_HOLE)):
            if block == _HOLE[: len(block)]:
                writer.seek(len(block), os.SEEK_CUR)
            else:
                writer.write(block)
        # A hole at the end has no byte to end it.
        writer.truncate(reader.tell())
