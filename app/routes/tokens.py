"""The administrator token; accounts take its place in time."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.dependencies import LocalDep, ServicesDep

router = APIRouter(prefix="/v1", tags=["tokens"])


class TokenBody(BaseModel):
    """A token, shown once."""

    token: str = Field(examples=["attune_3yJ..."])


@router.post("/tokens", status_code=201, summary="Make a new administrator token")
def create_token(services: ServicesDep, _principal: LocalDep) -> TokenBody:
    """Make a new administrator token; the one before stops working. Only for commands on this machine."""
    return TokenBody(token=services.authenticator.new_administrator_token())


class FirstTokenBody(BaseModel):
    """The first token, or null when it was handed out before."""

    token: str | None


@router.post("/tokens/first", summary="Hand out the first administrator token")
def first_token(services: ServicesDep, _principal: LocalDep) -> FirstTokenBody:
    """Make the administrator token at the first start; null ever after. Only for commands on this machine."""
    return FirstTokenBody(token=services.authenticator.first_administrator_token())
