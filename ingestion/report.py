"""What became of a document that was taken in: staged, or refused with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.types import SourceFile
from ingestion.write import Staged
from retrieval.errors import AttuneError


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not taken in, and why, in words for people."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document to take in: its bytes, and where it came from.

    Attributes:
        source_id: The source that keeps it in step; None for uploads and paths given once.
        source_version: What the source calls this state, where it does.
    """

    file: SourceFile
    content_sha256: str
    size_bytes: int
    source_id: str | None = None
    source_version: str | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """A document whose next revision is staged."""

    incoming: Incoming
    staged: Staged
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds by stage


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that could not be taken in; what was known of it before stays as it was."""

    incoming: Incoming
    error: AttuneError
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds by stage
