"""The nouns of a kept document; all frozen, changed with ``dataclasses.replace``. Import them from ``types``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points (1/72 inch), origin at the top left, after page rotation."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stretch of the stored text stands in the original.

    Attributes:
        start: Character offset into the revision's text, inclusive.
        end: Character offset into the revision's text, exclusive.
        page: Page, slide or sheet number from 1, where the format has one.
        box: The rectangle on that page, where the format has one.
    """

    start: int
    end: int
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents."""

    id: str
    name: str
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Document:
    """One source document; its text lives in revisions.

    Attributes:
        uri: Where it came from, unique within the collection: ``file:///...`` or ``upload:NAME``.
        acl: Principal keys that may read it; empty means nobody.
        live_revision_id: The revision readers see; None until the first is published.
        source_id: The source that keeps it in step; None for uploads and paths given once.
        metadata: Keys and values that people gave it; searches can be narrowed by them.
        access_version: How often its access list was set by hand.
        access_set_by: Who did that last; None where the list came from its upload or source.
    """

    id: str
    collection: str
    uri: str
    title: str
    media_type: str
    acl: frozenset[str]
    live_revision_id: str | None
    size_bytes: int
    created_at: datetime  # UTC
    updated_at: datetime  # UTC
    source_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    access_version: int = 0
    access_set_by: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a document's text. ``content_sha256`` is of the original bytes."""

    id: str
    document_id: str
    number: int  # from 1, per document
    state: Literal["staged", "live", "retired"]
    content_sha256: str
    recipe: str  # parser, chunker and embedder fingerprint: a change of any re-ingests
    title: str
    text: str
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a revision that is embedded and found as one.

    ``text == revision.text[start:end]``; ``context`` (title, section path, table header) is embedded before it
    but is no part of any quote.
    """

    id: str
    document_id: str
    revision_id: str
    ordinal: int  # from 0, in reading order
    start: int
    end: int
    text: str
    context: str
    section: tuple[str, ...]
    token_count: int
    places: tuple[Place, ...] = ()

    @property
    def embedding_text(self) -> str:
        """What the embedder and BM25 see."""
        return f"{self.context}\n{self.text}" if self.context else self.text
