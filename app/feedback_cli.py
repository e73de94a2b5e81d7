"""attune feedback: say something about an answer; attune monitor: how questions went lately."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

_out = Console(highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def feedback(
    interaction_id: Annotated[str, typer.Argument(help="As shown with the answer.")],
    thumb: Annotated[bool | None, typer.Option("--up/--down", help="Was it good.")] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            "--reason",
            help="wrong_source, wrong_answer, incomplete, outdated, unclear, not_answered or other; may be repeated.",
        ),
    ] = None,
    answer: Annotated[str | None, typer.Option("--answer", help="The right answer.")] = None,
    evidence: Annotated[str | None, typer.Option("--evidence", help="A sentence of a document that holds it.")] = None,
    as_json: Json = False,
) -> None:
    """Rate or correct an answer; saying something again replaces what was said before."""
    body = {
        "verdict": None if thumb is None else "up" if thumb else "down",
        "reasons": reason or [],
        "answer": answer,
        "evidence": evidence,
    }
    if not interaction_id.isalnum():
        raise InvalidInputError(f"{interaction_id!r} is no id of an answer")
    with owner(Settings()) as client:
        kept = checked(client.post(f"/v1/answers/{interaction_id}/feedback", json=body))
    if as_json:
        _print(kept)
    else:
        _out.print("kept")


def monitor(
    name: Annotated[str | None, typer.Option("--name", help="One figure over time.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="1 to 10,000 points; the newest.")] = 50,
    now: Annotated[bool, typer.Option("--now", help="Observe now, whatever the interval.")] = False,
    as_json: Json = False,
) -> None:
    """Show how questions went lately: the newest point of every figure."""
    with owner(Settings()) as client:
        if now:
            checked(client.post("/v1/monitoring/observations"))
        parameters = {"limit": str(limit)} | ({"name": name} if name else {})
        body = checked(client.get("/v1/monitoring", params=parameters))
    if as_json:
        _print(body)
    else:
        _show(body["points"])


def _show(points: list[dict[str, Any]]) -> None:
    if not points:
        _out.print("nothing was observed yet: `attune monitor --now` observes")
        return
    table = Table("figure", "value", "at", "details")
    for point in points:
        value = "–" if point["value"] is None else f"{point['value']:.4g}"
        details = ", ".join(f"{key} {entry}" for key, entry in point["details"].items())
        colour = "red" if point["details"].get("alarm") else "default"
        table.add_row(escape(point["name"]), f"[{colour}]{value}[/{colour}]", point["at"][:19], escape(details))
    _out.print(table)


def _print(body: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
