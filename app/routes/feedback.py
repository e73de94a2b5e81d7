"""Feedback on answers."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter

from app import hearing, logs
from app.approved import approved_answers, keep_approved, record_feedback, withdraw_feedback
from app.bootstrap import Services
from app.curating import CuratorDep
from app.dependencies import AdministratorDep, CallerDep, PrincipalDep, ServicesDep
from app.giving import Offered, giver_reports, take_in
from app.hearing import heard, wanted
from app.routes.feedback_bodies import (
    FeedbackBody,
    FeedbackCountsBody,
    FeedbackListBody,
    FeedbackQuery,
    GivenFeedbackBody,
    GiversBody,
    NewFeedbackBody,
    NewReadingBody,
    OwnFeedbackBody,
    ReadingBody,
    RefusedBody,
    TakenBody,
    asked_feedback_body,
    feedback_body,
    feedback_counts_body,
    giver_body,
    reading_body,
)
from finetune.given import JUDGES
from retrieval.errors import InvalidInputError
from retrieval.types import Feedback, Interaction, Principal, Reading

router = APIRouter(prefix="/v1", tags=["feedback"])

InteractionId = Annotated[str, PathParameter(max_length=64, description="`interaction_id` of the answer.")]
FeedbackId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


@router.post("/answers/{interaction_id}/feedback", status_code=201, summary="Say something about an answer")
def give(
    interaction_id: InteractionId, body: NewFeedbackBody, services: ServicesDep, principal: PrincipalDep
) -> FeedbackBody:
    """Rate or correct an answer you were given; saying something again replaces what you said before."""
    asked = services.interactions.get(interaction_id, principal=principal)
    _check_named(services, asked, body, principal)
    said = record_feedback(
        services,
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
            right_chunks=tuple(dict.fromkeys(body.right_chunks)),
            wrong_chunks=tuple(dict.fromkeys(body.wrong_chunks)),
            preferred_over=body.preferred_over,
        ),
        principal=principal,
    )
    services.observing.telemetry.said(said)
    logs.said(said)
    services.learned.credited(asked, said)
    return feedback_body(said)


@router.get("/answers/{interaction_id}/feedback", summary="What you said about an answer")
def own(interaction_id: InteractionId, services: ServicesDep, principal: PrincipalDep) -> OwnFeedbackBody:
    """Open what you said about an answer and did with it; saying something again replaces it."""
    services.interactions.get(interaction_id, principal=principal)
    me = replace(principal, administrator=False)
    said = services.feedback.of_interaction(interaction_id, principal=me)
    done = services.readings.of_interaction(interaction_id, principal=me)
    return OwnFeedbackBody(
        feedback=feedback_body(said[0]) if said else None, readings=[reading_body(reading) for reading in done]
    )


@router.delete("/answers/{interaction_id}/feedback", status_code=204, summary="Take back what you said")
def take_back(interaction_id: InteractionId, services: ServicesDep, caller: CallerDep) -> Response:
    """Take back all you said about an answer; what you opened and copied of it stays."""
    principal = caller.principal
    asked = services.interactions.get(interaction_id, principal=principal)
    gone = withdraw_feedback(services, interaction_id, principal=principal)
    if gone is not None:
        services.audit_log.append("feedback.withdraw", f"feedback:{gone}", caller=caller)
        me = replace(principal, administrator=False)
        if asked.principal_id == me.id:
            services.learned.taken_back(asked, services.readings.of_interaction(interaction_id, principal=me))
    return Response(status_code=204)


@router.post("/answers/{interaction_id}/readings", status_code=201, summary="Say that a citation was opened")
def read(
    interaction_id: InteractionId, body: NewReadingBody, services: ServicesDep, principal: PrincipalDep
) -> ReadingBody:
    """Note that you opened or copied a citation of an answer; of one answer the last 200 are kept."""
    asked = services.interactions.get(interaction_id, principal=principal)
    reading = Reading(
        id=uuid.uuid4().hex,
        interaction_id=interaction_id,
        principal_id=principal.id,
        chunk_id=body.chunk_id,
        kind=body.kind,
        position=0,  # the answer says
        seconds=body.seconds,
        at=datetime.now(UTC),
    )
    kept = services.readings.record(reading, principal=principal)
    services.learned.credited(asked, kept)
    return reading_body(kept)


@router.get("/feedback", summary="List feedback")
def feedback(
    services: ServicesDep, principal: CuratorDep, which: Annotated[FeedbackQuery, Query()]
) -> FeedbackListBody:
    """List what everybody said, the newest first; curators see what stands on documents of their collections."""
    fits = None
    if which.only is not None or which.approved is not None or which.refused is not None:
        fits = wanted(corrections=which.only is not None, approved=which.approved, refused=which.refused)
    found = heard(services, principal=principal, since=which.since, limit=which.limit, wanted=fits)
    return FeedbackListBody(feedback=[asked_feedback_body(one) for one in found])


@router.get("/feedback/counts", summary="Count feedback")
def counts(services: ServicesDep, principal: AdministratorDep) -> FeedbackCountsBody:
    """Count what everybody said, and what other systems did."""
    return feedback_counts_body(services.feedback.counts(principal=principal), services.given_labels.counts())


@router.get("/feedback/givers", summary="List who gives feedback")
def givers(services: ServicesDep, principal: AdministratorDep) -> GiversBody:
    """List how each giver votes beside the others, outliers first: who tries to bend what is learned is seen here."""
    del principal
    return GiversBody(givers=[giver_body(report) for report in giver_reports(services)])


@router.post("/feedback/given", summary="Take in what others say")
def take(body: GivenFeedbackBody, services: ServicesDep, principal: AdministratorDep, caller: CallerDep) -> TakenBody:
    """Take in labels of another system or of a set of judgements, to 1,000 at a time; again they replace themselves."""
    now = datetime.now(UTC)
    offered = [
        Offered(
            question=one.question,
            document=one.document,
            evidence=one.evidence,
            label=one.label,
            giver=one.giver or JUDGES + body.source,
            given_at=one.given_at or now,
        )
        for one in body.labels
    ]
    taken, refused = take_in(services, body.source, offered, collection=body.collection, by=principal)
    details = {"added": taken.added, "replaced": taken.replaced, "refused": len(refused)}
    services.audit_log.append("feedback.import", f"source:{body.source}", caller=caller, details=details)
    return TakenBody(
        added=taken.added,
        replaced=taken.replaced,
        refused=[RefusedBody(label=one.row, reason=one.reason) for one in refused],
    )


@router.post("/feedback/{feedback_id}/refusal", summary="Refuse feedback")
def refuse(feedback_id: FeedbackId, services: ServicesDep, principal: CuratorDep, caller: CallerDep) -> FeedbackBody:
    """Mark feedback as wrong: nothing is learned from it, and what its approval made of it is withdrawn."""
    refused = hearing.refuse(services, feedback_id, by=principal)
    services.audit_log.append("feedback.refuse", f"feedback:{feedback_id}", caller=caller)
    approved_answers(services).withdraw([feedback_id])
    return feedback_body(refused)


@router.post("/feedback/{feedback_id}/approval", summary="Approve feedback")
def approve(feedback_id: FeedbackId, services: ServicesDep, principal: CuratorDep, caller: CallerDep) -> FeedbackBody:
    """Mark feedback as right: it may be learned from, and who may read its sources finds its answer from now on."""
    approved = hearing.approve(services, feedback_id, by=principal)
    services.audit_log.append("feedback.approve", f"feedback:{feedback_id}", caller=caller)
    keep_approved(services, approved)
    return feedback_body(approved)


def _check_named(services: Services, asked: Interaction, body: NewFeedbackBody, principal: Principal) -> None:
    answer = asked.answer
    # What the answer named may be gone by now; whoever was given the answer can still say that it was wrong.
    named = {citation.document_id for citation in (*answer.citations, *answer.nearest)}
    for document_id in {*body.right_documents, *body.wrong_documents} - named:
        # Raises one error for what is missing and what is forbidden: nobody learns which documents there are.
        services.catalog.document(document_id, principal=principal)
    if not {*body.right_chunks, *body.wrong_chunks} <= {passage.chunk.id for passage in asked.passages}:
        raise InvalidInputError("only passages of this answer can be named")
    if body.preferred_over is not None:
        other = services.interactions.get(body.preferred_over, principal=principal)
        if other.id == asked.id or other.principal_id != asked.principal_id:
            raise InvalidInputError("an answer is preferred over another one of the same asker")
