"""Files and folders that somebody named once, on this machine."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ingestion.load import collect
from ingestion.sources.source import Entry
from ingestion.types import SourceFile
from retrieval.errors import UnreadableError


class Paths:
    """The files under paths, see ``ingestion.load.collect``.

    Attributes:
        folders: Beginnings of the uris of what lies in the folders that were named, valid when ``entries`` was begun:
            a document under one of them that is not listed is gone.
    """

    kind = "paths"

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._files: dict[str, SourceFile] = {}
        self.folders: tuple[str, ...] = ()
        self.unreadable: list[str] = []

    def entries(self) -> Iterator[Entry]:
        """List the files.

        Raises:
            InvalidInputError: A path does not exist, or is neither file nor folder.
        """
        collected = collect(self._paths)
        self.folders = tuple(f"{folder.as_uri().rstrip('/')}/" for folder in collected.folders)
        self.unreadable = [f"{folder.as_uri().rstrip('/')}/" for folder in collected.unreadable]
        self._files = {file.uri: file for file in collected.files}
        for file in collected.files:
            yield Entry(file.uri, file.name, state_of(file.path))

    @contextmanager
    def fetch(self, entry: Entry) -> Iterator[BinaryIO]:
        """Open a file that was listed.

        Raises:
            UnreadableError: It cannot be opened any more.
        """
        try:
            opened = self._files[entry.uri].path.open("rb")
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}") from error
        with opened:
            yield opened

    def close(self) -> None:
        """Nothing is held open."""


def state_of(path: Path) -> str | None:
    """Name the state of a file by what changes with every write to it, without reading it.

    Modification time alone can be set by anyone; the time of the last status change cannot.

    Returns:
        None for a file that cannot be looked at.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
