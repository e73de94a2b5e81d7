"""Assistants: ways to ask, as administrators and curators set them up."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.assistants import (
    MAX_DESCRIPTION_CHARS,
    MAX_INSTRUCTIONS_CHARS,
    MAX_NAME_CHARS,
    MAX_QUESTION_CHARS,
    MAX_QUESTIONS,
    Assistant,
)
from app.bootstrap import Services
from app.curating import REFUSED, curated
from app.dependencies import CallerDep, PrincipalDep, ServicesDep, asker
from app.granting import MAX_BODY_BYTES, Access, granted
from app.routes.openai_api import model_of
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.types import Principal

router = APIRouter(prefix="/v1/assistants", tags=["assistants"], dependencies=[Depends(asker)])

AssistantId = Annotated[str, PathParameter(max_length=64, description="As listed.")]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, examples=["People team"])]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS)]
Collection = Annotated[
    str | None, Field(max_length=64, description="The one that it searches; null for all that its user may read.")
]
Instructions = Annotated[
    str,
    Field(
        max_length=MAX_INSTRUCTIONS_CHARS,
        description="What a language model is told after the server's own prompt, which they cannot override. Without "
        "a language model they have no effect.",
        examples=["Answer in two sentences and name whom to ask."],
    ),
]
Questions = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARS)]],
    Field(max_length=MAX_QUESTIONS, description="With which one may begin."),
]
_ACCESS = 'Who may use it, among those who may read the collection: "everyone", "private" (who sets it), or keys.'


class NewAssistantBody(BaseModel):
    """An assistant to set up."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Description = ""
    collection: Collection = None
    instructions: Instructions = ""
    questions: Questions = []
    access: Access = Field(default="everyone", description=_ACCESS)


class ChangedAssistantBody(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"description": "Leave, pay, travel."}]})

    name: Name | None = None
    description: Description | None = None
    collection: Collection = None
    instructions: Instructions | None = None
    questions: Questions | None = None
    access: Access | None = Field(default=None, description=_ACCESS)


class AssistantBody(BaseModel):
    """One assistant."""

    id: str
    name: str
    description: str
    collection: str | None
    questions: list[str]
    model: str = Field(description="As clients of the OpenAI API name it.", examples=["attune/assistant/People team"])
    managed: bool = Field(description="You look after it.")
    instructions: str | None = Field(description="Null for those who do not look after it.")
    instructions_used: bool = Field(
        description="False while this server answers without a language model: then instructions have no effect."
    )
    access: list[str] | None = Field(description="Keys of who may use it; null for those who do not look after it.")
    created_at: datetime
    updated_at: datetime


class AssistantsBody(BaseModel):
    """Assistants, sorted by name."""

    assistants: list[AssistantBody]
    instructions_used: bool = Field(description="As of each of them, also where there is none yet.")


@router.get("", summary="List assistants")
def assistants(
    services: ServicesDep,
    principal: PrincipalDep,
    all_managed: Annotated[
        bool, Query(alias="managed", description="Those that you look after, whether or not you may use them.")
    ] = False,
) -> AssistantsBody:
    """List the assistants that you may use, or those that you look after."""
    managed = services.assistants.managed(principal=principal)
    found = managed if all_managed else services.assistants.usable(principal=principal)
    mine = {one.id for one in managed}
    listed = [_body(services, one, managed=one.id in mine) for one in found]
    return AssistantsBody(assistants=listed, instructions_used=_heeds_instructions(services))


@router.post("", status_code=201, summary="Set up an assistant", max_body_size=MAX_BODY_BYTES)
def create(body: NewAssistantBody, services: ServicesDep, caller: CallerDep) -> AssistantBody:
    """Set an assistant up; for administrators, and for curators where it searches a collection of theirs."""
    principal = caller.principal
    _check_may_set(services, body.collection, principal)
    access = granted(services, body.access, principal=principal)
    fields = body.model_dump() | {"access": access, "questions": tuple(body.questions)}
    made = services.assistants.add(fields, by=principal)
    _note(services, caller, "create", made, sorted(fields))
    return _body(services, made, managed=True)


@router.patch("/{assistant_id}", summary="Change an assistant", max_body_size=MAX_BODY_BYTES)
def change(
    assistant_id: AssistantId, body: ChangedAssistantBody, services: ServicesDep, caller: CallerDep
) -> AssistantBody:
    """Change an assistant from the next question on; for who looks after it.

    Returns:
        The assistant.

    Raises:
        InvalidInputError: Something is null that has to be there.
    """
    principal = caller.principal
    before = _managed(services, assistant_id, principal)
    fields: dict[str, Any] = body.model_dump(exclude_unset=True)
    if missing := sorted(name for name, value in fields.items() if value is None and name != "collection"):
        raise InvalidInputError(f"{missing[0]}: leave it out to keep it")
    if "collection" in fields:
        _check_may_set(services, body.collection, principal)
    if body.access is not None:
        fields["access"] = granted(services, body.access, principal=principal)
    if body.questions is not None:
        fields["questions"] = tuple(body.questions)
    made = services.assistants.change(before, fields, by=principal)
    _note(services, caller, "change", made, sorted(fields))
    return _body(services, made, managed=True)


@router.delete("/{assistant_id}", status_code=204, summary="Delete an assistant")
def delete(assistant_id: AssistantId, services: ServicesDep, caller: CallerDep) -> Response:
    """Delete an assistant; what was answered through it stays. For who looks after it."""
    found = _managed(services, assistant_id, caller.principal)
    services.assistants.remove(found.id)
    _note(services, caller, "delete", found, [])
    return Response(status_code=204)


def _check_may_set(services: Services, collection: str | None, principal: Principal) -> None:
    if collection is not None:
        curated(services, collection, principal=principal)
    elif not principal.administrator:
        raise HTTPException(403, "only an administrator sets up an assistant that searches all collections")


def _managed(services: Services, assistant_id: str, principal: Principal) -> Assistant:
    try:
        return services.assistants.manage(assistant_id, principal=principal)
    except NotFoundError:
        services.assistants.use(assistant_id, principal=principal)
        raise HTTPException(403, REFUSED) from None


def _note(services: Services, caller: CallerDep, done: str, assistant: Assistant, fields: list[str]) -> None:
    details = {"collection": assistant.collection, "fields": fields}
    services.audit_log.append(f"assistant.{done}", f"assistant:{assistant.id}", caller=caller, details=details)


def _heeds_instructions(services: Services) -> bool:
    return services.answerer.generator is not services.answerer.fallback


def _body(services: Services, assistant: Assistant, *, managed: bool) -> AssistantBody:
    return AssistantBody(
        id=assistant.id,
        name=assistant.name,
        description=assistant.description,
        collection=assistant.collection,
        questions=list(assistant.questions),
        model=model_of(assistant),
        managed=managed,
        instructions=assistant.instructions if managed else None,
        instructions_used=_heeds_instructions(services),
        access=sorted(assistant.access) if managed else None,
        created_at=assistant.created_at,
        updated_at=assistant.updated_at,
    )
