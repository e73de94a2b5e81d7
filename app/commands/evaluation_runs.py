"""attune evaluate runs | show | compare | accept: the runs that were kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from app.commands import evaluate_show as show
from app.commands.evaluate import Html, Out, followed
from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

if TYPE_CHECKING:
    from eval.compare import Candidate
    from eval.report import Report

commands = typer.Typer()

RunId = Annotated[str, typer.Argument(help="Id of a run, its first characters, `latest`, or a file of --out.")]


@commands.command()
def runs(
    golden: Annotated[str | None, typer.Option("--golden", help="Only runs with this golden set.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="1 to 1,000.")] = 20,
    as_json: Json = False,
) -> None:
    """List the runs that were kept, the newest first."""
    parameters = {"limit": str(limit)} | ({"golden": golden} if golden else {})
    with owner(Settings()) as client:
        body = checked(client.get("/v1/evaluations", params=parameters))
    if as_json:
        print_json(body)
        return
    if not body["runs"]:
        out.print("no runs were kept yet")
        return
    table = Table("run", "when", "kind", "golden set", "figures", "")
    for run in body["runs"]:
        figures = ", ".join(f"{name} {value}" for name, value in list(run["figures"].items())[:3] if value is not None)
        when = run["created_at"][:16].replace("T", " ")
        accepted = "accepted" if run["accepted"] else ""
        table.add_row(run["id"][:8], when, run["kind"], escape(run["golden"]), figures, accepted)
    out.print(table)


@commands.command("show")
def show_run(run: RunId, html: Html = None, out: Out = None, as_json: Json = False) -> None:
    """Show a run, or write it as a page or as JSON."""
    report = _report(Settings(), run)
    show.written(report, html=html, out=out)
    show.report(report, as_json=as_json)


@commands.command()
def compare(
    before: RunId,
    after: Annotated[list[str], typer.Argument(help="One run or several candidates.")],
    html: Html = None,
    as_json: Json = False,
) -> None:
    """Compare runs question by question: what changed, and whether it is more than chance."""
    from eval.compare import compare as compared
    from eval.compare import compare_many
    from eval.html import page

    settings = Settings()
    base = _report(settings, before)
    candidates = {name: _report(settings, name) for name in after}
    if len(after) > 1:
        if html is not None:
            raise InvalidInputError("--html shows one candidate; compare it alone")
        _show_candidates(compare_many(base, candidates, seed=base.provenance.seed), as_json=as_json)
        return
    found = compared(base, candidates[after[0]], seed=base.provenance.seed)
    if html is not None:
        show.write_file(html, page(candidates[after[0]], comparison=found))
    if as_json:
        print_json(found.as_json())
        return
    names = ("before", "after", "change", "95 % interval", "p", "verdict")
    table = Table(Column("figure", no_wrap=True), *(Column(name, no_wrap=True) for name in names))
    for row in found.rows():
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)
    for note in found.notes:
        out.print(escape(note))


def _show_candidates(candidates: "Sequence[Candidate]", *, as_json: bool) -> None:
    if as_json:
        print_json({"candidates": [candidate.as_json() for candidate in candidates]})
        return
    table = Table("candidate", "figure", "before", "after", "change", "95 % interval", "p", "p after Holm", "verdict")
    for candidate in candidates:
        primary = candidate.comparison.primary or ""
        row = next((row for row in candidate.comparison.rows() if row[0] == primary), (primary, *[""] * 6))
        table.add_row(escape(candidate.name), *row[:6], f"{candidate.p_adjusted:.4f}", candidate.verdict)
    out.print(table)


@commands.command()
def accept(run: RunId) -> None:
    """Take a run as the state that the gate holds later runs of the same golden set against."""
    with owner(Settings()) as client:
        checked(client.post(f"/v1/evaluations/{_named(run)}/acceptance"))
    out.print("accepted")


@commands.command()
def usage(
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How far to look back.")] = 30,
    as_json: Json = False,
) -> None:
    """Show how people fare: thumbs, corrections, questions asked again, sessions without an answer."""
    with owner(Settings()) as client:
        _pairs(checked(client.get("/v1/evaluations/usage", params={"days": days})), as_json=as_json)


@commands.command()
def agreement(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Most thumbs to look at.")] = 200,
    as_json: Json = False,
) -> None:
    """Have the judge model look at answers that people gave a thumb, and see whether it agrees."""
    settings = Settings()
    with (
        owner(settings) as client,
        show.progress_bar(quiet=as_json) as progress,
        client.stream("POST", "/v1/evaluations/agreement", params={"limit": limit}) as response,
    ):
        _pairs(followed(response, progress), as_json=as_json)


def _pairs(body: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(body)
        return
    table = Table("figure", "value")
    for name, value in body.items():
        shown = round(value, 4) if isinstance(value, float) else value
        table.add_row(name, "not measured" if value is None else escape(str(shown)))
    out.print(table)


def _named(run: str) -> str:
    if not run.isalnum():
        raise InvalidInputError(f"{run!r} is neither the id of a run nor a file")
    return run


def _report(settings: Settings, run: str) -> "Report":
    from app.commands.evaluate_gate import read_report
    from eval.report import Report, report_of_record

    path = Path(run)
    if path.suffix == ".json" or path.is_file():
        return read_report(path)
    with owner(settings) as client:
        record = checked(client.get(f"/v1/evaluations/{_named(run)}"))
    # What the server says besides follows from the report.
    fields = {"format", *Report.__dataclass_fields__}
    return report_of_record({name: value for name, value in record.items() if name in fields})
