"""Questions to begin with."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from app.dependencies import PrincipalDep, ServicesDep, asker
from app.suggesting import MOST, Origin, Wanted
from retrieval.errors import InvalidInputError

router = APIRouter(prefix="/v1", tags=["answers"], dependencies=[Depends(asker)])


class SuggestionBody(BaseModel):
    """A question to begin with."""

    question: str = Field(examples=["Who approves leave?"])
    origin: Origin = Field(
        description="`assistant`: its own; `asked`: others did and praised the answer; `document`: of a heading."
    )
    document_id: str | None = Field(description="Of the document whose heading it is of.")


class SuggestionsBody(BaseModel):
    """Questions to begin with, the same all day."""

    suggestions: list[SuggestionBody]


@router.get("/suggestions", summary="Suggest first questions")
def suggestions(
    services: ServicesDep,
    principal: PrincipalDep,
    collection: Annotated[str | None, Query(max_length=64)] = None,
    assistant: Annotated[str | None, Query(max_length=64, description="Id of the assistant that is asked.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 4,
) -> SuggestionsBody:
    """Suggest questions that the documents which you may read answer.

    Returns:
        At most `limit`; fewer where there is nothing to ask about.

    Raises:
        InvalidInputError: Another collection is named than the assistant searches.
    """
    own: tuple[str, ...] = ()
    if assistant is not None:
        asked = services.assistants.use(assistant, principal=principal)
        if collection and asked.collection and collection != asked.collection:
            raise InvalidInputError(f"the assistant searches the collection {asked.collection}, not another")
        collection, own = asked.collection or collection, asked.questions
    if collection is not None:
        services.catalog.collection(collection, principal=principal)
    guard = services.guards.guard(collection, principal)
    wanted = Wanted(principal, collection, guard, own, datetime.now(UTC).date())
    return SuggestionsBody(
        suggestions=[
            SuggestionBody(question=one.question, origin=one.origin, document_id=one.document_id)
            for one in services.suggestions.of(wanted, limit=limit)
        ]
    )
