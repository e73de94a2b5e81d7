"""Documents: listed, uploaded, opened, changed, deleted."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import DEFAULT_COLLECTION, Services
from app.curating import curated, managed
from app.dependencies import CallerDep, PrincipalDep, ServicesDep, asker
from app.granting import MAX_ACCESS_CHARS, Access, access_in, granted
from app.ingesting import Given, Upload, start_upload_run, wait_for
from app.routes.run_bodies import RunBody, run_body
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.metadata import MAX_KEYS, MAX_VALUE_CHARS, checked_metadata
from retrieval.types import Document

router = APIRouter(prefix="/v1", tags=["documents"])

_MAX_NAME_CHARS = 200
_WAIT_S = 120.0  # a caller who waits holds one of the threads that answer questions too


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


class ListedDocumentBody(DocumentBody):
    """One document of a list."""

    access: list[str] | None = Field(
        default=None, description="Keys of who may read it; only where the documents that you look after are listed."
    )
    access_version: int | None = None
    access_set_by: str | None = Field(default=None, description="Who set the list by hand.")


class DocumentsBody(BaseModel):
    """A page of documents, in order of their ids."""

    documents: list[ListedDocumentBody]
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


@dataclass(frozen=True, slots=True)
class _Destination:
    collection: str
    metadata: dict[str, str] | None
    access: Access | None


def _destination(
    collection: Annotated[str, Form(max_length=64, description="An existing collection.")] = DEFAULT_COLLECTION,
    metadata: Annotated[
        str | None,
        Form(max_length=20_000, description="A JSON object of texts for all files; kept as it was when not given."),
    ] = None,
    access: Annotated[
        str | None,
        Form(
            max_length=MAX_ACCESS_CHARS,
            description='Who may read them: "everyone", "private" or a JSON list of keys; kept as it was when not '
            "given, or when somebody set it by hand. New documents are for everybody who may read the collection.",
        ),
    ] = None,
) -> _Destination:
    of_metadata = None if metadata is None else metadata_of(metadata)
    return _Destination(collection, of_metadata, None if access is None else access_in(access))


@router.post(
    "/documents",
    summary="Upload documents",
    responses={202: {"model": RunBody, "description": "The files are kept; the run goes on."}},
)
def upload(
    services: ServicesDep,
    caller: CallerDep,
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
    principal = caller.principal
    curated(services, to.collection, principal=principal)
    acl = None if to.access is None else granted(services, to.access, principal=principal)
    uploads = [_keep(services, file) for file in files]
    labels = Given(to.metadata, acl)
    run = start_upload_run(services, uploads, collection=to.collection, created_by=principal.id, given=labels)
    services.audit_log.append("run.begin", f"run:{run.id}", caller=caller, details={"documents": len(uploads)})
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
    all_managed: Annotated[
        bool,
        Query(
            alias="managed", description="Those of a collection that you look after, whether or not you may read them."
        ),
    ] = False,
) -> DocumentsBody:
    """List the documents that the caller may read, or all of a collection that they look after, with who may read.

    Returns:
        A page of them.

    Raises:
        InvalidInputError: It is not said which collection they look after.
    """
    if not all_managed:
        page = services.catalog.documents(principal=principal, collection=collection, after=after, limit=limit)
        return _page([ListedDocumentBody(**_document_body(d).model_dump()) for d in page], limit)
    if collection is None:
        raise InvalidInputError("managed: name the collection")
    curated(services, collection, principal=principal)
    page = services.catalog.managed_documents(collection, principal=principal, after=after, limit=limit)
    return _page([_managed_body(d) for d in page], limit)


DocumentId = Annotated[str, PathParameter(max_length=64, description="A document's id.")]


@router.get("/documents/{document_id}", summary="Open a document", dependencies=[Depends(asker)])
def document(
    document_id: DocumentId,
    services: ServicesDep,
    caller: CallerDep,
    revision: Annotated[
        str | None, Query(max_length=64, description="Id of an older revision; the live one when not given.")
    ] = None,
) -> DocumentTextBody:
    """Open a document with its text, as it is now or as it was when it was cited."""
    principal = caller.principal
    found = services.catalog.document(document_id, principal=principal)
    opened = services.catalog.revision(revision or found.live_revision_id or "", principal=principal)
    if opened.document_id != found.id:
        raise NotFoundError(f"no revision {revision}")
    details = {"revision": opened.number}
    services.audit_log.append("document.open", f"document:{found.id}", caller=caller, details=details)
    body = _document_body(found).model_dump() | {"title": opened.title, "revision_id": opened.id}
    return DocumentTextBody(**body, revision=opened.number, text=opened.text)


@router.put("/documents/{document_id}/metadata", summary="Set a document's metadata")
def set_metadata(document_id: DocumentId, body: MetadataBody, services: ServicesDep, caller: CallerDep) -> DocumentBody:
    """Give a document other metadata, in place of what it has; searches are narrowed by it at once."""
    managed(services, document_id, principal=caller.principal)
    services.catalog.set_metadata(document_id, body.metadata)
    services.audit_log.append("document.metadata", f"document:{document_id}", caller=caller)
    services.publisher.relabel()
    return _document_body(managed(services, document_id, principal=caller.principal))


@router.delete("/documents/{document_id}", status_code=204, summary="Delete a document")
def delete(document_id: DocumentId, services: ServicesDep, caller: CallerDep) -> Response:
    """Delete a document with all its revisions; it is gone from every answer at once."""
    found = managed(services, document_id, principal=caller.principal)
    services.publisher.delete(found.id)
    services.audit_log.append("document.delete", f"document:{found.id}", caller=caller)
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


def _page(bodies: list[ListedDocumentBody], limit: int) -> DocumentsBody:
    return DocumentsBody(documents=bodies, next=bodies[-1].id if len(bodies) == limit else None)


def _managed_body(document: Document) -> ListedDocumentBody:
    return ListedDocumentBody(
        **_document_body(document).model_dump(),
        access=sorted(document.acl),
        access_version=document.access_version,
        access_set_by=document.access_set_by,
    )


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
