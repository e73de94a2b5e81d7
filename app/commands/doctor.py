"""attune doctor: what is wrong with the knowledge base, and mending it."""

import sys
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings

_COLOURS = {"error": "red", "warning": "yellow", "note": "default"}


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every original and the catalog's file too.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="Then make what was deleted unreadable on disk.")] = False,
    as_json: Json = False,
) -> None:
    """Compare catalog, index and originals; exit code 1 when something is wrong and was not mended."""
    with owner(Settings()) as client:
        body = checked(client.post("/v1/doctor", json={"repair": repair, "deep": deep}))
        if compact:
            body["freed_bytes"] = checked(client.post("/v1/doctor/compaction"))["freed_bytes"]
    if as_json:
        print_json(body)
    else:
        show(body)
    if not body["well"]:
        sys.exit(1)


def show(body: dict[str, Any]) -> None:
    """Show an examination to a person."""
    if body["ailments"]:
        table = Table("", "what", "cases", "", "")
        for found in body["ailments"]:
            colour = _COLOURS[found["severity"]]
            examples = ", ".join(found["examples"])
            more = ", ..." if found["count"] > len(found["examples"]) else ""
            table.add_row(
                f"[{colour}]{found['severity']}[/{colour}]",
                found["code"],
                str(found["count"]),
                escape(f"{found['words']}\n{examples}{more}"),
                escape(_outcome(found)),
            )
        out.print(table)
    counted = f"{body['documents']} documents, {body['chunks']} chunks, {body['points']} points"
    out.print(f"{counted}, examined in {body['seconds']:.1f} s")
    if "freed_bytes" in body:
        out.print(f"compacted: the catalog's file is {body['freed_bytes'] / 2**20:,.1f} MB smaller")
    out.print("[green]well[/green]" if body["well"] else _advice(body["ailments"]))


def _outcome(found: dict[str, Any]) -> str:
    if found["trouble"]:
        return f"not mended: {found['trouble']}"
    if found["mended"] is None:
        return f"--repair: {found['remedy']}" if found["mendable"] else found["remedy"]
    if found["mended"] == found["count"]:
        return "mended"
    return f"{found['mended']} mended; the others: {found['remedy']}"


def _advice(ailments: list[dict[str, Any]]) -> str:
    if any(found["mendable"] and found["mended"] is None for found in ailments):
        return "[red]not well[/red]: `attune doctor --repair` mends what can be mended"
    return "[red]not well[/red]: docs/operations.md says what to do about each"
