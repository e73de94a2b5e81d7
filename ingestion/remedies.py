"""Remedies: how each ailment is mended. Every one can be repeated, and is safe while documents are written and read."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ingestion.audit import Audit
from ingestion.blobs import Blobs
from ingestion.compare import sound
from ingestion.publish import Publisher
from ingestion.write import embed_chunks, spans_in
from retrieval.errors import ConflictError, NotFoundError
from retrieval.index import IndexPoint
from retrieval.index_entry import IndexEntry
from retrieval.labels import Labels
from retrieval.vectors import StoredVectors, vector_bytes

_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Remedies:
    """Mends catalog, index and originals. The catalog is the truth; where it is wrong itself, its own texts are.

    Attributes:
        publisher: Of the process that owns the index.
        blobs: The originals.
    """

    audit: Audit
    publisher: Publisher
    blobs: Blobs

    def put_in(self, chunk_ids: Sequence[str]) -> None:
        """Put chunks into the index as the catalog has them, with their stored vectors or, lacking those, new ones."""
        catalog, index, fingerprint = self.publisher.catalog, self.publisher.index, self.publisher.embedder.fingerprint
        for ids in _pages(chunk_ids):
            chunks = self.audit.whole_chunks(ids)
            vectors = catalog.stored_vectors(ids, fingerprint)
            lacking = [c.id for c in chunks if not sound(vectors.get(c.id), self.publisher.embedder.dim)]
            if lacking:
                self.embed(lacking)
                vectors |= catalog.stored_vectors(lacking, fingerprint)
            standings = self.audit.standings([chunk.id for chunk in chunks])
            labels = self.audit.labels({chunk.document_id for chunk in chunks})
            index.upsert([
                IndexPoint(
                    chunk_id=c.id,
                    vector=vectors[c.id],
                    text=c.embedding_text,
                    document_id=c.document_id,
                    revision_id=c.revision_id,
                    collection=standings[c.id].collection,
                    acl=standings[c.id].acl,
                    labels=labels.get(c.document_id, Labels()),
                )
                for c in chunks
                if c.id in standings and c.id in vectors
            ])
            # What was collected or deleted since we read it would stay in the index for ever.
            still = self.audit.standings(ids)
            index.delete([chunk.id for chunk in chunks if chunk.id not in still])
        index.flush()

    def take_out(self, point_ids: Sequence[str]) -> None:
        """Take points out of the index that no chunk owns."""
        for ids in _pages(point_ids):
            self.publisher.index.remove(ids)
        self.publisher.index.flush()

    def put_in_points(self, point_ids: Sequence[str]) -> None:
        """Put the chunks of points in again, as the catalog has them."""
        self.put_in([entry.chunk_id for entry in self._entries(point_ids)])

    def set_access(self, point_ids: Sequence[str]) -> None:
        """Give points the access list of their document."""
        alike: dict[frozenset[str], list[str]] = defaultdict(list)
        ids = [entry.chunk_id for entry in self._entries(point_ids)]
        for chunk_id, standing in self.audit.standings(ids).items():
            alike[standing.acl].append(chunk_id)
        for acl, chunk_ids in alike.items():
            self.publisher.index.set_access(chunk_ids, acl)
        self.publisher.index.flush()

    def set_labels(self, point_ids: Sequence[str]) -> None:
        """Give points the labels of their document."""
        alike: dict[str, list[str]] = defaultdict(list)
        ids = [entry.chunk_id for entry in self._entries(point_ids)]
        for chunk_id, standing in self.audit.standings(ids).items():
            alike[standing.document_id].append(chunk_id)
        for document_id, labels in self.audit.labels(alike).items():
            self.publisher.index.set_labels(alike[document_id], labels)
        self.publisher.index.flush()

    def keep_vectors(self, chunk_ids: Sequence[str]) -> None:
        """Keep the vectors that the index has beside the chunks; where it has none, embed."""
        catalog, embedder = self.publisher.catalog, self.publisher.embedder
        for ids in _pages(chunk_ids):
            held = {
                key: vector for key, vector in self.publisher.index.vectors(ids).items() if sound(vector, embedder.dim)
            }
            sentences = catalog.sentences(list(held))
            known = {key: StoredVectors(vector_bytes(vector), sentences.get(key)) for key, vector in held.items()}
            catalog.replace_vectors(known, embedder.fingerprint)
            self.embed([key for key in ids if key not in held])

    def embed(self, chunk_ids: Sequence[str]) -> None:
        """Embed chunks anew and keep their vectors.

        Raises:
            ModelError: The embedder failed; what was embedded before is kept.
        """
        embedder = self.publisher.embedder
        for ids in _pages(chunk_ids):
            chunks = self.audit.whole_chunks(ids)
            if chunks:
                spans = [spans_in(chunk.context, chunk.text) for chunk in chunks]
                made = embed_chunks([chunk.embedding_text for chunk in chunks], spans, embedder)
                given = {chunk.id: made[chunk.embedding_text] for chunk in chunks}
                self.publisher.catalog.replace_vectors(given, embedder.fingerprint)

    def requote(self, chunk_ids: Sequence[str]) -> None:
        """Make chunks the text at their place again, in catalog and index."""
        done = [chunk_id for chunk_id in chunk_ids if self.audit.requote(chunk_id)]
        self.put_in(done)

    def refile(self, chunk_ids: Sequence[str]) -> None:
        """Give chunks the document of their revision, in catalog and index."""
        self.audit.refile(chunk_ids)
        self.put_in(chunk_ids)

    def show_a_revision(self, document_ids: Sequence[str], before: datetime) -> None:
        """Have documents show their live revision or the newest that can be shown; one that never had any goes."""
        substitutes = self.audit.revisionless(before)
        for document_id in document_ids:
            revision_id = substitutes.get(document_id)
            if revision_id == "":
                self._delete(document_id)
            elif revision_id is not None:
                self.audit.show(document_id, revision_id)
                self.put_in(self.publisher.catalog.chunk_ids(revision_id))
        self.publisher.collect()

    def retire(self, revision_ids: Sequence[str]) -> None:
        """Retire revisions and take them out of the index."""
        self.audit.retire(revision_ids)
        self.publisher.collect()

    def discard(self, revision_ids: Sequence[str]) -> None:
        """Discard revisions that were begun and never finished."""
        catalog = self.publisher.catalog
        for revision_id in revision_ids:
            chunk_ids = catalog.chunk_ids(revision_id)
            try:
                catalog.discard(revision_id)
            except ConflictError:
                continue  # published meanwhile
            self.publisher.index.delete(chunk_ids)

    def find_originals(self, digests: Sequence[str]) -> None:
        """Take originals from where their documents came from: files of this machine that are still the same."""
        uris = self.audit.live_originals()
        for digest in digests:
            path = _local(uris.get(digest, ""))
            if path is not None and sha256_of(path) == digest:
                self.blobs.put_file(path)

    def put_aside(self, digests: Sequence[str]) -> None:
        """Put damaged originals aside, where nobody takes them for what they were, and look for them anew."""
        for digest in digests:
            path = self.blobs.path(digest)
            path.replace(path.with_suffix(".damaged"))
        self.find_originals(digests)

    def drop_originals(self, digests: Sequence[str]) -> None:
        """Delete originals that nothing asks for, if that is still so."""
        wanted = self.audit.wanted_originals()
        for digest in digests:
            if digest not in wanted:
                self.blobs.delete(digest)

    def _delete(self, document_id: str) -> None:
        try:
            self.publisher.delete(document_id)
        except NotFoundError:
            return  # purged meanwhile

    def _entries(self, point_ids: Sequence[str]) -> Iterator[IndexEntry]:
        for page in self.publisher.index.entries(point_ids):
            yield from page


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex; empty for one that cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def silent_for(path: Path, age_s: float) -> bool:
    """Say whether a file was last written so long ago; False for one that is gone."""
    try:
        return time.time() - path.stat().st_mtime >= age_s
    except FileNotFoundError:
        return False


def _local(uri: str) -> Path | None:
    parts = urlsplit(uri)
    path = Path(unquote(parts.path))
    return path if parts.scheme == "file" and not parts.netloc and path.is_file() else None


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
