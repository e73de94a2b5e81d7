"""Documents and collections."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import DEFAULT_COLLECTION, Services
from app.dependencies import AdministratorDep, PrincipalDep, ServicesDep
from app.ingesting import Upload, start_upload_run, wait_for
from app.routes.run_bodies import RunBody, run_body
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.metadata import MAX_KEYS, MAX_VALUE_CHARS, checked_metadata
from retrieval.types import Document

router = APIRouter(prefix="/v1", tags=["documents"])

_MAX_NAME_CHARS = 200
_WAIT_S = 120.0  # a caller who waits holds one of the threads that answer questions too


class CollectionBody(BaseModel):
    """A named set of documents."""

    name: str = Field(examples=["default"])
    documents: int = Field(description="Documents in it that the caller may read.", examples=[20])
    created_at: datetime


class CollectionsBody(BaseModel):
    """Every collection."""

    collections: list[CollectionBody]


class NewCollectionBody(BaseModel):
    """A collection to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1,
        max_length=64,
        pattern="^[A-Za-z0-9._-]+$",
        examples=["engineering"],
    )


class DocumentBody(BaseModel):
    """One document."""

    id: str
    collection: str = Field(examples=["default"])
    title: str = Field(examples=["Annual leave"])
    uri: str = Field(examples=["file:///srv/handbook/people/leave.md"])
    media_type: str = Field(examples=["text/markdown"])
    size_bytes: int
    revision_id: str
    created_at: datetime
    updated_at: datetime
    source_id: str | None = Field(description="The source that keeps it in step; null for uploads and paths.")
    metadata: dict[str, str] = Field(examples=[{"department": "legal"}])


class DocumentsBody(BaseModel):
    """A page of documents, in order of their ids."""

    documents: list[DocumentBody]
    next: str | None = Field(description="Give this as `after` to get the next page; null on the last.")


class MetadataBody(BaseModel):
    """What a document is to be found by."""

    model_config = ConfigDict(extra="forbid")

    metadata: dict[str, str] = Field(
        max_length=MAX_KEYS,
        description=f"At most {MAX_KEYS} keys of A-Z a-z 0-9 . _ - with values of up to {MAX_VALUE_CHARS} characters.",
        examples=[{"department": "legal", "year": "2026"}],
    )


class DocumentTextBody(DocumentBody):
    """One document with the text that citations point into."""

    revision: int = Field(description="Number of the revision, from 1.")
    text: str


@router.get("/collections", summary="List collections")
def collections(services: ServicesDep, principal: PrincipalDep) -> CollectionsBody:
    """List every collection with the number of documents the caller may read in it."""
    return CollectionsBody(
        collections=[
            CollectionBody(name=c.name, documents=n, created_at=c.created_at)
            for c, n in services.catalog.collections(principal=principal)
        ]
    )


@router.post("/collections", status_code=201, summary="Make a collection")
def create_collection(body: NewCollectionBody, services: ServicesDep, _principal: AdministratorDep) -> CollectionBody:
    """Make an empty collection; 409 when there is one of this name."""
    made = services.catalog.create_collection(body.name)
    return CollectionBody(name=made.name, documents=0, created_at=made.created_at)


@dataclass(frozen=True, slots=True)
class _Destination:
    collection: str
    metadata: dict[str, str] | None


def _destination(
    collection: Annotated[str, Form(max_length=64, description="An existing collection.")] = DEFAULT_COLLECTION,
    metadata: Annotated[
        str | None,
        Form(max_length=20_000, description="A JSON object of texts for all files; kept as it was when not given."),
    ] = None,
) -> _Destination:
    return _Destination(collection, None if metadata is None else metadata_of(metadata))


@router.post(
    "/documents",
    summary="Upload documents",
    responses={202: {"model": RunBody, "description": "The files are kept; the run goes on."}},
)
def upload(
    services: ServicesDep,
    principal: AdministratorDep,
    response: Response,
    files: Annotated[list[UploadFile], File(description="One or more files.")],
    to: Annotated[_Destination, Depends(_destination)],
    wait: Annotated[bool, Form(description="Answer when the run has ended (200) or after two minutes (202).")] = True,
) -> RunBody:
    """Take files in; a file of a name that was uploaded before becomes its new revision.

    The run goes on whether or not the caller stays; what became of each file is among the run's documents.

    Returns:
        The run.
    """
    services.catalog.collection(to.collection, principal=principal)
    uploads = [_keep(services, file) for file in files]
    run = start_upload_run(services, uploads, collection=to.collection, created_by=principal.id, metadata=to.metadata)
    if wait:
        run = wait_for(services, run.id, timeout_s=_WAIT_S)
    if not run.ended:
        response.status_code = 202
    return run_body(services, run)


@router.get("/documents", summary="List documents")
def documents(
    services: ServicesDep,
    principal: PrincipalDep,
    collection: Annotated[str | None, Query(max_length=64)] = None,
    after: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> DocumentsBody:
    """List the documents that the caller may read."""
    page = services.catalog.documents(principal=principal, collection=collection, after=after, limit=limit)
    return DocumentsBody(documents=[_document_body(d) for d in page], next=page[-1].id if len(page) == limit else None)


DocumentId = Annotated[str, PathParameter(max_length=64, description="A document's id.")]


@router.get("/documents/{document_id}", summary="Open a document")
def document(
    document_id: DocumentId,
    services: ServicesDep,
    principal: PrincipalDep,
    revision: Annotated[
        str | None, Query(max_length=64, description="Id of an older revision; the live one when not given.")
    ] = None,
) -> DocumentTextBody:
    """Open a document with its text, as it is now or as it was when it was cited."""
    found = services.catalog.document(document_id, principal=principal)
    opened = services.catalog.revision(revision or found.live_revision_id or "", principal=principal)
    if opened.document_id != found.id:
        raise NotFoundError(f"no revision {revision}")
    body = _document_body(found).model_dump() | {"title": opened.title, "revision_id": opened.id}
    return DocumentTextBody(**body, revision=opened.number, text=opened.text)


@router.put("/documents/{document_id}/metadata", summary="Set a document's metadata")
def set_metadata(
    document_id: DocumentId, body: MetadataBody, services: ServicesDep, principal: AdministratorDep
) -> DocumentBody:
    """Give a document other metadata, in place of what it has; searches are narrowed by it at once."""
    services.catalog.document(document_id, principal=principal)
    services.catalog.set_metadata(document_id, body.metadata)
    services.publisher.relabel()
    return _document_body(services.catalog.document(document_id, principal=principal))


@router.delete("/documents/{document_id}", status_code=204, summary="Delete a document")
def delete(document_id: DocumentId, services: ServicesDep, principal: AdministratorDep) -> Response:
    """Delete a document with all its revisions; it is gone from every answer at once."""
    found = services.catalog.document(document_id, principal=principal)
    services.publisher.delete(found.id)
    return Response(status_code=204)


def _keep(services: Services, file: UploadFile) -> Upload:
    # The client's name is for people only; the bytes lie under a name of ours.
    sha256, size_bytes = services.blobs.put(file.file, max_bytes=services.settings.document_max_bytes)
    return Upload(plain_name(file.filename or ""), sha256, size_bytes)


def metadata_of(given: str) -> dict[str, str]:
    """Read metadata from a field of a form.

    Returns:
        It, checked.

    Raises:
        InvalidInputError: It is no JSON object of texts, or a key or a value cannot be kept.
    """
    try:
        found = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("metadata: this is no JSON") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InvalidInputError('metadata: a JSON object of texts is expected, such as {"department": "legal"}')
    return checked_metadata(found)


def plain_name(name: str) -> str:
    """Return the last part of a file's name as its client gave it, without what cannot be printed."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in last if c.isprintable()).strip(" .")
    return plain[-_MAX_NAME_CHARS:] or "unnamed"


def _document_body(document: Document) -> DocumentBody:
    return DocumentBody(
        id=document.id,
        collection=document.collection,
        title=document.title,
        uri=document.uri,
        media_type=document.media_type,
        size_bytes=document.size_bytes,
        revision_id=document.live_revision_id or "",
        created_at=document.created_at,
        updated_at=document.updated_at,
        source_id=document.source_id,
        metadata=dict(document.metadata),
    )
