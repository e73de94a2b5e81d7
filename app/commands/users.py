"""attune users: people and services."""

import getpass
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, err, out, printed
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

users = typer.Typer(no_args_is_help=True, help="People and services: who there is and what they may do.")

_PAGE = 1_000

UserName = Annotated[str, typer.Argument(help="What they sign in with, or their id.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="How they are shown.")]


@users.command("list")
def list_users(as_json: Json = False) -> None:
    """List users by name."""
    with owner(Settings()) as client:
        found = list(_all(client))
    printed({"users": found}, as_json, _table)


@users.command()
def show(name: UserName, as_json: Json = False) -> None:
    """Show a user with their groups and sessions."""
    with owner(Settings()) as client:
        path = f"/v1/users/{user_named(client, name)['id']}"
        body = checked(client.get(path)) | checked(client.get(f"{path}/sessions"))
    printed(body, as_json, _details)


@users.command()
def add(
    name: Annotated[str, typer.Argument(help="What they sign in with.")],
    display_name: DisplayName = None,
    administrator: Annotated[bool, typer.Option("--administrator", help="May administer.")] = False,
    service: Annotated[bool, typer.Option("--service", help="Has API keys and no password.")] = False,
    password_stdin: PasswordStdin = False,
    as_json: Json = False,
) -> None:
    """Make a user; a terminal is asked for the password."""
    body: dict[str, Any] = {"name": name, "display_name": display_name or "", "administrator": administrator}
    body["kind"] = "service" if service else "person"
    if not service and (password_stdin or sys.stdin.isatty()):
        body["password"] = _password(stdin=password_stdin)
    with owner(Settings()) as client:
        made = checked(client.post("/v1/users", json=body))
    if "password" not in body and not service:
        err.print("without a password: `attune users password` sets one", markup=False)
    printed(made, as_json, lambda found, out: out.print(f"user {escape(found['name'])} is made"))


@users.command()
def change(
    name: UserName,
    display_name: DisplayName = None,
    administrator: Annotated[
        bool | None, typer.Option("--administrator/--no-administrator", help="May administer or not.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change how a user is shown, and whether they administer."""
    given = {"display_name": display_name, "administrator": administrator}
    _patched(name, {key: value for key, value in given.items() if value is not None}, as_json)


@users.command()
def suspend(name: UserName, as_json: Json = False) -> None:
    """Have nothing of a user work, and sign them out."""
    _patched(name, {"suspended": True}, as_json)


@users.command()
def restore(name: UserName, as_json: Json = False) -> None:
    """Let a suspended user in again."""
    _patched(name, {"suspended": False}, as_json)


@users.command()
def remove(name: UserName) -> None:
    """Remove an account with its sessions, keys and memberships; what they asked stays."""
    with owner(Settings()) as client:
        checked(client.delete(f"/v1/users/{user_named(client, name)['id']}"))
    out.print("removed")


@users.command()
def password(name: UserName, password_stdin: PasswordStdin = False) -> None:
    """Set a user's password, and sign them out everywhere."""
    with owner(Settings()) as client:
        user = user_named(client, name)
        checked(client.put(f"/v1/users/{user['id']}/password", json={"password": _password(stdin=password_stdin)}))
    out.print("set")


@users.command("sign-out")
def sign_out(name: UserName) -> None:
    """End all sessions of a user; their keys go on working."""
    with owner(Settings()) as client:
        checked(client.delete(f"/v1/users/{user_named(client, name)['id']}/sessions"))
    out.print("signed out")


def user_named(client: httpx.Client, name: str) -> dict[str, Any]:
    """Return the user of a name or an id.

    Raises:
        InvalidInputError: There is none.
    """
    found = checked(client.get("/v1/users", params={"name": name}))["users"] if name else []
    found = found or [user for user in _all(client) if user["id"] == name]
    if not found:
        raise InvalidInputError(f"no user is called {name!r}: `attune users list` lists them")
    user: dict[str, Any] = found[0]
    return user


def _all(client: httpx.Client) -> Iterator[dict[str, Any]]:
    parameters: dict[str, Any] = {"limit": _PAGE}
    while True:
        page = checked(client.get("/v1/users", params=parameters))
        yield from page["users"]
        if page["next"] is None:
            return
        parameters["after"] = page["next"]


def _patched(name: str, changes: dict[str, Any], as_json: bool) -> None:
    with owner(Settings()) as client:
        body = checked(client.patch(f"/v1/users/{user_named(client, name)['id']}", json=changes))
    printed(body, as_json, _line)


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("password: ")
    if getpass.getpass("again: ") != first:
        raise InvalidInputError("the two passwords are not the same")
    return first


def _what(user: dict[str, Any]) -> str:
    role = "administrator" if user["administrator"] else ""
    return ", ".join(part for part in (user["kind"], role, "suspended" if user["suspended_at"] else "") if part)


def _table(body: dict[str, Any], console: Console) -> None:
    if not body["users"]:
        console.print("there are no users yet: `attune users add NAME --administrator` makes the first")
        return
    table = Table()
    table.add_column("name", no_wrap=True)  # to be typed again
    for column in ("shown as", "what", "since", "id"):
        table.add_column(column, overflow="fold")
    for user in body["users"]:
        shown = escape(user["display_name"])
        table.add_row(escape(user["name"]), shown, _what(user), user["created_at"][:10], user["id"])
    console.print(table)


def _line(user: dict[str, Any], console: Console) -> None:
    console.print(f"[bold]{escape(user['name'])}[/bold]  {escape(user['display_name'])}  {_what(user)}")


def _details(user: dict[str, Any], console: Console) -> None:
    _line(user, console)
    console.print(f"u:{user['id']}", style="dim")
    for group in user["groups"]:
        console.print(f"  in {escape(group['name'])}  [dim]g:{group['id']}[/dim]")
    for session in user["sessions"]:
        seen = session["seen_at"][:16].replace("T", " ")
        console.print(f"  signed in from {escape(session['address'])}, last seen {seen}")
