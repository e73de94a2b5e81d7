"""Feedback on answers."""

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app import hearing, logs
from app.bootstrap import Services
from app.curating import CuratorDep
from app.dependencies import CallerDep, PrincipalDep, ServicesDep
from app.hearing import heard
from app.routes.moment import Moment
from retrieval.types import Feedback, Principal, Reason, Verdict

router = APIRouter(prefix="/v1", tags=["feedback"])

Words = Annotated[str, Field(min_length=1, max_length=8000)]
Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=20)]


class NewFeedbackBody(BaseModel):
    """What you say about an answer; at least one thing."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"verdict": "down", "reasons": ["outdated"], "answer": "It is 27 days now."}]},
    )

    verdict: Verdict | None = None
    reasons: list[Reason] = Field(default=[], max_length=7, description="Why.")
    answer: Words | None = Field(default=None, description="The right answer, in your words.")
    evidence: Words | None = Field(default=None, description="A sentence of a document that holds it.")
    right_documents: Ids = Field(default=[], description="Ids of documents that hold the right answer.")
    wrong_documents: Ids = Field(default=[], description="Ids of cited documents that do not.")


class FeedbackBody(BaseModel):
    """What somebody said about an answer."""

    id: str
    interaction_id: str
    principal_id: str = Field(description="Who said it.")
    given_at: datetime
    verdict: Verdict | None
    reasons: list[Reason]
    answer: str | None
    evidence: str | None
    right_documents: list[str]
    wrong_documents: list[str]
    approved_by: str | None = Field(description="Who found it right.")


class AskedFeedbackBody(FeedbackBody):
    """What somebody said, with the question it is about."""

    question: str
    withheld: bool = Field(
        description="Neither question nor words nor documents are shown: it is about a document that was deleted "
        "or that you may not read."
    )


class FeedbackListBody(BaseModel):
    """Feedback, the newest first."""

    feedback: list[AskedFeedbackBody]


InteractionId = Annotated[str, PathParameter(max_length=64, description="`interaction_id` of the answer.")]
FeedbackId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


@router.post("/answers/{interaction_id}/feedback", status_code=201, summary="Say something about an answer")
def give(
    interaction_id: InteractionId, body: NewFeedbackBody, services: ServicesDep, principal: PrincipalDep
) -> FeedbackBody:
    """Rate or correct an answer you were given; saying something again replaces what you said before."""
    _check_named(services, interaction_id, {*body.right_documents, *body.wrong_documents}, principal)
    said = services.feedback.record(
        Feedback(
            id=uuid.uuid4().hex,
            interaction_id=interaction_id,
            principal_id=principal.id,
            given_at=datetime.now(UTC),
            verdict=body.verdict,
            reasons=tuple(dict.fromkeys(body.reasons)),
            answer=body.answer,
            evidence=body.evidence,
            right_documents=tuple(dict.fromkeys(body.right_documents)),
            wrong_documents=tuple(dict.fromkeys(body.wrong_documents)),
        ),
        principal=principal,
    )
    services.observing.telemetry.said(said)
    logs.said(said)
    return feedback_body(said)


@router.get("/feedback", summary="List feedback")
def feedback(
    services: ServicesDep,
    principal: CuratorDep,
    since: Annotated[Moment | None, Query(description="Only what was said after this moment.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> FeedbackListBody:
    """List what everybody said, the newest first; curators see what stands on documents of their collections."""
    return FeedbackListBody(
        feedback=[
            AskedFeedbackBody(
                **feedback_body(found.said).model_dump(), question=found.question, withheld=found.withheld
            )
            for found in heard(services, principal=principal, since=since, limit=limit)
        ]
    )


@router.post("/feedback/{feedback_id}/approval", summary="Approve feedback")
def approve(feedback_id: FeedbackId, services: ServicesDep, principal: CuratorDep, caller: CallerDep) -> FeedbackBody:
    """Mark feedback as right, so that it may be learned from; 404 when its author has replaced it meanwhile."""
    approved = hearing.approve(services, feedback_id, by=principal)
    services.audit_log.append("feedback.approve", f"feedback:{feedback_id}", caller=caller)
    return feedback_body(approved)


def feedback_body(said: Feedback) -> FeedbackBody:
    """Shape feedback for the API."""
    return FeedbackBody(
        id=said.id,
        interaction_id=said.interaction_id,
        principal_id=said.principal_id,
        given_at=said.given_at,
        verdict=said.verdict,
        reasons=list(said.reasons),
        answer=said.answer,
        evidence=said.evidence,
        right_documents=list(said.right_documents),
        wrong_documents=list(said.wrong_documents),
        approved_by=said.approved_by,
    )


def _check_named(services: Services, interaction_id: str, document_ids: set[str], principal: Principal) -> None:
    if not document_ids:
        return
    answer = services.interactions.get(interaction_id, principal=principal).answer
    # What the answer named may be gone by now; whoever was given the answer can still say that it was wrong.
    for document_id in document_ids - {citation.document_id for citation in (*answer.citations, *answer.nearest)}:
        # Raises one error for what is missing and what is forbidden: nobody learns which documents there are.
        services.catalog.document(document_id, principal=principal)
