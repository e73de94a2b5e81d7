"""Large files in parts, by the tus protocol 1.0.0 (https://tus.io): whoever is cut off goes on where they were."""

import base64
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from fastapi import Path as PathParameter
from fastapi.concurrency import contextmanager_in_threadpool
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.auth import Caller
from app.bootstrap import DEFAULT_COLLECTION, Services
from app.curating import curated
from app.dependencies import CallerDep, PrincipalDep, ServicesDep
from app.errors import described
from app.granting import access_in, granted
from app.routes.documents import metadata_of, plain_name
from app.uploading import take_in
from ingestion.sources.upload_part import CHECKSUMS, ChecksumError, Part, PartialUpload
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.types import Principal

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
PART = "application/offset+octet-stream"
_CHECKSUM_MISMATCH = 460  # of the protocol, not of HTTP
_WRITTEN_AT_ONCE_BYTES = 1 << 20


def speaks_tus(tus_resumable: Annotated[str | None, Header()] = None) -> None:
    """Check that the client speaks the protocol.

    Raises:
        HTTPException: 412 when it speaks another version, or none.
    """
    if tus_resumable != VERSION:
        said = f"this needs the header Tus-Resumable: {VERSION}"
        raise HTTPException(412, said, headers={"Tus-Version": VERSION, "Tus-Resumable": VERSION})


_SPOKEN = [Depends(speaks_tus)]
_RAW: dict[str, Any] = {"requestBody": {"content": {PART: {"schema": {"type": "string", "format": "binary"}}}}}

_REFUSALS = described({
    400: "The connection was lost, or the checksum is no checksum",
    410: "It has expired",
    412: "The client speaks another version of the protocol, or none",
    415: "The body is no part",
    423: "A part is arriving already",
    _CHECKSUM_MISMATCH: "What arrived is not what was sent",
})

router = APIRouter(prefix="/v1/uploads", tags=["uploads"], responses=_REFUSALS)

UploadId = Annotated[str, PathParameter(max_length=64, description="An upload's id, the end of its Location.")]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=2**53)]
Checksum = Annotated[str | None, Header(alias="Upload-Checksum", max_length=200)]


@router.options("", status_code=204, summary="Ask what uploads can do")
def options(services: ServicesDep, _principal: PrincipalDep) -> Response:
    """Tell the version of the protocol, its extensions, and how large a file may be."""
    headers = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services.uploads.max_bytes),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }
    return Response(status_code=204, headers=headers)


@router.post("", status_code=201, summary="Begin an upload", dependencies=_SPOKEN, openapi_extra=_RAW)
async def create(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    upload_length: Annotated[int, Header(alias="Upload-Length", ge=0, le=2**53)],
    upload_metadata: Annotated[str, Header(alias="Upload-Metadata", max_length=8_000)] = "",
    upload_checksum: Checksum = None,
) -> Response:
    """Begin an upload. `Upload-Metadata` names it: `filename`, the `collection` it is for, its `metadata` as JSON.

    `access` in it says who may read it, as the form of `POST /v1/documents`. The body may hold the first part.

    Returns:
        201 with its address.
    """
    said, principal = _metadata(upload_metadata), caller.principal
    collection = said.get("collection") or DEFAULT_COLLECTION
    name = plain_name(said.get("filename") or said.get("name") or "")
    await run_in_threadpool(curated, services, collection, principal=principal)
    upload = await run_in_threadpool(
        services.uploads.create,
        name,
        collection=collection,
        size_bytes=upload_length,
        created_by=principal.id,
        metadata=metadata_of(said["metadata"]) if "metadata" in said else None,
        acl=await run_in_threadpool(_access, services, said, principal),
    )
    # An empty file is complete at once.
    if _holds_part(request) or upload.complete:
        upload = await _append(request, services, upload.id, caller, offset=0, checksum=upload_checksum)
    return Response(status_code=201, headers=_headers(upload) | {"Location": f"{router.prefix}/{upload.id}"})


@router.head("/{upload_id}", summary="Ask how much of an upload has arrived", dependencies=_SPOKEN)
def progress(upload_id: UploadId, services: ServicesDep, principal: PrincipalDep) -> Response:
    """Tell where the next part begins; `Attune-Run` names the run once everything has arrived."""
    upload = _own(services, upload_id, principal)
    headers = {"Upload-Length": str(upload.size_bytes), "Cache-Control": "no-store"}
    return Response(status_code=200, headers=headers | _headers(upload))


@router.patch("/{upload_id}", status_code=204, summary="Send a part", dependencies=_SPOKEN, openapi_extra=_RAW)
async def append(
    request: Request,
    upload_id: UploadId,
    services: ServicesDep,
    caller: CallerDep,
    upload_offset: Offset,
    upload_checksum: Checksum = None,
) -> Response:
    """Add a part at the offset where the file ends; with the last one a run begins that takes the file in.

    Returns:
        204 with the offset where the next part begins.

    Raises:
        HTTPException: 415 for a body that is no part.
    """
    if not _holds_part(request):
        raise HTTPException(415, f"a part is sent as {PART}")
    await run_in_threadpool(_own, services, upload_id, caller.principal)
    upload = await _append(request, services, upload_id, caller, offset=upload_offset, checksum=upload_checksum)
    return Response(status_code=204, headers=_headers(upload))


@router.delete("/{upload_id}", status_code=204, summary="Give an upload up", dependencies=_SPOKEN)
def terminate(upload_id: UploadId, services: ServicesDep, principal: PrincipalDep) -> Response:
    """Delete what has arrived; a run that has begun goes on."""
    _own(services, upload_id, principal)
    services.uploads.delete(upload_id)
    return Response(status_code=204, headers={"Tus-Resumable": VERSION})


def _own(services: Services, upload_id: str, principal: Principal) -> PartialUpload:
    """Return an upload that the principal began, and still may; an administrator gets anybody's."""
    upload = services.uploads.get(upload_id)
    is_own = principal.administrator or upload.created_by == principal.id
    if not is_own or not services.catalog.curates(upload.collection, principal=principal):
        raise NotFoundError(f"no upload {upload_id}")
    return upload


def _access(services: Services, said: dict[str, str], principal: Principal) -> frozenset[str] | None:
    return granted(services, access_in(said["access"]), principal=principal) if "access" in said else None


async def _append(
    request: Request, services: Services, upload_id: str, caller: Caller, *, offset: int, checksum: str | None
) -> PartialUpload:
    appending = services.uploads.appending(upload_id, offset, checksum=_checksum(checksum))
    try:
        # Entered and left in a thread: leaving waits for the disk.
        async with contextmanager_in_threadpool(appending) as part:
            await _receive(request, part)
    except ClientDisconnect as error:
        raise HTTPException(400, "the connection was lost; what had arrived is kept") from error
    except ChecksumError as error:
        raise HTTPException(_CHECKSUM_MISMATCH, str(error)) from error
    return await run_in_threadpool(_take_in, services, upload_id, caller)


def _take_in(services: Services, upload_id: str, caller: Caller) -> PartialUpload:
    upload = take_in(services, upload_id)
    if upload.run_id is not None:
        services.audit_log.append("run.begin", f"run:{upload.run_id}", caller=caller, details={"documents": 1})
    return upload


async def _receive(request: Request, part: Part) -> None:
    waiting = bytearray()
    try:
        async for content in request.stream():
            waiting += content
            if len(waiting) >= _WRITTEN_AT_ONCE_BYTES:
                await run_in_threadpool(part.write, bytes(waiting))
                waiting.clear()
    finally:
        if waiting:
            await run_in_threadpool(part.write, bytes(waiting))


def _holds_part(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == PART


def _headers(upload: PartialUpload) -> dict[str, str]:
    headers = {
        "Tus-Resumable": VERSION,
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    return headers if upload.run_id is None else headers | {"Attune-Run": upload.run_id}


def _metadata(header: str) -> dict[str, str]:
    """Read pairs of a name and a value in Base64, parted by commas.

    Returns:
        Name -> value.

    Raises:
        InvalidInputError: It is none.
    """
    found = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        if name:
            try:
                found[name] = base64.b64decode(value.strip(), validate=True).decode("utf-8")
            except ValueError as error:
                raise InvalidInputError(f"Upload-Metadata: the value of {name[:50]!r} is no UTF-8 in Base64") from error
    return found


def _checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    algorithm, _, value = header.strip().partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except ValueError as error:
        raise HTTPException(400, "Upload-Checksum: the checksum is no Base64") from error
    if algorithm not in CHECKSUMS:
        raise HTTPException(400, f"Upload-Checksum: only {', '.join(CHECKSUMS)} are known")
    return algorithm, digest
