"""attune audit: who did what, taken away as a file, and whether the log is whole."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError, NotFoundError

Head = Annotated[str | None, typer.Option("--head", help="Noted before, as SEQ:SHA256.")]

audit = typer.Typer(no_args_is_help=True, help="Who did what: read it, export it, verify it.")


@audit.command("list")
def list_events(
    actor: Annotated[str, typer.Option("--actor", help="Principal id of who did it.")] = "",
    object_: Annotated[str, typer.Option("--object", help="Such as document:ID.")] = "",
    action: Annotated[str, typer.Option("--action", help="Such as document.open, or document for all.")] = "",
    since: Annotated[str | None, typer.Option("--since", help="At this moment or later (ISO 8601).")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this moment (ISO 8601).")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Most events, 1 to 1,000.")] = 50,
    as_json: Json = False,
) -> None:
    """List the newest events."""
    asked = {"actor": actor, "object": object_, "action": action, "since": since, "until": until, "limit": limit}
    with owner(Settings()) as client:
        body = checked(client.get("/v1/audit", params={name: value for name, value in asked.items() if value}))
    if as_json:
        print_json(body)
        return
    table = Table("", "at", "actor", "action", "object", "details")
    for event in body["events"]:
        shown = [event[name] for name in ("at", "actor", "action", "object")]
        table.add_row(str(event["seq"]), *map(escape, shown), escape(str(event["details"] or "")))
    out.print(table)


@audit.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="To be made; standard output without it.")] = None,
    after: Annotated[int, typer.Option("--after", help="Only events of higher numbers.")] = 0,
) -> None:
    """Write all events as JSON lines; the last line holds the head."""
    with owner(Settings()) as client, client.stream("GET", "/v1/audit/export", params={"after": after}) as response:
        if response.is_error:
            checked(response)
        if file is None:
            sys.stdout.writelines(f"{line}\n" for line in response.iter_lines())
            return
        try:
            with file.open("x", encoding="utf-8") as out:
                out.writelines(f"{line}\n" for line in response.iter_lines())
        except OSError as error:
            raise InvalidInputError(f"{file} cannot be written: {error.strerror}") from error


@audit.command()
def verify(head: Head = None, as_json: Json = False) -> None:
    """Walk over the whole log; exit code 1 when it is not what it was. Needs no server."""
    # Straight from the database: whoever checks the log need not trust the server that writes it.
    from app.audit_log import AuditLog
    from app.audit_verify import noted_heads
    from app.audit_verify import verify as verified
    from app.routes.audit import verification_body
    from retrieval.store import reachable
    from retrieval.tables import open_engine

    settings = Settings()
    if settings.database_url is None and not (settings.data_dir / "catalog.sqlite3").is_file():
        raise NotFoundError(f"there is no catalog in {settings.data_dir}")
    engine = open_engine(settings.catalog_url)
    try:
        with reachable():
            found = verified(AuditLog(engine).rows(), heads=noted_heads(settings.data_dir, head))
    finally:
        engine.dispose()
    body = verification_body(found).model_dump()
    if as_json:
        print_json(body)
    else:
        _show(body)
    if not found.holds:
        sys.exit(1)


def _show(body: dict[str, Any]) -> None:
    for fault in body["faults"]:
        out.print(f"[red]{fault['kind']}[/red]: {fault['words']}")
    against = f", held against {len(body['compared'])} noted before" if body["compared"] else ""
    out.print(f"{body['events']} events{against}; head {body['head'] or 'none'}")
    out.print("[green]it holds[/green]" if body["holds"] else f"[red]{body['faults_total']} faults[/red]")
