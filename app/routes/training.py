"""Training runs: asked for, followed and cancelled; for administrators."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import CallerDep, ServicesDep, administrator
from app.routes.report_bodies import GateReportBody, report_body
from app.training_asked import ask_to_train
from finetune.reporting import Target
from finetune.runs import MAX_LISTED, Outcome, RunState, TrainingRun, Verdict
from finetune.types import RungName

router = APIRouter(prefix="/v1/learning/runs", tags=["learning"], dependencies=[Depends(administrator)])

RunId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


class NewRunBody(BaseModel):
    """A training to be done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rungs": ["memory"]}]})

    rungs: list[RungName] = Field(default=[], max_length=10, description="All that are open when left out.")
    report_to: Target | None = Field(default=None, description="Where figures are reported to as well.")


class TrainingProgressBody(BaseModel):
    """How far a run is."""

    stage: str = Field(examples=["measuring"])
    share: float = Field(description="Of the whole, from 0 to 1.")
    message: str


class OutcomeBody(BaseModel):
    """What came out for a rung."""

    rung: RungName
    verdict: Verdict = Field(description="`closed`: it needs more labelled questions, and was not tried.")
    candidate: str | None = Field(description="What can be promoted; null where nothing can.")
    words: str
    report: GateReportBody | None = Field(description="Of the gate.")


class TrainingRunBody(BaseModel):
    """A training run."""

    id: str
    rungs: list[RungName]
    state: RunState
    progress: TrainingProgressBody
    set_id: str | None = Field(description="Its training set, once it is frozen.")
    outcomes: list[OutcomeBody]
    report_to: str | None
    error: str = Field(description="Why it failed.")
    requested_by: str = Field(description="Principal id.")
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class TrainingRunsBody(BaseModel):
    """Training runs, the newest first."""

    runs: list[TrainingRunBody]


@router.post("", status_code=202, summary="Train")
def ask(body: NewRunBody, services: ServicesDep, caller: CallerDep) -> TrainingRunBody:
    """Have candidates trained and measured; nothing is changed for anybody.

    Uses up an approval to `train` `training`, unless ATTUNE_APPROVALS is 1; 409 without one, or while a run waits.

    Returns:
        The run, waiting.
    """
    return _body(ask_to_train(services, body.rungs, caller=caller, report_to=body.report_to))


@router.get("", summary="List training runs")
def runs(services: ServicesDep, limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 50) -> TrainingRunsBody:
    """List training runs, the newest first."""
    return TrainingRunsBody(runs=[_body(run) for run in services.training_runs.recent(limit=limit)])


@router.get("/{run_id}", summary="Open a training run")
def run(run_id: RunId, services: ServicesDep) -> TrainingRunBody:
    """Show how far a run is and what came out."""
    return _body(services.training_runs.get(run_id))


@router.delete("/{run_id}", summary="Cancel a training run")
def cancel(run_id: RunId, services: ServicesDep, caller: CallerDep) -> TrainingRunBody:
    """Stop a run: one that waits at once, one that is under way within seconds; 409 when it has ended."""
    cancelled = services.training_runs.cancel(run_id)
    services.audit_log.append("training.cancel", f"training:{run_id}", caller=caller)
    return _body(cancelled)


def _body(found: TrainingRun) -> TrainingRunBody:
    names = ("id", "state", "set_id", "report_to", "error", "requested_by", "requested_at", "started_at", "ended_at")
    progress = found.progress
    return TrainingRunBody(
        **{name: getattr(found, name) for name in names},
        rungs=list(found.rungs),
        progress=TrainingProgressBody(stage=progress.stage, share=progress.share, message=progress.message),
        outcomes=[_outcome(outcome) for outcome in found.outcomes],
    )


def _outcome(outcome: Outcome) -> OutcomeBody:
    return OutcomeBody(
        rung=outcome.rung,
        verdict=outcome.verdict,
        candidate=outcome.candidate,
        words=outcome.words,
        report=report_body(outcome.report),
    )
