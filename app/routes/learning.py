"""What is learned: candidates, trials, promotion and the way back; for administrators."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter

from app.auth import Caller
from app.bootstrap import Services
from app.dependencies import CallerDep, ServicesDep, administrator
from app.rerankers import lacks
from app.routes.learning_bodies import (
    CandidateBody,
    CandidatesBody,
    LearningBody,
    NewTrialBody,
    OpenedCandidateBody,
    RollbackBody,
    RolledBackBody,
    TrialBody,
    candidate_body,
    lineage_body,
    need_body,
    trial_body,
)
from app.routes.report_bodies import report_body
from app.voices import voice_lacks
from finetune.generator_parts import need
from finetune.generator_sets import KIND
from finetune.ladder import needs
from finetune.registry import MAX_LISTED
from finetune.types import Need

router = APIRouter(prefix="/v1/learning", tags=["learning"], dependencies=[Depends(administrator)])

CandidateId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


@router.get("", summary="What is learned")
def learning(services: ServicesDep, caller: CallerDep) -> LearningBody:
    """Say what serves, what is tried, and what each rung of the ladder still needs."""
    learned = services.learned
    now, trial = learned.serving.now, learned.trials.running()
    # What a language model was taught by counts no labelled questions.
    labelled = next((one.questions for one in services.training_sets.recent() if one.manifest.get("kind") != KIND), 0)
    return LearningBody(
        live=learned.registry.live(),
        serves=now.live.id or None,
        trouble=learned.trouble or None,
        trial=None if trial is None else trial_body(trial),
        candidates=Counter(one.state for one in learned.registry.newest(limit=MAX_LISTED)),
        rungs=[need_body(need) for need in (*needs(labelled, lacks(services.settings)), _generator(services, caller))],
    )


@router.get("/candidates", summary="List candidates")
def candidates(services: ServicesDep, limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 100) -> CandidatesBody:
    """List what was trained, the newest first."""
    found = services.learned.registry.newest(limit=limit)
    return CandidatesBody(candidates=[candidate_body(candidate) for candidate in found])


@router.get("/candidates/{candidate_id}", summary="Open a candidate")
def candidate(candidate_id: CandidateId, services: ServicesDep) -> OpenedCandidateBody:
    """Show what a candidate is, what the gate found, on what it was trained, and how it was tried."""
    found = services.learned.registry.get(candidate_id)
    people, documents = services.training_sets.stands_on(found.set_id)
    return OpenedCandidateBody(
        **candidate_body(found).model_dump(),
        manifest=found.manifest,
        report=report_body(found.report),
        lineage=lineage_body(services.training_sets.get(found.set_id), people=people, documents=documents),
        trials=[trial_body(trial) for trial in services.learned.trials.of_candidate(candidate_id)],
    )


@router.post("/candidates/{candidate_id}/trial", status_code=201, summary="Try a candidate")
def begin(candidate_id: CandidateId, body: NewTrialBody, services: ServicesDep, caller: CallerDep) -> TrialBody:
    """Begin to compare a candidate that passed the gate with what is live; 409 while another trial runs."""
    trial = services.learned.begin(candidate_id, body.kind, share=body.share, by=caller.principal.id)
    details = {"trial": trial.id, "kind": trial.kind, "share": trial.share}
    services.audit_log.append("candidate.try", f"candidate:{candidate_id}", caller=caller, details=details)
    return trial_body(trial)


@router.delete("/trial", summary="Stop the trial")
def stop(services: ServicesDep, caller: CallerDep) -> TrialBody:
    """Stop the trial that runs; the candidate is as it was before. 404 when none runs."""
    trial = services.learned.stop(reason="stopped by an administrator")
    subject = f"candidate:{trial.candidate_id}"
    services.audit_log.append("candidate.stop", subject, caller=caller, details={"trial": trial.id})
    return trial_body(trial)


@router.post("/candidates/{candidate_id}/promotion", summary="Promote a candidate")
def promote(candidate_id: CandidateId, services: ServicesDep, caller: CallerDep) -> CandidateBody:
    """Make a candidate live; it uses up an approval to `promote` its id. 409 without one, or if the gate refused it."""
    learned = services.learned
    before = learned.check(candidate_id)  # before an approval is spent on what cannot be done
    if before.state == "live":
        return candidate_body(before)
    approval = services.approvals.spend("promote", candidate_id, by=caller)
    promoted = learned.promote(candidate_id, approved_by=approval.decided_by or caller.principal.id)
    details = {"replaced": promoted.replaced, "approval": approval.id}
    services.audit_log.append("candidate.promote", f"candidate:{candidate_id}", caller=caller, details=details)
    return candidate_body(promoted)


@router.post("/rollback", summary="Go back")
def rollback(services: ServicesDep, caller: CallerDep, body: RollbackBody | None = None) -> RolledBackBody:
    """Take a candidate out of service: what was live before it is live again. 409 when nothing learned serves."""
    before = services.learned.registry.live()
    gone, live = services.learned.rollback(body.candidate if body else None)
    if gone == before:  # of what served no more already there is nothing to note
        services.audit_log.append("candidate.rollback", f"candidate:{gone}", caller=caller, details={"live": live})
    return RolledBackBody(rolled_back=gone, live=live)


def _generator(services: Services, caller: Caller) -> Need:
    corrections = services.feedback.approved_answers(principal=caller.principal)
    return need(corrections, voice_lacks(services.settings))
