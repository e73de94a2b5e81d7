"""What a reader sees of a document beside its text: revisions, chunks, pages of the file and where a quote stands."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Path as PathParameter

from app.auth import Caller
from app.bootstrap import Services
from app.dependencies import CallerDep, PrincipalDep, ServicesDep, asker
from app.errors import described
from app.routes.document_bodies import (
    ChunksBody,
    HighlightsBody,
    RevisionsBody,
    chunk_body,
    highlight_body,
    revision_body,
)
from app.routes.documents import DocumentId, original_of
from retrieval.errors import InvalidInputError
from retrieval.history import KeptRevision

router = APIRouter(prefix="/v1/documents/{document_id}", tags=["documents"], dependencies=[Depends(asker)])

_PNG = "image/png"
_MAX_NUMBER = 2**31 - 1
_MAX_HIGHLIGHTED_CHARS = 20_000
_OF_FILES = described({
    415: "The file is of a kind that has no pages",
    422: "Invalid input, or the file cannot be read",
})
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page.", "content": {_PNG: {"schema": {"type": "string", "format": "binary"}}}}
}
RevisionId = Annotated[
    str | None, Query(max_length=64, description="Id of an older revision; the live one when not given.")
]


@router.get("/revisions", summary="List the revisions of a document")
def revisions(
    document_id: DocumentId,
    services: ServicesDep,
    principal: PrincipalDep,
    before: Annotated[int | None, Query(ge=1, le=_MAX_NUMBER, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RevisionsBody:
    """List what a document was, the newest revision first; superseded ones are kept for a while."""
    services.catalog.document(document_id, principal=principal)
    page = services.catalog.revisions_of(document_id, principal=principal, before=before, limit=limit)
    return RevisionsBody(
        revisions=[revision_body(one) for one in page], next=page[-1].number if len(page) == limit else None
    )


@router.get("/chunks", summary="List the chunks of a document")
def chunks(
    document_id: DocumentId,
    services: ServicesDep,
    caller: CallerDep,
    revision: RevisionId = None,
    after: Annotated[int, Query(ge=-1, le=_MAX_NUMBER, description="`next` of the page before.")] = -1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> ChunksBody:
    """List the stretches of text that the search finds; a revision that is searched no more has none."""
    kept = services.catalog.kept_revision(document_id, revision, principal=caller.principal)
    page = services.catalog.chunk_page(kept.id, principal=caller.principal, after=after, limit=limit)
    _note(services, "document.chunks", kept, caller)
    return ChunksBody(
        revision_id=kept.id,
        chunks=[chunk_body(chunk) for chunk in page],
        next=page[-1].ordinal if len(page) == limit else None,
    )


@router.get(
    "/pages/{number}",
    summary="Look at a page of the file a document was made of",
    response_class=Response,
    responses=_PICTURE | _OF_FILES,
)
def page(
    document_id: DocumentId,
    number: Annotated[int, PathParameter(ge=1, le=_MAX_NUMBER, description="Of the page, from 1.")],
    services: ServicesDep,
    caller: CallerDep,
    revision: RevisionId = None,
    width: Annotated[int, Query(ge=200, le=2000, description="Of the picture, in pixels.")] = 1000,
) -> Response:
    """Draw a page of a PDF, or the picture that a document is; it is drawn anew, and holds nothing but pixels."""
    kept = services.catalog.kept_revision(document_id, revision, principal=caller.principal)
    drawn = services.pages.picture(original_of(services, kept), number, width_px=width)
    _note(services, "document.page", kept, caller, page=number)
    return Response(drawn, media_type=_PNG)


@router.get("/highlights", summary="Find where a quote stands on its pages", responses=_OF_FILES)
def highlights(
    document_id: DocumentId,
    services: ServicesDep,
    principal: PrincipalDep,
    start: Annotated[int, Query(ge=0, le=_MAX_NUMBER, description="First character of the quote in the text.")],
    end: Annotated[int, Query(ge=1, le=_MAX_NUMBER, description="The character behind its last.")],
    revision: RevisionId = None,
) -> HighlightsBody:
    """Find the rectangles that characters of a revision's text fill on the pages of its file.

    Returns:
        Them, page by page.

    Raises:
        InvalidInputError: The characters are none of the text, or too many.
    """
    kept = services.catalog.kept_revision(document_id, revision, principal=principal)
    original = original_of(services, kept)
    text = services.catalog.revision(kept.id, principal=principal).text
    if not start < end <= len(text):
        raise InvalidInputError(f"start and end: the text has {len(text)} characters, and start comes before end")
    if end - start > _MAX_HIGHLIGHTED_CHARS:
        raise InvalidInputError(f"start and end: at most {_MAX_HIGHLIGHTED_CHARS:,} characters at once")
    places = services.catalog.places_between(kept.id, start, end, principal=principal)
    found = services.pages.highlights(original, text, start, end, places=places)
    return HighlightsBody(revision_id=kept.id, pages=[highlight_body(one) for one in found])


def _note(services: Services, action: str, kept: KeptRevision, caller: Caller, **more: int) -> None:
    details = {"revision": kept.number} | more
    services.audit_log.append(action, f"document:{kept.document_id}", caller=caller, details=details)
