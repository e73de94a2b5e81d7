"""Documents: listed, uploaded, opened, changed, deleted."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from fastapi import Path as PathParameter

from app.auth import Caller
from app.bootstrap import DEFAULT_COLLECTION, Services
from app.curating import curated, managed
from app.dependencies import CallerDep, PrincipalDep, ServicesDep, asker
from app.granting import MAX_ACCESS_CHARS, Access, access_in, granted
from app.ingesting import Given, Upload, start_upload_run, wait_for
from app.routes.document_bodies import (
    DocumentBody,
    DocumentsBody,
    DocumentTextBody,
    MetadataBody,
    OpenedDocumentBody,
    document_body,
    listed_body,
)
from app.routes.run_bodies import RunBody, run_body
from ingestion.pages import Original
from retrieval.errors import BusyError, DocumentError, InvalidInputError, NotFoundError
from retrieval.history import KeptRevision
from retrieval.listing import Sort, Wanted
from retrieval.metadata import checked_metadata

router = APIRouter(prefix="/v1", tags=["documents"])

_MAX_NAME_CHARS = 200
_WAIT_S = 120.0  # a caller who waits holds one of the threads that answer questions too


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


@dataclass(frozen=True, slots=True)
class _Page:
    after: str | None
    limit: int


def _page(
    after: Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> _Page:
    return _Page(after, limit)


@router.get("/documents", summary="List documents")
def documents(  # noqa: PLR0913, PLR0917 - as many as the request has parts
    services: ServicesDep,
    principal: PrincipalDep,
    page: Annotated[_Page, Depends(_page)],
    collection: Annotated[str | None, Query(max_length=64)] = None,
    managed: Annotated[
        bool, Query(description="Those of a collection that you look after, whether or not you may read them.")
    ] = False,
    q: Annotated[str, Query(max_length=200, description="Words in title or uri, in whatever case.")] = "",
    sort: Annotated[Sort, Query(description="`title` from A to Z, or the `newest` change first.")] = "id",
) -> DocumentsBody:
    """List the documents that the caller may read, or all of a collection that they look after, with who may read.

    Returns:
        A page of them.

    Raises:
        InvalidInputError: It is not said which collection they look after.
    """
    if managed and collection is None:
        raise InvalidInputError("managed: name the collection")
    if managed:
        curated(services, collection or "", principal=principal)
    wanted = Wanted(collection, managed, q, sort)
    found, behind = services.catalog.listing(wanted, principal=principal, after=page.after, limit=page.limit)
    return DocumentsBody(documents=[listed_body(one, managed=managed) for one in found], next=behind)


DocumentId = Annotated[str, PathParameter(max_length=64, description="A document's id.")]


@router.get("/documents/{document_id}", summary="Open a document", dependencies=[Depends(asker)])
def document(
    document_id: DocumentId,
    services: ServicesDep,
    caller: CallerDep,
    revision: Annotated[
        str | None, Query(max_length=64, description="Id of an older revision; the live one when not given.")
    ] = None,
) -> OpenedDocumentBody:
    """Open a document with its text, as it is now or as it was when it was cited."""
    text = opened(document_id, services, caller, revision)
    kept = services.catalog.kept_revision(document_id, text.revision_id, principal=caller.principal)
    pages = None
    is_kept = kept.content_sha256 in services.blobs
    if is_kept:
        with suppress(DocumentError, BusyError):  # the text is what was asked for
            pages = services.pages.count(original_of(services, kept))
    return OpenedDocumentBody(**text.model_dump(), pages=pages, original=is_kept)


def opened(document_id: str, services: Services, caller: Caller, revision: str | None) -> DocumentTextBody:
    """Open the text of a document, and note who did.

    Returns:
        It.

    Raises:
        NotFoundError: There is no such document or revision, or the caller may not read it.
    """
    principal = caller.principal
    found = services.catalog.document(document_id, principal=principal)
    text = services.catalog.revision(revision or found.live_revision_id or "", principal=principal)
    if text.document_id != found.id:
        raise NotFoundError(f"no revision {revision}")
    details = {"revision": text.number}
    services.audit_log.append("document.open", f"document:{found.id}", caller=caller, details=details)
    body = document_body(found).model_dump() | {"title": text.title, "revision_id": text.id}
    return DocumentTextBody(**body, revision=text.number, revised_at=text.created_at, text=text.text)


def original_of(services: Services, kept: KeptRevision) -> Original:
    """Return the file that a revision was made of.

    Raises:
        NotFoundError: It is not kept.
    """
    try:
        path = services.blobs.path(kept.content_sha256)
    except NotFoundError as error:
        raise NotFoundError(f"the file of revision {kept.number} is not kept; its text is") from error
    return Original(kept.content_sha256, kept.media_type, path)


@router.put("/documents/{document_id}/metadata", summary="Set a document's metadata")
def set_metadata(document_id: DocumentId, body: MetadataBody, services: ServicesDep, caller: CallerDep) -> DocumentBody:
    """Give a document other metadata, in place of what it has; searches are narrowed by it at once."""
    managed(services, document_id, principal=caller.principal)
    services.catalog.set_metadata(document_id, body.metadata)
    services.audit_log.append("document.metadata", f"document:{document_id}", caller=caller)
    services.publisher.relabel()
    return document_body(managed(services, document_id, principal=caller.principal))


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
