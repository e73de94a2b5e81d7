"""attune conversations: what was asked one after the other."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

_out = Console(highlight=False, soft_wrap=True)

conversations = typer.Typer(no_args_is_help=True, help="What was asked one after the other.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
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
        _print(body)
        return
    table = Table()
    table.add_column("id", no_wrap=True, min_width=32)  # to be copied into the other commands
    table.add_column("title", overflow="fold")
    table.add_column("used", no_wrap=True)
    for one in body["conversations"]:
        table.add_row(one["id"], escape(one["title"]), one["updated_at"][:16])
    _out.print(table)


@conversations.command()
def show(key: Key, as_json: Json = False) -> None:
    """Show a conversation with its answers and their sources, as far as they may be shown today."""
    with owner(Settings()) as client:
        exported = _export(client, key, "json" if as_json else "markdown")
    _print(exported.json()) if as_json else _out.print(exported.text, markup=False)


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
    _out.print(f"written to {path}", markup=False)


@conversations.command()
def delete(key: Key) -> None:
    """Delete a conversation; the record of what was answered stays in the interaction log."""
    with owner(Settings()) as client:
        checked(client.delete(_url(key)))
    _out.print("deleted")


def _export(client: httpx.Client, key: str, form: Literal["json", "markdown"]) -> httpx.Response:
    response = client.get(f"{_url(key)}/export", params={"format": form})
    if response.is_error:
        checked(response)
    return response


def _url(key: str) -> str:
    if not key.isalnum():
        raise InvalidInputError(f"{key!r} is no id of a conversation")
    return f"/v1/conversations/{key}"


def _print(body: Any) -> None:
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
