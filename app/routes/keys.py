"""Your own API keys."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter

from app.auth import Caller
from app.dependencies import CallerDep, ServicesDep
from app.routes.key_bodies import KeysBody, MadeKeyBody, NewKeyBody, check_scopes, keys_body, make_key
from retrieval.errors import ConflictError, NotFoundError

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.get("", summary="List your keys")
def keys(services: ServicesDep, caller: CallerDep) -> KeysBody:
    """List your API keys, the newest first."""
    return keys_body(services, _user_of(caller))


@router.post("", status_code=201, summary="Make a key")
def create(body: NewKeyBody, services: ServicesDep, caller: CallerDep) -> MadeKeyBody:
    """Make an API key of yours; its secret is shown only now. A key makes none worth more than itself."""
    return make_key(services, _user_of(caller), body, caller=caller)


@router.delete("/{key_id}", status_code=204, summary="Revoke a key")
def revoke(
    key_id: Annotated[str, PathParameter(max_length=64, description="As listed.")],
    services: ServicesDep,
    caller: CallerDep,
) -> None:
    """Take a key out of force from the next request on: one of yours, an administrator anybody's."""
    key = services.keys.get(key_id)
    if key.user_id != caller.user_id and not caller.principal.administrator:
        raise NotFoundError(f"no key {key_id}")
    check_scopes(services, key.scopes, caller=caller)
    services.keys.revoke(key.id)
    services.audit_log.append("key.revoke", f"key:{key.id}", caller=caller, details={"user": key.user_id})


def _user_of(caller: Caller) -> str:
    if caller.user_id is None:
        raise ConflictError("a command on this machine is no user: make the key of one with /v1/users/{user_id}/keys")
    return caller.user_id
