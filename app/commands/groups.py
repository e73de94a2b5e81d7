"""attune groups: who belongs together; access lists name them."""

from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, out, printed
from app.commands.users import UserName, user_named
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

groups = typer.Typer(no_args_is_help=True, help="Groups, which access lists name, and who is in them.")


GroupName = Annotated[str, typer.Argument(help="Name or id of the group.")]
Claim = Annotated[str | None, typer.Option("--claim", help="Value of the provider's groups claim that stands for it.")]


@groups.command("list")
def list_groups(as_json: Json = False) -> None:
    """List groups by name."""
    with owner(Settings()) as client:
        printed(checked(client.get("/v1/groups")), as_json, _table)


@groups.command()
def show(group: GroupName, as_json: Json = False) -> None:
    """Show a group and who is in it."""
    with owner(Settings()) as client:
        found = group_named(client, group)
        printed(found | checked(client.get(f"/v1/groups/{found['id']}/members")), as_json, _details)


@groups.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called.")], claim: Claim = None, as_json: Json = False
) -> None:
    """Make a group, empty."""
    with owner(Settings()) as client:
        made = checked(client.post("/v1/groups", json={"name": name, "claim": claim}))
    printed(made, as_json, lambda found, out: out.print(f"group {escape(found['name'])} is made"))


@groups.command()
def change(
    group: GroupName,
    name: Annotated[str | None, typer.Option("--name", help="Another name; access lists stay right.")] = None,
    claim: Claim = None,
    no_claim: Annotated[bool, typer.Option("--no-claim", help="Take the claim away.")] = False,
    as_json: Json = False,
) -> None:
    """Give a group another name or claim."""
    changes: dict[str, str | None] = {"name": name} if name else {}
    changes |= {"claim": claim} if claim or no_claim else {}
    with owner(Settings()) as client:
        body = checked(client.patch(f"/v1/groups/{group_named(client, group)['id']}", json=changes))
    printed(body, as_json, lambda found, out: out.print(f"group {escape(found['name'])} is changed"))


@groups.command()
def remove(group: GroupName) -> None:
    """Remove a group; what only its members could read, nobody reads."""
    with owner(Settings()) as client:
        checked(client.delete(f"/v1/groups/{group_named(client, group)['id']}"))
    out.print("removed")


@groups.command()
def join(group: GroupName, user: UserName) -> None:
    """Put a user into a group."""
    with owner(Settings()) as client:
        checked(client.put(_member(client, group, user)))
    out.print("joined")


@groups.command()
def leave(group: GroupName, user: UserName) -> None:
    """Take a user out of a group."""
    with owner(Settings()) as client:
        checked(client.delete(_member(client, group, user)))
    out.print("left")


def group_named(client: httpx.Client, name: str) -> dict[str, Any]:
    """Return the group of a name or an id.

    Raises:
        InvalidInputError: There is none.
    """
    known = checked(client.get("/v1/groups"))["groups"]
    found = [group for group in known if group["name"] == name] or [group for group in known if group["id"] == name]
    if not found:
        raise InvalidInputError(f"no group is called {name!r}: `attune groups list` lists them")
    group: dict[str, Any] = found[0]
    return group


def _member(client: httpx.Client, group: str, user: str) -> str:
    return f"/v1/groups/{group_named(client, group)['id']}/members/{user_named(client, user)['id']}"


def _table(body: dict[str, Any], console: Console) -> None:
    if not body["groups"]:
        console.print("there are no groups yet: `attune groups add NAME` makes one")
        return
    table = Table()
    table.add_column("name", no_wrap=True)  # to be typed again
    for column in ("members", "claim", "id"):
        table.add_column(column, overflow="fold")
    for group in body["groups"]:
        table.add_row(escape(group["name"]), str(group["members"]), escape(group["claim"] or ""), group["id"])
    console.print(table)


def _details(group: dict[str, Any], console: Console) -> None:
    console.print(f"[bold]{escape(group['name'])}[/bold]  [dim]g:{group['id']}[/dim]")
    if group["claim"]:
        console.print(f"  claim {escape(group['claim'])}")
    for member in group["members"]:
        console.print(f"  {escape(member['name'])}  {escape(member['display_name'])}  ({', '.join(member['via'])})")
