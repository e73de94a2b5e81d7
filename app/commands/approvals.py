"""attune approvals: what is asked for, and what was decided."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import Json, out, print_json
from app.owner import checked, owner
from app.settings import Settings

ApprovalId = Annotated[str, typer.Argument(help="As listed.")]

approvals = typer.Typer(no_args_is_help=True, help="Approvals of what trains or promotes a model.")


@approvals.command("list")
def list_approvals(
    undecided: Annotated[bool, typer.Option("--undecided", help="Only those that wait for a decision.")] = False,
    as_json: Json = False,
) -> None:
    """List what was asked for, the newest first."""
    with owner(Settings()) as client:
        body = checked(client.get("/v1/approvals", params={"undecided": undecided, "limit": 1000}))
    if as_json:
        print_json(body)
        return
    table = Table("id", "action", "subject", "state", "asked by", "decided by", "reason")
    for approval in body["approvals"]:
        names = ("id", "action", "subject", "state", "requested_by", "decided_by", "reason")
        table.add_row(*(escape(str(approval[name] or "")) for name in names))
    out.print(table)


@approvals.command()
def ask(
    action: Annotated[str, typer.Argument(help="train or promote.")],
    subject: Annotated[str, typer.Argument(help="What is to be trained or promoted.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    as_json: Json = False,
) -> None:
    """Ask for an approval; another administrator decides."""
    asked = {"action": action, "subject": subject, "reason": reason}
    with owner(Settings()) as client:
        _told(checked(client.post("/v1/approvals", json=asked)), as_json)


@approvals.command()
def approve(approval_id: ApprovalId, as_json: Json = False) -> None:
    """Approve; only where ATTUNE_APPROVALS is 1, since a command does not say which person gave it."""
    _decide(approval_id, "approved", as_json)


@approvals.command()
def refuse(approval_id: ApprovalId, as_json: Json = False) -> None:
    """Refuse; only where ATTUNE_APPROVALS is 1."""
    _decide(approval_id, "refused", as_json)


def _decide(approval_id: str, decision: str, as_json: bool) -> None:
    path = f"/v1/approvals/{quote(approval_id, safe='')}/decision"
    with owner(Settings()) as client:
        _told(checked(client.post(path, json={"decision": decision})), as_json)


def _told(body: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(body)
        return
    out.print(f"{body['id']}: to {body['action']} {escape(body['subject'])} is {body['state']}")
    if body["state"] == "open":
        out.print(f"another administrator decides; where ATTUNE_APPROVALS is 1: attune approvals approve {body['id']}")
