"""Build the HNSW graph of a shard in a child process of low priority, and keep the index going meanwhile.

The engine's ``optimize()`` holds the interpreter lock for its whole run, minutes at 100,000 points, so it must
never run in a process that answers questions. Run as ``python -m retrieval.index_build DIRECTORY PARENT_PID``.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.errors import ConflictError, VectorIndexError
from retrieval.index_engine import Change
from retrieval.index_entry import IndexEntry, to_entry
from retrieval.index_shard import PAGE, Offset, Shard

_NICENESS = 10
_POLL_S = 0.2
_PR_SET_PDEATHSIG = 1


class LiveShard:
    """The shard that is read now; it can be replaced without a reader failing or seeing two."""

    def __init__(self, shard: Shard) -> None:
        self._shard: Shard | None = shard
        self._readers: dict[Shard, int] = {shard: 0}
        self._turn = threading.Condition()

    @contextmanager
    def reading(self) -> Iterator[Shard]:
        """Give the shard, which stays open until the block is left.

        Raises:
            VectorIndexError: There is none any more.
        """
        with self._turn:
            shard = self._shard
            if shard is None:
                raise VectorIndexError("the vector index is closed")
            self._readers[shard] += 1
        try:
            yield shard
        finally:
            with self._turn:
                self._readers[shard] -= 1
                self._turn.notify_all()

    def entries(self, fingerprint: str, point_ids: Sequence[str] | None) -> Iterator[list[IndexEntry]]:
        """Yield pages of points; the shard is let go of between them, so one written meanwhile may be missed."""
        if point_ids is not None:
            for start in range(0, len(point_ids), PAGE):
                with self.reading() as shard:
                    stored = shard.stored(point_ids[start : start + PAGE])
                yield [to_entry(*point, fingerprint) for point in stored]
            return
        offset: Offset | None = None
        while True:
            with self.reading() as shard:
                stored, offset = shard.page(offset)
            if stored:
                yield [to_entry(*point, fingerprint) for point in stored]
            if offset is None:
                return

    def copy_into(self, target: Shard) -> None:
        """Put all points into another shard, page by page; what is written meanwhile may be missed."""
        offset: Offset | None = None
        while True:
            with self.reading() as shard:
                change, offset = shard.whole(offset)
            target.apply(change)
            if offset is None:
                return

    def replace(self, shard: Shard | None) -> Shard | None:
        """Put another shard, or none, in its place and wait until nobody reads the old one.

        Returns:
            The old one, still open.
        """
        with self._turn:
            old, self._shard = self._shard, shard
            if shard is not None:
                self._readers[shard] = 0
            if old is not None:
                self._turn.wait_for(lambda: self._readers[old] == 0)
                del self._readers[old]
        return old


@dataclass(slots=True)
class Journal:
    """What changed since a build took its copy; kept in memory, for without the build it is worth nothing.

    Attributes:
        points_max: Points whose changes are kept; beyond, the journal is full and the build in vain.
    """

    points_max: int
    changes: list[Change] = field(default_factory=list)
    points: int = 0

    def add(self, change: Change, points: int) -> None:
        """Keep a change of so many points, while there is room."""
        self.points += points
        if not self.full:
            self.changes.append(change)

    @property
    def full(self) -> bool:
        """Whether a change had to be left out."""
        return self.points > self.points_max

    def take(self) -> list[Change]:
        """Return the changes not taken yet, oldest first."""
        taken, self.changes = self.changes, []
        return taken


def replay(shard: Shard, changes: Sequence[Change]) -> int:
    """Apply changes to a shard; returns how many."""
    for change in changes:
        shard.apply(change)
    return len(changes)


def optimise_aside(directory: Path, *, abandoned: Callable[[], str | None]) -> None:
    """Optimise the shard in a directory that nobody has open, and wait for the end.

    Args:
        directory: The shard; worthless after an error.
        abandoned: Asked several times a second; a reason ends the build.

    Raises:
        ConflictError: The build was abandoned, with the reason.
        VectorIndexError: The child failed, with its words.
    """
    command = [sys.executable, "-m", "retrieval.index_build", str(directory), str(os.getpid())]
    with subprocess.Popen(  # noqa: S603 - our own module
        command,
        cwd=Path(__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as child:
        try:
            words = _wait(child, abandoned)
        finally:
            child.kill()
    if child.returncode:
        raise VectorIndexError(f"the HNSW build failed ({child.returncode}): {words.strip()[-500:] or 'no words'}")


def _wait(child: subprocess.Popen[str], abandoned: Callable[[], str | None]) -> str:
    while True:
        try:
            return child.communicate(timeout=_POLL_S)[1]
        except subprocess.TimeoutExpired:
            if reason := abandoned():
                raise ConflictError(f"the HNSW build was abandoned: {reason}") from None


def main(arguments: list[str]) -> int:
    """Optimise the shard in ``arguments[0]`` for the process ``arguments[1]``, and die with that process.

    Returns:
        0; the index is whole and on disk. An error ends the process with words on stderr.
    """
    directory, parent = Path(arguments[0]), int(arguments[1])
    _die_with(parent)
    os.nice(_NICENESS)
    from qdrant_edge import EdgeShard

    shard = EdgeShard.load(str(directory))
    shard.optimize()
    shard.flush()
    shard.close()
    _sync(directory)
    return 0


def _die_with(parent: int) -> None:
    # optimize() lets no other thread run, so only the kernel can end an orphan. Elsewhere it runs to its end in
    # vain, in a directory that the next start removes.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the parent is gone")


def _sync(directory: Path) -> None:
    """The engine syncs what it wrote itself; files that were only copied are still in the page cache."""
    for path in (directory, *directory.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
