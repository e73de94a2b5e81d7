"""What happens when the last part of an upload has arrived."""

from pathlib import Path

import structlog

from app.bootstrap import Services
from app.ingesting import Given, Upload, start_upload_run
from ingestion.sources.upload_part import PartialUpload
from retrieval.errors import AttuneError


def take_in(services: Services, upload_id: str) -> PartialUpload:
    """Keep the bytes of an upload as an original and begin a run, if everything has arrived and none has begun.

    Returns:
        The upload, as it is now.

    Raises:
        NotFoundError: There is no such upload, or its collection is gone.
        StorageFullError: There is no room; the upload stays and can be tried again.
    """
    upload = services.uploads.get(upload_id)
    if not upload.complete or upload.run_id is not None:
        return upload

    def take(whole: PartialUpload, path: Path) -> str:
        sha256, size_bytes = services.blobs.put_file(path, max_bytes=services.uploads.max_bytes)
        kept = Upload(whole.name, sha256, size_bytes)
        given = Given(whole.metadata, None if whole.acl is None else frozenset(whole.acl))
        run = start_upload_run(services, [kept], collection=whole.collection, created_by=whole.created_by, given=given)
        return run.id

    return services.uploads.finish(upload_id, take)


def take_in_waiting(services: Services) -> None:
    """Take in what had arrived when the server was killed, before anybody was told; give up what has expired."""
    services.uploads.expire()
    for upload in services.uploads.waiting():
        try:
            take_in(services, upload.id)
        except AttuneError as error:
            structlog.get_logger().warning("an upload was not taken in", upload=upload.id, reason=str(error))
