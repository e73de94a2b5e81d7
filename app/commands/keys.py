"""attune keys: API keys of users."""

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, out, printed
from app.commands.users import user_named
from app.owner import checked, owner
from app.settings import Settings

keys = typer.Typer(no_args_is_help=True, help="API keys of users.")


User = Annotated[str, typer.Option("--user", help="Whose: the name they sign in with, or their id.")]


@keys.command("list")
def list_keys(user: User, as_json: Json = False) -> None:
    """List the keys of a user, the newest first."""
    with owner(Settings()) as client:
        found = user_named(client, user)
        printed(checked(client.get(f"/v1/users/{found['id']}/keys")), as_json, _table)


@keys.command()
def add(
    user: User,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="ask, curate or administer; repeatable.")] = None,
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "command line",
    days: Annotated[float | None, typer.Option("--days", help="How long it works; for ever when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it, alone; it is shown only now."""
    body = {"name": name, "scopes": scope or ["ask"], "expires_in_days": days}
    with owner(Settings()) as client:
        made = checked(client.post(f"/v1/users/{user_named(client, user)['id']}/keys", json=body))
    printed(made, as_json, lambda found, _out: sys.stdout.write(f"{found['key']}\n"))


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key, as listed.")]) -> None:
    """Take a key out of force."""
    with owner(Settings()) as client:
        checked(client.delete(f"/v1/keys/{key_id}"))
    out.print("revoked")


def _table(body: dict[str, Any], console: Console) -> None:
    table = Table()
    table.add_column("id", no_wrap=True)  # to be typed again
    for column in ("name", "scopes", "made", "expires", "last used"):
        table.add_column(column, overflow="fold")
    for key in body["keys"]:
        moments = [(key[name] or "never")[:16].replace("T", " ") for name in ("created_at", "expires_at", "seen_at")]
        table.add_row(key["id"], escape(key["name"]), " ".join(key["scopes"]), *moments)
    console.print(table)
