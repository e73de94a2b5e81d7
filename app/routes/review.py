"""Review: what was not served well, what the corpus lacks, and the queue whose passages raters grade."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter

from app.curating import CuratorDep
from app.dependencies import AdministratorDep, CallerDep, ServicesDep
from app.gaps import gaps
from app.hearing import heard_of
from app.review_agreement import agreed_questions, compared
from app.review_queue import fill, fill_with, next_task, rate, task_shown
from app.reviewing import QuestionGroup, complaints, group, opened, questions_shown
from app.routes.labelling_bodies import (
    ComparedBody,
    FilledBody,
    GoldenMadeBody,
    LabelledBody,
    LabelsBody,
    NewGoldenBody,
    NextBody,
    QueueBody,
    QueueProgressBody,
    TaskBody,
    compared_body,
    filled_body,
    progress_body,
    task_body,
)
from app.routes.review_bodies import (
    AskedBody,
    GapsBody,
    GapsQuery,
    GroupsQuery,
    NewStateBody,
    QuestionGroupsBody,
    StateBody,
    Wanted,
    asked_body,
    gap_body,
    group_body,
    state_body,
)
from eval.golden_review import questions_from_review
from retrieval.errors import NotFoundError

router = APIRouter(prefix="/v1/review", tags=["review"])

QuestionId = Annotated[str, PathParameter(max_length=64, description="As a group lists it.")]
GroupId = Annotated[str, PathParameter(max_length=64, description="As listed, or any of its questions.")]
TaskId = Annotated[str, PathParameter(max_length=64, description="As given.")]


@router.get("/questions", summary="List questions that were not served well")
def questions(
    services: ServicesDep, principal: CuratorDep, which: Annotated[GroupsQuery, Query()]
) -> QuestionGroupsBody:
    """List the questions that were rated down or got no answer, those that ask for the same thing together."""
    found = group(services, complaints(services, principal=principal, since=which.since, kind=which.kind))
    wanted = [one for one in found.groups if _in_state(which.state)(one)]
    return QuestionGroupsBody(
        groups=[group_body(one) for one in wanted[: which.limit]],
        withheld=found.withheld,
        passed_over=found.passed_over,
    )


@router.get("/questions/{interaction_id}", summary="Open a question with its answer")
def question(interaction_id: QuestionId, services: ServicesDep, principal: CuratorDep, caller: CallerDep) -> AskedBody:
    """Show a question that you may see, the answer as it was given, and what people said of it."""
    asked = opened(services, interaction_id, principal=principal)
    services.audit_log.append("answer.open", f"answer:{interaction_id}", caller=caller)
    return asked_body(asked, heard_of(services, interaction_id, principal=principal))


@router.get("/gaps", summary="List what the corpus lacks")
def content_gaps(services: ServicesDep, principal: CuratorDep, which: Annotated[GapsQuery, Query()]) -> GapsBody:
    """List the questions that the documents gave no answer to, and none now, with what comes nearest to them."""
    found = group(services, complaints(services, principal=principal, since=which.since, kind="abstained"))
    wanted = filter(_in_state(which.state), found.groups)
    listed = gaps(
        services,
        wanted,
        principal=principal,
        wanted=lambda gap: which.answered or not gap.answered_now,
        limit=which.limit,
    )
    return GapsBody(gaps=[gap_body(gap) for gap in listed], withheld=found.withheld)


@router.post("/groups/{group_id}/state", summary="Say what becomes of a group of questions")
def set_state(
    group_id: GroupId, body: NewStateBody, services: ServicesDep, principal: CuratorDep, caller: CallerDep
) -> StateBody:
    """Say that a group is open, handled or dismissed; it is noted beside the question, which keeps it in any group."""
    if group_id not in questions_shown(services, [group_id], principal=principal):
        raise NotFoundError(f"no group {group_id}")
    kept = services.reviews.set_state(group_id, body.state, note=body.note, by=principal.id)
    details = {"state": body.state}
    services.audit_log.append("review.state", f"interaction:{group_id}", caller=caller, details=details)
    return state_body(kept)


@router.get("/queue", summary="Say how far the queue is")
def progress(services: ServicesDep, principal: CuratorDep) -> QueueProgressBody:
    """Count the tasks by how many people graded them."""
    del principal
    return progress_body(services.reviews.progress())


@router.post("/queue", summary="Fill the queue")
def fill_queue(body: QueueBody, services: ServicesDep, principal: CuratorDep, caller: CallerDep) -> FilledBody:
    """Put questions that you may see into the queue, one of each group, with the passages that you may read."""
    if body.group is None:
        filled = fill(services, body.kinds, principal=principal, limit=body.limit)
    else:
        filled = fill_with(services, body.group, principal=principal)
    details = {"added": sum(filled.added.values())}
    services.audit_log.append("review.fill", "review:queue", caller=caller, details=details)
    return filled_body(filled, services.reviews.progress())


@router.get("/queue/next", summary="Take the next task")
def take_next(
    services: ServicesDep,
    principal: CuratorDep,
    after: Annotated[str | None, Query(max_length=64, description="Not this task: you have it before you.")] = None,
) -> NextBody:
    """Give you a question with passages to grade, never one that you graded; where one person did, that comes first."""
    found = next_task(services, principal=principal, after=after)
    return NextBody(
        task=None if found is None else task_body(found), progress=progress_body(services.reviews.progress())
    )


@router.get("/tasks/{task_id}", summary="Open a task")
def task(task_id: TaskId, services: ServicesDep, principal: CuratorDep) -> TaskBody:
    """Show the passages of any task: a third grade settles what two raters disagree on."""
    return task_body(task_shown(services, task_id, principal=principal))


@router.post("/tasks/{task_id}/labels", summary="Grade the passages of a task")
def label(
    task_id: TaskId, body: LabelsBody, services: ServicesDep, principal: CuratorDep, caller: CallerDep
) -> LabelledBody:
    """Keep your grades; you may change them until somebody else graded it too, and 409 from then on."""
    outcome = rate(services, task_id, principal=principal, outcome=body.outcome, grades=body.grades or {})
    services.audit_log.append("review.label", f"task:{task_id}", caller=caller, details={"outcome": outcome})
    return LabelledBody(task_id=task_id, outcome=outcome)


@router.get("/agreement", summary="Say how raters agree")
def agreement(
    services: ServicesDep, principal: CuratorDep, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> ComparedBody:
    """Compare raters beyond chance, and list what they disagree on."""
    return compared_body(compared(services, principal=principal, limit=limit))


@router.post("/golden", summary="Make golden questions of what raters agree on")
def golden(
    body: NewGoldenBody, services: ServicesDep, principal: AdministratorDep, caller: CallerDep
) -> GoldenMadeBody:
    """Add a question for each task with a passage that raters agree answers it, and that is not in the set yet."""
    agreed, hidden = agreed_questions(services, principal=principal)
    made = questions_from_review(agreed)
    known = len(services.golden.keys(body.set) & {question.id for question in made})
    version = services.golden.add(body.set, made, by=principal.id, note="made from review")
    details = {"version": version.number, "questions": version.questions}
    services.audit_log.append("golden.draft", f"golden:{body.set}", caller=caller, details=details)
    return GoldenMadeBody(set=body.set, version=version.number, added=len(made) - known, known=known, hidden=hidden)


def _in_state(wanted: Wanted) -> Callable[[QuestionGroup], bool]:
    return lambda one: wanted in {"any", "open" if one.state is None else one.state.state}
