"""Forgetting people and documents, and the receipts; for administrators."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import AdministratorDep, CallerDep, ServicesDep
from app.erasure import MAX_LISTED, Erasure
from app.forget import Forgetting
from retrieval.errors import InvalidInputError

router = APIRouter(prefix="/v1/erasures", tags=["erasures"])

ErasureId = Annotated[str, PathParameter(max_length=64, description="As listed.")]


class NewErasureBody(BaseModel):
    """What is to be forgotten."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["user", "document"]
    subject: str = Field(min_length=1, max_length=64, description="Id of the user or document.")
    confirm: str = Field(max_length=64, description="The same id once more: there is no way back.")
    anonymise: bool = Field(default=False, description="Of a user: keep the words, without who said them.")


class ErasureBody(BaseModel):
    """An erasure and its receipt."""

    id: str
    kind: Literal["user", "document"]
    subject: str
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None = Field(description="Null while it goes on; it is carried on by itself.")
    receipt: dict[str, Any] = Field(
        description="`erased` by kind, `used_by`, `compacted`, `scan` with what was `left`, `not_reached`."
    )


class ErasuresBody(BaseModel):
    """Erasures, the newest first."""

    erasures: list[ErasureBody]
    next: str | None = Field(description="Give this as `after` to get the next page; null on the last.")


@router.post("", status_code=201, summary="Forget a user or a document")
def forget(body: NewErasureBody, request: Request, _principal: AdministratorDep, caller: CallerDep) -> ErasureBody:
    """Erase it everywhere, compact, look whether something is left, and give the receipt. It may take minutes."""
    if body.confirm != body.subject:
        raise InvalidInputError("confirm must be the same id as subject: there is no way back")
    if body.anonymise and body.kind != "user":
        raise InvalidInputError("only what a user asked can be anonymised")
    forgetting: Forgetting = request.app.state.forgetting
    return _body(forgetting.forget(body.kind, body.subject, caller=caller, anonymise=body.anonymise))


@router.get("", summary="List erasures")
def erasures(
    services: ServicesDep,
    _principal: AdministratorDep,
    after: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 50,
) -> ErasuresBody:
    """List what was forgotten, with the receipts."""
    before = None if after is None else services.erasures.get(after)
    found = services.erasures.page(before=before, limit=limit)
    following = found[-1].id if len(found) == limit else None
    return ErasuresBody(erasures=[_body(one) for one in found], next=following)


@router.get("/{erasure_id}", summary="Open a receipt")
def erasure(erasure_id: ErasureId, services: ServicesDep, _principal: AdministratorDep) -> ErasureBody:
    """Return an erasure with its receipt."""
    return _body(services.erasures.get(erasure_id))


def _body(found: Erasure) -> ErasureBody:
    return ErasureBody(
        id=found.id,
        kind=found.kind,
        subject=found.subject,
        requested_by=found.requested_by,
        requested_at=found.requested_at,
        finished_at=found.finished_at,
        receipt={name: entry for name, entry in found.receipt.items() if name != "work"},
    )
