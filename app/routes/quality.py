"""What was found in the documents of a collection, what is done about it, and what is kept out."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse

from app.curating import curated
from app.dependencies import CallerDep, PrincipalDep, ServicesDep
from app.ingesting import Given, Upload, start_upload_run
from app.quality_page import quality_page
from app.routes.quality_bodies import (
    DocumentFindingsBody,
    FindingsBody,
    KnownBody,
    ListedFindingBody,
    NamesBody,
    PolicyBody,
    PolicyInForceBody,
    QualityBody,
    QuarantineBody,
    finding_body,
    held_body,
    known_body,
    policy_body,
)
from app.routes.run_bodies import RunBody, run_body
from ingestion.findings.policy import Policy
from retrieval.quality_report import QualityReport
from retrieval.types import Principal

router = APIRouter(prefix="/v1", tags=["quality"])

CollectionName = Annotated[str, PathParameter(max_length=64, description="Name of a collection.")]


@router.get("/collections/{name}/policy", summary="What a collection does about findings")
def policy(name: CollectionName, services: ServicesDep, principal: PrincipalDep) -> PolicyInForceBody:
    """Return the policy of a collection."""
    curated(services, name, principal=principal)
    return policy_body(services.quality.examiner.policies.policy(name))


@router.put("/collections/{name}/policy", summary="Say what to do about findings")
def set_policy(name: CollectionName, body: PolicyBody, services: ServicesDep, caller: CallerDep) -> PolicyInForceBody:
    """Set the policy of a collection, for what is ingested from now on."""
    curated(services, name, principal=caller.principal)
    made = services.quality.examiner.policies.set_policy(name, body.model_dump(), by=caller.principal)
    services.audit_log.append("policy.set", f"collection:{name}", caller=caller)
    return policy_body(made)


@router.put("/collections/{name}/names", summary="Set the directory of people")
def set_names(
    name: CollectionName,
    body: NamesBody,
    services: ServicesDep,
    caller: CallerDep,
) -> PolicyInForceBody:
    """Set whose names count as personal data; an empty text removes the directory."""
    curated(services, name, principal=caller.principal)
    made = services.quality.examiner.policies.set_names(name, body.names, by=caller.principal)
    services.audit_log.append("policy.names", f"collection:{name}", caller=caller, details={"names": len(made.names)})
    return policy_body(made)


@router.get("/collections/{name}/quality", summary="Report on the quality of a collection")
def quality(name: CollectionName, services: ServicesDep, principal: PrincipalDep) -> QualityBody:
    """Report on the documents that the caller may read."""
    return QualityBody(**_report(services, name, principal)[1].as_json())


@router.get("/collections/{name}/quality.html", response_class=HTMLResponse, summary="The report as a page")
def quality_html(name: CollectionName, services: ServicesDep, principal: PrincipalDep) -> HTMLResponse:
    """Return the same report as a page."""
    in_force, report = _report(services, name, principal)
    return HTMLResponse(quality_page(name, report, policy=in_force, at=datetime.now(UTC)))


@router.get("/collections/{name}/findings", summary="List findings")
def findings(
    name: CollectionName,
    services: ServicesDep,
    principal: PrincipalDep,
    kind: Annotated[str | None, Query(max_length=16)] = None,
    after: Annotated[int, Query(ge=0, le=2**31, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> FindingsBody:
    """List findings in the documents that the caller may read."""
    page = services.quality.reports.findings(name, principal=principal, kind=kind, after=after, limit=limit)
    listed = [ListedFindingBody(document=known_body(known), **asdict(finding)) for known, finding in page]
    return FindingsBody(findings=listed, next=after + limit if len(page) == limit else None)


@router.get("/documents/{document_id}/findings", summary="What was found in a document")
def of_document(
    document_id: Annotated[str, PathParameter(max_length=64)], services: ServicesDep, principal: PrincipalDep
) -> DocumentFindingsBody:
    """Return what was found in a document that the caller may read."""
    found = services.catalog.document(document_id, principal=principal)
    revision_id = found.live_revision_id or ""
    profile = services.quality.examiner.log.profile(revision_id)
    return DocumentFindingsBody(
        document=KnownBody(id=found.id, title=found.title, uri=found.uri),
        language=profile.language if profile else None,
        redacted=dict(profile.redacted) if profile else {},
        findings=[finding_body(finding) for finding in services.quality.examiner.log.of_revision(revision_id)],
    )


@router.get("/collections/{name}/quarantine", summary="List what is kept out")
def quarantine(
    name: CollectionName,
    services: ServicesDep,
    principal: PrincipalDep,
    after: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> QuarantineBody:
    """List the documents that the policy keeps out, with the reason of each."""
    curated(services, name, principal=principal)
    page = services.quality.examiner.quarantine.waiting(name, principal=principal, after=after, limit=limit)
    return QuarantineBody(
        documents=[held_body(held) for held in page], next=page[-1].id if len(page) == limit else None
    )


@router.post("/quarantine/{held_id}/release", status_code=202, summary="Let a document in")
def release(held_id: Annotated[str, PathParameter(max_length=64)], services: ServicesDep, caller: CallerDep) -> RunBody:
    """Accept what was found in a document and begin to take it in; returns the run."""
    principal = caller.principal
    held = services.quality.examiner.quarantine.release(held_id, by=principal)
    services.audit_log.append("quarantine.release", f"quarantine:{held_id}", caller=caller)
    size_bytes = services.blobs.path(held.content_sha256).stat().st_size
    upload = Upload(held.name, held.content_sha256, size_bytes, known_as=held.uri)
    given = Given(acl=held.acl)
    run = start_upload_run(services, [upload], collection=held.collection, created_by=principal.id, given=given)
    return run_body(services, run)


def _report(services: ServicesDep, name: str, principal: Principal) -> tuple[Policy, QualityReport]:
    in_force = services.quality.examiner.policies.policy(name)
    report = services.quality.reports.report(
        name,
        principal=principal,
        similarity=in_force.similarity,
        stale_after_days=in_force.stale_after_days,
        today=_today(),
    )
    return in_force, report


def _today() -> date:
    return datetime.now(UTC).date()
