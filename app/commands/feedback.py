"""attune feedback: say something about an answer, or import what others said; attune monitor: how questions went."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from app.commands.terminal import Json, err, out, print_json, printed
from app.owner import checked, owner
from app.settings import Settings
from retrieval.errors import InvalidInputError

_REFUSED_SHOWN = 20


class _GivenByDefault(TyperGroup):
    """``attune feedback ID --up`` is ``attune feedback give ID --up``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["give", *args]
        return super().parse_args(ctx, args)


feedback = typer.Typer(
    cls=_GivenByDefault, no_args_is_help=True, help="Rate or correct an answer, or import what others said."
)


@feedback.command("import")
def import_feedback(
    path: Annotated[
        Path | None, typer.Argument(help="A .jsonl file: question, document, label or rating a line.")
    ] = None,
    qrels: Annotated[Path | None, typer.Option("--qrels", help="A BEIR folder, in the place of a file.")] = None,
    split: Annotated[str, typer.Option("--split", help="Which file in the BEIR folder's qrels.")] = "train",
    name: Annotated[str | None, typer.Option("--as-name", help="What to call where it comes from.")] = None,
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Its documents are in this one.")] = None,
    as_json: Json = False,
) -> None:
    """Import feedback of another system, or relevance judgements; importing it again replaces it."""
    from app.commands.feedback_files import read_labels, read_qrels_labels, sent

    if (path is None) == (qrels is None):
        raise InvalidInputError("give one of a file and --qrels")
    read = read_qrels_labels(qrels, split) if qrels else read_labels(path or Path())
    with owner(Settings()) as client:
        body = sent(client, read, source=name or read.name, collection=collection)
    if as_json:
        print_json(body)
        return
    left_out = len(body["refused"])
    out.print(f"labels: {body['added']} new, {body['replaced']} known and replaced, {left_out} left out")
    for refused in body["refused"][:_REFUSED_SHOWN]:
        err.print(f"left out, {refused['where']}: {refused['reason']}", markup=False)
    if len(body["refused"]) > _REFUSED_SHOWN:
        err.print(f"left out: {len(body['refused']) - _REFUSED_SHOWN} more; --json names them all")


@feedback.command("givers")
def givers(as_json: Json = False) -> None:
    """Show how each giver of feedback votes beside the others, outliers first."""
    with owner(Settings()) as client:
        body = checked(client.get("/v1/feedback/givers"))
    if as_json:
        print_json(body)
        return
    table = Table("giver", "votes", "share", "contradicted", "alone", "")
    for one in body["givers"]:
        shares = (f"{one[name]:.0%}" for name in ("share", "contradicted", "alone"))
        mark = "[red]outlier[/red]" if one["outlier"] else "trusted" if one["trusted"] else ""
        if one["allies"]:
            mark += f", together with {escape(', '.join(one['allies']))}"
        table.add_row(escape(one["giver"]), str(one["votes"]), *shares, mark)
    out.print(table)


@feedback.command("give")
def give(
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
    right: Annotated[list[int] | None, typer.Option("--right", help="Number of a citation that holds it.")] = None,
    wrong: Annotated[list[int] | None, typer.Option("--wrong", help="Number of a citation that does not.")] = None,
    as_json: Json = False,
) -> None:
    """Rate or correct an answer; saying something again replaces what was said before."""
    body: dict[str, Any] = {
        "verdict": None if thumb is None else "up" if thumb else "down",
        "reasons": reason or [],
        "answer": answer,
        "evidence": evidence,
    }
    if not interaction_id.isalnum():
        raise InvalidInputError(f"{interaction_id!r} is no id of an answer")
    with owner(Settings()) as client:
        if right or wrong:
            answer_body = checked(client.get(f"/v1/answers/{interaction_id}"))
            chunks = {one["number"]: one["chunk_id"] for one in (*answer_body["citations"], *answer_body["nearest"])}
            body["right_chunks"] = [_chunk(chunks, number) for number in right or []]
            body["wrong_chunks"] = [_chunk(chunks, number) for number in wrong or []]
        kept = checked(client.post(f"/v1/answers/{interaction_id}/feedback", json=body))
    if as_json:
        print_json(kept)
        return
    out.print(f"kept as {kept['id']}")
    if kept["answer"] or kept["right_chunks"]:
        out.print(f"who curates its sources can approve it: attune feedback approve {kept['id']}")


@feedback.command("approve")
def approve(
    feedback_id: Annotated[str, typer.Argument(help="As told when it was given.")], as_json: Json = False
) -> None:
    """Approve what somebody said: one word is enough to learn from it, and an answer it gives becomes a document."""
    _decide(feedback_id, "approval", "approved", as_json)


@feedback.command("refuse")
def refuse(
    feedback_id: Annotated[str, typer.Argument(help="As told when it was given.")], as_json: Json = False
) -> None:
    """Refuse what somebody said: nothing is learned from it, and an answer that its approval made is withdrawn."""
    _decide(feedback_id, "refusal", "refused", as_json)


def _decide(feedback_id: str, decision: str, told: str, as_json: bool) -> None:
    with owner(Settings()) as client:
        kept = checked(client.post(f"/v1/feedback/{quote(feedback_id, safe='')}/{decision}"))
    printed(kept, as_json, lambda _, console: console.print(told))


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
        print_json(body)
    else:
        _show(body["points"])


def _show(points: list[dict[str, Any]]) -> None:
    if not points:
        out.print("nothing was observed yet: `attune monitor --now` observes")
        return
    table = Table("figure", "value", "at", "details")
    for point in points:
        value = "–" if point["value"] is None else f"{point['value']:.4g}"
        details = ", ".join(f"{key} {entry}" for key, entry in point["details"].items())
        colour = "red" if point["details"].get("alarm") else "default"
        table.add_row(escape(point["name"]), f"[{colour}]{value}[/{colour}]", point["at"][:19], escape(details))
    out.print(table)


def _chunk(chunks: dict[int, str], number: int) -> str:
    if number not in chunks:
        raise InvalidInputError(f"the answer has no citation [{number}]")
    return chunks[number]
