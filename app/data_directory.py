"""The data directory: made private, recognised, refused when foreign."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from retrieval.errors import DataDirectoryError, OwnedElsewhereError

FORMAT = 1
MARKER = "attune.json"
"""Says that a directory is Attune's; names that begin so are left by a process that was killed while it wrote it."""

_WAIT_S = 3.0  # a server that is started again at once may find the end of the one before
RESTORING = "restoring.json"
"""Lies in a data directory from the beginning of a restore to its end."""


@contextmanager
def data_directory(path: Path, *, restoring: bool = False) -> Iterator[Path]:
    """Own the data directory for as long as the block lasts; the lock goes with the process, however it ends.

    Args:
        path: Made if missing.
        restoring: Take one in which a restore was begun too.

    Raises:
        OwnedElsewhereError: Another process owns it.
        DataDirectoryError: It is foreign, damaged, half restored or cannot be written.
    """
    path = open_data_directory(path)
    with (path / "lock").open("a+", encoding="ascii") as lock:
        _hold(lock, path)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        if (path / RESTORING).exists() and not restoring:
            raise DataDirectoryError(
                f"a backup was being restored into {path}, and that was not finished; run `attune restore` with the "
                "same file again"
            )
        yield path


def _hold(lock: TextIO, path: Path) -> None:
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            lock.seek(0)
            raise OwnedElsewhereError(
                f"{path} is in use by process {lock.read().strip() or 'unknown'}, which does not answer; stop it, "
                "or set ATTUNE_DATA_DIR"
            ) from error
        return


def open_data_directory(path: Path) -> Path:
    """Make the directory, or check that it is one of ours.

    Returns:
        Its absolute path; it exists, with mode 0700.

    Raises:
        DataDirectoryError: It is a file, holds something else, was made by a newer version, or cannot be written.
    """
    path = path.resolve()
    marker = path / MARKER
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if marker.exists():
            _check_format(marker, path)
        else:
            # Another process may be right here too, or have been killed here.
            if not all(held.name.startswith(MARKER) for held in path.iterdir()):
                raise DataDirectoryError(
                    f"{path} holds files that are not Attune's; give an empty or new folder in ATTUNE_DATA_DIR"
                )
            fresh = path / f"{MARKER}.{os.getpid()}"
            fresh.write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
            fresh.replace(marker)
        path.chmod(0o700)
    except FileExistsError as error:
        raise DataDirectoryError(f"{path} is a file; give a folder in ATTUNE_DATA_DIR") from error
    except OSError as error:
        raise DataDirectoryError(f"{path} cannot be used: {error.strerror}; set ATTUNE_DATA_DIR") from error
    return path


def _check_format(marker: Path, path: Path) -> None:
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataDirectoryError(
            f"{marker} is damaged; restore it from a backup, or set ATTUNE_DATA_DIR to a new folder and ingest again"
        ) from error
    if found != FORMAT:
        raise DataDirectoryError(
            f"{path} has format {found}, this version reads format {FORMAT}; use the version that made it"
        )
