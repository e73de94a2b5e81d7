"""attune forget: a person or a document, everywhere, with a receipt."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from app import evaluate_show
from app.owner import checked, owner
from app.settings import Settings
from app.users_cli import user_named
from retrieval.errors import InvalidInputError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def forget(
    user: Annotated[str | None, typer.Option("--user", help="Name or id.")] = None,
    document: Annotated[str | None, typer.Option("--document", help="Id, as listed.")] = None,
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Keep what the user asked, without who asked it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you mean it.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a user or a document everywhere, look whether something is left, and print the receipt."""
    if (user is None) == (document is None):
        raise InvalidInputError("give --user or --document, one of them")
    with owner(Settings()) as client:
        kind, subject, name = "document", document or "", document or ""
        if user is not None:
            found = user_named(client, user)
            kind, subject, name = "user", str(found["id"]), str(found["name"])
        if not yes and not typer.confirm(f"Forget the {kind} {name}? There is no way back"):
            raise typer.Exit(1)
        asked = {"kind": kind, "subject": subject, "confirm": subject, "anonymise": anonymise}
        body = checked(client.post("/v1/erasures", json=asked))
    if as_json:
        evaluate_show.print_json(body)
    else:
        show(body)
    if body["receipt"]["scan"]["left"]:
        raise typer.Exit(1)


def show(body: dict[str, Any]) -> None:
    """Show a receipt to a person."""
    console, receipt = evaluate_show.console(), body["receipt"]
    counted = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in receipt["erased"].items() if count)
    console.print(f"forgotten: {body['kind']} {escape(body['subject'])}")
    console.print(f"erased: {counted or 'nothing was left to erase'}")
    for kind, names in receipt["used_by"].items():
        if names:
            console.print(f"had used it: {kind.replace('_', ' ')} {escape(', '.join(names))}")
    _learned(console, receipt)
    if source := receipt.get("source"):
        console.print(f"[yellow]its source {source['id']} {source['words']}[/yellow]")
    if receipt.get("originals_of_others"):
        console.print("[yellow]other documents were made of the same original, which stays[/yellow]")
    for place, count in receipt["scan"]["left"].items():
        console.print(f"[red]left[/red]: {escape(place)}, {count}")
    for backup in receipt["not_reached"]["backups"]:
        console.print(f"not reached: the backup {escape(str(backup['file']))} of {backup['at']}")
    console.print(f"not reached: {receipt['not_reached']['outside']}")
    console.print(f"receipt {body['id']}")


def _learned(console: Console, receipt: Mapping[str, Any]) -> None:
    if back := receipt.get("went_back_to"):
        console.print(f"[yellow]what was learned of it serves no more; live is {escape(back)}[/yellow]")
        console.print(f"trained again without it: {escape(str(receipt.get('retraining', 'by the run that waits')))}")
    for rung in receipt.get("to_be_trained", ()):
        console.print(f"not trained again yet: attune train --rung {escape(rung)}")
