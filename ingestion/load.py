"""Paths -> SourceFiles: what a person named, folders walked, in an order that is the same every time."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.parsers.clean import clean, fold
from ingestion.types import SourceFile
from retrieval.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Collected:
    """The files to ingest.

    Attributes:
        files: Each file once, by path.
        folders: The folders that were named, resolved: a document under one of them that is not in ``files`` is gone.
        unreadable: Folders under them that could not be opened; what they hold is unknown, not gone.
    """

    files: tuple[SourceFile, ...]
    folders: tuple[Path, ...] = ()
    unreadable: tuple[Path, ...] = ()


def collect(paths: Sequence[Path]) -> Collected:
    """Find the files under paths.

    Hidden files and folders, lock files of office programs (``~$``), links that lead out of the folder and special
    files are left out of folders; a file that is named itself is always taken. Unreadable files stay in: they fail
    later, with their reason.

    Args:
        paths: Files and folders.

    Returns:
        The files with ``file://`` URIs of their resolved paths.

    Raises:
        InvalidInputError: A path does not exist, or is neither file nor folder.
    """
    found: dict[Path, None] = {}
    folders: list[Path] = []
    unreadable: list[Path] = []
    for path in paths:
        resolved = _existing(path)
        if resolved.is_dir():
            folders.append(resolved)
            found.update(dict.fromkeys(_walk(resolved, unreadable)))
        elif resolved.is_file():
            found[resolved] = None
        else:
            raise InvalidInputError(f"{path} is neither a file nor a folder")
    files = tuple(SourceFile(path, path.as_uri(), _shown_name(path)) for path in sorted(found))
    return Collected(files, tuple(dict.fromkeys(folders)), tuple(unreadable))


def _existing(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        # ValueError: a NUL in the name; RuntimeError: links in a circle.
        raise InvalidInputError(f"{_printable(str(path))} does not exist or cannot be reached") from error


def _walk(folder: Path, unreadable: list[Path]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    for place, folders, names in os.walk(folder, onerror=note, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if not name.startswith((".", "~$")):
                path = Path(place, name)
                yield from _regular(path, folder)


def _regular(path: Path, folder: Path) -> Iterator[Path]:
    try:
        resolved = path.resolve(strict=True)
        if resolved.is_relative_to(folder) and stat.S_ISREG(resolved.stat().st_mode):
            yield resolved
    except (OSError, RuntimeError):
        return  # a link to nothing, or gone since


def _shown_name(path: Path) -> str:
    return fold(clean(_printable(path.name))) or "unnamed"


def _printable(name: str) -> str:
    """Show the bytes of a name that are no text as U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "\ufffd")
