"""Embed -> stage -> publish: how a prepared document replaces what readers see, at one stroke or not at all."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestion.chunk import ChunkDraft
from ingestion.types import ParsedDocument, SourceFile
from retrieval.catalog import Catalog
from retrieval.embed import Embedded, Embedder, FloatArray
from retrieval.errors import AttuneError, ConflictError, InvalidInputError, ModelError, VectorIndexError
from retrieval.index import IndexPoint, VectorIndex
from retrieval.pack import pack
from retrieval.rows import Known, StagedRevision
from retrieval.sentences import sentence_spans
from retrieval.types import Chunk

REBUILD_BATCH = 256
_CHUNK_IDS = uuid.UUID("6f1f4d0e-5a0b-4f0e-9a7d-3b1d7f0c8e21")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and chunked and waits to be embedded."""

    file: SourceFile
    document: ParsedDocument
    drafts: Sequence[ChunkDraft]
    collection: str
    acl: frozenset[str]
    content_sha256: str
    size_bytes: int
    recipe: str
    new: bool

    @property
    def embedding_texts(self) -> list[str]:
        """What is embedded, one text a chunk: context, newline, slice."""
        return [f"{d.context}\n{self.slice(d)}" if d.context else self.slice(d) for d in self.drafts]

    def slice(self, draft: ChunkDraft) -> str:
        """The text of one of the chunks."""
        return self.document.text[draft.start : draft.end]


@dataclass(frozen=True, slots=True)
class Writer:
    """Keeps catalog and index in step: staged, verified, published by one transaction, the old one collected."""

    catalog: Catalog
    index: VectorIndex

    def known(self, collection: str, uris: Sequence[str]) -> Mapping[str, Known]:
        """Return what the live revisions at these uris were made from.

        Returns:
            By uri; a uri without a live revision is left out.

        Raises:
            NotFoundError: There is no such collection.
        """
        self.catalog.collection(collection)
        return self.catalog.known(collection, uris)

    def write(self, batch: Sequence[Prepared], embedder: Embedder) -> list[AttuneError | None]:
        """Embed and publish documents; each is replaced whole or stays as it was.

        Returns:
            For each document None, or why it could not be written.
        """
        if not batch:
            return []
        try:
            embedded = _embed(batch, embedder)
        except ModelError as error:
            return [error] * len(batch)
        staged: list[tuple[str, list[IndexPoint]] | AttuneError] = []
        for prepared, vectors in zip(batch, embedded, strict=True):
            try:
                staged.append(self._stage(prepared, vectors))
            except (ConflictError, InvalidInputError) as error:
                staged.append(error)
        points = [point for entry in staged if not isinstance(entry, AttuneError) for point in entry[1]]
        self.index.upsert(points)
        # A process that dies loses nothing acknowledged; a machine that loses power keeps only what was flushed.
        self.index.flush()
        return [entry if isinstance(entry, AttuneError) else self._publish(*entry) for entry in staged]

    def delete(self, document_id: str) -> None:
        """Delete a document: invisible at once, then out of the index, then out of the catalog.

        Raises:
            NotFoundError: There is no such document.
        """
        self.index.delete(self.catalog.tombstone(document_id))
        self.catalog.purge(document_id)

    def known_under(self, collection: str, uri_prefix: str) -> list[tuple[str, str]]:
        """Return (document id, uri) of the live documents whose uri starts with a prefix."""
        return self.catalog.known_under(collection, uri_prefix)

    def recover(self) -> None:
        """Finish or undo what a killed process left: staged revisions go, retired ones and tombstones are collected."""
        for revision in self.catalog.staged_revisions():
            self.index.delete(self.catalog.chunk_ids(revision.id))
            self.catalog.discard(revision.id)
        for revision in self.catalog.retired_revisions():
            self._collect(revision.id)
        for document_id in self.catalog.tombstones():
            self.delete(document_id)

    def rebuild(self, embedder: Embedder) -> int:
        """Fill the index from the catalog, as after a change of the embedding model; can be repeated.

        Returns:
            How many chunks were embedded.
        """
        done = 0
        for batch in self.catalog.all_live_chunks(REBUILD_BATCH):
            chunks = [chunk for chunk, _, _ in batch]
            texts = [chunk.embedding_text for chunk in chunks]
            embedded = embedder.embed_documents(texts, [_spans(c.context, c.text) for c in chunks])
            spans = embedded.spans
            self.catalog.replace_sentences({
                c.id: None if spans is None else pack(spans[i]) for i, c in enumerate(chunks)
            })
            self.index.upsert([
                _point(c, vector, collection, acl)
                for (c, acl, collection), vector in zip(batch, embedded.vectors, strict=True)
            ])
            done += len(chunks)
        self.index.flush()
        return done

    def _stage(self, prepared: Prepared, embedded: Embedded) -> tuple[str, list[IndexPoint]]:
        document = prepared.document
        revision = self.catalog.stage(
            prepared.collection,
            prepared.file.uri,
            StagedRevision(
                title=document.title,
                media_type=document.media_type,
                size_bytes=prepared.size_bytes,
                content_sha256=prepared.content_sha256,
                recipe=prepared.recipe,
                text=document.text,
                acl=prepared.acl,
            ),
        )
        chunks = [
            _chunk(draft, ordinal, revision.id, revision.document_id, document.text)
            for ordinal, draft in enumerate(prepared.drafts)
        ]
        spans = embedded.spans
        packed = None if spans is None else {c.id: pack(v) for c, v in zip(chunks, spans, strict=True)}
        self.catalog.add_chunks(revision.id, chunks, packed)
        points = [
            _point(c, vector, prepared.collection, prepared.acl)
            for c, vector in zip(chunks, embedded.vectors, strict=True)
        ]
        return revision.id, points

    def _publish(self, revision_id: str, points: Sequence[IndexPoint]) -> AttuneError | None:
        ids = [point.chunk_id for point in points]
        if len(self.index.vectors(ids)) != len(ids):
            self.index.delete(ids)
            self.catalog.discard(revision_id)
            return VectorIndexError("the index did not keep all of the document's chunks; try again")
        try:
            retired = self.catalog.publish(revision_id)
        except ConflictError as error:
            self.index.delete(ids)
            self.catalog.discard(revision_id)
            return error
        if retired is not None:
            self._collect(retired)
        return None

    def _collect(self, revision_id: str) -> None:
        self.index.delete(self.catalog.chunk_ids(revision_id))
        self.catalog.collect(revision_id)


def _chunk(draft: ChunkDraft, ordinal: int, revision_id: str, document_id: str, text: str) -> Chunk:
    return Chunk(
        id=str(uuid.uuid5(_CHUNK_IDS, f"{revision_id}:{ordinal}")),
        document_id=document_id,
        revision_id=revision_id,
        ordinal=ordinal,
        start=draft.start,
        end=draft.end,
        text=text[draft.start : draft.end],
        context=draft.context,
        section=draft.section,
        token_count=draft.token_count,
        places=draft.places,
    )


def _point(chunk: Chunk, vector: FloatArray, collection: str, acl: frozenset[str]) -> IndexPoint:
    return IndexPoint(
        chunk_id=chunk.id,
        vector=vector,
        text=chunk.embedding_text,
        document_id=chunk.document_id,
        revision_id=chunk.revision_id,
        collection=collection,
        acl=acl,
    )


def _embed(batch: Sequence[Prepared], embedder: Embedder) -> list[Embedded]:
    """Embed the chunks of all documents together, so that like lengths share batches; parted again by document."""
    texts = [text for prepared in batch for text in prepared.embedding_texts]
    embedded = embedder.embed_documents(texts, [_spans(d.context, p.slice(d)) for p in batch for d in p.drafts])
    parted: list[Embedded] = []
    start = 0
    for prepared in batch:
        end = start + len(prepared.drafts)
        spans = embedded.spans[start:end] if embedded.spans is not None else None
        parted.append(Embedded(vectors=embedded.vectors[start:end], spans=spans))
        start = end
    return parted


def _spans(context: str, text: str) -> list[tuple[int, int]]:
    """Sentences of a chunk's text, as offsets into its embedding text."""
    behind = len(context) + 1 if context else 0
    return [(a + behind, b + behind) for a, b in sentence_spans(text)]
