"""The catalog: what a reader may see is decided here, on every question, in the same statement that reads it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, Select, and_, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from retrieval.access import readable_keys
from retrieval.document_labels import DocumentLabels
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.gate import READABLE, Gate
from retrieval.inventory import Inventory
from retrieval.retention import Retention
from retrieval.revisions import Revisions
from retrieval.rows import Known, PassageRow, RevisionKey, StagedRevision, Token, storable, to_chunks
from retrieval.store import CHUNK_COLUMNS, listed
from retrieval.tables import chunks, collections, document_access, documents, revisions
from retrieval.tokens import Tokens
from retrieval.types import Chunk, Collection, Document, Principal, Revision
from retrieval.vectors import Vectors

__all__ = ["Catalog", "Known", "PassageRow", "RevisionKey", "StagedRevision", "Token"]

MAX_PAGE_DOCUMENTS = 1_000
_COLLECTION_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

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
_DOCUMENTS = (
    select(documents, collections.c.name.label("collection"))
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(READABLE)
)


class Catalog(Gate, Revisions, Inventory, Vectors, DocumentLabels, Retention, Tokens):
    """Documents, revisions, chunks and who may read them, on SQLite or PostgreSQL; any number of threads may share it.

    Every method that reads for somebody requires ``principal``. Missing and forbidden are one error with one text.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def create_collection(self, name: str) -> Collection:
        """Make an empty collection.

        Returns:
            The collection.

        Raises:
            InvalidInputError: The name is not 1 to 64 of the characters A-Z a-z 0-9 . _ -
            ConflictError: There is one of this name.
        """
        if not _COLLECTION_NAME.fullmatch(name):
            raise InvalidInputError(f"{name!r} cannot name a collection: 1 to 64 of A-Z a-z 0-9 . _ - are allowed")
        collection = Collection(uuid4().hex, name, datetime.now(UTC))
        try:
            with self._writing() as connection:
                connection.execute(
                    insert(collections).values(id=collection.id, name=name, created_at=collection.created_at)
                )
        except IntegrityError as error:
            raise ConflictError(f"there is a collection {name} already") from error
        return collection

    def collection(self, name: str) -> Collection:
        """Return a collection by name; that it exists is no secret, what is in it is.

        Returns:
            The collection.

        Raises:
            NotFoundError: There is none of this name.
        """
        statement = select(collections).where(collections.c.name == name)
        row = None
        if _COLLECTION_NAME.fullmatch(name):
            with self._reading() as connection:
                row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFoundError(f"no collection {name!r}")
        return Collection(*row)

    def collections(self, *, principal: Principal) -> list[tuple[Collection, int]]:
        """Return the collections with the number of documents in each that the principal may read.

        Returns:
            Sorted by name; empty for a principal that can read nothing anywhere.
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
            values["collection_id"] = self.collection(collection).id
        return self._documents(page.order_by(documents.c.id).limit(limit), principal, **values)

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
        paged = page.subquery()
        statement = (
            select(paged, document_access.c.principal_key)
            .join(document_access, document_access.c.document_id == paged.c.id)
            .order_by(paged.c.id)
        )
        rows = self._read(statement, principal, **values)
        return [_to_document(list(of_document)) for _, of_document in groupby(rows, key=itemgetter(0))]

    def _read(self, statement: Select[Any], principal: Principal, **values: str) -> Sequence[Row[Any]]:
        keys = readable_keys(principal)
        if not keys or not all(storable(value) for value in values.values()):
            return []
        with self._reading() as connection:
            return connection.execute(statement, {"keys": listed(keys)} | values).all()


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
    )


def _keys(rows: Iterable[Any]) -> frozenset[str]:
    return frozenset(row.principal_key for row in rows)
