"""What ingestion, the index and the server ask the catalog on nobody's behalf: no answer of it may reach a reader."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, insert, select, union, update
from sqlalchemy.exc import IntegrityError

from retrieval.access_tables import collection_access
from retrieval.rows import Known, RevisionKey, storable, to_chunks
from retrieval.store import CHUNK_COLUMNS, Store, listed, one_of, reachable
from retrieval.tables import (
    CORPUS_EPOCH,
    chunk_sentences,
    chunks,
    collections,
    corpus_state,
    document_access,
    documents,
    index_pointers,
    revisions,
)
from retrieval.types import Chunk

_LIVE_DOCUMENT = (documents.c.deleted_at.is_(None), documents.c.live_revision_id.is_not(None))
_LIVE_CHUNK = (documents.c.deleted_at.is_(None), documents.c.live_revision_id == chunks.c.revision_id)


class Inventory(Store):
    """The catalog seen by the system itself."""

    def known(self, collection: str, uris: Sequence[str]) -> Mapping[str, Known]:
        """Return what the live revisions at these uris were made from.

        Returns:
            By uri; a uri without a live revision is left out.
        """
        statement = (
            select(documents.c.uri, documents.c.id, revisions.c.content_sha256, revisions.c.recipe)
            .add_columns(revisions.c.source_version, documents.c.metadata, documents.c.access_set_by)
            .add_columns(document_access.c.principal_key)
            .join(revisions, revisions.c.id == documents.c.live_revision_id)
            .join(collections, collections.c.id == documents.c.collection_id)
            .outerjoin(document_access, document_access.c.document_id == documents.c.id)
            .where(collections.c.name == collection, documents.c.deleted_at.is_(None))
            .where(one_of(documents.c.uri, "ids"))
            .order_by(documents.c.id)
        )
        found: dict[str, Known] = {}
        with self._reading() as connection:
            rows = connection.execute(statement, {"ids": listed(uris)}).all()
        for (uri, key, sha256, recipe, *more), of_document in groupby(rows, key=itemgetter(*range(7))):
            acl = frozenset(row[7] for row in of_document if row[7] is not None)
            version, metadata, set_by = more
            found[uri] = Known(key, sha256, recipe, acl, version, metadata, set_by is not None)
        return found

    def known_under(self, collection: str, uri_prefix: str) -> list[tuple[str, str]]:
        """Return the live documents whose uri starts with a prefix, character for character.

        Returns:
            (document id, uri), sorted by uri.
        """
        # Not LIKE: in SQLite it takes "A" for "a", and a folder's clean-up would delete from its neighbour.
        under = func.substr(documents.c.uri, 1, len(uri_prefix)) == uri_prefix
        statement = (
            select(documents.c.id, documents.c.uri)
            .join(collections, collections.c.id == documents.c.collection_id)
            .where(collections.c.name == collection, under, *_LIVE_DOCUMENT)
        )
        if not storable(uri_prefix):
            return []
        with self._reading() as connection:
            return sorted(((row[0], row[1]) for row in connection.execute(statement)), key=itemgetter(1))

    def documents_at(self, uris: Sequence[str]) -> dict[str, str]:
        """Return the live documents at uris that one collection alone has, whichever it is.

        Returns:
            Document id by uri.
        """
        # The collections are named so that the index of both columns serves.
        anywhere = documents.c.collection_id.in_(select(collections.c.id))
        statement = select(documents.c.uri, documents.c.id).where(
            anywhere, one_of(documents.c.uri, "uris"), *_LIVE_DOCUMENT
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement, {"uris": listed(uris)})}

    def known_of_source(self, source_id: str) -> list[tuple[str, str]]:
        """Return the live documents that a source keeps in step.

        Returns:
            (document id, uri), sorted by uri.
        """
        statement = select(documents.c.id, documents.c.uri).where(documents.c.source_id == source_id, *_LIVE_DOCUMENT)
        with self._reading() as connection:
            return sorted(((row[0], row[1]) for row in connection.execute(statement)), key=itemgetter(1))

    def chunk_ids(self, revision_id: str) -> list[str]:
        """Return the ids of the chunks of a revision in any state.

        Returns:
            Ids in reading order; empty when there is no such revision or its chunks were collected.
        """
        statement = select(chunks.c.id).where(chunks.c.revision_id == revision_id).order_by(chunks.c.ordinal)
        with self._reading() as connection:
            return list(connection.scalars(statement))

    def sentences(self, chunk_ids: Sequence[str]) -> dict[str, bytes]:
        """Return packed sentence vectors; to be asked only for chunks that ``passages_for`` let through.

        Returns:
            By chunk id; chunks that are gone or have none are left out.
        """
        statement = select(chunk_sentences).where(one_of(chunk_sentences.c.chunk_id, "ids"))
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement, {"ids": listed(chunk_ids)})}

    def move(self, document_id: str, uri: str) -> bool:
        """Give a document another uri; nothing else of it changes.

        Returns:
            False when there is a document at that uri already, perhaps one that nobody sees yet.
        """
        try:
            with self._writing() as connection:
                connection.execute(update(documents).where(documents.c.id == document_id).values(uri=uri))
        except IntegrityError:
            return False
        return True

    def adopt(self, document_ids: Sequence[str], source_id: str) -> None:
        """Note that a source keeps documents in step from now on."""
        if document_ids:
            others = one_of(documents.c.id, "ids"), documents.c.source_id.is_distinct_from(source_id)
            with self._writing() as connection:
                adopted = update(documents).where(*others).values(source_id=source_id, relabel=documents.c.relabel + 1)
                connection.execute(adopted, {"ids": listed(document_ids)})

    def staged_revisions(self) -> list[RevisionKey]:
        """Return the revisions that were staged and neither published nor discarded, the oldest first.

        Returns:
            What a killed ingest left behind, and what a running one is at.
        """
        return self._revision_keys(select(revisions).where(revisions.c.state == "staged"))

    def retired_revisions(self) -> list[RevisionKey]:
        """Return the retired revisions whose chunks were not collected yet, the oldest first.

        Returns:
            What the index may still hold points of.
        """
        has_chunks = exists().where(chunks.c.revision_id == revisions.c.id)
        return self._revision_keys(select(revisions).where(revisions.c.state == "retired", has_chunks))

    def tombstones(self) -> list[str]:
        """Return the documents that were tombstoned and not purged yet, the oldest tombstone first.

        Returns:
            Document ids.
        """
        statement = select(documents.c.id).where(documents.c.deleted_at.is_not(None))
        with self._reading() as connection:
            return list(connection.scalars(statement.order_by(documents.c.deleted_at, documents.c.id)))

    def counts(self) -> tuple[int, int]:
        """Count what is live, whoever may read it.

        Returns:
            (documents, chunks).

        Raises:
            DataDirectoryError: The database does not answer.
        """
        documents_live = select(func.count()).select_from(documents).where(*_LIVE_DOCUMENT)
        chunks_live = select(func.count()).select_from(
            documents.join(chunks, chunks.c.revision_id == documents.c.live_revision_id)
        )
        statement = select(
            documents_live.scalar_subquery(), chunks_live.where(documents.c.deleted_at.is_(None)).scalar_subquery()
        )
        with reachable(), self._reading() as connection:
            row = connection.execute(statement).one()
        return row[0], row[1]

    def all_live_chunks(self, batch_chunks: int) -> Iterator[list[tuple[Chunk, frozenset[str], str]]]:
        """Walk over the chunks of all live revisions by id, for rebuilding the index.

        Each batch is read by itself: what is published or deleted during the walk may be missed or seen, so compare
        ``corpus_epoch`` before and after.

        Yields:
            At most ``batch_chunks`` of (chunk, access list of its document, collection name); never an empty list.
        """
        statement = (
            select(*CHUNK_COLUMNS, collections.c.name)
            .join(documents, documents.c.id == chunks.c.document_id)
            .join(collections, collections.c.id == documents.c.collection_id)
            .where(*_LIVE_CHUNK, chunks.c.id > bindparam("after"))
            .order_by(chunks.c.id)
            .limit(batch_chunks)
        )
        after = ""
        while True:
            with self._reading() as connection:
                rows = connection.execute(statement, {"after": after}).all()
                access = _access(connection, {row[1] for row in rows})
            if not rows:
                return
            found = zip(to_chunks(rows), rows, strict=True)
            yield [(chunk, access.get(chunk.document_id, frozenset()), row[-1]) for chunk, row in found]
            after = rows[-1][0]

    def live_texts(
        self, document_ids: Sequence[str], *, only: Sequence[str] | None = None
    ) -> list[tuple[str, str, str]]:
        """Return the chunks of the live revisions of documents; of all of them, or only those of some ids.

        Returns:
            (chunk id, document id, text), by document in reading order; what is gone is left out.
        """
        statement = (
            select(chunks.c.id, chunks.c.document_id, chunks.c.text)
            .join(documents, documents.c.id == chunks.c.document_id)
            .where(one_of(documents.c.id, "ids"), *_LIVE_CHUNK)
            .order_by(chunks.c.document_id, chunks.c.ordinal)
        )
        values = {"ids": listed(document_ids)}
        if only is not None:
            statement, values["only"] = statement.where(one_of(chunks.c.id, "only")), listed(only)
        with self._reading() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(statement, values)]

    def group_keys(self) -> frozenset[str]:
        """Return the keys of all groups that may read a live document or a collection."""
        of_documents = select(document_access.c.principal_key).join(
            documents, documents.c.id == document_access.c.document_id
        )
        of_collections = select(collection_access.c.principal_key).where(collection_access.c.right == "read")
        with self._reading() as connection:
            keys = connection.scalars(union(of_documents.where(*_LIVE_DOCUMENT), of_collections)).all()
        return frozenset(key for key in keys if key.startswith("g:"))

    def corpus_epoch(self) -> int:
        """Return a number that every publish and every deletion raises.

        Returns:
            0 for a catalog in which nothing was published.
        """
        statement = select(corpus_state.c.value).where(corpus_state.c.name == CORPUS_EPOCH)
        with self._reading() as connection:
            return connection.scalar(statement) or 0

    def index_pointer(self, name: str) -> str | None:
        """Return what an index pointer points at.

        Returns:
            The target, or None when it was never set.
        """
        with self._reading() as connection:
            return connection.scalar(select(index_pointers.c.target).where(index_pointers.c.name == name))

    def set_index_pointer(self, name: str, target: str) -> None:
        """Switch an index pointer, or make it."""
        values = {"target": target, "updated_at": datetime.now(UTC)}
        switch = update(index_pointers).where(index_pointers.c.name == name).values(values)
        with self._writing() as connection:
            switched = connection.execute(switch).rowcount
        if not switched:
            try:
                with self._writing() as connection:
                    connection.execute(insert(index_pointers).values(values | {"name": name}))
            except IntegrityError:
                # Made by another since we looked; the later writer wins, as it does for an existing pointer.
                with self._writing() as connection:
                    connection.execute(switch)

    def _revision_keys(self, statement: Select[Any]) -> list[RevisionKey]:
        columns = (revisions.c.id, revisions.c.document_id, revisions.c.created_at)
        ordered = statement.with_only_columns(*columns).order_by(revisions.c.created_at, revisions.c.id)
        with self._reading() as connection:
            return [RevisionKey(*row) for row in connection.execute(ordered)]


def _access(connection: Connection, document_ids: set[str]) -> dict[str, frozenset[str]]:
    column = document_access.c.document_id
    statement = select(document_access).where(one_of(column, "ids")).order_by(column)
    rows = connection.execute(statement, {"ids": listed(document_ids)})
    return {
        document_id: frozenset(row[1] for row in of_document)
        for document_id, of_document in groupby(rows, key=itemgetter(0))
    }
