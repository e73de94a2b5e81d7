"""attune guards: what a collection refuses and masks in questions and answers."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

guards = typer.Typer(help="What a collection refuses and masks in questions and answers.", no_args_is_help=True)

Collection = Annotated[str, typer.Argument(help="Name of the collection.")]


@guards.command()
def show(collection: Collection = "default", as_json: Json = False) -> None:
    """Show what is refused and masked."""
    with owner(Settings()) as client:
        body = checked(client.get(_url(collection)))
    print_json(body) if as_json else _show(body)


@guards.command("set")
def set_guards(
    collection: Collection,
    questions: Annotated[
        str | None, typer.Option("--personal-in-questions", help="Personal data: allow, mask or refuse.")
    ] = None,
    answers: Annotated[
        str | None, typer.Option("--personal-in-answers", help="Personal data: allow, mask or refuse.")
    ] = None,
    personal: Annotated[
        list[str] | None, typer.Option("--personal", help="Count only this kind of personal data; may be repeated.")
    ] = None,
    attacks: Annotated[
        str | None, typer.Option("--attacks", help="Questions after a model's prompt or rules: refuse or allow.")
    ] = None,
    topics: Annotated[
        Path | None, typer.Option("--topics", help='File with a JSON list of {"name", "phrases", "message"}.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is refused and masked from now on; what is not named stays as it is."""
    given = {
        "personal_in_questions": questions,
        "personal_in_answers": answers,
        "personal": personal or None,
        "attacks": attacks,
        "topics": None if topics is None else _read(topics),
    }
    with owner(Settings()) as client:
        body = checked(client.get(_url(collection)))
        body |= {name: value for name, value in given.items() if value is not None}
        body = checked(client.put(_url(collection), json=body))
    print_json(body) if as_json else _show(body)


@guards.command()
def check(
    text: Annotated[str, typer.Argument(help="A question.")],
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Only this collection.")] = None,
    as_json: Json = False,
) -> None:
    """Try the guards on a text; nothing is kept."""
    with owner(Settings()) as client:
        body = checked(client.post("/v1/guards/check", json={"text": text, "collection": collection}))
    if as_json:
        print_json(body)
        return
    out.print(f"refused by {body['refused']}: {body['message']}" if body["refused"] else "answered", markup=False)
    out.print(f"as a question: {body['question']}\nin an answer: {body['answer']}", markup=False)


def _url(collection: str) -> str:
    return f"/v1/collections/{quote(collection, safe='')}/guards"


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{file} cannot be read as JSON ({type(error).__name__})") from error


def _show(body: dict[str, Any]) -> None:
    table = Table("what", "what is done")
    table.add_row("secrets", "mask")
    table.add_row("personal data in questions", body["personal_in_questions"])
    table.add_row("personal data in answers", body["personal_in_answers"])
    table.add_row("what counts as personal data", ", ".join(body["personal"]))
    table.add_row("questions after a model's prompt or rules", body["attacks"])
    for topic in body["topics"]:
        table.add_row(f"topic {topic['name']}", f"refuse: {escape(', '.join(topic['phrases']))}")
    out.print(table)
