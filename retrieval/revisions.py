"""The life of a document: staged, published, retired; tombstoned, purged. Its readers are in ``catalog.py``."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from retrieval.access import checked_acl
from retrieval.access_lists import replace_access
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.metadata import checked_metadata
from retrieval.rows import StagedRevision, check_chunk, chunk_row, storable
from retrieval.store import Store, insert_rows
from retrieval.tables import (
    CORPUS_EPOCH,
    chunks,
    collections,
    corpus_state,
    document_access,
    documents,
    revisions,
)
from retrieval.types import EVERYONE, Chunk, Revision
from retrieval.vectors import StoredVectors, insert_vectors

MAX_URI_BYTES = 2_000
"""PostgreSQL's index entries end at 2,704 bytes."""

_RACES = 5


class Revisions(Store):
    """How documents change. Every method is one transaction: after a kill it has happened whole or not at all.

    On PostgreSQL each locks the document's row first, on SQLite the database, so that two writers of one document
    go one after the other.
    """

    def stage(self, collection: str, uri: str, staged: StagedRevision) -> Revision:
        """Begin a new revision of the document at a uri; nobody sees it, or the document, until it is published.

        Returns:
            The staged revision; its number is one more than the document's last.

        Raises:
            NotFoundError: There is no such collection.
            InvalidInputError: A text holds NUL or a lone surrogate, or access list or metadata are malformed.
            ConflictError: Other writers were faster at this uri again and again.
        """
        checked_acl(staged.acl or ())
        checked_metadata(staged.metadata or {})
        for name in ("title", "media_type", "recipe", "text"):
            if not storable(getattr(staged, name)):
                raise InvalidInputError(f"the {name} holds characters that are not text (NUL or a lone surrogate)")
        if not uri or not storable(uri) or len(uri.encode()) > MAX_URI_BYTES:
            raise InvalidInputError(f"{uri[:200]!r} cannot be a document's uri: 1 to {MAX_URI_BYTES} bytes of text")
        for _ in range(_RACES):
            try:
                with self._writing() as connection:
                    return _stage(connection, collection, uri, staged)
            except IntegrityError:
                # Another writer made the document between our look and our insert: look again, it is there now.
                continue
        raise ConflictError(f"{uri} is being written by others; try again")

    def add_chunks(
        self,
        revision_id: str,
        added: Sequence[Chunk],
        vectors: Mapping[str, StoredVectors] | None = None,
        *,
        fingerprint: str = "",
        ready: bool = False,
    ) -> None:
        """Add chunks to a staged revision.

        Args:
            revision_id: A staged revision.
            added: Chunks of that revision, ids chosen by the caller.
            vectors: What the embedder made of them by id of an added chunk; those it does not name have none.
            fingerprint: Of that embedder.
            ready: These were the last: the revision is whole and may be published.

        Raises:
            NotFoundError: There is no such revision.
            ConflictError: The revision is not staged any more, or it has a chunk of this id or ordinal already.
            InvalidInputError: A chunk belongs elsewhere, or ``text[start:end]`` of the revision is not its text:
                every quote would be wrong.
        """
        with self._writing() as connection:
            revision = connection.execute(
                select(revisions.c.document_id, revisions.c.state, revisions.c.text)
                .where(revisions.c.id == revision_id)
                .with_for_update()
            ).one_or_none()
            if revision is None:
                raise NotFoundError(f"no revision {revision_id}")
            if revision.state != "staged":
                raise ConflictError(f"revision {revision_id} is {revision.state}; chunks are added to a staged one")
            for chunk in added:
                check_chunk(chunk, revision_id, revision.document_id, revision.text)
            try:
                insert_rows(connection, chunks, [chunk_row(chunk) for chunk in added])
                insert_vectors(connection, vectors or {}, fingerprint)
            except IntegrityError as error:
                raise ConflictError(f"revision {revision_id} has one of these chunks already") from error
            if ready:
                connection.execute(update(revisions).where(revisions.c.id == revision_id).values(ready=True))

    def publish(self, revision_id: str, *, at: datetime | None = None) -> str | None:
        """Make a staged revision the one that readers see, with its title, access list and size, at one stroke.

        Args:
            revision_id: A staged revision.
            at: The moment that the document is said to have changed (UTC); now when None.

        Returns:
            The id of the revision that was live until now and is retired; None when this is the first.

        Raises:
            NotFoundError: There is no such revision.
            ConflictError: It is not staged, a newer one of its document was staged, or the document was deleted.
        """
        with self._writing() as connection:
            document = _lock_document_of(connection, revision_id)
            # Read after the lock: whoever held it before us may have changed the state.
            revision = connection.execute(select(revisions).where(revisions.c.id == revision_id)).one_or_none()
            if revision is None or document is None:
                raise NotFoundError(f"no revision {revision_id}")
            _check_publishable(connection, document, revision)
            retired: str | None = document.live_revision_id
            # Retired first: the database allows one live revision at any moment.
            now = at or datetime.now(UTC)
            _set_state(connection, retired, state="retired", retired_at=now)
            _set_state(connection, revision_id, state="live")
            connection.execute(
                update(documents)
                .where(documents.c.id == document.id)
                .values(
                    live_revision_id=revision_id,
                    title=revision.title,
                    media_type=revision.media_type,
                    size_bytes=revision.size_bytes,
                    source_id=revision.source_id or document.source_id,
                    metadata=document.metadata if revision.metadata is None else revision.metadata,
                    updated_at=now,
                )
            )
            # A list that was set by hand holds, whatever the source of the revision says.
            acl = [EVERYONE] if revision.acl is None and retired is None else revision.acl
            if acl is not None and document.access_set_by is None:
                replace_access(connection, document.id, acl)
            _raise_epoch(connection)
        return retired

    def discard(self, revision_id: str) -> None:
        """Remove a staged revision and its chunks, and the document when it has no other; gone already is fine.

        Raises:
            ConflictError: The revision was published.
        """
        with self._writing() as connection:
            document = _lock_document_of(connection, revision_id)
            state = connection.scalar(select(revisions.c.state).where(revisions.c.id == revision_id))
            if state is None or document is None:
                return
            if state != "staged":
                raise ConflictError(f"revision {revision_id} is {state}; only a staged one can be discarded")
            connection.execute(delete(revisions).where(revisions.c.id == revision_id))
            others = select(revisions.c.id).where(revisions.c.document_id == document.id).limit(1)
            # A tombstone stays: its deletion is carried to its end by ``purge``.
            if document.deleted_at is None and connection.scalar(others) is None:
                connection.execute(delete(documents).where(documents.c.id == document.id))

    def collect(self, revision_id: str) -> None:
        """Remove the chunks of a retired revision, once the index has forgotten them; gone already is fine.

        Its text stays, so that the citations of older answers can still be opened.

        Raises:
            ConflictError: The revision is staged or live.
        """
        with self._writing() as connection:
            state = connection.scalar(select(revisions.c.state).where(revisions.c.id == revision_id).with_for_update())
            if state not in {None, "retired"}:
                raise ConflictError(f"revision {revision_id} is {state}; only a retired one can be collected")
            connection.execute(delete(chunks).where(chunks.c.revision_id == revision_id))

    def tombstone(self, document_id: str) -> list[str]:
        """Make a document invisible at once and for good; its uri is free again. Can be repeated until it is purged.

        Returns:
            Ids of the chunks of all its revisions: what the index must forget before ``purge``.

        Raises:
            NotFoundError: There is no such document.
        """
        with self._writing() as connection:
            document = connection.execute(_locking(document_id)).one_or_none()
            if document is None:
                raise NotFoundError(f"no document {document_id}")
            if document.deleted_at is None:
                connection.execute(
                    update(documents).where(documents.c.id == document_id).values(deleted_at=datetime.now(UTC))
                )
                connection.execute(delete(document_access).where(document_access.c.document_id == document_id))
                _raise_epoch(connection)
            of_document = select(revisions.c.id).where(revisions.c.document_id == document_id)
            return list(connection.scalars(select(chunks.c.id).where(chunks.c.revision_id.in_(of_document))))

    def purge(self, document_id: str) -> None:
        """Remove a tombstoned document with its revisions, text and chunks; gone already is fine.

        Raises:
            ConflictError: The document is not tombstoned; its points would stay in the index for ever.
        """
        with self._writing() as connection:
            document = connection.execute(_locking(document_id)).one_or_none()
            if document is None:
                return
            if document.deleted_at is None:
                raise ConflictError(f"document {document_id} is not deleted; it cannot be purged")
            connection.execute(delete(documents).where(documents.c.id == document_id))


def _stage(connection: Connection, collection: str, uri: str, staged: StagedRevision) -> Revision:
    collection_id = connection.scalar(select(collections.c.id).where(collections.c.name == collection))
    if collection_id is None:
        raise NotFoundError(f"no collection {collection}")
    now = datetime.now(UTC)
    document_id = connection.scalar(
        select(documents.c.id)
        .where(documents.c.collection_id == collection_id, documents.c.uri == uri, documents.c.deleted_at.is_(None))
        .with_for_update()
    )
    values = {field.name: getattr(staged, field.name) for field in fields(StagedRevision)}
    if document_id is None:
        document_id = uuid4().hex
        row = {"id": document_id, "collection_id": collection_id, "uri": uri, "created_at": now, "updated_at": now}
        for name in ("title", "media_type", "size_bytes"):
            row[name] = values[name]
        connection.execute(insert(documents).values(row))
    last = connection.scalar(select(func.max(revisions.c.number)).where(revisions.c.document_id == document_id))
    revision = Revision(
        id=uuid4().hex,
        document_id=document_id,
        number=(last or 0) + 1,
        state="staged",
        content_sha256=staged.content_sha256,
        recipe=staged.recipe,
        title=staged.title,
        text=staged.text,
        created_at=now,
    )
    values |= {field.name: getattr(revision, field.name) for field in fields(Revision)}
    acl = None if staged.acl is None else sorted(staged.acl)
    connection.execute(insert(revisions).values(values | {"acl": acl}))
    return revision


def _check_publishable(
    connection: Connection, document: Row[*tuple[Any, ...]], revision: Row[*tuple[Any, ...]]
) -> None:
    if document.deleted_at is not None:
        raise ConflictError(f"document {document.id} was deleted; revision {revision.id} cannot be published")
    if revision.state != "staged":
        raise ConflictError(f"revision {revision.id} is {revision.state}; only a staged one can be published")
    newest = connection.scalar(select(func.max(revisions.c.number)).where(revisions.c.document_id == document.id))
    if newest != revision.number:
        raise ConflictError(f"revision {revision.id} was superseded: number {newest} of its document is staged")


def _set_state(connection: Connection, revision_id: str | None, **values: Any) -> None:
    connection.execute(update(revisions).where(revisions.c.id == revision_id).values(values))


def _locking(document_id: Any) -> Select[Any]:
    return select(documents).where(documents.c.id == document_id).with_for_update()


def _lock_document_of(connection: Connection, revision_id: str) -> Row[*tuple[Any, ...]] | None:
    document_id = connection.scalar(select(revisions.c.document_id).where(revisions.c.id == revision_id))
    return connection.execute(_locking(document_id)).one_or_none()


def _raise_epoch(connection: Connection) -> None:
    # The last statement of its transaction: all publishers wait for this row.
    raised = update(corpus_state).where(corpus_state.c.name == CORPUS_EPOCH).values(value=corpus_state.c.value + 1)
    if connection.execute(raised).rowcount == 0:
        connection.execute(insert(corpus_state).values(name=CORPUS_EPOCH, value=1))
