"""The audit log, for administrators: read it, take it away, see whether it is whole."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.audit_log import MAX_LISTED, AuditEvent, AuditLog, Head, Wanted
from app.audit_verify import Verification, noted_heads, verify
from app.dependencies import AdministratorDep, CallerDep, ServicesDep
from app.routes.moment import Moment

router = APIRouter(prefix="/v1/audit", tags=["audit"])

_LINES = "application/jsonl"
_EXPORT: dict[str, Any] = {
    "description": "One event a line, and on the last line the `head`: `SEQ:SHA256`.",
    "content": {_LINES: {"schema": {"type": "string"}}},
}


class AuditEventBody(BaseModel):
    """Something that was done."""

    seq: int = Field(description="From 1, without gaps.", examples=[42])
    at: str = Field(examples=["2026-11-28T19:53:37.123+00:00"])
    actor: str = Field(description="Principal id; empty for who is not known.")
    credential: str = Field(description="`session:<id>`, `key:<id>`, `local`; empty without one.")
    address: str = Field(description="From where.")
    action: str = Field(examples=["document.open"])
    object: str = Field(examples=["document:0f3c"])
    details: dict[str, Any]
    previous: str = Field(description="SHA-256 of the event before.")
    sha256: str = Field(description="Of all of the above.")


class AuditBody(BaseModel):
    """Events, the newest first."""

    events: list[AuditEventBody]
    next: int | None = Field(description="Give this as `before` to get the next page; null on the last.")


class FaultBody(BaseModel):
    """Where the log is not what it was."""

    kind: Literal["changed", "missing", "detached", "cut_off", "rewritten"]
    seq: int = Field(description="Number of the event.")
    words: str


class VerificationBody(BaseModel):
    """What a walk over the whole log has shown."""

    holds: bool
    events: int
    head: str | None = Field(description="The last event, as `SEQ:SHA256`: note it, and compare with it next time.")
    compared: list[str] = Field(description="The heads that it was held against.")
    faults: list[FaultBody] = Field(description="The first 100.")
    faults_total: int


@router.get("", summary="Read the audit log")
def events(  # noqa: PLR0913, PLR0917 - as many as there are filters
    services: ServicesDep,
    _principal: AdministratorDep,
    actor: Annotated[str, Query(max_length=300, description="Principal id of who did it.")] = "",
    object_: Annotated[str, Query(alias="object", max_length=300, description="Such as `document:<id>`.")] = "",
    action: Annotated[str, Query(max_length=64, description="Such as `document.open`, or `document` for all.")] = "",
    since: Annotated[Moment | None, Query(description="At this moment or later.")] = None,
    until: Annotated[Moment | None, Query(description="Before this moment.")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 100,
) -> AuditBody:
    """Read what was done, the newest first."""
    wanted = Wanted(actor, object_, action, since, until)
    found = services.audit_log.page(wanted, before=before, limit=limit)
    following = found[-1].seq if len(found) == limit else None
    return AuditBody(events=[AuditEventBody(**asdict(event)) for event in found], next=following)


@router.get("/export", summary="Export the audit log", response_class=StreamingResponse, responses={200: _EXPORT})
def export(
    services: ServicesDep,
    _principal: AdministratorDep,
    caller: CallerDep,
    after: Annotated[int, Query(ge=0, le=2**62, description="Only events of higher numbers.")] = 0,
) -> StreamingResponse:
    """Return all events as JSON lines, the oldest first; the last line holds the head."""
    services.audit_log.append("audit.export", "audit", caller=caller, details={"after": after})
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(_lines(services.audit_log, after), media_type=_LINES, headers=headers)


@router.get("/verification", summary="Verify the audit log")
def verification(
    services: ServicesDep,
    _principal: AdministratorDep,
    head: Annotated[str | None, Query(max_length=100, description="Noted before, as `SEQ:SHA256`.")] = None,
) -> VerificationBody:
    """Walk over the whole log and say which events were changed, taken out, put in or moved."""
    return verification_body(verify(services.audit_log.rows(), heads=noted_heads(services.data_dir, head)))


def verification_body(found: Verification) -> VerificationBody:
    """Write down what a walk has shown."""
    return VerificationBody(
        holds=found.holds,
        events=found.events,
        head=None if found.head is None else str(found.head),
        compared=[str(head) for head in found.compared],
        faults=[FaultBody(kind=fault.kind, seq=fault.seq, words=fault.words) for fault in found.faults],
        faults_total=found.faults_total,
    )


def _lines(log: AuditLog, after: int) -> Iterator[str]:
    last: AuditEvent | None = None
    for last in log.events(after=after):
        yield json.dumps(asdict(last), ensure_ascii=False) + "\n"
    head = log.head() if last is None else Head(last.seq, last.sha256)
    yield json.dumps({"head": None if head is None else str(head)}) + "\n"
