"""The catalog: what a reader may see is decided here, on every question, in the same statement that reads it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select

from retrieval.access import readable_keys
from retrieval.access_lists import AccessLists, has_right
from retrieval.document_labels import DocumentLabels
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.gate import READABLE, Gate
from retrieval.inventory import Inventory
from retrieval.origins import Origins
from retrieval.retention import Retention
from retrieval.revisions import Revisions
from retrieval.rows import Known, PassageRow, RevisionKey, StagedRevision, storable, to_chunks
from retrieval.source_access import SourceAccess
from retrieval.store import CHUNK_COLUMNS, listed
from retrieval.tables import chunks, collections, document_access, documents, revisions
from retrieval.types import Chunk, Collection, Document, Principal, Revision
from retrieval.vectors import Vectors

__all__ = ["Catalog", "Known", "PassageRow", "RevisionKey", "StagedRevision"]

MAX_PAGE_DOCUMENTS = 1_000

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
_MANAGED = (
    select(documents, collections.c.name.label("collection"))
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(documents.c.deleted_at.is_(None), documents.c.live_revision_id.is_not(None))
)
_DOCUMENTS = (
    select(documents, collections.c.name.label("collection"))
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(READABLE)
)


class Catalog(Gate, AccessLists, Origins, SourceAccess, Revisions, Inventory, Vectors, DocumentLabels, Retention):
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
        found = self._documents(_DOCUMENTS.where(documents.c.id == bindparam("id")), principal, id=document_id)
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
        page = _DOCUMENTS.where(documents.c.id > bindparam("after"))
        values = {"after": after or ""}
        if collection is not None:
            page = page.where(documents.c.collection_id == bindparam("collection_id"))
            values["collection_id"] = self.collection(collection, principal=principal).id
        return self._documents(page.order_by(documents.c.id).limit(limit), principal, **values)

    def managed_documents(
        self, collection: str, *, principal: Principal, after: str | None = None, limit: int = 50
    ) -> list[Document]:
        """Return a page of the published documents of a collection that the principal looks after, read or not.

        Args:
            collection: Its name.
            principal: Who asks.
            after: As ``documents``.
            limit: As ``documents``.

        Returns:
            Fewer than ``limit`` only on the last page.

        Raises:
            InvalidInputError: The limit is out of range.
            NotFoundError: There is no such collection, or the principal does not look after it.
        """
        if not 1 <= limit <= MAX_PAGE_DOCUMENTS:
            raise InvalidInputError(f"limit is {limit}; a page holds 1 to {MAX_PAGE_DOCUMENTS} documents")
        if not self.curates(collection, principal=principal):
            raise NotFoundError(f"no collection {collection!r}")
        page = _MANAGED.where(collections.c.name == collection, documents.c.id > (after or ""))
        with self._reading() as connection:
            return _to_documents(connection.execute(_with_keys(page.order_by(documents.c.id).limit(limit))).all())

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
                one = _with_keys(_MANAGED.where(documents.c.id == document_id))
                found = _to_documents(connection.execute(one).all())
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
        return _to_documents(self._read(_with_keys(page), principal, **values))

    def _read(self, statement: Select[Any], principal: Principal, **values: str) -> Sequence[Row[Any]]:
        keys = readable_keys(principal)
        if not keys or not all(storable(value) for value in values.values()):
            return []
        with self._reading() as connection:
            return connection.execute(statement, {"keys": listed(keys)} | values).all()


def _with_keys(page: Select[Any]) -> Select[Any]:
    paged = page.subquery()
    statement = select(paged, document_access.c.principal_key)
    of_document = document_access.c.document_id == paged.c.id
    return statement.outerjoin(document_access, of_document).order_by(paged.c.id)


def _to_documents(rows: Sequence[Row[Any]]) -> list[Document]:
    return [_to_document(list(of_document)) for _, of_document in groupby(rows, key=itemgetter(0))]


def _to_document(rows: Sequence[Any]) -> Document:
    row = rows[0]
    return Document(
        id=row.id,
        collection=row.collection,
        uri=row.uri,
        title=row.title,
        media_type=row.media_type,
        acl=_keys(rows),
        live_revision_id=row.live_revision_id,
        size_bytes=row.size_bytes,
        created_at=row.created_at,
        updated_at=row.updated_at,
        source_id=row.source_id,
        metadata=row.metadata,
        access_version=row.access_version,
        access_set_by=row.access_set_by,
    )


def _keys(rows: Iterable[Any]) -> frozenset[str]:
    return frozenset(row.principal_key for row in rows if row.principal_key is not None)
