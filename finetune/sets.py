"""Training sets: immutable rows in a file of their own name, what they stand on in the catalog's database."""

import errno
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

from sqlalchemy import delete, desc, distinct, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from finetune.tables import candidates, training_lineage, training_sets
from finetune.types import Example, TrainingSet
from retrieval.errors import DataDirectoryError, NotFoundError, StorageFullError
from retrieval.index_generations import sync_directory
from retrieval.rows import from_json, storable, to_json
from retrieval.store import Store, insert_rows

FOLDER = "sets"
REMOVED = "removed_at"
"""In the manifest of a set that was erased while candidates made of it are still named."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class KeptSet:
    """What is known of a training set without reading its rows.

    Attributes:
        questions: Different ones that have a chunk which answers them.
    """

    id: str
    manifest: Mapping[str, Any]
    questions: int
    rows: int
    created_at: datetime  # UTC

    @property
    def removed(self) -> bool:
        """Whether its rows were erased."""
        return REMOVED in self.manifest


class StandsOn(NamedTuple):
    """That a row of a set holds what somebody asked, said or did, about a document."""

    row_id: str
    principal_id: str
    document_id: str


class TrainingSets(Store):
    """Training sets, each once and for ever, until what it stands on is to be forgotten.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
        folder: The learning folder of the data directory.
    """

    def __init__(self, engine: Any, folder: Path) -> None:
        super().__init__(engine)
        self._folder = folder / FOLDER

    def freeze(self, examples: Sequence[Example], manifest: Mapping[str, Any]) -> TrainingSet:
        """Keep examples as a set; the same rows are the same set, whoever freezes them again.

        Args:
            examples: In any order.
            manifest: What they were made from and how; plain JSON.

        Returns:
            The set, with the manifest it was first frozen with.

        Raises:
            StorageFullError: The disk is full; nothing is kept.
        """
        rows = tuple(sorted(examples, key=lambda example: example.id))
        content = b"".join(map(_line, rows))
        made = TrainingSet(sha256(content).hexdigest(), rows, dict(manifest))
        kept = self.keep(content, made.manifest, questions=made.questions, rows=len(rows), lineage=_lineage(made))
        return TrainingSet(made.id, rows, kept)

    def keep(
        self,
        content: bytes,
        manifest: Mapping[str, Any],
        *,
        questions: int,
        rows: int,
        lineage: Sequence[StandsOn],
    ) -> Mapping[str, Any]:
        """Keep rows of any kind as a set, named by their sha256; see ``freeze``.

        Args:
            content: The rows in canonical JSON, a line each.
            manifest: What they were made from and how; plain JSON.
            questions: Different ones in them.
            rows: How many they are.
            lineage: Whom and what they hold: by that they are found when somebody or something is forgotten.

        Returns:
            The manifest that it was first kept with.

        Raises:
            StorageFullError: The disk is full; nothing is kept.
        """
        set_id = sha256(content).hexdigest()
        if not self._whole(set_id):
            self._write(self._path(set_id), content)
        known = {"manifest": {**manifest, "sha256": set_id}, "questions": questions, "rows": rows}
        stands_on: list[dict[str, Any]] = [{"set_id": set_id, **one._asdict()} for one in lineage]
        return self._note({"id": set_id, "created_at": datetime.now(UTC)} | known, stands_on)

    def read(self, set_id: str) -> TrainingSet:
        """Return a set with its rows, which are held against its id.

        Returns:
            As it was frozen.

        Raises:
            NotFoundError: There is none, or its rows were erased.
            DataDirectoryError: Its file is gone, cut off or changed.
        """
        content = self.content(set_id)
        rows = tuple(cast(Example, from_json(Example, json.loads(line))) for line in content.splitlines())
        return TrainingSet(set_id, rows, self.get(set_id).manifest)

    def content(self, set_id: str) -> bytes:
        """Return the rows of a set as they were kept, held against its id.

        Raises:
            NotFoundError: There is none, or its rows were erased.
            DataDirectoryError: Its file is gone, cut off or changed.
        """
        kept = self.get(set_id)
        if kept.removed:
            raise NotFoundError(f"the rows of training set {set_id} were erased at {kept.manifest[REMOVED]}")
        path = self._path(set_id)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataDirectoryError(
                f"{path} cannot be read: {error.strerror}; train again to make a new set"
            ) from error
        if sha256(content).hexdigest() != set_id:
            raise DataDirectoryError(f"{path} was cut off or changed: its SHA-256 is not its name; train again")
        return content

    def get(self, set_id: str) -> KeptSet:
        """Return what is known of a set.

        Returns:
            It, whether or not its rows are still there.

        Raises:
            NotFoundError: There is none.
        """
        row = None
        if storable(set_id):
            with self._reading() as connection:
                row = connection.execute(select(training_sets).where(training_sets.c.id == set_id)).first()
        if row is None:
            raise NotFoundError(f"no training set {set_id}")
        return KeptSet(*row)

    def recent(self, limit: int = 100) -> list[KeptSet]:
        """Return what is known of the sets, the newest first."""
        newest = select(training_sets).order_by(desc(training_sets.c.created_at), training_sets.c.id).limit(limit)
        with self._reading() as connection:
            return [KeptSet(*row) for row in connection.execute(newest)]

    def stands_on(self, set_id: str) -> tuple[int, int]:
        """Count what a training set holds.

        Returns:
            (people who gave it, documents that it is about).
        """
        columns = (training_lineage.c.principal_id, training_lineage.c.document_id)
        people, documents = (func.count(distinct(column)) for column in columns)
        with self._reading() as connection:
            row = connection.execute(select(people, documents).where(training_lineage.c.set_id == set_id)).one()
        return row[0], row[1]

    def of_person(self, principal_id: str) -> list[str]:
        """Return the ids of the sets that hold what somebody asked, said or did, sorted."""
        return self._standing_on(training_lineage.c.principal_id == principal_id, principal_id)

    def of_document(self, document_id: str) -> list[str]:
        """Return the ids of the sets that hold a chunk of a document, sorted."""
        return self._standing_on(training_lineage.c.document_id == document_id, document_id)

    def remove(self, set_id: str) -> bool:
        """Erase a set: its rows, and what they stood on. That it was there is kept where candidates were made of it.

        Returns:
            Whether there was anything to erase.
        """
        its_candidates = select(candidates.c.id).where(candidates.c.set_id == set_id).limit(1)
        with self._writing() as connection:
            gone = connection.execute(delete(training_lineage).where(training_lineage.c.set_id == set_id)).rowcount
            its = training_sets.c.id == set_id
            if connection.execute(its_candidates).first() is None:
                gone += connection.execute(delete(training_sets).where(its)).rowcount
            else:
                before = connection.scalar(select(training_sets.c.manifest).where(its)) or {}
                manifest = {REMOVED: datetime.now(UTC).isoformat()} | (
                    {"kind": before["kind"]} if "kind" in before else {}
                )
                connection.execute(update(training_sets).where(its).values(manifest=manifest))
        path = self._path(set_id)
        there = path.is_file()
        path.unlink(missing_ok=True)
        return bool(gone) or there

    def _standing_on(self, condition: Any, key: str) -> list[str]:
        if not storable(key):
            return []
        found = select(training_lineage.c.set_id).where(condition).distinct().order_by(training_lineage.c.set_id)
        with self._reading() as connection:
            return [*connection.scalars(found)]

    def _note(self, values: Mapping[str, Any], lineage: list[dict[str, Any]]) -> Mapping[str, Any]:
        try:
            with self._writing() as connection:
                connection.execute(insert(training_sets).values(dict(values)))
                insert_rows(connection, training_lineage, lineage)
        except IntegrityError:
            kept = self.get(values["id"])
            if not kept.removed:
                return kept.manifest
            self._revive(values, lineage)
        return cast(Mapping[str, Any], values["manifest"])

    def _revive(self, values: Mapping[str, Any], lineage: list[dict[str, Any]]) -> None:
        """What was erased came to be again of what is still there: the same rows stand on nobody who was forgotten."""
        its = values["id"]
        with self._writing() as connection:
            connection.execute(update(training_sets).where(training_sets.c.id == its).values(dict(values)))
            connection.execute(delete(training_lineage).where(training_lineage.c.set_id == its))
            insert_rows(connection, training_lineage, lineage)

    def _path(self, set_id: str) -> Path:
        if len(set_id) != len(sha256().hexdigest()) or not set_id.isalnum():
            raise NotFoundError(f"no training set {set_id}")
        return self._folder / f"{set_id}.jsonl"

    def _whole(self, set_id: str) -> bool:
        path = self._path(set_id)
        return path.is_file() and sha256(path.read_bytes()).hexdigest() == set_id

    def _write(self, path: Path, content: bytes) -> None:
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            sync_directory(self._folder)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            if error.errno in _FULL:
                raise StorageFullError(f"there is no room for a training set of {len(content)} bytes") from error
            raise DataDirectoryError(f"{path} cannot be written: {error.strerror}") from error


def _line(example: Example) -> bytes:
    """Return a row in canonical JSON: ASCII, so that any text has one spelling and fits."""
    return json.dumps(to_json(example), sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _lineage(made: TrainingSet) -> list[StandsOn]:
    return [
        StandsOn(row.id, person, row.anchor.document_id)
        for row in made.examples
        for person in sorted({*row.givers, *row.askers})
    ]
