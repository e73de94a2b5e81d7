"""Approvals of what trains or promotes a model, for administrators."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.approvals import MAX_LISTED, MAX_REASON_CHARS, MAX_SUBJECT_CHARS, Action, Approval, Decision, State
from app.dependencies import CallerDep, ServicesDep, administrator

router = APIRouter(prefix="/v1/approvals", tags=["approvals"], dependencies=[Depends(administrator)])

ApprovalId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


class NewApprovalBody(BaseModel):
    """Something to be allowed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"action": "train", "subject": "training", "reason": "a month of feedback"}]},
    )

    action: Action
    subject: str = Field(min_length=1, max_length=MAX_SUBJECT_CHARS, description="What is to be trained or promoted.")
    reason: str = Field(min_length=1, max_length=MAX_REASON_CHARS)


class DecisionBody(BaseModel):
    """What another administrator says."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision


class ApprovalBody(BaseModel):
    """Something that somebody has asked for."""

    id: str
    action: Action
    subject: str
    reason: str
    requested_by: str = Field(description="Principal id.")
    requested_at: datetime
    state: State = Field(description="An approved one is good once, for a week.")
    decided_by: str | None
    decided_at: datetime | None
    spent_at: datetime | None


class ApprovalsBody(BaseModel):
    """Approvals, the newest first."""

    approvals: list[ApprovalBody]
    people: Literal[1, 2] = Field(
        description="How many it takes: with 1 whoever asks may decide, and training needs none."
    )


@router.get("", summary="List approvals")
def approvals(
    services: ServicesDep,
    undecided: Annotated[bool, Query(description="Only those that wait for a decision.")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 100,
) -> ApprovalsBody:
    """List what was asked for, the newest first."""
    found = services.approvals.newest(limit=limit, undecided=undecided)
    return ApprovalsBody(
        approvals=[_body(approval) for approval in found], people=1 if services.settings.approvals == 1 else 2
    )


@router.post("", status_code=201, summary="Ask for an approval")
def ask(body: NewApprovalBody, services: ServicesDep, caller: CallerDep) -> ApprovalBody:
    """Ask to train or promote something; 404 for a candidate that there is not, 409 while the same waits."""
    if body.action == "promote":
        services.learned.registry.get(body.subject)
    return _body(services.approvals.ask(body.action, body.subject, reason=body.reason, by=caller))


@router.get("/{approval_id}", summary="Open an approval")
def approval(approval_id: ApprovalId, services: ServicesDep) -> ApprovalBody:
    """Show what was asked for and what became of it."""
    return _body(services.approvals.get(approval_id))


@router.post("/{approval_id}/decision", summary="Approve or refuse")
def decide(approval_id: ApprovalId, body: DecisionBody, services: ServicesDep, caller: CallerDep) -> ApprovalBody:
    """Decide what another administrator has asked for, in a session; 403 for oneself, 409 when it was decided."""
    return _body(services.approvals.decide(approval_id, body.decision, by=caller))


def _body(approval: Approval) -> ApprovalBody:
    names = (
        "id",
        "action",
        "subject",
        "reason",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
        "spent_at",
    )
    return ApprovalBody(**{name: getattr(approval, name) for name in names}, state=approval.state(datetime.now(UTC)))
