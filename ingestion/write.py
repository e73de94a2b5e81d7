"""Embed -> stage: a prepared document beside what readers see; publishing it is the index owner's part."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.chunk import ChunkDraft
from ingestion.quality import Examined
from ingestion.types import ParsedDocument, SourceFile
from retrieval.catalog import Catalog
from retrieval.embed import Embedder
from retrieval.errors import AttuneError, ConflictError, InvalidInputError, ModelError
from retrieval.pack import pack
from retrieval.rows import StagedRevision
from retrieval.sentences import sentence_spans
from retrieval.types import Chunk
from retrieval.vectors import StoredVectors, vector_bytes

_CHUNK_IDS = uuid.UUID("6f1f4d0e-5a0b-4f0e-9a7d-3b1d7f0c8e21")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and chunked and waits to be embedded."""

    file: SourceFile
    document: ParsedDocument
    drafts: Sequence[ChunkDraft]
    collection: str
    acl: frozenset[str] | None
    content_sha256: str
    size_bytes: int
    recipe: str
    source_id: str | None = None
    source_version: str | None = None
    metadata: Mapping[str, str] | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    examined: Examined | None = None

    @property
    def embedding_texts(self) -> list[str]:
        """What is embedded, one text a chunk: context, newline, slice."""
        return [f"{d.context}\n{self.slice(d)}" if d.context else self.slice(d) for d in self.drafts]

    @property
    def sentence_spans(self) -> list[list[tuple[int, int]]]:
        """The sentences of each chunk, as offsets into its embedding text."""
        return [spans_in(draft.context, self.slice(draft)) for draft in self.drafts]

    def slice(self, draft: ChunkDraft) -> str:
        """The text of one of the chunks."""
        return self.document.text[draft.start : draft.end]


@dataclass(frozen=True, slots=True)
class Staged:
    """A document whose next revision is whole and seen by nobody yet.

    Attributes:
        embedded: For how many of its chunks a vector had to be made; the others took theirs along.
        updates: The document had a revision before.
    """

    revision_id: str
    chunks: int
    embedded: int
    updates: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """Stages documents in the catalog, with their vectors; needs no index, so any number of processes may do it."""

    catalog: Catalog

    def stage(
        self, batch: Sequence[Prepared], embedder: Embedder, *, ready: bool = False
    ) -> list[Staged | AttuneError]:
        """Embed documents and stage them; chunks whose text stood in the live revision take their vectors along.

        Args:
            batch: Documents to write, all of one collection.
            embedder: Makes the vectors; the chunks of all documents are embedded together.
            ready: They may be published at once; otherwise after ``Catalog.make_ready``.

        Returns:
            For each document what was staged, or why it could not be.
        """
        if not batch:
            return []
        live = self.catalog.known(batch[0].collection, [p.file.uri for p in batch])
        had = [self.catalog.reusable(p.collection, p.file.uri, embedder.fingerprint) for p in batch]
        try:
            made = _embed_missing(batch, had, embedder)
        except ModelError as error:
            return [error] * len(batch)
        staged: list[Staged | AttuneError] = []
        for prepared, known in zip(batch, had, strict=True):
            try:
                done = self._stage(prepared, known | made, embedder.fingerprint, ready=ready)
                new = sum(1 for text in prepared.embedding_texts if text not in known)
                staged.append(Staged(done, len(prepared.drafts), new, updates=prepared.file.uri in live))
            except (ConflictError, InvalidInputError) as error:
                staged.append(error)
        return staged

    def _stage(self, prepared: Prepared, vectors: Mapping[str, StoredVectors], fingerprint: str, *, ready: bool) -> str:
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
                source_id=prepared.source_id,
                source_version=prepared.source_version,
                metadata=prepared.metadata,
            ),
        )
        chunks = [
            _chunk(draft, ordinal, revision.id, revision.document_id, document.text)
            for ordinal, draft in enumerate(prepared.drafts)
        ]
        of_chunks = {c.id: vectors[c.embedding_text] for c in chunks}
        self.catalog.add_chunks(revision.id, chunks, of_chunks, fingerprint=fingerprint, ready=ready)
        return revision.id


def _embed_missing(
    batch: Sequence[Prepared], had: Sequence[Mapping[str, StoredVectors]], embedder: Embedder
) -> dict[str, StoredVectors]:
    # By text: what stands twice, as boilerplate does, is embedded once.
    missing: dict[str, list[tuple[int, int]]] = {}
    for prepared, known in zip(batch, had, strict=True):
        for text, spans in zip(prepared.embedding_texts, prepared.sentence_spans, strict=True):
            if text not in known:
                missing[text] = spans
    return embed_chunks(list(missing), list(missing.values()), embedder) if missing else {}


def embed_chunks(
    texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], embedder: Embedder
) -> dict[str, StoredVectors]:
    """Embed texts of chunks with their sentences, so that like lengths share batches.

    Returns:
        By text.

    Raises:
        ModelError: The embedder failed.
    """
    embedded = embedder.embed_documents(texts, spans)
    sentences = [None] * len(texts) if embedded.spans is None else [pack(own) for own in embedded.spans]
    return {
        text: StoredVectors(vector_bytes(vector), own)
        for text, vector, own in zip(texts, embedded.vectors, sentences, strict=True)
    }


def spans_in(context: str, text: str) -> list[tuple[int, int]]:
    """Return the sentences of a chunk's text, as offsets into its embedding text."""
    behind = len(context) + 1 if context else 0
    return [(a + behind, b + behind) for a, b in sentence_spans(text)]


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
