"""attune backup: one moment of the catalog, with the originals it names, in one file; writes go on meanwhile."""

import fcntl
import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Date,
    Engine,
    LargeBinary,
    Table,
    Text,
    cast,
    select,
    union,
)

from app.archive import ArchiveWriter, ColumnKind, Manifest, TableRows
from app.learning import FOLDER
from app.tables import metadata
from finetune.tables import candidates, training_sets
from ingestion.blobs import Blobs, storage
from ingestion.tables import ingest_items
from retrieval.catalog import Catalog
from retrieval.errors import ConflictError, InvalidInputError
from retrieval.moments import UtcDateTime
from retrieval.tables import revisions

# Of this machine and this moment: where index directories lie, and which processes run.
LEFT_OUT = frozenset({"index_pointers", "workers"})
_ROWS_AT_ONCE = 500
_PART_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written.

    Attributes:
        sha256: Of its manifest; ``attune restore --check`` shows the same for the same backup.
    """

    path: Path
    size_bytes: int
    sha256: str
    manifest: Manifest


def back_up(catalog: Catalog, blobs: Blobs, path: Path, *, embedder: str, data_dir: Path) -> Backup:
    """Write a backup beside ``path`` and give it that name when it is whole and on disk.

    Args:
        catalog: Its whole database is taken, but for what belongs to this machine.
        blobs: The originals; none is deleted meanwhile.
        path: Of the file to be made; its user alone may read it.
        embedder: Fingerprint of the embedder in use.
        data_dir: Where no backup may lie.

    Returns:
        What was written.

    Raises:
        InvalidInputError: There is something of this name, its folder is missing or is the data directory's.
        ConflictError: Another backup is being written to it.
        StorageFullError: The disk is full; nothing is kept.
    """
    path = path.absolute()
    _check_target(path, data_dir)
    with _fresh(path) as out, blobs.kept():
        # The pin first: what the snapshot names cannot be gone by the time that it is read.
        manifest = _write(catalog.engine, blobs, ArchiveWriter(out), embedder, data_dir / FOLDER)
    return Backup(path, path.stat().st_size, manifest.sha256, manifest)


def _check_target(path: Path, data_dir: Path) -> None:
    if path.resolve().is_relative_to(data_dir.resolve()):
        raise InvalidInputError(f"{path} lies in the data directory, and would be lost with it; give another place")
    if not path.parent.is_dir():
        raise InvalidInputError(f"there is no folder {path.parent}")
    if path.exists():
        raise InvalidInputError(f"there is a file {path} already; give another name")


@contextmanager
def _fresh(path: Path) -> Iterator[BinaryIO]:
    part = path.with_name(f"{path.name}.part")
    try:
        with storage(), os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as out:
            try:
                fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConflictError(f"another backup is being written to {path}") from error
            out.truncate()
            with ExitStack() as undo:
                undo.callback(part.unlink)
                yield out
                out.flush()
                os.fsync(out.fileno())
                part.replace(path)
                undo.pop_all()
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except (PermissionError, IsADirectoryError) as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from error


def _write(engine: Engine, blobs: Blobs, writer: ArchiveWriter, embedder: str, learning: Path) -> Manifest:
    created_at = datetime.now(UTC)
    with _snapshot(engine) as connection:
        schema = MigrationContext.configure(connection).get_current_revision() or ""
        tables = tuple(
            _write_table(connection, table, writer) for table in metadata.sorted_tables if table.name not in LEFT_OUT
        )
        named, learned = _named_originals(connection), _named_learning(connection)
    missing, damaged = _write_blobs(sorted(named), blobs, writer)
    manifest = Manifest(
        schema=schema,
        attune=version("attune"),
        created_at=created_at.isoformat(),
        embedder=embedder,
        tables=tables,
        members=writer.members,
        missing_blobs=tuple(missing),
        damaged_blobs=tuple(damaged),
        missing_learning=tuple(_write_learning(learned, learning, writer)),
    )
    writer.finish(manifest)
    return manifest


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that sees one moment, whatever is written meanwhile."""
    if engine.dialect.name == "postgresql":
        # A read transaction of SQLite is a snapshot anyway.
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with engine.connect() as connection:
        yield connection


def _write_table(connection: Connection, table: Table, writer: ArchiveWriter) -> TableRows:
    columns = [_written(column) for column in table.columns]
    statement = select(*(expression for _, expression, _ in columns)).execution_options(yield_per=_ROWS_AT_ONCE)
    turns = [(place, turn) for place, (_, _, turn) in enumerate(columns) if turn is not None]
    rows = number = 0
    lines = bytearray()
    for row in connection.execute(statement):
        values = list(row)
        for place, turn in turns:
            if values[place] is not None:
                values[place] = turn(values[place])
        lines += json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        rows += 1
        if len(lines) >= _PART_BYTES:
            writer.add_rows(table.name, number, bytes(lines))
            number += 1
            lines.clear()
    if lines:
        writer.add_rows(table.name, number, bytes(lines))
    return TableRows(table.name, tuple(kind for kind, _, _ in columns), rows)


def _written(column: Column[Any]) -> tuple[ColumnKind, ColumnElement[Any], Callable[[Any], Any] | None]:
    if isinstance(column.type, UtcDateTime):
        return ColumnKind(column.name, "moment"), column, _moment
    if isinstance(column.type, Date):
        return ColumnKind(column.name, "date"), column, date.isoformat
    if isinstance(column.type, LargeBinary):
        return ColumnKind(column.name, "bytes"), column, _base64
    if isinstance(column.type, JSON):
        # As text, neither decoded nor encoded: what comes back is what was there.
        return ColumnKind(column.name, "json"), cast(column, Text), None
    return ColumnKind(column.name, "plain"), column, None


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _named_originals(connection: Connection) -> set[str]:
    of_items = select(ingest_items.c.content_sha256).where(ingest_items.c.content_sha256.is_not(None))
    return set(connection.scalars(union(select(revisions.c.content_sha256), of_items)))


def _named_learning(connection: Connection) -> list[str]:
    sets = connection.scalars(select(training_sets.c.id).order_by(training_sets.c.id))
    made = connection.scalars(select(candidates.c.id).order_by(candidates.c.id))
    return [*(f"sets/{set_id}.jsonl" for set_id in sets), *(f"candidates/{candidate_id}" for candidate_id in made)]


def _write_learning(named: Sequence[str], folder: Path, writer: ArchiveWriter) -> list[str]:
    """Write what was learned; a thing that is named and gone was erased, or withdrawn, since or long ago."""
    missing = []
    for name in named:
        place = folder / name
        files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
        try:
            for path in files:
                writer.add_learning(str(path.relative_to(folder)), path)
        except FileNotFoundError:  # erased while it was read: what is left of it is no candidate
            files = []
        if not files:
            missing.append(name)
    return missing


def _write_blobs(named: Sequence[str], blobs: Blobs, writer: ArchiveWriter) -> tuple[list[str], list[str]]:
    missing, damaged = [], []
    for sha256 in named:
        if sha256 not in blobs:
            missing.append(sha256)
        elif not writer.add_blob(sha256, blobs.path(sha256)):
            damaged.append(sha256)
    return missing, damaged
