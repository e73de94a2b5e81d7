"""Where you are signed in."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field

from app.dependencies import CallerDep, ServicesDep
from app.routes.session_bodies import UserSessionBody, user_session_body
from app.sign_in import session_of
from retrieval.errors import NotFoundError

router = APIRouter(prefix="/v1/sessions", tags=["session"])


class OwnSessionBody(UserSessionBody):
    """A session of yours."""

    current: bool = Field(description="The one that asks.")


class OwnSessionsBody(BaseModel):
    """Sessions of yours, the newest first."""

    sessions: list[OwnSessionBody]


@router.get("", summary="List your sessions")
def sessions(services: ServicesDep, caller: CallerDep) -> OwnSessionsBody:
    """List where you are signed in; 409 for a key."""
    mine = session_of(caller)
    found = services.sessions.of_user(caller.user_id or "", idle=services.settings.session_idle)
    return OwnSessionsBody(
        sessions=[OwnSessionBody(**dict(user_session_body(one)), current=one.id == mine) for one in found]
    )


@router.delete("", status_code=204, summary="End your other sessions")
def end_others(services: ServicesDep, caller: CallerDep) -> None:
    """Sign yourself out everywhere but here; 409 for a key."""
    ended = services.sessions.end_all(caller.user_id or "", but=session_of(caller))
    details = {"others": ended}
    services.audit_log.append("session.end", f"user:{caller.user_id}", caller=caller, details=details)


@router.delete("/{session_id}", status_code=204, summary="End one of your sessions")
def end(
    session_id: Annotated[str, PathParameter(max_length=64, description="As listed.")],
    services: ServicesDep,
    caller: CallerDep,
) -> None:
    """Sign yourself out in one place; 404 for a session of somebody else, and for a key."""
    mine = services.sessions.of_user(caller.user_id or "", idle=services.settings.session_idle)
    # Not for keys: one that may only ask must not put its user out.
    if not caller.credential.startswith("session:") or session_id not in {one.id for one in mine}:
        raise NotFoundError(f"no session {session_id}")
    services.sessions.end(session_id)
    details = {"session": session_id}
    services.audit_log.append("session.end", f"user:{caller.user_id}", caller=caller, details=details)
