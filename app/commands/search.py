"""attune ask, attune search: questions from the command line, and what narrows them."""

from datetime import datetime
from typing import Annotated, Any

import httpx
import typer

from app.commands import show
from app.commands.terminal import Json, printed
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

CollectionOption = Annotated[str | None, typer.Option("--collection", "-c", help="Only this collection.")]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="Only documents of this media type, or family: image/*. Repeatable.")
]
SourceOption = Annotated[
    list[str] | None,
    typer.Option("--source", help="Only documents of this source; its name, or its id's beginning. Repeatable."),
]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only documents that changed on this day or later: 2026-06-01.")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="Only documents that changed before this day.")]
WhereOption = Annotated[
    list[str] | None, typer.Option("--where", help="Only documents with this metadata, as KEY=VALUE. Repeatable.")
]


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    collection: CollectionOption = None,
    media_type: TypeOption = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    where: WhereOption = None,
    as_json: Json = False,
) -> None:
    """Answer a question with citations."""
    body = {"question": _text(question), "collection": collection}
    filters = _filters(media_type, since, until, where)
    with owner(Settings()) as client:
        filters["sources"] = [_source_id(client, name) for name in source or ()]
        printed(checked(client.post("/v1/answers", json=body | {"filters": filters})), as_json, show.answer)


def search(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option("--limit", "-n", help="1 to 100.")] = 10,
    mode: Annotated[str, typer.Option("--mode", help="dense, sparse or hybrid.")] = "hybrid",
    collection: CollectionOption = None,
    media_type: TypeOption = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    where: WhereOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say where each score comes from.")] = False,
    as_json: Json = False,
) -> None:
    """Find passages."""
    body = {"question": _text(question), "limit": limit, "mode": mode, "collection": collection, "explain": explain}
    filters = _filters(media_type, since, until, where)
    with owner(Settings()) as client:
        filters["sources"] = [_source_id(client, name) for name in source or ()]
        printed(checked(client.post("/v1/search", json=body | {"filters": filters})), as_json, show.results)


def pairs(given: list[str] | None) -> dict[str, str]:
    """Read options of the form KEY=VALUE.

    Returns:
        Value by key; the last of one key counts.

    Raises:
        InvalidInputError: One has no equals sign.
    """
    found = {}
    for pair in given or ():
        key, parted, value = pair.partition("=")
        if not parted:
            raise InvalidInputError(f"{pair!r} is not of the form KEY=VALUE")
        found[key] = value
    return found


def _filters(
    media_types: list[str] | None, since: str | None, until: str | None, where: list[str] | None
) -> dict[str, Any]:
    return {
        "media_types": media_types or [],
        "updated_from": _moment(since),
        "updated_until": _moment(until),
        "metadata": pairs(where),
    }


def _moment(day: str | None) -> str | None:
    try:
        return None if day is None else datetime.fromisoformat(day).isoformat()
    except ValueError as error:
        raise InvalidInputError(f"{day!r} is no day such as 2026-06-01, nor a moment") from error


def _source_id(client: httpx.Client, name: str) -> str:
    known = checked(client.get("/v1/sources"))["sources"]
    named = [one for one in known if one["name"] == name] or [one for one in known if one["id"].startswith(name)]
    if len(named) != 1 or not name:
        said = "several sources are" if named else "no source is"
        raise InvalidInputError(f"{said} called {name!r}: `attune sources` lists them with their ids")
    return str(named[0]["id"])


def _text(question: str) -> str:
    if not question.strip():
        raise InvalidInputError("the question is empty")
    return question
