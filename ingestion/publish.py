"""Stage -> publish: the index follows the catalog; done by the one process that owns the index.

A staged revision is put into the index (where the catalog's gate hides it), verified, and made live by one transaction;
only then the revision before it is taken out. A kill between any two steps leaves a state from which the same steps
lead on: nothing is lost, nothing is seen twice or in part.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from ingestion.originals import Originals
from ingestion.write import embed_chunks, spans_in
from retrieval.catalog import Catalog
from retrieval.embed import Embedder, FloatArray
from retrieval.errors import ConflictError, NotFoundError, VectorIndexError
from retrieval.index import IndexPoint, VectorIndex
from retrieval.labels import Labels
from retrieval.types import Chunk
from retrieval.vectors import ReadyRevision, StoredVectors, to_vector

REBUILD_BATCH = 256
_REVISIONS_AT_ONCE = 32
_POINTS_AT_ONCE = 512
_RELABELLED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Publisher:
    """Makes staged revisions live and takes out of the index what is retired or deleted. Every step can be repeated.

    Attributes:
        originals: The bytes that documents were made of; None where they are not kept.
    """

    catalog: Catalog
    index: VectorIndex
    embedder: Embedder
    originals: Originals | None = None
    # Labels that are read before they change must not be written after the change was taken over.
    _labelling: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def publish_ready(self) -> int:
        """Publish revisions that wait for it, the oldest first, some at a time.

        Returns:
            How many were dealt with: published, or discarded because a newer one came in.

        Raises:
            VectorIndexError: The index refused or did not keep them; they are still waiting.
        """
        batch: list[ReadyRevision] = []
        dealt_with = 0
        waiting = self.catalog.ready_revisions(_REVISIONS_AT_ONCE)
        with self._labelling:
            for key in waiting:
                revision = self.catalog.ready_revision(key)
                if revision is None:
                    continue
                batch.append(revision)
                if sum(len(r.chunks) for r in batch) >= _POINTS_AT_ONCE:
                    dealt_with += self._publish(batch)
                    batch = []
            return dealt_with + self._publish(batch)

    def relabel(self) -> int:
        """Tell the index of labels and access lists that changed since it was told; nothing is embedded again.

        Returns:
            Of how many documents.
        """
        count = 0
        self.catalog.follow_origins()
        while True:
            with self._labelling:
                due = self.catalog.relabellings(_RELABELLED_AT_ONCE)
                for document in due:
                    self.index.set_access(document.chunk_ids, document.acl)
                    self.index.set_labels(document.chunk_ids, document.labels)
                if not due:
                    return count
                self.index.flush()
                self.catalog.relabelled(due)
            count += len(due)

    def delete(self, document_id: str) -> None:
        """Delete a document: invisible at once, then out of the index, then out of the catalog, then its originals.

        What was made of it goes with it: nobody could read that any more.

        Raises:
            NotFoundError: There is no such document.
        """
        self.index.delete(self.catalog.tombstone(document_id))
        for made in self.catalog.made_of([document_id]):
            with suppress(NotFoundError):  # another thread was faster
                self.delete(made)
        originals = self.catalog.originals_of(document_id)
        self.catalog.purge(document_id)
        if self.originals is not None:
            self.originals.drop(originals)

    def collect(self) -> int:
        """Take out of the index what nobody sees any more: retired revisions, deleted documents.

        Returns:
            How many of them.
        """
        retired = self.catalog.retired_revisions()
        for revision in retired:
            self.index.delete(self.catalog.chunk_ids(revision.id))
            self.catalog.collect(revision.id)
        tombstones = self.catalog.tombstones()
        for document_id in tombstones:
            try:
                self.delete(document_id)
            except NotFoundError:
                continue  # purged meanwhile
        return len(retired) + len(tombstones)

    def rebuild(self) -> int:
        """Fill the index from the catalog; what this embedder made before is taken from there, the rest is embedded.

        Returns:
            How many chunks were embedded. It can be repeated.
        """
        embedded = 0
        for batch in self.catalog.all_live_chunks(REBUILD_BATCH):
            chunks = [chunk for chunk, _, _ in batch]
            vectors = self.catalog.stored_vectors([c.id for c in chunks], self.embedder.fingerprint)
            made = self._embed([c for c in chunks if c.id not in vectors])
            embedded += len(made)
            vectors |= made
            labels = self.catalog.labels({chunk.document_id for chunk in chunks})
            self.index.upsert([
                _point(c, vectors[c.id], collection, (acl, labels.get(c.document_id, Labels())))
                for c, acl, collection in batch
            ])
        self.index.flush()
        return embedded

    def _publish(self, batch: Sequence[ReadyRevision]) -> int:
        if not batch:
            return 0
        vectors = self._vectors(batch)
        now = datetime.now(UTC)
        points = [
            _point(c, vectors[c.id], revision.collection, (revision.acl, replace(revision.labels, updated_at=now)))
            for revision in batch
            for c in revision.chunks
        ]
        self.index.upsert(points)
        # A process that dies loses nothing acknowledged; a machine that loses power keeps only what was flushed.
        self.index.flush()
        kept = self.index.vectors([point.chunk_id for point in points])
        for revision in batch:
            ids = [chunk.id for chunk in revision.chunks]
            if any(key not in kept for key in ids):
                raise VectorIndexError("the index did not keep all of a document's chunks")
            self._make_live(revision.key.id, ids, now)
        return len(batch)

    def _make_live(self, revision_id: str, chunk_ids: Sequence[str], now: datetime) -> None:
        try:
            retired = self.catalog.publish(revision_id, at=now)
        except NotFoundError:
            # Its document was deleted and purged meanwhile.
            self.index.delete(chunk_ids)
        except ConflictError:
            self._give_up(revision_id, chunk_ids)
        else:
            if retired is not None:
                self.index.delete(self.catalog.chunk_ids(retired))
                self.catalog.collect(retired)

    def _give_up(self, revision_id: str, chunk_ids: Sequence[str]) -> None:
        try:
            self.catalog.discard(revision_id)
        except ConflictError:
            return  # another owner of the index published it: then its points are right where they are
        self.index.delete(chunk_ids)

    def _vectors(self, batch: Sequence[ReadyRevision]) -> dict[str, FloatArray]:
        vectors: dict[str, FloatArray] = {}
        lacking: list[Chunk] = []
        for revision in batch:
            for chunk, vector, fingerprint in zip(
                revision.chunks, revision.vectors, revision.fingerprints, strict=True
            ):
                if vector is not None and fingerprint == self.embedder.fingerprint:
                    vectors[chunk.id] = vector
                else:
                    lacking.append(chunk)
        # Only when the model was changed while documents were waiting.
        return vectors | self._embed(lacking)

    def _embed(self, chunks: Sequence[Chunk]) -> dict[str, FloatArray]:
        if not chunks:
            return {}
        spans = [spans_in(c.context, c.text) for c in chunks]
        made = embed_chunks([c.embedding_text for c in chunks], spans, self.embedder)
        by_chunk: Mapping[str, StoredVectors] = {c.id: made[c.embedding_text] for c in chunks}
        self.catalog.replace_vectors(by_chunk, self.embedder.fingerprint)
        unpacked = {key: to_vector(found.vector) for key, found in by_chunk.items()}
        return {key: vector for key, vector in unpacked.items() if vector is not None}


def _point(chunk: Chunk, vector: np.ndarray, collection: str, of_document: tuple[frozenset[str], Labels]) -> IndexPoint:
    acl, labels = of_document
    return IndexPoint(
        chunk_id=chunk.id,
        vector=vector,
        text=chunk.embedding_text,
        document_id=chunk.document_id,
        revision_id=chunk.revision_id,
        collection=collection,
        acl=acl,
        labels=labels,
    )
