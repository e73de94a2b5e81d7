"""attune forget: a person or a document, everywhere, with a receipt."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.commands.terminal import Json, out, print_json
from app.commands.users import user_named
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError


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
        print_json(body)
    else:
        show(body)
    if body["receipt"]["scan"]["left"]:
        raise typer.Exit(1)


def show(body: dict[str, Any]) -> None:
    """Show a receipt to a person."""
    receipt = body["receipt"]
    counted = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in receipt["erased"].items() if count)
    out.print(f"forgotten: {body['kind']} {escape(body['subject'])}")
    out.print(f"erased: {counted or 'nothing was left to erase'}")
    for kind, names in receipt["used_by"].items():
        if names:
            out.print(f"had used it: {kind.replace('_', ' ')} {escape(', '.join(names))}")
    _learned(receipt)
    if source := receipt.get("source"):
        out.print(f"[yellow]its source {source['id']} {source['words']}[/yellow]")
    if receipt.get("originals_of_others"):
        out.print("[yellow]other documents were made of the same original, which stays[/yellow]")
    for place, count in receipt["scan"]["left"].items():
        out.print(f"[red]left[/red]: {escape(place)}, {count}")
    for backup in receipt["not_reached"]["backups"]:
        out.print(f"not reached: the backup {escape(str(backup['file']))} of {backup['at']}")
    out.print(f"not reached: {receipt['not_reached']['outside']}")
    out.print(f"receipt {body['id']}")


def _learned(receipt: Mapping[str, Any]) -> None:
    if back := receipt.get("went_back_to"):
        out.print(f"[yellow]what was learned of it serves no more; live is {escape(back)}[/yellow]")
        again, later = receipt.get("retraining"), receipt.get("to_be_trained", ())
        if again or not later:
            whose = f"run {again}" if again else "by the run that was asked for already"
            out.print(f"it is being trained again without that: {escape(whose)}")
        for part in later:
            out.print(f"to be trained again, asked for within an hour: {escape(part)}")
