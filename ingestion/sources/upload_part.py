"""What is known of an upload in parts, and where the bytes of a part go."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from retrieval.errors import ConflictError, InvalidInputError, NotFoundError, ResourceLimitError

CHECKSUMS = ("sha1", "sha256")


class UploadExpiredError(NotFoundError):
    """Nobody went on with the upload for too long; what had arrived is deleted."""


class UploadBusyError(ConflictError):
    """Somebody else is sending a part of the upload now."""


class ChecksumError(InvalidInputError):
    """A part did not arrive as it was sent; it was dropped."""


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """A file of which a part has arrived.

    Attributes:
        name: File name for people; never used as a path.
        collection: Where the document is to go.
        size_bytes: Of the whole file.
        offset: How many bytes have arrived.
        run_id: Of the run that takes it in, once everything has arrived.
        expires_at: When it is given up if nothing more arrives.
        metadata: Of the document; None keeps what it has.
        acl: Principal keys that may read it; None keeps who may.
    """

    id: str
    name: str
    collection: str
    size_bytes: int
    created_by: str
    offset: int
    run_id: str | None
    expires_at: datetime  # UTC
    metadata: Mapping[str, str] | None = None
    acl: Sequence[str] | None = None

    @property
    def complete(self) -> bool:
        """Whether everything has arrived."""
        return self.offset == self.size_bytes


class Part:
    """Where the bytes of a part go.

    Attributes:
        offset: How many bytes of the file have arrived by now.
    """

    def __init__(
        self, stream: BinaryIO, upload: PartialUpload, check_room: Callable[[int], None], digest: "hashlib._Hash | None"
    ) -> None:
        self.offset = upload.offset
        self._stream = stream
        self._upload = upload
        self._check_room = check_room
        self._digest = digest

    def write(self, content: bytes | bytearray) -> None:
        """Add bytes.

        Raises:
            ResourceLimitError: They would make more than the file was said to have.
            StorageFullError: There is no room for them.
        """
        if self.offset + len(content) > self._upload.size_bytes:
            raise ResourceLimitError(f"more arrives than the {self._upload.size_bytes} bytes that were announced")
        self._check_room(len(content))
        self._stream.write(content)
        self.offset += len(content)
        if self._digest is not None:
            self._digest.update(content)

    def matches(self, digest: bytes) -> bool:
        """Say whether what was written has a checksum."""
        return self._digest is None or self._digest.digest() == digest
