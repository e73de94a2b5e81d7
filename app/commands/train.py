"""attune train: have candidates trained and measured, and say what came out; the commands that follow and end that."""

import time
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.table import Column, Table

from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import NotFoundError

RunId = Annotated[str | None, typer.Argument(help="As listed; the one that is under way if not.")]

RUNS = "/v1/learning/runs"
OPEN = frozenset({"waiting", "running"})

_LOOK_S = 0.5
_ID_CHARS = 32


def train(
    rung: Annotated[
        list[str] | None, typer.Option("--rung", help="Train this rung, again for another; all that are open if not.")
    ] = None,
    report_to: Annotated[
        str | None, typer.Option("--report-to", help="tensorboard, mlflow or wandb: figures go there too.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it has ended.")] = True,
    as_json: Json = False,
) -> None:
    """Learn from what people said: candidates that the gate lets pass can be promoted; nothing changes before."""
    asked = {"rungs": rung or [], "report_to": report_to}
    with owner(Settings()) as client:
        run = checked(client.post(RUNS, json=asked))
        if wait:
            try:
                run = _followed(client, run, quiet=as_json)
            except KeyboardInterrupt:
                run = checked(client.delete(_url(run["id"])))
                if not as_json:
                    out.print(f"training {run['id']} is being cancelled")
                raise
    _show(run, as_json, begun=not wait)


def list_runs(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List trainings, the newest first."""
    with owner(Settings()) as client:
        body = checked(client.get(RUNS, params={"limit": limit}))
    if as_json:
        print_json(body)
        return
    table = Table(Column("id", min_width=_ID_CHARS, no_wrap=True), "rungs", "state", "asked for", "what came out")
    for run in body["runs"]:
        came = "; ".join(f"{one['rung']} {one['verdict'].replace('_', ' ')}" for one in run["outcomes"])
        asked = run["requested_at"][:16]
        table.add_row(run["id"], ", ".join(run["rungs"]) or "all", run["state"], asked, run["error"] or came)
    out.print(table)


def follow(run_id: RunId = None, as_json: Json = False) -> None:
    """Show how far a training is until it has ended, and what came out; Ctrl+C leaves it going."""
    with owner(Settings()) as client:
        run = checked(client.get(_url(run_id or _under_way(client))))
        run = _followed(client, run, quiet=as_json)
    _show(run, as_json)


def cancel(run_id: RunId = None, as_json: Json = False) -> None:
    """Stop a training."""
    with owner(Settings()) as client:
        run = checked(client.delete(_url(run_id or _under_way(client))))
    if as_json:
        print_json(run)
    else:
        said = "is cancelled" if run["state"] == "cancelled" else "is being cancelled"
        out.print(f"training {run['id']} {said}")


def _under_way(client: httpx.Client) -> str:
    runs = [run for run in checked(client.get(RUNS))["runs"] if run["state"] in OPEN]
    if not runs:
        raise NotFoundError("no training is under way: `attune learning runs` lists those that were")
    return str(max(runs, key=lambda run: run["state"] == "running")["id"])


def _url(run_id: str) -> str:
    return f"{RUNS}/{quote(run_id, safe='')}"


def _followed(client: httpx.Client, run: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    told = ""
    while run["state"] in OPEN:
        progress = run["progress"]
        now = " ".join(filter(None, (f"{progress['share']:4.0%}", progress["stage"], progress["message"])))
        if now != told and not quiet:
            out.print(now, markup=False)
            told = now
        time.sleep(_LOOK_S)
        run = checked(client.get(_url(run["id"])))
    return run


def _show(run: dict[str, Any], as_json: bool, *, begun: bool = False) -> None:
    if as_json:
        print_json(run)
    else:
        _say(run, begun=begun)
    if run["state"] in {"failed", "cancelled"}:
        raise typer.Exit(1)


def _say(run: dict[str, Any], *, begun: bool) -> None:
    ended = {"waiting": "is asked for", "running": "is under way"}.get(run["state"], f"is {run['state']}")
    out.print(f"training {run['id']} {ended}{': ' if run['error'] else ''}{run['error']}", markup=False)
    if begun:
        out.print("`attune learning follow` shows how far it is, `attune learning cancel` stops it", markup=False)
    for outcome in run["outcomes"]:
        out.print(outcome["words"], markup=False)
        if outcome["verdict"] == "passed" and outcome["candidate"]:
            ask = f'attune approvals ask promote {outcome["candidate"]} --reason "the gate was passed"'
            out.print(f"  ask for approval with: {ask}", markup=False, soft_wrap=True)
            out.print(f"  once it is approved: attune promote {outcome['candidate']}", markup=False, soft_wrap=True)
    verdicts = {one["verdict"] for one in run["outcomes"]}
    if run["state"] == "done" and "passed" not in verdicts:
        surely = "no candidate is surely better than what serves" if verdicts - {"closed"} else "no rung is open yet"
        out.print(f"nothing changes: {surely}", markup=False)
