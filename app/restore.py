"""attune restore: a backup into an empty data directory and database; whole or recognisably not."""

import json
import os
import shutil
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, column, insert, inspect, table
from sqlalchemy.exc import DatabaseError

from app.archive import Archive, Manifest, TableRows, explained
from app.audit_log import AuditLog
from app.auth import LOCAL, Caller
from app.data_directory import MARKER, RESTORING, data_directory
from app.learning import FOLDER
from app.migrations import configuration
from app.parts import open_blobs
from app.settings import Settings
from app.tables import metadata
from ingestion.blobs import storage
from retrieval.errors import ConflictError, DataDirectoryError, InvalidInputError
from retrieval.index_generations import sync_directory
from retrieval.tables import BEGIN, open_engine

_ALLOWED = {"lock", RESTORING}
_LEFT_BY_RESTORE = {
    "blobs",
    FOLDER,
    "catalog.sqlite3",
    "catalog.sqlite3-journal",
    "catalog.sqlite3-wal",
    "catalog.sqlite3-shm",
}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored; ``blobs`` are the originals."""

    manifest: Manifest
    blobs: int


def restore(settings: Settings, file: Path) -> Restored:
    """Fill the data directory and database that the settings name with a backup; the index is filled at the next start.

    Until the end a mark in the data directory says that it is not whole, and no server starts on it.

    Args:
        settings: Where to.
        file: A backup; every byte is compared with its manifest before anything is written.

    Returns:
        What was restored.

    Raises:
        InvalidInputError: The file is no backup, is cut off, was changed, or comes from a newer version.
        ConflictError: The target is not empty.
        DataDirectoryError: The directory or the database cannot be used.
        StorageFullError: The disk is full; make room and restore again.
    """
    archive = Archive.opened(file)
    _check_schema(archive)
    with data_directory(settings.data_dir, restoring=True) as data_dir:
        engine = open_engine(settings.catalog_url)
        try:
            return _restore(archive, settings, data_dir, engine)
        except DatabaseError as error:
            raise DataDirectoryError(
                f"the database refused the backup: {error.orig}; nothing of it was kept"
            ) from error
        finally:
            engine.dispose()


def _restore(archive: Archive, settings: Settings, data_dir: Path, engine: Engine) -> Restored:
    mark = data_dir / RESTORING
    begun = _begun(mark)
    _check_directory(data_dir, settings, begun=begun is not None)
    # Before anything else: a look into a SQLite catalog makes its file, and a kill then would leave it without a mark.
    _write_mark(mark, begun if begun is not None else archive.manifest.sha256)
    # The rows come in one transaction: either they are all there, or no table is.
    loaded = _has_tables(engine)
    if loaded and begun != archive.manifest.sha256:
        if begun is None:
            mark.unlink()
        raise ConflictError(
            "the database holds a knowledge base already; a backup is restored into an empty one "
            "(ATTUNE_DATABASE_URL, or an empty folder in ATTUNE_DATA_DIR)"
        )
    _write_mark(mark, archive.manifest.sha256)
    if not loaded:
        _load(archive, engine)
    blobs = open_blobs(settings)
    kept = 0
    for sha256, stream in archive.blobs():
        with explained(archive.path):
            found, _ = blobs.put(stream)
        if found != sha256:
            raise InvalidInputError(f"{archive.path} changed while it was read; restore again")
        kept += 1
    _restore_learning(archive, data_dir / FOLDER)
    restorer = Caller(LOCAL, "local")  # whoever may write the data directory
    AuditLog(engine).append("backup.restore", f"backup:{archive.manifest.sha256}", caller=restorer)
    mark.unlink()
    sync_directory(data_dir)
    return Restored(archive.manifest, kept)


def _restore_learning(archive: Archive, folder: Path) -> None:
    for name, stream in archive.learning():
        path = folder / name
        with storage():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (
                os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
                explained(archive.path),
            ):
                shutil.copyfileobj(stream, out)
                out.flush()
                os.fsync(out.fileno())
            sync_directory(path.parent)


def _check_schema(archive: Archive) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if archive.manifest.schema not in known:
        raise InvalidInputError(
            f"{archive.path} was made by Attune {archive.manifest.attune} with schema "
            f"{archive.manifest.schema or 'unknown'}, which this version does not know; install that version"
        )


def _begun(mark: Path) -> str | None:
    try:
        return str(json.loads(mark.read_text(encoding="utf-8"))["manifest"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return ""  # killed while it was written: nothing came after it


def _check_directory(data_dir: Path, settings: Settings, *, begun: bool) -> None:
    allowed = _ALLOWED | (_LEFT_BY_RESTORE if begun else set())
    present = {path.name for path in data_dir.iterdir() if not path.name.startswith(MARKER)} - allowed
    originals = settings.blobs_dir
    if originals is not None and not begun and originals.is_dir() and any(originals.iterdir()):
        present.add(str(originals))
    if present:
        raise ConflictError(
            f"{data_dir} is not empty (it holds {', '.join(sorted(present)[:3])}); a backup is restored into an empty "
            "folder: give one in ATTUNE_DATA_DIR, or move this one away"
        )


def _has_tables(engine: Engine) -> bool:
    names = {*metadata.tables, "alembic_version"}
    with engine.connect() as connection:
        return bool(names & set(inspect(connection).get_table_names()))


def _write_mark(mark: Path, sha256: str) -> None:
    with mark.open("w", encoding="utf-8") as out:
        json.dump({"manifest": sha256}, out)
        out.flush()
        os.fsync(out.fileno())
    sync_directory(mark.parent)


def _load(archive: Archive, engine: Engine) -> None:
    config = configuration()
    with engine.execution_options(**{BEGIN: "IMMEDIATE"}).begin() as connection:
        config.attributes["connection"] = connection
        # The tables as they were when the backup was made; what has changed since is changed with the rows in them.
        command.upgrade(config, archive.manifest.schema)
        rows = dict.fromkeys(archive.manifest.rows, 0)
        for of_table, part in archive.rows():
            _insert(connection, of_table, part)
            rows[of_table.name] += len(part)
        if rows != archive.manifest.rows:
            raise InvalidInputError(f"{archive.path} holds other numbers of rows than its manifest says")
        command.upgrade(config, "head")


def _insert(connection: Connection, of_table: TableRows, rows: Sequence[Sequence[Any]]) -> None:
    # Columns without a type: nothing is turned on the way in, and PostgreSQL reads moments and JSON from text.
    target = table(of_table.name, *(column(c.name) for c in of_table.columns))
    turns = [_turn(c.kind, postgresql=connection.dialect.name == "postgresql") for c in of_table.columns]
    names = [c.name for c in of_table.columns]
    values = [
        {
            name: value if turn is None or value is None else turn(value)
            for name, value, turn in zip(names, row, turns, strict=True)
        }
        for row in rows
    ]
    connection.execute(insert(target), values)


def _turn(kind: str, *, postgresql: bool) -> Callable[[Any], Any] | None:
    if kind == "bytes":
        return b64decode
    if kind == "moment" and postgresql:
        return "{}+00".format
    return None
