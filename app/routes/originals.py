"""The files that documents were made of: handed out as attachments, never shown by the browser as a page of ours."""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from app.dependencies import CallerDep, PrincipalDep, ServicesDep, asker
from app.routes.documents import DocumentId, plain_name
from retrieval.errors import NotFoundError

router = APIRouter(prefix="/v1/documents", tags=["documents"])

_PART_BYTES = 1 << 18
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Whatever its bytes are: no browser runs, shows or guesses at this type.
_MEDIA_TYPE = "application/octet-stream"
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/{document_id}/original",
    summary="Download the file a document was made of",
    response_class=StreamingResponse,
    responses=_RESPONSES,
    dependencies=[Depends(asker)],
)
def original(
    document_id: DocumentId, services: ServicesDep, principal: PrincipalDep, caller: CallerDep
) -> StreamingResponse:
    """Hand out the file as it came, for those who may read the document."""
    found = services.catalog.document(document_id, principal=principal)
    revision = services.catalog.revision(found.live_revision_id or "", principal=principal)
    try:
        # Opened before anything is sent: when the document is deleted meanwhile, the rest still comes.
        stream = services.blobs.path(revision.content_sha256).open("rb")
    except (NotFoundError, FileNotFoundError) as error:
        raise NotFoundError(f"the file of document {document_id} is not kept") from error
    details = {"revision": revision.number}
    services.audit_log.append("document.original", f"document:{document_id}", caller=caller, details=details)
    headers = HEADERS | {
        "Content-Disposition": disposition(found.uri),
        "Content-Length": str(os.fstat(stream.fileno()).st_size),
    }
    return StreamingResponse(_parts(stream), media_type=_MEDIA_TYPE, headers=headers)


def disposition(uri: str) -> str:
    """Return the header that has a browser save a file, under the last part of its uri (RFC 6266)."""
    kind, _, rest = uri.partition(":")
    name = plain_name(rest if kind == "upload" else unquote(rest.partition("?")[0].rstrip("/")))
    plain = "".join(c if c.isascii() and c not in '"\\%;' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while part := stream.read(_PART_BYTES):
            yield part
