"""attune backup, attune restore: one file with everything that cannot be made again."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.commands import doctor
from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings


def backup(
    file: Annotated[Path, typer.Argument(help="The file to be made, outside of the data directory.")],
    as_json: Json = False,
) -> None:
    """Write catalog and originals, as they are at one moment, to a file; questions and ingestion go on."""
    with owner(Settings()) as client:
        body = checked(client.post("/v1/backups", json={"path": str(file.absolute())}))
    if as_json:
        print_json(body)
        return
    out.print(_summary(body["rows"], body["blobs"], body["sha256"]))
    out.print(f"{escape(body['path'])}, {body['size_bytes'] / 2**20:,.1f} MB")
    for name in ("missing", "damaged"):
        if body[f"{name}_blobs"]:
            out.print(f"[yellow]{body[f'{name}_blobs']} originals are {name}[/yellow]: see `attune doctor --deep`")


def restore(
    file: Annotated[Path, typer.Argument(help="Made by `attune backup`.")],
    check: Annotated[bool, typer.Option("--check", help="Only read it from end to end; write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Fill an empty data directory (and database) with a backup, then the index, and examine the result."""
    # Here: with it comes the whole server.
    from app.archive import Archive
    from app.restore import restore as restored

    settings = Settings()
    manifest = Archive.opened(file).manifest if check else restored(settings, file).manifest
    said: dict[str, Any] = {
        "rows": manifest.rows,
        "blobs": manifest.blobs,
        "sha256": manifest.sha256,
        "created_at": manifest.created_at,
        "schema": manifest.schema,
        "embedder": manifest.embedder,
    }
    if not check:
        # The owner fills the index as it starts.
        with owner(settings) as client:
            said["doctor"] = checked(client.post("/v1/doctor", json={}))
    if as_json:
        print_json(said)
        return
    out.print(f"{'whole' if check else 'restored'}: {_summary(manifest.rows, manifest.blobs, manifest.sha256)}")
    if not check:
        doctor.show(said["doctor"])


def _summary(rows: dict[str, int], blobs: int, sha256: str) -> str:
    counted = ", ".join(
        f"{rows.get(name, 0)} {name}" for name in ("collections", "documents", "chunks", "interactions")
    )
    return f"{counted}, {blobs} originals; manifest {sha256[:16]}"
