"""Signing in and out, and who somebody is."""

from functools import partial

from anyio.to_thread import run_sync
from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import Services
from app.dependencies import CallerDep, ServicesDep, address_of, check_own_origin
from app.identity.names import normal_name
from app.identity.passwords import hashed, matches
from app.routes.session_bodies import Password, SessionBody, session_body
from app.sign_in import end_cookie, session_of, sign_in
from retrieval.errors import ConflictError

router = APIRouter(prefix="/v1/session", tags=["session"])


class SignInBody(BaseModel):
    """Who somebody says they are."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="In any case.")
    password: str = Field(max_length=256)


class NewPasswordBody(BaseModel):
    """A password in the place of another."""

    model_config = ConfigDict(extra="forbid")

    current: str = Field(max_length=256)
    new: Password


@router.post("", status_code=201, summary="Sign in")
async def create(body: SignInBody, request: Request, response: Response, services: ServicesDep) -> SessionBody:
    """Begin a session with a password; its cookie is set. 401 for a wrong one, 429 after too many of them."""
    check_own_origin(request)
    services.limits.stranger(address_of(request))
    services.attempts.begin(normal_name(body.name), address_of(request))
    # Not in the pool that serves the routes: sign-ins that wait for a processor hold up no question.
    return await run_sync(partial(_created, services, body, request, response), limiter=services.hashing)


@router.get("", summary="Who am I")
def session(request: Request, services: ServicesDep, caller: CallerDep) -> SessionBody:
    """Say who asks, by whatever credential, and what they may do."""
    return session_body(services, caller, request)


@router.delete("", status_code=204, summary="Sign out")
def end(request: Request, response: Response, services: ServicesDep, caller: CallerDep) -> None:
    """End this session; 409 for a key, which is revoked instead."""
    services.sessions.end(session_of(caller))
    services.audit_log.append("session.end", f"user:{caller.user_id}", caller=caller)
    end_cookie(services, request, response)


@router.put("/password", status_code=204, summary="Change your password")
def change_password(body: NewPasswordBody, request: Request, services: ServicesDep, caller: CallerDep) -> None:
    """Exchange your password; your other sessions end. 403 for a wrong current one, 409 for a key or without one."""
    mine, user_id = session_of(caller), caller.user_id or ""
    name, kept = services.users.get(user_id).name, services.users.password(user_id)
    if kept is None:
        raise ConflictError("you have no password here: you sign in with a provider, which has it")
    services.attempts.begin(name, address_of(request))
    if not matches(body.current, kept):
        raise HTTPException(403, "the current password is another one")
    services.attempts.succeeded(name, address_of(request))
    services.users.update(user_id, password=hashed(body.new))
    services.sessions.end_all(user_id, but=mine)
    services.audit_log.append("user.password", f"user:{user_id}", caller=caller)


def _created(services: Services, body: SignInBody, request: Request, response: Response) -> SessionBody:
    return session_body(services, sign_in(services, body.name, body.password, request, response), request)
