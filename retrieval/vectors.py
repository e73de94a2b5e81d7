"""Vectors of chunks beside their text: what the index is filled from, and what unchanged chunks take along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from retrieval.labels import Labels
from retrieval.rows import RevisionKey, to_chunks
from retrieval.store import CHUNK_COLUMNS, Store, listed, one_of
from retrieval.tables import (
    chunk_sentences,
    chunk_vectors,
    chunks,
    collections,
    document_access,
    documents,
    revisions,
)
from retrieval.types import EVERYONE, Chunk

_LITTLE_ENDIAN_FLOAT = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """What a chunk was given by an embedder.

    Attributes:
        vector: As ``vector_bytes`` made it.
        sentences: Packed sentence vectors; None where the embedder gives none.
    """

    vector: bytes
    sentences: bytes | None


@dataclass(frozen=True, slots=True)
class ReadyRevision:
    """A staged revision that is whole and waits to be published.

    Attributes:
        acl: Who may read the document once it is.
        labels: Of the document once it is, but for the moment.
        chunks: In reading order.
        vectors: The vector of each, in order; None for one that has none.
        fingerprints: Which embedder made each; None where there is no vector.
    """

    key: RevisionKey
    collection: str
    acl: frozenset[str]
    labels: Labels
    chunks: tuple[Chunk, ...]
    vectors: tuple[NDArray[np.float32] | None, ...]
    fingerprints: tuple[str | None, ...]


class Vectors(Store):
    """The part of the catalog that keeps vectors."""

    def reusable(self, collection: str, uri: str, fingerprint: str) -> dict[str, StoredVectors]:
        """Return what the chunks of the live revision at a uri were given by an embedder.

        Returns:
            By the text that was embedded; empty for a new document, or when another embedder made its vectors.
        """
        statement = (
            select(chunks.c.context, chunks.c.text, chunk_vectors.c.vector, chunk_sentences.c.vectors)
            .join(documents, documents.c.live_revision_id == chunks.c.revision_id)
            .join(collections, collections.c.id == documents.c.collection_id)
            .join(
                chunk_vectors,
                and_(chunk_vectors.c.chunk_id == chunks.c.id, chunk_vectors.c.fingerprint == fingerprint),
            )
            .outerjoin(chunk_sentences, chunk_sentences.c.chunk_id == chunks.c.id)
            .where(documents.c.uri == uri, collections.c.name == collection, documents.c.deleted_at.is_(None))
        )
        with self._reading() as connection:
            rows = connection.execute(statement).all()
        return {f"{row[0]}\n{row[1]}" if row[0] else row[1]: StoredVectors(row[2], row[3]) for row in rows}

    def make_ready(self, revision_ids: Sequence[str]) -> None:
        """Let staged revisions be published."""
        staged = one_of(revisions.c.id, "ids"), revisions.c.state == "staged"
        with self._writing() as connection:
            connection.execute(update(revisions).where(*staged).values(ready=True), {"ids": listed(revision_ids)})

    def ready_revisions(self, limit: int) -> list[RevisionKey]:
        """Return staged revisions that are whole, the oldest first."""
        statement = (
            select(revisions.c.id, revisions.c.document_id, revisions.c.created_at)
            .where(revisions.c.state == "staged", revisions.c.ready)
            .order_by(revisions.c.created_at, revisions.c.number)
            .limit(limit)
        )
        with self._reading() as connection:
            return [RevisionKey(*row) for row in connection.execute(statement)]

    def ready_revision(self, key: RevisionKey) -> ReadyRevision | None:
        """Return everything the index needs to know of a ready revision.

        Returns:
            It; None when it was published or discarded meanwhile.
        """
        head = (
            select(collections.c.name, revisions.c.acl, func.coalesce(revisions.c.source_id, documents.c.source_id))
            .add_columns(revisions.c.media_type, revisions.c.metadata, documents.c.metadata)
            .add_columns(documents.c.id, documents.c.access_set_by, documents.c.live_revision_id)
            .select_from(revisions)
            .join(documents, documents.c.id == revisions.c.document_id)
            .join(collections, collections.c.id == documents.c.collection_id)
            .where(revisions.c.id == key.id, revisions.c.state == "staged", revisions.c.ready)
        )
        body = (
            select(*CHUNK_COLUMNS, chunk_vectors.c.fingerprint, chunk_vectors.c.vector)
            .select_from(chunks)
            .outerjoin(chunk_vectors, chunk_vectors.c.chunk_id == chunks.c.id)
            .where(chunks.c.revision_id == key.id)
            .order_by(chunks.c.ordinal)
        )
        with self._reading() as connection:
            row = connection.execute(head).one_or_none()
            if row is None:
                return None
            rows = connection.execute(body).all()
            readers = select(document_access.c.principal_key).where(document_access.c.document_id == row.id)
            acl = row.acl if not row.access_set_by else None
            if acl is None:
                # As ``publish`` will have it.
                kept = row.live_revision_id or row.access_set_by
                acl = connection.scalars(readers).all() if kept else [EVERYONE]
        return ReadyRevision(
            key=key,
            collection=row[0],
            acl=frozenset(acl),
            labels=Labels(row[2], row[3], None, row[5] if row[4] is None else row[4]),
            chunks=tuple(to_chunks(rows)),
            vectors=tuple(to_vector(entry[-1]) for entry in rows),
            fingerprints=tuple(entry[-2] for entry in rows),
        )

    def stored_vectors(self, chunk_ids: Sequence[str], fingerprint: str) -> dict[str, NDArray[np.float32]]:
        """Return the vectors that an embedder made of chunks: shape (dim,), L2 norm 1.

        Returns:
            By chunk id; chunks that are gone or have none of this embedder are left out.
        """
        statement = select(chunk_vectors.c.chunk_id, chunk_vectors.c.vector).where(
            one_of(chunk_vectors.c.chunk_id, "ids"), chunk_vectors.c.fingerprint == fingerprint
        )
        with self._reading() as connection:
            rows = connection.execute(statement, {"ids": listed(chunk_ids)}).all()
        return {row[0]: np.frombuffer(row[1], dtype=_LITTLE_ENDIAN_FLOAT).astype(np.float32) for row in rows}

    def replace_vectors(self, given: Mapping[str, StoredVectors], fingerprint: str) -> None:
        """Exchange what chunks were given by an embedder, as after a change of the model.

        Args:
            given: By chunk id. Chunks that were removed meanwhile are passed over.
            fingerprint: Of the embedder.
        """
        ids = {"ids": listed(given)}
        # Held until the end, so that a collection of the chunks cannot come between.
        there = select(chunks.c.id).where(one_of(chunks.c.id, "ids")).with_for_update(read=True, key_share=True)
        with self._writing() as connection:
            kept = connection.scalars(there, ids).all()
            for table in (chunk_vectors, chunk_sentences):
                connection.execute(delete(table).where(one_of(table.c.chunk_id, "ids")), ids)
            insert_vectors(connection, {key: given[key] for key in kept}, fingerprint)


def insert_vectors(connection: Connection, given: Mapping[str, StoredVectors], fingerprint: str) -> None:
    """Write what an embedder made of chunks that have nothing yet, by chunk id; part of a transaction."""
    rows = [{"chunk_id": key, "fingerprint": fingerprint, "vector": found.vector} for key, found in given.items()]
    packed = [
        {"chunk_id": key, "vectors": found.sentences} for key, found in given.items() if found.sentences is not None
    ]
    # An INSERT without rows would make one of defaults.
    if rows:
        connection.execute(insert(chunk_vectors), rows)
    if packed:
        connection.execute(insert(chunk_sentences), packed)


def vector_bytes(vector: Any) -> bytes:
    """Return a vector as it is stored: float32, little endian."""
    packed: bytes = np.asarray(vector, dtype=_LITTLE_ENDIAN_FLOAT).tobytes()
    return packed


def to_vector(packed: bytes | None) -> NDArray[np.float32] | None:
    """Return what ``vector_bytes`` was given, shape (dim,); None for None."""
    return None if packed is None else np.frombuffer(packed, dtype=_LITTLE_ENDIAN_FLOAT).astype(np.float32)
