"""attune quality: what was found in a collection; attune policy: what is done about it; attune quarantine."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app import show_runs
from app.ingest_cli import followed
from app.owner import checked, owner
from app.settings import Settings
from ingestion.findings.policy import KINDS, RULES
from retrieval.errors import InvalidInputError

_out = Console(highlight=False, soft_wrap=True)

policy = typer.Typer(help="What a collection does about findings.", no_args_is_help=True)
quarantine = typer.Typer(help="Documents that a policy keeps out.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Collection = Annotated[str, typer.Argument(help="Name of the collection.")]


def quality(
    collection: Collection = "default",
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as a page to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Report what was found in the documents of a collection."""
    with owner(Settings()) as client:
        if html is not None:
            response = client.get(f"{_url(collection)}/quality.html")
            if response.is_error:
                checked(response)
            html.write_text(response.text, encoding="utf-8")
            _out.print(f"written to {html}", markup=False)
            return
        report = checked(client.get(f"{_url(collection)}/quality"))
    _print(report) if as_json else _show_report(report)


@policy.command()
def show(collection: Collection = "default", as_json: Json = False) -> None:
    """Show what is done about each kind of finding."""
    with owner(Settings()) as client:
        body = checked(client.get(f"{_url(collection)}/policy"))
    _print(body) if as_json else _show_policy(body)


@policy.command("set")
def set_policy(
    collection: Collection,
    what: Annotated[
        list[str] | None,
        typer.Argument(help="KIND=ACTION or RULE=ACTION; the action is report, redact, quarantine or off."),
    ] = None,
    similarity: Annotated[
        float | None, typer.Option("--similarity", help="0.7 to 1: what is a near-duplicate.")
    ] = None,
    stale_after_days: Annotated[int | None, typer.Option("--stale-after-days")] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option("--language", help="Allow only this language; may be repeated; `any` allows all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is done about findings in what is ingested from now on; what is not named stays as it is."""
    with owner(Settings()) as client:
        body = checked(client.get(f"{_url(collection)}/policy"))
        del body["names"]
        for entry in what or []:
            name, _, action = entry.partition("=")
            body[_place(name)][name] = action
        body |= {"similarity": similarity} if similarity is not None else {}
        body |= {"stale_after_days": stale_after_days} if stale_after_days is not None else {}
        body |= {"languages": [code for code in languages if code != "any"]} if languages else {}
        body = checked(client.put(f"{_url(collection)}/policy", json=body))
    _print(body) if as_json else _show_policy(body)


@policy.command()
def names(
    collection: Collection,
    file: Annotated[Path, typer.Argument(help="One person a line, aliases after commas, semicolons or tabs.")],
) -> None:
    """Set the directory of people whose names count as personal data; an empty file removes it."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} cannot be read as UTF-8 text ({type(error).__name__})") from error
    with owner(Settings()) as client:
        body = checked(client.put(f"{_url(collection)}/names", json={"names": text}))
    _out.print(f"{body['names']} names")


@quarantine.command("list")
def list_held(collection: Collection = "default", as_json: Json = False) -> None:
    """List the documents that are kept out, with the reason of each."""
    held: list[Any] = []
    parameters = {"limit": "1000"}
    with owner(Settings()) as client:
        while True:
            page = checked(client.get(f"{_url(collection)}/quarantine", params=parameters))
            held += page["documents"]
            if page["next"] is None:
                break
            parameters["after"] = page["next"]
    if as_json:
        _print({"documents": held})
        return
    for document in held:
        _out.print(f"{document['id']}  {escape(document['name'])}: {escape(document['reason'])}")
    _out.print(f"{len(held)} kept out")


@quarantine.command()
def release(held_id: Annotated[str, typer.Argument(help="As listed.")]) -> None:
    """Let a document in with what was found in it, and take it in."""
    if not held_id.isalnum():
        raise InvalidInputError(f"{held_id!r} is no id in quarantine")
    with owner(Settings()) as client:
        run = followed(client, checked(client.post(f"/v1/quarantine/{held_id}/release"))["id"], quiet=False)
    show_runs.ended(run, _out)


def _url(collection: str) -> str:
    return f"/v1/collections/{quote(collection, safe='')}"


def _place(name: str) -> str:
    if name in KINDS:
        return "actions"
    if name in RULES:
        return "rules"
    raise InvalidInputError(f"{name!r} is neither a kind ({', '.join(KINDS)}) nor a rule ({', '.join(sorted(RULES))})")


def _show_report(report: dict[str, Any]) -> None:
    _out.print(f"{report['documents']} documents, {report['affected']} with findings, {report['redacted']} redacted")
    if report["tallies"]:
        table = Table("what", "rule", "severity", "found", "documents")
        for tally in report["tallies"]:
            numbers = str(tally["findings"]), str(tally["documents"])
            table.add_row(tally["kind"], tally["rule"], tally["severity"], *numbers)
        _out.print(table)
    for group in report["duplicates"]:
        alike = "the same text" if group["exact"] else f"at least {group['likeness']:.0%} alike"
        _out.print(f"{alike}: {escape(', '.join(document['uri'] for document in group['documents']))}")
    if report["stale_count"]:
        _out.print(f"{report['stale_count']} out of date, for instance {escape(report['stale'][0]['uri'])}")
    spoken = ", ".join(f"{language} {count}" for language, count in report["languages"].items())
    _out.print(f"languages: {spoken or 'none'}")


def _show_policy(body: dict[str, Any]) -> None:
    table = Table("finding", "what is done")
    for name, action in {**body["actions"], **body["rules"]}.items():
        table.add_row(name, action)
    _out.print(table)
    _out.print(
        f"near-duplicates from {body['similarity']:.0%}, stale after {body['stale_after_days']} days, languages: "
        f"{', '.join(body['languages']) or 'any'}, {body['names']} names of people"
    )


def _print(body: Any) -> None:
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
