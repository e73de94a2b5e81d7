"""attune learning, attune promote, attune rollback: what is learned, and what of it serves."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Column, Table

from app.commands import train
from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings

CandidateId = Annotated[str, typer.Argument(help="As listed.")]

learning = typer.Typer(help="What is learned: candidates, trainings and trials.", invoke_without_command=True)
learning.command("runs")(train.list_runs)
learning.command()(train.follow)
learning.command()(train.cancel)

_SHORT = 12
_ID_CHARS = 64


@learning.callback()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Say what serves, what is tried, and what each rung of the ladder still needs."""
    if context.invoked_subcommand is not None:
        return
    with owner(Settings()) as client:
        body = checked(client.get("/v1/learning"))
        runs = checked(client.get(train.RUNS, params={"limit": 10}))["runs"]
    if as_json:
        print_json(body)
        return
    out.print(f"live: {body['live'] or 'nothing learned'}")
    if body["trouble"]:
        out.print(f"it does not serve: {body['trouble']}", markup=False)
    if body["trial"]:
        out.print(_tried(body["trial"]), markup=False)
    for run in runs:
        if run["state"] in train.OPEN:
            out.print(f"training {run['id']}: {run['state']}, {run['progress']['share']:.0%}", markup=False)
    counts = ", ".join(f"{count} {state}" for state, count in body["candidates"].items())
    out.print(f"candidates: {counts or 'none'}")
    counted = max((rung["have"] for rung in body["rungs"] if rung["rung"] != "generator"), default=0)
    out.print(f"labelled questions at the last training: {counted}; `attune train` counts what was said since")
    for rung in body["rungs"]:
        out.print(f"{rung['rung']}: {rung['summary']}")


@learning.command("candidates")
def list_candidates(as_json: Json = False) -> None:
    """List candidates, the newest first."""
    with owner(Settings()) as client:
        body = checked(client.get("/v1/learning/candidates", params={"limit": 1000}))
    if as_json:
        print_json(body)
        return
    # Whole on one line, to be copied.
    table = Table(Column("id", min_width=_ID_CHARS, no_wrap=True), "rung", "state", "made", "gain", "reason")
    for one in body["candidates"]:
        made, gain = one["created_at"][:16], one["gain"]
        gained = "" if gain is None or gain["value"] is None else f"{gain['value']:+.4f}"
        table.add_row(one["id"], one["rung"], one["state"], made, gained, escape(one["reason"]))
    out.print(table)


@learning.command()
def show(candidate_id: CandidateId) -> None:
    """Show all that is known of a candidate, as JSON: manifest, report of the gate, lineage, trials."""
    with owner(Settings()) as client:
        print_json(checked(client.get(_url(candidate_id))))


@learning.command("try")
def try_candidate(
    candidate_id: CandidateId,
    kind: Annotated[str, typer.Option("--kind", help="shadow, interleave or share.")] = "shadow",
    share: Annotated[float, typer.Option("--share", help="Of requests, or of people: of those half at most.")] = 0.5,
    as_json: Json = False,
) -> None:
    """Compare a candidate that passed the gate with what is live."""
    with owner(Settings()) as client:
        _told(checked(client.post(f"{_url(candidate_id)}/trial", json={"kind": kind, "share": share})), as_json)


@learning.command()
def stop(as_json: Json = False) -> None:
    """Stop the trial that runs."""
    with owner(Settings()) as client:
        _told(checked(client.delete("/v1/learning/trial")), as_json)


def promote(candidate_id: CandidateId, as_json: Json = False) -> None:
    """Make a candidate live; it uses up an approval to promote its id."""
    with owner(Settings()) as client:
        body = checked(client.post(f"{_url(candidate_id)}/promotion"))
    if as_json:
        print_json(body)
    else:
        out.print(f"{body['id']} is live; `attune rollback` goes back")


def rollback(as_json: Json = False) -> None:
    """Take what is live out of service: what was live before it is live again."""
    with owner(Settings()) as client:
        # Named, so that of two who go back at once one step is taken.
        live = checked(client.get("/v1/learning"))["live"]
        body = checked(client.post("/v1/learning/rollback", json={"candidate": live}))
    if as_json:
        print_json(body)
    else:
        out.print(f"{body['live'] or 'nothing learned'} is live")


def _url(candidate_id: str) -> str:
    return f"/v1/learning/candidates/{quote(candidate_id, safe='')}"


def _told(trial: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(trial)
    else:
        out.print(_tried(trial), markup=False)


def _tried(trial: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {value}" for name, value in trial["figures"].items())
    counts = f"{trial['wins']} won, {trial['losses']} lost, {trial['ties']} tied"
    said = f"trial of {trial['candidate_id'][:_SHORT]} ({trial['kind']}): {trial['state']}; {counts}"
    return "; ".join(part for part in (said, figures, trial["reason"]) if part)
