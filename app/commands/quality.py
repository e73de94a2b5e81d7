"""attune quality: what was found in a collection; attune policy: what is done about it; attune quarantine."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from app.commands import show_runs
from app.commands.ingest import followed
from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings
from ingestion.findings.policy import KINDS, RULES
from retrieval.errors import InvalidInputError

policy = typer.Typer(help="What a collection does about findings.", no_args_is_help=True)
quarantine = typer.Typer(help="Documents that a policy keeps out.", no_args_is_help=True)

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
            out.print(f"written to {html}", markup=False)
            return
        report = checked(client.get(f"{_url(collection)}/quality"))
    print_json(report) if as_json else _show_report(report)


@policy.command()
def show(collection: Collection = "default", as_json: Json = False) -> None:
    """Show what is done about each kind of finding."""
    with owner(Settings()) as client:
        body = checked(client.get(f"{_url(collection)}/policy"))
    print_json(body) if as_json else _show_policy(body)


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
    print_json(body) if as_json else _show_policy(body)


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
    out.print(f"{body['names']} names")


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
        print_json({"documents": held})
        return
    for document in held:
        out.print(f"{document['id']}  {escape(document['name'])}: {escape(document['reason'])}")
    out.print(f"{len(held)} kept out")


@quarantine.command()
def release(held_id: Annotated[str, typer.Argument(help="As listed.")]) -> None:
    """Let a document in with what was found in it, and take it in."""
    if not held_id.isalnum():
        raise InvalidInputError(f"{held_id!r} is no id in quarantine")
    with owner(Settings()) as client:
        run = followed(client, checked(client.post(f"/v1/quarantine/{held_id}/release"))["id"], quiet=False)
    show_runs.ended(run, out)


def _url(collection: str) -> str:
    return f"/v1/collections/{quote(collection, safe='')}"


def _place(name: str) -> str:
    if name in KINDS:
        return "actions"
    if name in RULES:
        return "rules"
    raise InvalidInputError(f"{name!r} is neither a kind ({', '.join(KINDS)}) nor a rule ({', '.join(sorted(RULES))})")


def _show_report(report: dict[str, Any]) -> None:
    out.print(f"{report['documents']} documents, {report['affected']} with findings, {report['redacted']} redacted")
    if report["tallies"]:
        table = Table("what", "rule", "severity", "found", "documents")
        for tally in report["tallies"]:
            numbers = str(tally["findings"]), str(tally["documents"])
            table.add_row(tally["kind"], tally["rule"], tally["severity"], *numbers)
        out.print(table)
    for group in report["duplicates"]:
        alike = "the same text" if group["exact"] else f"at least {group['likeness']:.0%} alike"
        out.print(f"{alike}: {escape(', '.join(document['uri'] for document in group['documents']))}")
    if report["stale_count"]:
        out.print(f"{report['stale_count']} out of date, for instance {escape(report['stale'][0]['uri'])}")
    spoken = ", ".join(f"{language} {count}" for language, count in report["languages"].items())
    out.print(f"languages: {spoken or 'none'}")


def _show_policy(body: dict[str, Any]) -> None:
    table = Table("finding", "what is done")
    for name, action in {**body["actions"], **body["rules"]}.items():
        table.add_row(name, action)
    out.print(table)
    out.print(
        f"near-duplicates from {body['similarity']:.0%}, stale after {body['stale_after_days']} days, languages: "
        f"{', '.join(body['languages']) or 'any'}, {body['names']} names of people"
    )
