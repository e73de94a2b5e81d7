"""Backups, written to a path of the server's machine; for the commands there."""

from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.backup import back_up
from app.dependencies import CallerDep, LocalDep, ServicesDep
from app.parts import open_blobs

router = APIRouter(prefix="/v1", tags=["operations"])


class NewBackupBody(BaseModel):
    """Where to."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(min_length=1, max_length=4096, examples=["/var/backups/attune-2026-11-28.tar"])


class BackupBody(BaseModel):
    """What was written."""

    path: str
    size_bytes: int
    sha256: str = Field(description="Of the manifest; `attune restore --check` shows the same.")
    rows: dict[str, int] = Field(description="By table.")
    blobs: int = Field(description="Originals.")
    missing_blobs: int = Field(description="Originals that should be there and are not.")
    damaged_blobs: int = Field(description="Originals that are not what was kept.")


@router.post("/backups", status_code=201, summary="Write a backup")
def create(body: NewBackupBody, services: ServicesDep, _principal: LocalDep, caller: CallerDep) -> BackupBody:
    """Write one moment of the catalog with its originals to a new file; writes go on meanwhile."""
    blobs = open_blobs(services.settings)
    made = back_up(
        services.catalog,
        blobs,
        Path(body.path),
        embedder=services.embedder.fingerprint,
        data_dir=services.data_dir,
    )
    details = {"file": made.path.name, "size_bytes": made.size_bytes}
    services.audit_log.append("backup.create", f"backup:{made.sha256}", caller=caller, details=details)
    return BackupBody(
        path=str(made.path),
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        rows=made.manifest.rows,
        blobs=made.manifest.blobs,
        missing_blobs=len(made.manifest.missing_blobs),
        damaged_blobs=len(made.manifest.damaged_blobs),
    )
