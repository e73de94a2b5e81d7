"""The revisions of a document and their chunks, for those who may read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from retrieval.access import readable_keys
from retrieval.errors import NotFoundError
from retrieval.gate import READABLE
from retrieval.rows import storable, to_chunks
from retrieval.store import CHUNK_COLUMNS, Store, listed
from retrieval.tables import chunks, documents, revisions
from retrieval.types import Chunk, Place, Principal

_CHUNK_COUNT = select(func.count()).select_from(chunks).where(chunks.c.revision_id == revisions.c.id).scalar_subquery()
_KEPT = (
    select(revisions.c.id, revisions.c.document_id, revisions.c.number, revisions.c.created_at, revisions.c.title)
    .add_columns(revisions.c.media_type, revisions.c.size_bytes, revisions.c.content_sha256, _CHUNK_COUNT)
    .add_columns((documents.c.live_revision_id == revisions.c.id).label("live"))
    .join(documents, documents.c.id == revisions.c.document_id)
    .where(revisions.c.state != "staged", READABLE)
)
_REVISIONS = (
    _KEPT
    .where(documents.c.id == bindparam("document_id"), revisions.c.number < bindparam("before"))
    .order_by(revisions.c.number.desc())
    .limit(bindparam("limit"))
)
_REVISION = _KEPT.where(documents.c.id == bindparam("document_id"), revisions.c.id == bindparam("revision_id"))
_LIVE_REVISION = _KEPT.where(documents.c.id == bindparam("document_id"), revisions.c.id == documents.c.live_revision_id)
_CHUNKS = (
    select(*CHUNK_COLUMNS)
    .join(revisions, revisions.c.id == chunks.c.revision_id)
    .join(documents, documents.c.id == revisions.c.document_id)
    .where(revisions.c.id == bindparam("revision_id"), revisions.c.state != "staged", READABLE)
    .order_by(chunks.c.ordinal)
)
_CHUNK_PAGE = _CHUNKS.where(chunks.c.ordinal > bindparam("after")).limit(bindparam("limit"))
_CHUNKS_BETWEEN = _CHUNKS.where(chunks.c.start < bindparam("end"), chunks.c.end > bindparam("start"))
_NO_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class KeptRevision:
    """One state of a document, without its text.

    Attributes:
        created_at: When it was taken in (UTC).
        chunks: How many it has; 0 for one that is not live, once the index has forgotten them.
        live: Readers see it now.
    """

    id: str
    document_id: str
    number: int
    created_at: datetime
    title: str
    media_type: str
    size_bytes: int
    content_sha256: str
    chunks: int
    live: bool


class History(Store):
    """The part of the catalog that shows what a document was and how it was cut."""

    def revisions_of(
        self, document_id: str, *, principal: Principal, before: int | None = None, limit: int = 100
    ) -> list[KeptRevision]:
        """Return the revisions of a document that the principal may read, the newest first.

        Args:
            document_id: The document.
            principal: Who asks.
            before: Number of the last one of the page before.
            limit: Most of them.

        Returns:
            Empty for a document that is missing or that they may not read, too.
        """
        before = _NO_NUMBER if before is None else before
        rows = self._rows(_REVISIONS, principal, document_id=document_id, before=before, limit=limit)
        return [KeptRevision(*row) for row in rows]

    def kept_revision(self, document_id: str, revision_id: str | None, *, principal: Principal) -> KeptRevision:
        """Return a revision of a document that the principal may read.

        Args:
            document_id: The document.
            revision_id: The revision; None is the live one.
            principal: Who asks.

        Returns:
            It.

        Raises:
            NotFoundError: The document is missing or they may not read it, or it has no such revision.
        """
        live = self._rows(_LIVE_REVISION, principal, document_id=document_id)
        if not live:
            raise NotFoundError(f"no document {document_id}")
        if revision_id is None:
            return KeptRevision(*live[0])
        found = self._rows(_REVISION, principal, document_id=document_id, revision_id=revision_id)
        if not found:
            raise NotFoundError(f"no revision {revision_id}")
        return KeptRevision(*found[0])

    def chunk_page(self, revision_id: str, *, principal: Principal, after: int = -1, limit: int = 100) -> list[Chunk]:
        """Return chunks of a revision of a document that the principal may read, in reading order.

        Args:
            revision_id: The revision.
            principal: Who asks.
            after: Ordinal of the last one of the page before.
            limit: Most of them.

        Returns:
            Empty for a revision that is missing or that they may not read, too.
        """
        rows = self._rows(_CHUNK_PAGE, principal, revision_id=revision_id, after=after, limit=limit)
        return to_chunks(rows)

    def places_between(self, revision_id: str, start: int, end: int, *, principal: Principal) -> list[Place]:
        """Return where the text between two characters stands in the original, as far as that is known.

        Returns:
            In reading order, each once; they may reach further than was asked for.
        """
        rows = self._rows(_CHUNKS_BETWEEN, principal, revision_id=revision_id, start=start, end=end)
        places = [place for chunk in to_chunks(rows) for place in chunk.places]
        return [place for place in dict.fromkeys(places) if place.start < end and place.end > start]

    def _rows(
        self, statement: Select[Any], principal: Principal, **values: str | int
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        keys = readable_keys(principal)
        if not keys or not all(storable(value) for value in values.values() if isinstance(value, str)):
            return []
        with self._reading() as connection:
            return connection.execute(statement, {"keys": listed(keys)} | values).all()
