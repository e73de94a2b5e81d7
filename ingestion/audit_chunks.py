"""The chunks of the catalog as the doctor reads them, on nobody's behalf: all of them, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, select, update

from retrieval.rows import to_chunks
from retrieval.store import CHUNK_COLUMNS, Store, listed, one_of
from retrieval.tables import (
    chunk_vectors,
    chunks,
    collections,
    document_access,
    documents,
    revisions,
)
from retrieval.types import Chunk

_LIVE = (documents.c.deleted_at.is_(None), documents.c.live_revision_id == chunks.c.revision_id)
_TEXTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A live chunk and the vector that is kept beside it."""

    id: str
    fingerprint: str | None
    vector: bytes | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a chunk belongs.

    Attributes:
        live: Readers see its revision.
    """

    document_id: str
    revision_id: str
    collection: str
    acl: frozenset[str]
    live: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """A chunk that is not the text at its place, or names another document than its revision does."""

    chunk_id: str
    revision_id: str
    misquoted: bool
    misfiled: bool


class ChunkAudit(Store):
    """Every page is one statement, so that what it shows of a document fits together."""

    def live_chunks_after(self, after: str, limit: int) -> list[StoredChunk]:
        """Return live chunks behind an id, in the order of their ids."""
        return self._stored(_stored().where(chunks.c.id > after).order_by(chunks.c.id).limit(limit))

    def live_chunks_of(self, chunk_ids: Sequence[str]) -> list[StoredChunk]:
        """Return those of the chunks that are live."""
        return self._stored(_stored().where(one_of(chunks.c.id, "ids")), ids=listed(chunk_ids))

    def standings(self, chunk_ids: Sequence[str]) -> dict[str, Standing]:
        """Return where chunks belong, by id; those that the catalog does not have are left out."""
        statement = (
            select(chunks.c.id, chunks.c.document_id, chunks.c.revision_id, func.coalesce(collections.c.name, ""))
            .add_columns(and_(*_LIVE), document_access.c.principal_key)
            .outerjoin(documents, documents.c.id == chunks.c.document_id)
            .outerjoin(collections, collections.c.id == documents.c.collection_id)
            .outerjoin(document_access, document_access.c.document_id == documents.c.id)
            .where(one_of(chunks.c.id, "ids"))
        )
        places: dict[str, tuple[str, str, str, bool]] = {}
        keys: dict[str, set[str]] = {}
        with self._reading() as connection:
            for chunk_id, document_id, revision_id, collection, live, key in connection.execute(
                statement, {"ids": listed(chunk_ids)}
            ):
                places[chunk_id] = (document_id, revision_id, collection, bool(live))
                keys.setdefault(chunk_id, set()).update([] if key is None else [key])
        return {
            chunk_id: Standing(document_id, revision_id, collection, frozenset(keys[chunk_id]), live)
            for chunk_id, (document_id, revision_id, collection, live) in places.items()
        }

    def whole_chunks(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        """Return those of the chunks that are live, with all the index needs of them."""
        statement = (
            select(*CHUNK_COLUMNS)
            .join(documents, documents.c.id == chunks.c.document_id)
            .where(one_of(chunks.c.id, "ids"), *_LIVE)
        )
        with self._reading() as connection:
            return to_chunks(connection.execute(statement, {"ids": listed(chunk_ids)}).all())

    def misquotes(self) -> Iterator[Quote]:
        """Yield the live chunks that do not fit their revision, whose texts are read once each."""
        live = select(documents.c.live_revision_id).where(documents.c.deleted_at.is_(None)).scalar_subquery()
        page = select(revisions.c.id, revisions.c.document_id, revisions.c.text).where(revisions.c.id.in_(live))
        page = page.where(revisions.c.id > bindparam("after")).order_by(revisions.c.id).limit(_TEXTS_AT_ONCE)
        columns = (chunks.c.id, chunks.c.revision_id, chunks.c.document_id, chunks.c.start, chunks.c.end, chunks.c.text)
        of_page = select(*columns).where(one_of(chunks.c.revision_id, "ids"))
        after = ""
        while True:
            with self._reading() as connection:
                texts = {row[0]: (row[1], row[2]) for row in connection.execute(page, {"after": after})}
                if not texts:
                    return
                rows = connection.execute(of_page, {"ids": listed(texts)}).all()
            for chunk_id, revision_id, document_id, start, end, quoted in rows:
                owner, whole = texts[revision_id]
                misquoted = not 0 <= start <= end or whole[start:end] != quoted
                if misquoted or document_id != owner:
                    yield Quote(chunk_id, revision_id, misquoted, document_id != owner)
            after = max(texts)

    def requote(self, chunk_id: str) -> bool:
        """Make a chunk the text at a place of its revision; its vector, of another text perhaps, is dropped.

        Its text wins where it stands in the revision exactly once, otherwise its place.

        Returns:
            Whether that could be done: not for a chunk that is gone, or of no text at all.
        """
        of_chunk = select(chunks.c.start, chunks.c.end, chunks.c.text, revisions.c.text)
        of_chunk = of_chunk.join(revisions, revisions.c.id == chunks.c.revision_id).where(chunks.c.id == chunk_id)
        with self._writing() as connection:
            row = connection.execute(of_chunk).one_or_none()
            if row is None:
                return False
            start, end, quoted, whole = row
            if quoted and whole.count(quoted) == 1:
                start = whole.index(quoted)
                end = start + len(quoted)
            elif not (0 <= start < end and whole[start:end]):
                return False
            else:
                connection.execute(delete(chunk_vectors).where(chunk_vectors.c.chunk_id == chunk_id))
            values = {"start": start, "end": min(end, len(whole)), "text": whole[start:end]}
            connection.execute(update(chunks).where(chunks.c.id == chunk_id).values(values))
        return True

    def refile(self, chunk_ids: Sequence[str]) -> None:
        """Give chunks the document of their revision."""
        owner = select(revisions.c.document_id).where(revisions.c.id == chunks.c.revision_id).scalar_subquery()
        with self._writing() as connection:
            statement = update(chunks).where(one_of(chunks.c.id, "ids")).values(document_id=owner)
            connection.execute(statement, {"ids": listed(chunk_ids)})

    def _stored(self, statement: Select[Any], **values: str) -> list[StoredChunk]:
        with self._reading() as connection:
            return [StoredChunk(*row) for row in connection.execute(statement, values)]


def _stored() -> Select[Any]:
    return (
        select(chunks.c.id, chunk_vectors.c.fingerprint, chunk_vectors.c.vector)
        .join(documents, documents.c.id == chunks.c.document_id)
        .outerjoin(chunk_vectors, chunk_vectors.c.chunk_id == chunks.c.id)
        .where(*_LIVE)
    )
