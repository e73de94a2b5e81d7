"""attune golden: the questions that are measured with, kept in the catalog in versions."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, err, out, print_json
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

if TYPE_CHECKING:
    from eval.golden_files import Format

golden = typer.Typer(no_args_is_help=True, help="Keep, make and review the questions that are measured with.")

_ACTIONS = {"a": "approve", "e": "approve", "r": "reject"}
_MAX_REVIEWS = 10_000  # that one request takes


Name = Annotated[str, typer.Argument(help="Of the golden set: 1 to 64 of A-Z a-z 0-9 . _ -")]
Version = Annotated[int | None, typer.Option("--version", help="The newest when left out.")]
Keys = Annotated[list[str] | None, typer.Option(help="Id of a question; may be repeated.")]


@golden.command("list")
def list_sets(as_json: Json = False) -> None:
    """List golden sets with their newest version."""
    with owner(Settings()) as client:
        body = checked(client.get("/v1/golden-sets"))
    if as_json:
        print_json(body)
    elif not body["golden_sets"]:
        out.print("there are no golden sets yet: `attune golden import FILE NAME` brings one in")
    else:
        _show_versions(body["golden_sets"])


@golden.command("import")
def import_set(
    path: Annotated[Path, typer.Argument(help="A .jsonl or .csv file, or a BEIR folder.")],
    name: Name,
    split: Annotated[str | None, typer.Option("--split", help="Which file in a BEIR folder's qrels.")] = None,
    note: Annotated[str, typer.Option("--note", help="Why, in words.")] = "",
    as_json: Json = False,
) -> None:
    """Read questions into a golden set: they become its newest version."""
    from eval.golden_files import read_golden
    from eval.questions import to_row

    read = read_golden(path, split=split)
    body = {"questions": [to_row(question) for question in read.questions], "note": note or f"imported {read.name}"}
    with owner(Settings()) as client:
        made = checked(client.post(_url(name), json=body)) | {"skipped": dict(read.skipped)}
    _written(made, as_json)


@golden.command("export")
def export_set(
    name: Name,
    path: Annotated[Path, typer.Argument(help="A .jsonl or .csv file, or a folder for BEIR's layout.")],
    version: Version = None,
    split: Annotated[str, typer.Option("--split", help="What to call the file in a BEIR folder's qrels.")] = "test",
    as_json: Json = False,
) -> None:
    """Write a golden set to files; what their layout has no place for is said."""
    from eval.golden_files import format_of, write_golden
    from eval.questions import questions_of

    layout: Format = format_of(path)
    body = _opened(name, version)
    lost = dict(write_golden(questions_of(body["questions"]), path, layout=layout, split=split))
    withheld = sum(question.get("withheld", False) for question in body["questions"])
    if as_json:
        print_json({
            "path": str(path),
            "format": layout,
            "questions": body["count"],
            "lost": lost,
            "withheld": withheld,
        })
        return
    out.print(f"wrote {body['count']} questions of {name}, version {body['version']}, to {path}", markup=False)
    for what, count in lost.items():
        err.print(f"left out in this layout: {count} {what}", markup=False)
    if withheld:
        err.print(f"left out: what {withheld} questions hold of documents that you may not read")


@golden.command()
def show(
    name: Name,
    version: Version = None,
    versions: Annotated[bool, typer.Option("--versions", help="List its versions instead.")] = False,
    as_json: Json = False,
) -> None:
    """Show the questions of a golden set, and what can be measured with them."""
    if versions:
        with owner(Settings()) as client:
            body = checked(client.get(f"{_url(name)}/versions"))
    else:
        body = _opened(name, version)
    if as_json:
        print_json(body)
    elif versions:
        _show_versions(body["golden_sets"])
    else:
        _show_questions(body["questions"])
        _show_description(body)


@golden.command()
def draft(
    name: Name,
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Only of this collection.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="1 to 500 drafts.")] = 50,
    feedback: Annotated[bool, typer.Option("--feedback", help="Of approved feedback, not of documents.")] = False,
    as_json: Json = False,
) -> None:
    """Add questions made of documents, to be reviewed; or of approved feedback."""
    with owner(Settings()) as client:
        if feedback:
            response = client.post(f"{_url(name)}/feedback")
        else:
            response = client.post(f"{_url(name)}/drafts", json={"collection": collection, "limit": limit})
        made = checked(response)
    _written(made, as_json)


@golden.command()
def review(
    name: Name,
    approve: Keys = None,
    reject: Keys = None,
    edit: Annotated[str | None, typer.Option("--edit", help="Id of a question to change.")] = None,
    changes: Annotated[str, typer.Option("--changes", help='What to change, as JSON: {"answer": "27"}')] = "{}",
    as_json: Json = False,
) -> None:
    """Approve, reject or change questions; without options each draft is shown and asked about."""
    approved, rejected = list(dict.fromkeys(approve or [])), list(dict.fromkeys(reject or []))
    asked: list[dict[str, Any]] = [{"key": key, "action": "approve"} for key in approved if key != edit]
    asked += [{"key": key, "action": "reject"} for key in rejected]
    if edit is not None:
        action = "approve" if edit in approved else "edit"
        asked.append({"key": edit, "action": action, "changes": _object(changes)})
    with owner(Settings()) as client:
        if asked:
            checked(client.patch(f"{_url(name)}/questions", json=asked))
        else:
            _ask_about_drafts(client, name)
        body = checked(client.get(f"{_url(name)}/versions"))["golden_sets"][0]
    if as_json:
        print_json(body)
    else:
        out.print(f"{name}, version {body['version']}: {body['count']} questions, {body['drafts']} of them drafts")


@golden.command()
def delete(name: Name) -> None:
    """Delete a golden set with all its versions."""
    with owner(Settings()) as client:
        checked(client.delete(_url(name)))
    out.print("deleted")


def _ask_about_drafts(client: httpx.Client, name: str) -> None:
    drafts = [question for question in checked(client.get(_url(name)))["questions"] if question.get("draft")]
    if drafts and not sys.stdin.isatty():
        raise InvalidInputError(f"{len(drafts)} drafts wait: name them with --approve and --reject, or use a terminal")
    decided: list[tuple[dict[str, Any], dict[str, Any]]] = []
    try:
        for number, question in enumerate(drafts, start=1):
            err.print(f"\n[bold]{number} of {len(drafts)}: {escape(question['text'])}[/bold]")
            missing = "withheld" if question.get("withheld") else "none"
            for field in ("_id", "answer", "evidence", "documents"):
                err.print(f"  {field}: {question.get(field, missing)}", markup=False)
            choice = _prompt("(a)pprove, (e)dit, (r)eject, (s)kip, (q)uit", "s").lower()[:1]
            if choice == "q":
                break
            if choice in _ACTIONS:
                changes = _edited(question) if choice == "e" else {}
                decided.append((question, {"action": _ACTIONS[choice], "changes": changes}))
    finally:
        # On Ctrl+C too: what was decided is not asked again. One version for all of it, for each is a whole copy.
        _write_reviews(client, name, decided)


def _edited(question: dict[str, Any]) -> dict[str, str]:
    from eval.questions import checked as checked_questions
    from eval.questions import questions_of

    while True:
        answer = question.get("answer", "")
        changes = {"text": _prompt("question", question["text"]), "answer": _prompt("answer", answer)}
        if changes["answer"] == answer:
            del changes["answer"]  # there may be one that is not shown
        try:
            checked_questions(questions_of([question | changes]))
        except InvalidInputError as error:
            # Said now: at the end it would stop all the others from being written.
            err.print(str(error), markup=False)
        else:
            return changes


def _prompt(text: str, default: str) -> str:
    return str(typer.prompt(text, default=default, err=True)).strip()


def _write_reviews(client: httpx.Client, name: str, decided: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    if not decided:
        return
    now = {question["_id"]: question for question in checked(client.get(_url(name)))["questions"]}
    same = [{"key": shown["_id"]} | review for shown, review in decided if now.get(shown["_id"]) == shown]
    if len(same) < len(decided):
        err.print(f"left as they are: {len(decided) - len(same)} questions that somebody else changed meanwhile")
    for start in range(0, len(same), _MAX_REVIEWS):
        checked(client.patch(f"{_url(name)}/questions", json=same[start : start + _MAX_REVIEWS]))


def _opened(name: str, version: int | None) -> dict[str, Any]:
    with owner(Settings()) as client:
        parameters = {} if version is None else {"version": str(version)}
        body: dict[str, Any] = checked(client.get(_url(name), params=parameters))
    return body


def _url(name: str) -> str:
    # A name with a slash or dots alone would be another path; the server never sees it.
    if not name.strip(".") or "/" in name:
        raise InvalidInputError(f"{name!r} cannot name a golden set: 1 to 64 of A-Z a-z 0-9 . _ - are allowed")
    return f"/v1/golden-sets/{quote(name, safe='')}"


def _object(text: str) -> dict[str, Any]:
    try:
        changes = json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"--changes is not JSON: {error}") from error
    if not isinstance(changes, dict):
        raise InvalidInputError("--changes is not a JSON object")
    return changes


def _written(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    added = f"; {made['added']} are new" if "added" in made else ""
    out.print(f"{made['name']}, version {made['version']}: {made['count']} questions, {made['drafts']} drafts{added}")
    for what, count in made["skipped"].items():
        out.print(f"left out: {count} {what}", markup=False)
    _show_description(made)


def _show_versions(versions: list[dict[str, Any]]) -> None:
    table = Table("golden set", "version", "questions", "drafts", "made", "by", "note")
    for found in versions:
        counts = (str(found[name]) for name in ("version", "count", "drafts"))
        made = (found["created_at"][:16], escape(found["created_by"]), escape(found["note"]))
        table.add_row(found["name"], *counts, *made)
    out.print(table)


def _show_questions(questions: list[dict[str, Any]]) -> None:
    table = Table()
    for column in ("id", "question", "answer", "documents", "tags", ""):
        table.add_column(column, overflow="fold")
    for question in questions:
        tags = ", ".join(f"{name} {value}" for name, value in question.get("tags", {}).items())
        unknown = "" if question.get("answerable", True) else "no answer is right"
        unknown = "withheld" if question.get("withheld") else unknown
        cells = (question["_id"], question["text"], question.get("answer", unknown))
        documents = "\n".join(question.get("documents", []))
        table.add_row(*map(escape, (*cells, documents, tags)), "draft" if question.get("draft") else "")
    out.print(table)


def _show_description(body: dict[str, Any]) -> None:
    description = body["description"]
    for figures, count in description["measurable"].items():
        out.print(f"{figures}: {count} questions", markup=False)
    for line in (*description["missing"], *description["notes"]):
        out.print(f"[yellow]![/yellow] {escape(line)}")
