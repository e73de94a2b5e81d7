"""attune sources, attune source: where documents come from by themselves, and when."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from app.commands import show_runs, show_sources
from app.commands.ingest import followed
from app.commands.terminal import Json, printed
from app.naming import readers_of
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

source = typer.Typer(no_args_is_help=True, help="Set sources up, sync, pause and remove them.")
add = typer.Typer(no_args_is_help=True, help="Set a source up.")
source.add_typer(add, name="add")

_EVERY = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}

Source = Annotated[str, typer.Argument(help="Name of the source, or the beginning of its id.")]
Name = Annotated[str | None, typer.Option("--name", help="What it is called; made of its place when left out.")]
Collection = Annotated[str, typer.Option("--collection", "-c", help="Made if missing.")]
Every = Annotated[str | None, typer.Option("--every", help="Sync again after this time: 30m, 1h, 2d, 1w.")]
Include = Annotated[list[str] | None, typer.Option("--include", help="Only what matches, as *.pdf; may be repeated.")]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Nothing that matches; may be repeated.")]
Access = Annotated[
    list[str] | None,
    typer.Option("--access", help="Who may read what matches, as PATTERN=WHO; the first that matches counts."),
]
Otherwise = Annotated[
    list[str] | None, typer.Option("--otherwise", help="Who may read the rest: everyone, nobody, a group, a user.")
]


def sources(as_json: Json = False) -> None:
    """List sources with their schedule and their last sync."""
    with owner(Settings()) as client:
        printed(checked(client.get("/v1/sources")), as_json, show_sources.table)


@add.command("folder")
def add_folder(
    path: Annotated[Path, typer.Argument(help="A folder of this machine, with its subfolders.")],
    name: Name = None,
    collection: Collection = "default",
    every: Every = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Sync soon after a change; while `attune serve` runs.")
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    access: Access = None,
    otherwise: Otherwise = None,
    as_json: Json = False,
) -> None:
    """Keep a folder in step: what is new, changed, moved or gone."""
    arguments = {"path": str(path.absolute()), "include": include or [], "exclude": exclude or []}
    body = _new("folder", name or path.absolute().name, arguments, every) | {"collection": collection, "watch": watch}
    _add(body, access, otherwise, as_json)


@add.command("web")
def add_web(
    urls: Annotated[list[str] | None, typer.Argument(help="Pages to begin at.")] = None,
    sitemap: Annotated[list[str] | None, typer.Option("--sitemap", help="A sitemap; may be repeated.")] = None,
    depth: Annotated[int, typer.Option("--depth", help="How many links away from the first pages, 0 to 50.")] = 2,
    max_pages: Annotated[int, typer.Option("--max-pages", help="How many documents at most.")] = 1_000,
    name: Name = None,
    collection: Collection = "default",
    every: Every = None,
    include: Include = None,
    exclude: Exclude = None,
    access: Access = None,
    otherwise: Otherwise = None,
    as_json: Json = False,
) -> None:
    """Keep pages of a site in step; needs ATTUNE_WEB_SOURCES=true."""
    arguments = {
        "urls": urls or [],
        "sitemaps": sitemap or [],
        "depth": depth,
        "max_pages": max_pages,
        "include": include or [],
        "exclude": exclude or [],
    }
    first = next(iter([*(urls or []), *(sitemap or [])]), "")
    body = _new("web", name or first.partition("://")[2].rstrip("/"), arguments, every) | {"collection": collection}
    _add(body, access, otherwise, as_json)


@add.command("object-store")
def add_object_store(
    url: Annotated[str, typer.Argument(help="Bucket and beginning of the keys, as s3://handbook/2026/.")],
    secret: Annotated[str, typer.Option("--secret", help="Name of its credentials in ATTUNE_SOURCE_SECRETS.")],
    name: Name = None,
    collection: Collection = "default",
    every: Every = None,
    include: Include = None,
    exclude: Exclude = None,
    access: Access = None,
    otherwise: Otherwise = None,
    as_json: Json = False,
) -> None:
    """Keep the objects of a bucket in step."""
    arguments = {"url": url, "secret": secret, "include": include or [], "exclude": exclude or []}
    body = _new("object_store", name or url.partition("://")[2].rstrip("/"), arguments, every)
    _add(body | {"collection": collection}, access, otherwise, as_json)


@add.command("reader")
def add_reader(
    reader: Annotated[str, typer.Argument(help="A LlamaHub reader, as llama_index.readers.json.JSONReader.")],
    init: Annotated[str, typer.Option("--init", help="Arguments of its constructor, a JSON object.")] = "{}",
    load: Annotated[str, typer.Option("--load", help="Arguments of its load_data, a JSON object.")] = "{}",
    secret: Annotated[
        str | None, typer.Option("--secret", help="Name of further ones in ATTUNE_SOURCE_SECRETS.")
    ] = None,
    name: Name = None,
    collection: Collection = "default",
    every: Every = None,
    access: Access = None,
    otherwise: Otherwise = None,
    as_json: Json = False,
) -> None:
    """Keep in step what a LlamaHub reader loads."""
    arguments = {"reader": reader, "init": _object("--init", init), "load": _object("--load", load), "secret": secret}
    body = _new("reader", name or reader.rpartition(".")[2], arguments, every) | {"collection": collection}
    _add(body, access, otherwise, as_json)


@source.command()
def show(name: Source, as_json: Json = False) -> None:
    """Show a source with its arguments and its last sync."""
    with owner(Settings()) as client:
        printed(_found(client, name), as_json, show_sources.details)


@source.command()
def sync(
    name: Source,
    detach: Annotated[
        bool,
        typer.Option("--detach", help="Do not wait: `attune runs follow` shows how it goes; needs `attune serve`."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the documents of a source up to date now."""
    with owner(Settings()) as client:
        run = checked(client.post(f"/v1/sources/{_found(client, name)['id']}/sync"))
        if not detach:
            run = followed(client, run["id"], quiet=as_json)
    printed(run, as_json, show_runs.begun if detach else show_runs.ended)


@source.command("set")
def set_source(name: Source, access: Access = None, otherwise: Otherwise = None, as_json: Json = False) -> None:
    """Say who may read what comes from a source, in place of what was said; it holds at once.

    Raises:
        InvalidInputError: Nothing is said.
    """
    if access is None and otherwise is None:
        raise InvalidInputError("say who may read: --access PATTERN=WHO, --otherwise WHO")
    with owner(Settings()) as client:
        changes = readers_of(client, access, otherwise)
        found = checked(client.patch(f"/v1/sources/{_found(client, name)['id']}", json=changes))
        printed(found, as_json, show_sources.details)


@source.command()
def pause(name: Source, as_json: Json = False) -> None:
    """Have neither schedule nor watch begin a sync."""
    _change(name, {"paused": True}, as_json)


@source.command()
def resume(name: Source, as_json: Json = False) -> None:
    """Let schedule and watch begin syncs again; the first is due at once."""
    _change(name, {"paused": False}, as_json)


@source.command()
def remove(
    name: Source,
    documents: Annotated[bool, typer.Option("--documents", help="Delete what came from it as well.")] = False,
    as_json: Json = False,
) -> None:
    """Forget a source; its documents stay unless told otherwise."""
    parameters = {"documents": "delete" if documents else "keep"}
    with owner(Settings()) as client:
        run = checked(client.delete(f"/v1/sources/{_found(client, name)['id']}", params=parameters))
        if run is not None:
            run = followed(client, run["id"], quiet=as_json)
    if run is not None:
        printed(run, as_json, show_runs.ended)
    else:
        printed({"removed": name}, as_json, lambda _body, out: out.print("removed; its documents stay"))


def _new(kind: str, name: str, arguments: dict[str, Any], every: str | None) -> dict[str, Any]:
    return {"kind": kind, "name": name[:100] or kind, "arguments": arguments, "every_s": _seconds(every)}


def _add(body: dict[str, Any], access: list[str] | None, otherwise: list[str] | None, as_json: bool) -> None:
    with owner(Settings()) as client:
        body |= readers_of(client, access, otherwise)
        printed(checked(client.post("/v1/sources", json=body)), as_json, show_sources.added)


def _change(name: str, changes: dict[str, Any], as_json: bool) -> None:
    with owner(Settings()) as client:
        found = checked(client.patch(f"/v1/sources/{_found(client, name)['id']}", json=changes))
    printed(found, as_json, show_sources.details)


def _found(client: httpx.Client, name: str) -> dict[str, Any]:
    known = checked(client.get("/v1/sources"))["sources"]
    named = [one for one in known if one["name"] == name] or [one for one in known if one["id"].startswith(name)]
    if len(named) != 1 or not name:
        said = "several sources are" if named else "no source is"
        raise InvalidInputError(f"{said} called {name!r}: `attune sources` lists them with their ids")
    found: dict[str, Any] = named[0]
    return found


def _seconds(every: str | None) -> float | None:
    if every is None:
        return None
    found = _EVERY.fullmatch(every.strip())
    if found is None:
        raise InvalidInputError(f"--every {every!r}: give a number with s, m, h, d or w behind it, as 30m")
    return float(found[1]) * _UNIT_S[found[2]]


def _object(option: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"{option}: this is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise InvalidInputError(f'{option}: give a JSON object, as {{"name": "value"}}')
    return found
