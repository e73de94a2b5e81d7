"""attune access: who may read a document or a collection, and who looks after it."""

from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.markup import escape

from app.commands.terminal import Json, out, print_json
from app.naming import access_of
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

access = typer.Typer(no_args_is_help=True, help="Who may read a document or a collection.")

DocumentId = Annotated[str, typer.Argument(help="As `attune documents` lists it.")]
Document = Annotated[str | None, typer.Argument(help="Id of a document.")]
Collection = Annotated[str | None, typer.Option("--collection", "-c", help="A collection instead of a document.")]
Readers = Annotated[
    list[str] | None,
    typer.Option("--reader", "-r", help="everyone, private, or a name or key of a user or group; may be repeated."),
]
Curators = Annotated[
    list[str] | None, typer.Option("--curator", help="Who looks after the collection; nobody takes all away.")
]


@access.command()
def show(document: Document = None, collection: Collection = None, as_json: Json = False) -> None:
    """Show who may read a document, or a collection and who looks after it."""
    path = _path(document, collection)
    with owner(Settings()) as client:
        _print(checked(client.get(path)), as_json)


@access.command("set")
def set_access(
    document: Document = None,
    collection: Collection = None,
    readers: Readers = None,
    curators: Curators = None,
    as_json: Json = False,
) -> None:
    """Say who may read a document, or a collection and who looks after it, in place of who did; it holds at once."""
    path = _path(document, collection)
    with owner(Settings()) as client:
        now = checked(client.get(path))
        body = {"version": now["version"]} | _wanted(client, now, readers, curators)
        _print(checked(client.put(path, json=body)), as_json)


@access.command()
def release(document: DocumentId, as_json: Json = False) -> None:
    """Leave a document's list to its source and uploads again."""
    path = _path(document, None)
    with owner(Settings()) as client:
        version = checked(client.get(path))["version"]
        _print(checked(client.delete(path, params={"version": version})), as_json)


def _wanted(
    client: httpx.Client, now: dict[str, Any], readers: list[str] | None, curators: list[str] | None
) -> dict[str, Any]:
    if "readers" in now:
        if readers is None and curators is None:
            raise InvalidInputError("say who: --reader, --curator")
        return {
            "readers": now["readers"] if readers is None else access_of(client, readers),
            "curators": now["curators"] if curators is None else _curators(client, curators),
        }
    if readers is None or curators is not None:
        raise InvalidInputError("say who may read the document: --reader; curators are of collections")
    return {"access": access_of(client, readers)}


def _curators(client: httpx.Client, curators: list[str]) -> list[str]:
    found = [] if curators == ["nobody"] else access_of(client, curators)
    if isinstance(found, str):
        raise InvalidInputError(f"--curator {found}: name users and groups, or nobody")
    return found


def _path(document: str | None, collection: str | None) -> str:
    if (document is None) == (collection is None):
        raise InvalidInputError("name a document or, with --collection, a collection")
    if document is not None:
        return f"/v1/documents/{quote(document, safe='')}/access"
    return f"/v1/collections/{quote(collection or '', safe='')}/access"


def _print(body: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(body)
        return
    names = body["names"] | {"g:everyone": "everyone", "u:local": "commands on this machine"}
    for title, keys in (
        ("read by", body.get("access", body.get("readers"))),
        ("looked after by", body.get("curators")),
    ):
        if keys is not None:
            who = ", ".join(f"{names[key]} ({key})" if key in names else f"{key} (gone)" for key in keys)
            out.print(f"{title} {escape(who or 'nobody')}")
    if body.get("set_by"):
        out.print(f"[dim]set by hand, by {escape(body['set_by'])}[/dim]")
