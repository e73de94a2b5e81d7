"""attune conversations: what was asked one after the other."""

from pathlib import Path
from typing import Annotated, Literal

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

conversations = typer.Typer(no_args_is_help=True, help="What was asked one after the other.")

Key = Annotated[str, typer.Argument(metavar="ID", help="As listed.")]


@conversations.command("list")
def list_conversations(
    words: Annotated[str, typer.Option("--words", help="Only those with this in the title or a question.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="1 to 1,000; those used last.")] = 50,
    as_json: Json = False,
) -> None:
    """List your conversations, the one that was used last first."""
    with owner(Settings()) as client:
        body = checked(client.get("/v1/conversations", params={"q": words, "limit": limit}))
    if as_json:
        print_json(body)
        return
    table = Table()
    table.add_column("id", no_wrap=True, min_width=32)  # to be copied into the other commands
    table.add_column("title", overflow="fold")
    table.add_column("used", no_wrap=True)
    for one in body["conversations"]:
        table.add_row(one["id"], escape(one["title"]), one["updated_at"][:16])
    out.print(table)


@conversations.command()
def show(key: Key, as_json: Json = False) -> None:
    """Show a conversation with its answers and their sources, as far as they may be shown today."""
    with owner(Settings()) as client:
        exported = _export(client, key, "json" if as_json else "markdown")
    print_json(exported.json()) if as_json else out.print(exported.text, markup=False)


@conversations.command()
def export(
    key: Key,
    path: Annotated[Path, typer.Argument(help="A new file; `.md` for Markdown, `.json` for JSON.")],
) -> None:
    """Write a conversation to a file."""
    forms: dict[str, Literal["json", "markdown"]] = {".md": "markdown", ".json": "json"}
    if path.suffix not in forms:
        raise InvalidInputError(f"{path.name} is neither .md nor .json")
    if path.exists():
        raise InvalidInputError(f"{path} exists already")
    with owner(Settings()) as client:
        exported = _export(client, key, forms[path.suffix])
    path.write_bytes(exported.content)
    out.print(f"written to {path}", markup=False)


@conversations.command()
def delete(key: Key) -> None:
    """Delete a conversation; the record of what was answered stays in the interaction log."""
    with owner(Settings()) as client:
        checked(client.delete(_url(key)))
    out.print("deleted")


def _export(client: httpx.Client, key: str, form: Literal["json", "markdown"]) -> httpx.Response:
    response = client.get(f"{_url(key)}/export", params={"format": form})
    if response.is_error:
        checked(response)
    return response


def _url(key: str) -> str:
    if not key.isalnum():
        raise InvalidInputError(f"{key!r} is no id of a conversation")
    return f"/v1/conversations/{key}"
