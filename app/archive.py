"""The file of a backup: an uncompressed tar of members whose SHA-256 stand in a manifest at its end.

    attune-backup                     what this is, and in which version of this format
    tables/<table>/<number>.jsonl.gz  rows as JSON arrays, one a line, in the order of the manifest's columns
    blobs/<sha256>                    originals
    learning/<path>                   training sets and candidates, as they lie in the data directory
    manifest.json                     what there is
    manifest.sha256                   of the manifest; without it the file was cut off

A tar can be listed and unpacked with what every system has, should this program be the thing that is lost.
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, Self, cast

from retrieval.errors import InvalidInputError
from retrieval.rows import from_json

FORMAT = "attune-backup"
VERSION = 2
_MANIFEST, _SEAL = "manifest.json", "manifest.sha256"
_TABLE = re.compile(r"tables/([a-z_]+)/\d{6}\.jsonl\.gz")
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_LEARNING = re.compile(
    r"learning/(sets/[0-9a-f]{64}\.jsonl|candidates/[0-9a-f]{64}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,2})"
)
_KINDS = (_TABLE, _BLOB, _LEARNING)
_PART_BYTES = 1 << 20
_MANIFEST_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """A column and how its values are written: ``plain``, ``moment`` (UTC), ``bytes`` (base64), ``json`` (as text)."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table of the backup."""

    name: str
    columns: tuple[ColumnKind, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        schema: Version of the tables, as the migrations count.
        tables: In an order in which they can be filled.
        members: SHA-256 by name of member.
        missing_blobs: Originals that were referred to and were not there.
        damaged_blobs: Those whose bytes were not what their name says; restored to nowhere.
        missing_learning: Training sets and candidates that were referred to and were not there.
    """

    schema: str
    attune: str
    created_at: str
    embedder: str
    tables: tuple[TableRows, ...]
    members: dict[str, str]
    missing_blobs: tuple[str, ...] = ()
    damaged_blobs: tuple[str, ...] = ()
    missing_learning: tuple[str, ...] = ()
    format: str = FORMAT
    version: int = VERSION

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return {table.name: table.rows for table in self.tables}

    @property
    def blobs(self) -> int:
        """How many originals there are."""
        return sum(1 for name in self.members if _BLOB.fullmatch(name))

    @property
    def sha256(self) -> str:
        """What tells this backup from every other, and an untouched one from a changed one."""
        return hashlib.sha256(self.encoded()).hexdigest()

    def encoded(self) -> bytes:
        """Return it as it stands in the file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()


@dataclass(slots=True)
class ArchiveWriter:
    """Writes members one after the other, never holding more than one part of a table in memory."""

    out: BinaryIO
    members: dict[str, str] = field(default_factory=dict)
    _tar: tarfile.TarFile = field(init=False)

    def __post_init__(self) -> None:
        """Begin the file."""
        self._tar = tarfile.TarFile(fileobj=self.out, mode="w", format=tarfile.PAX_FORMAT)
        self._add(FORMAT, json.dumps({"format": FORMAT, "version": VERSION}).encode())

    def add_rows(self, table: str, number: int, lines: bytes) -> None:
        """Add a part of a table: lines of JSON."""
        # Level 1: vectors are most of it and shrink little at any level; see bench/backup.py.
        packed = gzip.compress(lines, compresslevel=1, mtime=0)
        name = f"tables/{table}/{number:06d}.jsonl.gz"
        self._add(name, packed)
        self.members[name] = hashlib.sha256(packed).hexdigest()

    def add_blob(self, sha256: str, path: Path) -> bool:
        """Add an original.

        Returns:
            Whether its bytes are what its name says.
        """
        return self._add_file(f"blobs/{sha256}", path) == sha256

    def add_learning(self, name: str, path: Path) -> None:
        """Add a file of the learning folder, by its path in that."""
        self._add_file(f"learning/{name}", path)

    def _add_file(self, name: str, path: Path) -> str:
        with path.open("rb") as stream:
            info = tarfile.TarInfo(name)
            info.size = path.stat().st_size
            info.mode = 0o600
            hashing = _Hashing(stream)
            self._tar.addfile(info, cast("IO[bytes]", hashing))
        self.members[name] = str(hashing.digest.hexdigest())
        return self.members[name]

    def finish(self, manifest: Manifest) -> None:
        """End the file; without this it is none."""
        self._add(_MANIFEST, manifest.encoded())
        self._add(_SEAL, manifest.sha256.encode())
        self._tar.close()

    def _add(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mode = 0o600
        self._tar.addfile(info, io.BytesIO(content))


@dataclass(slots=True)
class _Hashing:
    """A stream that is hashed as it is read."""

    stream: BinaryIO
    digest: Any = field(default_factory=hashlib.sha256)

    def read(self, size_bytes: int = -1) -> bytes:
        part = self.stream.read(size_bytes)
        self.digest.update(part)
        return part


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup that was read from end to end and found whole.

    Raises:
        InvalidInputError: ``opened``: the file is no backup, cut off, changed, or of a newer version.
    """

    path: Path
    manifest: Manifest

    @classmethod
    def opened(cls, path: Path) -> Self:
        """Open a backup, comparing every byte of it with its manifest.

        Returns:
            It.

        Raises:
            InvalidInputError: As the class.
        """
        digests: dict[str, str] = {}
        ends: dict[str, bytes] = {}
        with explained(path):
            for member, stream in _members(path):
                if not digests and not ends and member.name != FORMAT:
                    raise InvalidInputError(f"{path} is not a backup made by `attune backup`")
                if member.name in {FORMAT, _MANIFEST, _SEAL}:
                    ends[member.name] = stream.read(_MANIFEST_MAX_BYTES)
                    _check_version(path, ends[FORMAT])
                elif member.name in digests or not any(kind.fullmatch(member.name) for kind in _KINDS):
                    raise InvalidInputError(f"{path} is damaged or was changed: {member.name!r} does not belong there")
                else:
                    digests[member.name] = hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()
        return cls(path, _checked(path, ends, digests))

    def rows(self) -> Iterator[tuple[TableRows, list[list[Any]]]]:
        """Yield the rows of all tables, part by part, in the order in which they can be filled."""
        tables = {table.name: table for table in self.manifest.tables}
        for member, stream in _members(self.path):
            found = _TABLE.fullmatch(member.name)
            if found and found[1] in tables:
                with gzip.open(stream) as lines:
                    yield tables[found[1]], [json.loads(line) for line in lines]
            elif _BLOB.fullmatch(member.name):
                return

    def blobs(self) -> Iterator[tuple[str, BinaryIO]]:
        """Yield the originals that are what their names say: SHA-256 and bytes, to be read before the next."""
        damaged = set(self.manifest.damaged_blobs)
        for member, stream in _members(self.path):
            found = _BLOB.fullmatch(member.name)
            if found and found[1] not in damaged:
                yield found[1], cast("BinaryIO", stream)

    def learning(self) -> Iterator[tuple[str, BinaryIO]]:
        """Yield the files of the learning folder: path in that and bytes, to be read before the next."""
        for member, stream in _members(self.path):
            found = _LEARNING.fullmatch(member.name)
            if found:
                yield found[1], cast("BinaryIO", stream)


def _members(path: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    with _open(path) as file, explained(path), tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is None:
                raise InvalidInputError(f"{path} is damaged or was changed: {member.name!r} is no plain file")
            yield member, stream


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Give what goes wrong while a backup is read an error of ours.

    Raises:
        InvalidInputError: The file is cut off, or is no backup.
    """
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidInputError(f"{path} is cut off or is not a backup made by `attune backup` ({error})") from error


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error


def _check_version(path: Path, head: bytes) -> None:
    try:
        said = json.loads(head)
        known = said["format"] == FORMAT
        version = int(said["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{path} is not a backup made by `attune backup`") from error
    if not known or version > VERSION:
        raise InvalidInputError(f"{path} was made by a newer version of Attune (format {version}); install that one")


def _checked(path: Path, ends: dict[str, bytes], digests: dict[str, str]) -> Manifest:
    if _MANIFEST not in ends or _SEAL not in ends:
        raise InvalidInputError(f"{path} is cut off: its end is missing; take another backup")
    if hashlib.sha256(ends[_MANIFEST]).hexdigest().encode() != ends[_SEAL]:
        raise InvalidInputError(f"{path} is damaged or was changed: its manifest is not what was written")
    try:
        manifest: Manifest = from_json(Manifest, json.loads(ends[_MANIFEST]))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{path} is damaged: its manifest cannot be read") from error
    for name in sorted(digests.keys() | manifest.members.keys()):
        if digests.get(name) != manifest.members.get(name):
            raise InvalidInputError(f"{path} is damaged or was changed: {name!r} is not what was written")
    return manifest
