"""Uploads in parts: what has arrived lies on the disk, so that whoever was cut off goes on where they were.

The size of the file is the truth about how much has arrived; beside it stands what was said when it was begun. Any
process may be killed at any moment.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from ingestion.blobs import storage
from ingestion.sources.upload_part import ChecksumError, Part, PartialUpload, UploadBusyError, UploadExpiredError
from retrieval.errors import ConflictError, NotFoundError, ResourceLimitError

EXPIRES_AFTER = timedelta(hours=24)
_FRESH = ".new"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class _Begun:
    name: str
    collection: str
    size_bytes: int
    created_by: str
    run_id: str | None = None
    metadata: Mapping[str, str] | None = None
    acl: Sequence[str] | None = None


class PartialUploads:
    """The uploads that are under way, in a folder; any number of threads and processes may share it.

    Args:
        folder: Made with mode 0700 where it is missing.
        max_bytes: Largest file.
        check_room: Called with a number of bytes before they are written; raises where they would not fit.
    """

    def __init__(self, folder: Path, *, max_bytes: int, check_room: Callable[[int], None]) -> None:
        self.max_bytes = max_bytes
        self._folder = folder
        self._check_room = check_room
        with storage():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(
        self,
        name: str,
        *,
        collection: str,
        size_bytes: int,
        created_by: str,
        metadata: Mapping[str, str] | None = None,
        acl: Iterable[str] | None = None,
    ) -> PartialUpload:
        """Begin an upload.

        Args:
            name: File name for people.
            collection: Where the document is to go.
            size_bytes: Of the whole file.
            created_by: Who uploads it.
            metadata: Of the document; None keeps what it has.
            acl: Principal keys that may read it; None keeps who may.

        Returns:
            It, with nothing in it yet.

        Raises:
            ResourceLimitError: The file is larger than one may be.
            StorageFullError: There is no room for it.
        """
        if size_bytes > self.max_bytes:
            raise ResourceLimitError(
                f"{name} is larger than {self.max_bytes / 2**20:,.0f} MB, which ATTUNE_DOCUMENT_MAX_BYTES allows"
            )
        self.expire()
        self._check_room(size_bytes)
        upload_id = uuid4().hex
        with storage():
            os.close(os.open(self._part(upload_id), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            readers = None if acl is None else sorted(acl)
            self._write(upload_id, _Begun(name, collection, size_bytes, created_by, None, metadata, readers))
        return self.get(upload_id)

    def get(self, upload_id: str) -> PartialUpload:
        """Look at an upload.

        Returns:
            It, as it is now.

        Raises:
            NotFoundError: There is none of this id.
            UploadExpiredError: It was given up.
        """
        begun = self._begun(upload_id)
        state, part = self._state(upload_id), self._part(upload_id)
        try:
            known = (state if begun.run_id else part).stat()
        except FileNotFoundError as error:
            raise NotFoundError(f"no upload {upload_id}") from error
        expires_at = datetime.fromtimestamp(known.st_mtime, UTC) + EXPIRES_AFTER
        if expires_at < datetime.now(UTC):
            raise UploadExpiredError(f"the upload {upload_id} has expired; begin it again")
        offset = begun.size_bytes if begun.run_id else known.st_size
        kept = (begun.name, begun.collection, begun.size_bytes, begun.created_by)
        return PartialUpload(upload_id, *kept, offset, begun.run_id, expires_at, begun.metadata, begun.acl)

    @contextmanager
    def appending(self, upload_id: str, offset: int, *, checksum: tuple[str, bytes] | None = None) -> Iterator[Part]:
        """Write a part; what was written when an error leaves the block stays, and is on the disk afterwards.

        Args:
            upload_id: Of the upload.
            offset: Where the part belongs: how many bytes have arrived before it.
            checksum: Algorithm of ``CHECKSUMS`` and digest of the part; it is dropped where it is another.

        Yields:
            What to write into.

        Raises:
            NotFoundError: There is no such upload.
            UploadExpiredError: It was given up.
            UploadBusyError: Another part is being written.
            ConflictError: Another number of bytes has arrived.
            ChecksumError: The part is damaged.
            StorageFullError: The disk is full.
        """
        with self._locked(upload_id) as stream:
            upload = self.get(upload_id)
            if upload.offset != offset:
                raise ConflictError(
                    f"{upload.offset} bytes have arrived, so the next part begins there, not at {offset}"
                )
            part = Part(stream, upload, self._check_room, hashlib.new(checksum[0]) if checksum else None)
            sound = checksum is None
            try:
                yield part
                sound = checksum is None or part.matches(checksum[1])
                if not sound:
                    raise ChecksumError("the part did not arrive as it was sent, and was dropped; send it again")
            finally:
                if not sound:
                    stream.truncate(offset)  # also where it broke off: half a part has no checksum
                stream.flush()
                os.fsync(stream.fileno())

    def finish(self, upload_id: str, take: Callable[[PartialUpload, Path], str]) -> PartialUpload:
        """Hand a complete upload over; once, however often and by how many it is called.

        Args:
            upload_id: Of the upload.
            take: Given the upload and where its bytes lie; returns the id of the run that takes it in. If it is
                killed between the two it is called again.

        Returns:
            The upload, with its run.

        Raises:
            ConflictError: Something has not arrived yet.
        """
        with self._locked(upload_id):
            upload = self.get(upload_id)
            if upload.run_id is not None:
                return upload
            if not upload.complete:
                raise ConflictError(f"only {upload.offset} of {upload.size_bytes} bytes have arrived")
            run_id = take(upload, self._part(upload_id))
            with storage():
                self._write(upload_id, replace(self._begun(upload_id), run_id=run_id))
                os.truncate(self._part(upload_id), 0)  # the name stays for the lock
        return self.get(upload_id)

    def delete(self, upload_id: str) -> None:
        """Give an upload up.

        Raises:
            NotFoundError: There is none of this id.
            UploadBusyError: A part of it is being written.
        """
        self._begun(upload_id)
        with self._locked(upload_id):
            self._forget(upload_id)

    def waiting(self) -> list[PartialUpload]:
        """Return the uploads that are complete and were not handed over, because the process was killed then."""
        found = [upload for upload_id in self._ids() if (upload := self._known(upload_id)) is not None]
        return [upload for upload in found if upload.complete and upload.run_id is None]

    def expire(self) -> int:
        """Delete what nobody went on with.

        Returns:
            How many uploads were given up.
        """
        before = (datetime.now(UTC) - EXPIRES_AFTER).timestamp()
        old = [upload_id for upload_id in self._ids() if self._touched_at(upload_id) < before]
        for upload_id in old:
            self._forget(upload_id)
        return len(old)

    @contextmanager
    def _locked(self, upload_id: str) -> Iterator[BinaryIO]:
        self._begun(upload_id)
        try:
            stream = self._part(upload_id).open("ab")
        except FileNotFoundError as error:
            raise NotFoundError(f"no upload {upload_id}") from error
        with stream, storage():
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UploadBusyError("another part of this upload is arriving now; try again") from error
            yield stream

    def _begun(self, upload_id: str) -> _Begun:
        if not _ID.fullmatch(upload_id):
            raise NotFoundError("no such upload")
        try:
            return _Begun(**json.loads(self._state(upload_id).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise NotFoundError(f"no upload {upload_id}") from error

    def _known(self, upload_id: str) -> PartialUpload | None:
        try:
            return self.get(upload_id)
        except NotFoundError:
            return None

    def _write(self, upload_id: str, begun: _Begun) -> None:
        fresh = self._state(upload_id).with_suffix(_FRESH)
        with fresh.open("w", encoding="utf-8") as out:
            fresh.chmod(0o600)
            json.dump(asdict(begun), out)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._state(upload_id))

    def forget(self, created_by: str) -> int:
        """Give up what somebody has begun, and forget what they uploaded; returns how many uploads."""
        return self._forget_all(lambda begun: begun.created_by == created_by)

    def forget_named(self, collection: str, name: str) -> int:
        """Give up and forget the uploads of a file name into a collection; returns how many."""
        return self._forget_all(lambda begun: (begun.collection, begun.name) == (collection, name))

    def _forget_all(self, wanted: "Callable[[_Begun], bool]") -> int:
        known = {upload_id: self._begun(upload_id) for upload_id in self._ids() if self._known(upload_id) is not None}
        mine = [upload_id for upload_id, begun in known.items() if wanted(begun)]
        for upload_id in mine:
            self._forget(upload_id)
        return len(mine)

    def _forget(self, upload_id: str) -> None:
        # The state first: a part without one is nobody's, and goes with time.
        self._state(upload_id).unlink(missing_ok=True)
        self._part(upload_id).unlink(missing_ok=True)
        self._state(upload_id).with_suffix(_FRESH).unlink(missing_ok=True)

    def _ids(self) -> set[str]:
        return {path.stem for path in self._folder.iterdir() if _ID.fullmatch(path.stem)}

    def _touched_at(self, upload_id: str) -> float:
        touched = []
        for path in (self._part(upload_id), self._state(upload_id)):
            try:
                touched.append(path.stat().st_mtime)
            except FileNotFoundError:
                continue
        return max(touched, default=0.0)

    def _part(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.part"

    def _state(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.json"
