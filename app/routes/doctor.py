"""Examine the knowledge base, mend it, and make what was deleted unreadable; for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import AdministratorDep, CallerDep, ServicesDep
from ingestion.ailments import EXAMPLES_SHOWN, Ailment, Checkup, Severity
from ingestion.doctor import Doctor

router = APIRouter(prefix="/v1", tags=["operations"])


def _doctor(request: Request) -> Doctor:
    found: Doctor = request.app.state.doctor
    return found


DoctorDep = Annotated[Doctor, Depends(_doctor)]


class ExaminationBody(BaseModel):
    """How to look."""

    model_config = ConfigDict(extra="forbid")

    repair: bool = Field(default=False, description="Mend what can be mended.")
    deep: bool = Field(default=False, description="Read every original and the catalog's file from end to end too.")


class AilmentBody(BaseModel):
    """Something that is wrong."""

    code: str = Field(description="Lasting; docs/operations.md explains each.", examples=["point-missing"])
    severity: Severity
    count: int = Field(description="How many cases were found.", examples=[3])
    words: str = Field(examples=["chunks are not in the index: nobody finds them"])
    remedy: str = Field(description="What mends it.", examples=["they are put in from the catalog"])
    mendable: bool = Field(description="`repair` mends it.")
    mended: int | None = Field(description="How many are right now; null when nothing was tried.")
    trouble: str | None = Field(description="What went wrong while it was mended.")
    examples: list[str] = Field(description="Some of what is concerned.")


class CheckupBody(BaseModel):
    """What was found, the worst first."""

    well: bool = Field(description="Nothing is wrong any more; notes do not count.")
    ailments: list[AilmentBody]
    documents: int
    chunks: int
    points: int
    seconds: float


class CompactionBody(BaseModel):
    """What was gained."""

    freed_bytes: int = Field(description="How much smaller the catalog's file is; below 0 when it was full of holes.")


@router.post("/doctor", summary="Examine the knowledge base")
def examine(
    body: ExaminationBody, doctor: DoctorDep, services: ServicesDep, _principal: AdministratorDep, caller: CallerDep
) -> CheckupBody:
    """Compare catalog, index, originals and runs; questions go on meanwhile. 409 while another examination lasts."""
    found = doctor.examine(repair=body.repair, deep=body.deep)
    if body.repair:
        details = {ailment.code: len(ailment.subjects) for ailment in found.ailments}
        services.audit_log.append("doctor.repair", "catalog", caller=caller, details=details)
    return _body(found)


@router.post("/doctor/compaction", summary="Make what was deleted unreadable")
def compact(
    doctor: DoctorDep, services: ServicesDep, _principal: AdministratorDep, caller: CallerDep
) -> CompactionBody:
    """Finish deletions and write the catalog's file anew, so that nothing deleted lies on disk any more."""
    freed_bytes = doctor.compact()
    services.audit_log.append("doctor.compact", "catalog", caller=caller, details={"freed_bytes": freed_bytes})
    return CompactionBody(freed_bytes=freed_bytes)


def _body(checkup: Checkup) -> CheckupBody:
    return CheckupBody(
        well=checkup.well,
        ailments=[_ailment_body(ailment) for ailment in checkup.ailments],
        documents=checkup.documents,
        chunks=checkup.chunks,
        points=checkup.points,
        seconds=checkup.seconds,
    )


def _ailment_body(ailment: Ailment) -> AilmentBody:
    kind = ailment.kind
    return AilmentBody(
        code=ailment.code,
        severity=kind.severity,
        count=len(ailment.subjects),
        words=kind.words,
        remedy=kind.remedy,
        mendable=kind.mendable,
        mended=ailment.mended,
        trouble=ailment.trouble,
        examples=list(ailment.subjects[:EXAMPLES_SHOWN]),
    )
