"""What the doctor looks at besides catalog and index: the data directory, its disk and the schema; how he is called."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.bootstrap import Services
from app.migrations import schema_versions
from app.parts import open_blobs
from finetune.serving import ServingState
from ingestion.audit import Audit
from ingestion.compare import Found
from ingestion.doctor import Check, Doctor
from ingestion.remedies import Remedies

_OTHERS_MAY_LOOK = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_VECTORS = "vectors:"


def call_doctor(services: Services) -> Doctor:
    """Return a doctor for everything that a server keeps."""
    audit = Audit(services.catalog.engine)
    blobs = open_blobs(services.settings)
    premises = _Premises(
        data_dir=services.data_dir,
        blobs_dir=blobs.folder,
        reserve_bytes=services.settings.disk_reserve_bytes,
        embedded_index=services.settings.qdrant_url is None,
        audit=audit,
    )
    checks = [*premises.checks(), Check(partial(_unreadable, services.learned.serving))]
    return Doctor(Remedies(audit, services.publisher, blobs), checks=checks)


@dataclass(frozen=True, slots=True)
class _Premises:
    """Where things are kept."""

    data_dir: Path
    blobs_dir: Path
    reserve_bytes: int
    embedded_index: bool
    audit: Audit

    def checks(self) -> list[Check]:
        return [
            Check(self._files, {"directory-open": _close_folders, "file-open": _close_files}),
            Check(self._disk),
            Check(self._schema),
            Check(self._pointers, {"index-pointer-lost": self.audit.forget_pointers}),
        ]

    def _files(self, _: Sequence[str] | None) -> Found:
        found: Found = {"directory-open": [], "file-open": [], "file-foreign": []}
        # The mode of the top folder keeps everybody else from all that is in it.
        outside = [] if self.blobs_dir.is_relative_to(self.data_dir) else [self.blobs_dir]
        for folder in (self.data_dir, *outside):
            if folder.stat().st_mode & _OTHERS_MAY_LOOK:
                found["directory-open"].append(str(folder))
        for path, about in _below(self.data_dir):
            if about.st_uid != os.getuid():
                found["file-foreign"].append(str(path))
            elif about.st_mode & _OTHERS_MAY_WRITE and stat.S_ISREG(about.st_mode):
                found["file-open"].append(str(path))
        return found

    def _disk(self, _: Sequence[str] | None) -> Found:
        disks = {folder.stat().st_dev: folder for folder in (self.data_dir, self.blobs_dir)}
        # Twice the reserve: time to make room before ingestion stops.
        low = [folder for folder in disks.values() if shutil.disk_usage(folder).free < 2 * self.reserve_bytes]
        return {"disk-low": [str(folder) for folder in low]}

    def _schema(self, _: Sequence[str] | None) -> Found:
        # A newer server on the same PostgreSQL may have changed it under our feet.
        found, newest = schema_versions(self.audit.engine)
        return {"schema-differs": [] if found == newest else [found or "none"]}

    def _pointers(self, _: Sequence[str] | None) -> Found:
        if not self.embedded_index:
            return {}
        targets = {name: target for name, target in self.audit.pointers().items() if name.startswith(_VECTORS)}
        root = self.data_dir / "index"
        lost = [name for name, target in targets.items() if not (root / name.removeprefix(_VECTORS) / target).is_dir()]
        return {"index-pointer-lost": lost}


def _unreadable(serving: ServingState, _: Sequence[str] | None) -> Found:
    return {"learned-unreadable": [serving.now.pointer] if serving.now.trouble else []}


def _below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.rglob("*"):
        try:
            yield path, path.lstat()
        except FileNotFoundError:
            continue  # removed meanwhile


def _close_folders(paths: Sequence[str]) -> None:
    for path in paths:
        Path(path).chmod(0o700)


def _close_files(paths: Sequence[str]) -> None:
    for path in paths:
        Path(path).chmod(0o600)
