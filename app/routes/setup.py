"""The first administrator."""

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import ServicesDep, address_of, check_own_origin, local
from app.identity.passwords import hashed
from app.identity.setup import NOT_VALID
from app.identity.users import NewUser
from app.routes.session_bodies import Password, SessionBody, session_body
from app.sign_in import begin_session
from retrieval.errors import ConflictError

router = APIRouter(prefix="/v1/setup", tags=["session"])


class SetUpBody(BaseModel):
    """The first administrator."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=100, description="From the link that `attune serve` prints.")
    name: str = Field(min_length=1, max_length=100, description="What they sign in with.")
    password: Password
    display_name: str = Field(default="", max_length=200)


class SetUpStateBody(BaseModel):
    """Whether there is anybody who can administer."""

    needed: bool


class SetUpTokenBody(BaseModel):
    """What makes the first administrator."""

    token: str | None = Field(description="Null when there is an administrator.")


@router.get("", summary="Is there an administrator")
def state(services: ServicesDep) -> SetUpStateBody:
    """Say whether the server waits for its first administrator."""
    return SetUpStateBody(needed=not services.users.has_administrator())


@router.post("", status_code=201, summary="Make the first administrator")
def set_up(body: SetUpBody, request: Request, response: Response, services: ServicesDep) -> SessionBody:
    """Make the first administrator with the token of the link, and sign them in; it works once. 409 otherwise."""
    check_own_origin(request)
    services.limits.stranger(address_of(request))
    # Before anything is hashed, which is dear.
    if not services.setup.is_valid(body.token):
        raise ConflictError(NOT_VALID)
    user = services.setup.spend(body.token, NewUser(body.name, body.display_name, password=hashed(body.password)))
    caller = begin_session(services, user, request, response)
    services.audit_log.append("user.create", f"user:{user.id}", caller=caller, details={"administrator": True})
    return session_body(services, caller, request)


@router.post("/token", summary="Make a set-up token", dependencies=[Depends(local)])
def token(services: ServicesDep) -> SetUpTokenBody:
    """Put a new token in force, in the place of the one before; for commands on this machine."""
    return SetUpTokenBody(token=None if services.users.has_administrator() else services.setup.renew())
