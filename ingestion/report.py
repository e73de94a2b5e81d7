"""What became of a document that was taken in: staged, or refused with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.access_rules import AccessRules
from ingestion.quality import Examined
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
class Terms:
    """How documents are taken in.

    Attributes:
        collection: Name of an existing collection.
        acl: Who may read those that no rule means; empty means nobody, None keeps who may.
        recipe: What their revisions are made with, see ``prepare.recipe_of``.
        ready: They may be published as soon as they are staged.
        metadata: What theirs becomes; None keeps what a document has.
        rules: Who may read those that they mean.
    """

    collection: str
    recipe: str
    acl: frozenset[str] | None = None
    ready: bool = False
    metadata: Mapping[str, str] | None = None
    rules: AccessRules = field(default_factory=AccessRules)

    def acl_of(self, uri: str) -> frozenset[str] | None:
        """Return who may read the document at a uri; None keeps who may."""
        by_rule = self.rules.acl_of(uri)
        return self.acl if by_rule is None else by_rule


@dataclass(frozen=True, slots=True)
class Ingested:
    """A document whose next revision is staged.

    Attributes:
        examined: What was found in it; None where nothing was looked for.
    """

    incoming: Incoming
    staged: Staged
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds by stage
    examined: Examined | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that could not be taken in; what was known of it before stays as it was.

    Attributes:
        examined: What was found in it, when that is the reason.
    """

    incoming: Incoming
    error: AttuneError
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds by stage
    examined: Examined | None = None
