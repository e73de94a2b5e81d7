"""Files whose size and sha256 are known beforehand: written to stay, and read only as they were written."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrieval.errors import ModelError

_PLAIN = (".safetensors", ".json", ".jsonl")


def write(path: Path, content: bytes) -> None:
    """Write a new file, for its user alone, and wait until it is on disk."""
    with path.open("xb") as out:
        path.chmod(0o600)
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seals(folder: Path, *, besides: str) -> dict[str, dict[str, Any]]:
    """Return size and sha256 of every file in a folder but one.

    Returns:
        By path relative to the folder.
    """
    return {name: _seal(folder / name) for name in _names(folder, besides)}


def checked(folder: Path, files: Mapping[str, Any], *, besides: str, name: str) -> dict[str, bytes]:
    """Read files, what is read being what was checked.

    Args:
        folder: Holds them.
        files: As ``seals`` gave them.
        besides: Name of the one file that has no seal.
        name: What the folder is called.

    Returns:
        Content by path relative to the folder.

    Raises:
        ModelError: A file is surplus, of another kind, cut short or changed.
        OSError: One cannot be read.
    """
    if surplus := set(_names(folder, besides)) - set(files):
        raise ModelError(f"{name} holds files that its manifest does not name: {', '.join(sorted(surplus))}")
    contents = {}
    for file, seal in files.items():
        path = folder / file
        check_plain(path)
        if path.stat().st_size != seal["bytes"]:
            raise ModelError(f"{file} of {name} has {path.stat().st_size} bytes, and was written with {seal['bytes']}")
        contents[file] = path.read_bytes()
        if hashlib.sha256(contents[file]).hexdigest() != seal["sha256"]:
            raise ModelError(f"{file} of {name} is not what was written")
    return contents


def check_plain(path: Path) -> None:
    """Say nothing about a file that is only read.

    Raises:
        ModelError: It is a link, no file, or of a kind that could run when it is loaded.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()) or path.suffix not in _PLAIN:
        raise ModelError(f"{path.name} is no file of a candidate: only safetensors and JSON are kept")


def _seal(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "bytes": path.stat().st_size}


def _names(folder: Path, besides: str) -> list[str]:
    """Return what lies in a folder, links as names of their own."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(str(path.relative_to(folder)) for path in found if path != folder / besides)
