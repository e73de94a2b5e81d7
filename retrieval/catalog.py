"""The catalog: what a reader may see is decided here, on every question, in the same statement that reads it."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select

from retrieval.access import readable_keys
from retrieval.access_lists import AccessLists, has_right
from retrieval.document_labels import DocumentLabels
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.gate import READABLE, Gate
from retrieval.history import History
from retrieval.inventory import Inventory
from retrieval.listing import DOCUMENTS, MANAGED, MAX_PAGE_DOCUMENTS, Listing, to_documents, with_keys
from retrieval.origins import Origins
from retrieval.retention import Retention
from retrieval.revisions import Revisions
from retrieval.rows import Known, PassageRow, RevisionKey, StagedRevision, storable, to_chunks
from retrieval.source_access import SourceAccess
from retrieval.store import CHUNK_COLUMNS, listed
from retrieval.tables import chunks, collections, documents, revisions
from retrieval.types import Chunk, Collection, Document, Principal, Revision
from retrieval.vectors import Vectors

__all__ = ["Catalog", "Known", "PassageRow", "RevisionKey", "StagedRevision"]

_REVISIONS = (
    select(revisions)
    .join(documents, documents.c.id == revisions.c.document_id)
    .where(revisions.c.id == bindparam("id"), revisions.c.state != "staged", READABLE)
)
_CHUNKS = (
    select(*CHUNK_COLUMNS)
    .select_from(revisions)
    .join(documents, documents.c.id == revisions.c.document_id)
    .outerjoin(chunks, chunks.c.revision_id == revisions.c.id)
    .where(revisions.c.id == bindparam("id"), revisions.c.state != "staged", READABLE)
    .order_by(chunks.c.ordinal)
)


class Catalog(
    Gate, Listing, History, AccessLists, Origins, SourceAccess, Revisions, Inventory, Vectors, DocumentLabels, Retention
):
    """Documents, revisions, chunks and who may read them, on SQLite or PostgreSQL; any number of threads may share it.

    Every method that reads for somebody requires ``principal``. Missing and forbidden are one error with one text.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def collections(self, *, principal: Principal) -> list[tuple[Collection, int]]:
        """Return the collections that the principal may read or looks after, with the documents it may read in each.

        Returns:
            With their number, sorted by name; empty for a principal that can read nothing anywhere.
        """
        keys = readable_keys(principal)
        if not keys:
            return []
        statement = (
            select(collections.c.id, collections.c.name, collections.c.created_at, func.count(documents.c.id))
            .select_from(collections)
            .outerjoin(documents, and_(documents.c.collection_id == collections.c.id, READABLE))
            .group_by(collections.c.id, collections.c.name, collections.c.created_at)
        )
        if not principal.administrator:
            statement = statement.where(or_(has_right("read"), has_right("curate")))
        with self._reading() as connection:
            rows = connection.execute(statement, {"keys": listed(keys)}).all()
        return sorted(((Collection(*row[:3]), row[3]) for row in rows), key=lambda entry: entry[0].name)

    def document(self, document_id: str, *, principal: Principal) -> Document:
        """Return a published document that the principal may read.

        Returns:
            The document with its whole access list.

        Raises:
            NotFoundError: It is missing, deleted, not published yet, or this principal may not read it.
        """
        found = self._documents(DOCUMENTS.where(documents.c.id == bindparam("id")), principal, id=document_id)
        if not found:
            raise NotFoundError(f"no document {document_id}")
        return found[0]

    def documents(
        self, *, principal: Principal, collection: str | None = None, after: str | None = None, limit: int = 50
    ) -> list[Document]:
        """Return a page of the published documents that the principal may read, in the order of their ids.

        Args:
            principal: Who asks.
            collection: Name of the one collection to list; None lists all.
            after: Id of the last document of the page before. It need not exist any more.
            limit: Most documents to return, 1 to 1,000.

        Returns:
            Fewer than ``limit`` only on the last page.

        Raises:
            InvalidInputError: The limit is out of range.
            NotFoundError: There is no such collection.
        """
        if not 1 <= limit <= MAX_PAGE_DOCUMENTS:
            raise InvalidInputError(f"limit is {limit}; a page holds 1 to {MAX_PAGE_DOCUMENTS} documents")
        page = DOCUMENTS.where(documents.c.id > bindparam("after"))
        values = {"after": after or ""}
        if collection is not None:
            page = page.where(documents.c.collection_id == bindparam("collection_id"))
            values["collection_id"] = self.collection(collection, principal=principal).id
        return self._documents(page.order_by(documents.c.id).limit(limit), principal, **values)

    def managed_document(self, document_id: str, *, principal: Principal) -> Document:
        """Return a published document of a collection that the principal looks after, whether or not it may read it.

        Returns:
            The document with its whole access list.

        Raises:
            NotFoundError: It is missing, deleted, not published yet, or the principal does not look after it.
        """
        found: list[Document] = []
        if storable(document_id):
            with self._reading() as connection:
                one = with_keys(MANAGED.where(documents.c.id == document_id))
                found = to_documents(connection.execute(one).all())
        if not found or not self.curates(found[0].collection, principal=principal):
            raise NotFoundError(f"no document {document_id}")
        return found[0]

    def every_document(self, *, principal: Principal, collection: str | None = None) -> Iterator[Document]:
        """Go through the published documents that the principal may read, page by page.

        Yields:
            As ``documents``, all of them.
        """
        after: str | None = None
        while page := self.documents(principal=principal, collection=collection, after=after, limit=MAX_PAGE_DOCUMENTS):
            yield from page
            after = page[-1].id

    def revision(self, revision_id: str, *, principal: Principal) -> Revision:
        """Return the live revision, or a retired one, of a document that the principal may read today.

        Returns:
            The revision with its text.

        Raises:
            NotFoundError: It is missing, staged, of a deleted document, or this principal may not read it.
        """
        rows = self._read(_REVISIONS, principal, id=revision_id)
        if not rows:
            raise NotFoundError(f"no revision {revision_id}")
        row = rows[0]
        return Revision(
            id=row.id,
            document_id=row.document_id,
            number=row.number,
            state=row.state,
            content_sha256=row.content_sha256,
            recipe=row.recipe,
            title=row.title,
            text=row.text,
            created_at=row.created_at,
        )

    def chunks(self, revision_id: str, *, principal: Principal) -> list[Chunk]:
        """Return the chunks of a revision that ``revision`` would return.

        Returns:
            In reading order; empty when the revision has none or they were collected.

        Raises:
            NotFoundError: As ``revision``.
        """
        rows = self._read(_CHUNKS, principal, id=revision_id)
        if not rows:
            raise NotFoundError(f"no revision {revision_id}")
        return to_chunks([row for row in rows if row[0] is not None])

    def _documents(self, page: Select[Any], principal: Principal, **values: str) -> list[Document]:
        # Page and access rows in one statement: between two, a document could change its readers.
        return to_documents(self._read(with_keys(page), principal, **values))

    def _read(self, statement: Select[Any], principal: Principal, **values: str) -> Sequence[Row[Any]]:
        keys = readable_keys(principal)
        if not keys or not all(storable(value) for value in values.values()):
            return []
        with self._reading() as connection:
            return connection.execute(statement, {"keys": listed(keys)} | values).all()
