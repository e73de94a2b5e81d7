"""A folder of the server's machine."""

import fnmatch
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydantic import Field

from ingestion.load import collect
from ingestion.sources.paths import state_of
from ingestion.sources.source import Arguments, Entry, Kind, SourceLimits
from retrieval.errors import InvalidInputError, ResourceLimitError, SourceError, UnreadableError


class FolderArguments(Arguments):
    """Which files."""

    path: str = Field(min_length=1, max_length=4_096, description="The folder, as an absolute path.")
    include: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Only files that match one of these patterns, by name (*.pdf) or, where there is a slash, by their "
        "path in the folder (contracts/*).",
    )
    exclude: tuple[str, ...] = Field(default=(), max_length=100, description="No file that matches one of these.")


class FolderSource:
    """The files under a folder, those left out that ``collect`` leaves out: hidden ones, locks, links that lead out."""

    kind = "folder"

    def __init__(self, arguments: FolderArguments, *, max_bytes: int) -> None:
        self.unreadable: list[str] = []
        self._folder = Path(arguments.path)
        self._include, self._exclude = arguments.include, arguments.exclude
        self._max_bytes = max_bytes

    def entries(self) -> Iterator[Entry]:
        """List the files, in the order of their paths.

        Raises:
            SourceError: The folder is not there, was lost on the way, or is a link to elsewhere now.
        """
        self.unreadable = []
        self._check_there()
        try:
            found = collect([self._folder])
        except InvalidInputError as error:
            raise SourceError(str(error)) from error
        self._check_there()
        if self._folder in found.unreadable:
            raise SourceError(f"the folder {self._folder} cannot be read")
        self.unreadable += [f"{folder.as_uri()}/" for folder in found.unreadable]
        for file in found.files:
            if self._wanted(file.path.relative_to(self._folder)):
                yield self._entry(file.path, file.uri, file.name)
        # An unmounted disk leaves nothing, or an empty folder, behind; what was listed before may be there again soon.
        self._check_there()

    @contextmanager
    def fetch(self, entry: Entry) -> Iterator[BinaryIO]:
        """Open a file.

        Raises:
            UnreadableError: It is gone, or nobody may read it.
            ResourceLimitError: It is too large.
        """
        path = _path_of(entry.uri)
        try:
            resolved = path.resolve(strict=True)
            if not resolved.is_relative_to(self._folder):
                raise UnreadableError(f"{path} leads out of the folder")
            if resolved.stat().st_size > self._max_bytes:
                raise ResourceLimitError(f"{path} is larger than {self._max_bytes / 2**20:,.0f} MB")
            stream = resolved.open("rb")
        except (OSError, ValueError, RuntimeError) as error:
            self._check_there()
            reason = (error.strerror if isinstance(error, OSError) else None) or "it cannot be reached"
            raise UnreadableError(f"{path} cannot be read: {reason}") from error
        with stream:
            yield stream

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def _check_there(self) -> None:
        try:
            there = self._folder.resolve(strict=True)
            is_folder = there.is_dir()
        except (OSError, ValueError, RuntimeError) as error:
            raise SourceError(f"the folder {self._folder} is not there; nothing was deleted") from error
        if there != self._folder:
            # Who may write above it could otherwise have the server read any place.
            raise SourceError(
                f"the folder {self._folder} leads to another place now; make the source again if it should"
            )
        if not is_folder:
            raise SourceError(f"{self._folder} is no folder any more; nothing was deleted")

    def _wanted(self, path: Path) -> bool:
        return not _matches(path, self._exclude) and (not self._include or _matches(path, self._include))

    def _entry(self, path: Path, uri: str, name: str) -> Entry:
        try:
            size_bytes = path.stat().st_size
        except OSError:
            return Entry(uri, name)  # gone since: fetching it will say so
        return Entry(uri, name, state_of(path), size_bytes)


def _matches(path: Path, patterns: tuple[str, ...]) -> bool:
    whole = path.as_posix()
    return any(fnmatch.fnmatch(whole if "/" in pattern else path.name, pattern.lstrip("/")) for pattern in patterns)


def _path_of(uri: str) -> Path:
    from urllib.parse import unquote_to_bytes, urlsplit

    return Path(unquote_to_bytes(urlsplit(uri).path).decode("utf-8", "surrogateescape"))


def open_folder(arguments: FolderArguments, limits: SourceLimits) -> FolderSource:
    """Make a source of a folder.

    Returns:
        The source.

    Raises:
        InvalidInputError: The path is not absolute.
    """
    if not Path(arguments.path).is_absolute() or "\0" in arguments.path:
        raise InvalidInputError("path: give the folder as an absolute path")
    return FolderSource(arguments, max_bytes=limits.document_max_bytes)


KIND = Kind("folder", "A folder of the server's machine, its subfolders included.", FolderArguments, open_folder)
