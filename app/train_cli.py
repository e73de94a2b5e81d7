"""attune train: have candidates trained and measured, and say what came out."""

import time
from typing import Annotated, Any

import httpx
import typer

from app import evaluate_show
from app.owner import checked, owner
from app.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_LOOK_S = 0.5


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
        run = checked(client.post("/v1/learning/runs", json=asked))
        if wait:
            run = _followed(client, run, quiet=as_json)
    if as_json:
        evaluate_show.print_json(run)
    else:
        _show(run)
    if run["state"] in {"failed", "cancelled"}:
        raise typer.Exit(1)


def _followed(client: httpx.Client, run: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    console = evaluate_show.console()
    url = f"/v1/learning/runs/{run['id']}"
    told = ""
    try:
        while run["state"] in {"waiting", "running"}:
            progress = run["progress"]
            now = " ".join(filter(None, (f"{progress['share']:4.0%}", progress["stage"], progress["message"])))
            if now != told and not quiet:
                console.print(now, markup=False)
                told = now
            time.sleep(_LOOK_S)
            run = checked(client.get(url))
    except KeyboardInterrupt:
        checked(client.delete(url))
        raise
    return run


def _show(run: dict[str, Any]) -> None:
    console = evaluate_show.console()
    ended = {"waiting": "waits", "running": "is under way"}.get(run["state"], f"is {run['state']}")
    console.print(f"training {run['id']} {ended}{': ' if run['error'] else ''}{run['error']}", markup=False)
    for outcome in run["outcomes"]:
        console.print(outcome["words"], markup=False)
        if outcome["verdict"] == "passed" and outcome["candidate"]:
            ask = f'attune approvals ask promote {outcome["candidate"]} --reason "the gate was passed"'
            console.print(f"  ask for approval with: {ask}", markup=False, soft_wrap=True)
            console.print(f"  then: attune promote {outcome['candidate']}", markup=False, soft_wrap=True)
    if run["state"] == "done" and not any(one["verdict"] == "passed" for one in run["outcomes"]):
        console.print("nothing changes: no candidate is surely better than what serves", markup=False)
