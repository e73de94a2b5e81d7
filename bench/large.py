"""A knowledge base of many chunks, made without embedding anything: sentences of the handbook dealt at random, vectors
in clusters. It is searched by the real server with the real embedder.
"""

import io
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from app.bootstrap import DEFAULT_COLLECTION, Services, open_services
from app.settings import Settings
from bench.lines import data
from bench.search_100k import Corpus
from retrieval.catalog import StagedRevision
from retrieval.index import IndexPoint
from retrieval.pack import pack
from retrieval.sentences import sentence_spans
from retrieval.types import Chunk
from retrieval.vectors import StoredVectors, vector_bytes

CHUNKS_PER_DOCUMENT = 50
CHARS = 900
Dealt = Callable[[int], tuple[str, frozenset[str]]]
"""The number of a document -> its collection and its access list."""


def for_everyone(number: int) -> tuple[str, frozenset[str]]:
    del number
    return DEFAULT_COLLECTION, frozenset({"g:everyone"})


def fill(data_dir: Path, chunks: int, *, dealt: Dealt = for_everyone) -> None:
    """Fill an empty data directory and build its index, HNSW included; the collections that are dealt must exist."""
    corpus = Corpus(chunks)
    random = np.random.default_rng(17)
    sentences = list(_sentences())
    with open_services(Settings(data_dir=data_dir)) as services:
        for first in range(0, chunks, CHUNKS_PER_DOCUMENT):
            vectors = corpus.vectors[first : first + CHUNKS_PER_DOCUMENT]
            _add(
                services,
                (first, *dealt(first // CHUNKS_PER_DOCUMENT)),
                [_text(random, sentences) for _ in vectors],
                vectors,
                random,
            )
        services.index.build()


def _sentences() -> Iterator[str]:
    for line in (data("tts-handbook") / "corpus.jsonl").read_text().splitlines():
        text = json.loads(line)["text"]
        yield from (text[start:end] for start, end in sentence_spans(text) if end - start > 20)


def _text(random: np.random.Generator, sentences: list[str]) -> str:
    text = ""
    while len(text) < CHARS:
        text += sentences[random.integers(len(sentences))] + " "
    return text[: CHARS + 200].strip()


def _add(
    services: Services,
    document: tuple[int, str, frozenset[str]],
    texts: list[str],
    vectors: np.ndarray,
    random: np.random.Generator,
) -> None:
    number, collection, readers = document
    whole = "\n".join(texts)
    digest, size = services.blobs.put(io.BytesIO(whole.encode()))
    staged = StagedRevision(f"Document {number}", "text/plain", size, digest, services.recipe(), whole, readers)
    revision = services.catalog.stage(collection, f"bench:///{number:08d}", staged)
    made, start = [], 0
    for ordinal, text in enumerate(texts):
        key = str(uuid.UUID(bytes=random.bytes(16)))
        made.append(Chunk(key, revision.document_id, revision.id, ordinal, start, start + len(text), text, "", (), 170))
        start += len(text) + 1
    given = {}
    for chunk, vector in zip(made, vectors, strict=True):
        rows = vector + 0.5 * random.standard_normal((len(sentence_spans(chunk.text)), len(vector)), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        given[chunk.id] = StoredVectors(vector_bytes(vector), pack(rows))
    fingerprint = services.embedder.fingerprint
    services.catalog.add_chunks(revision.id, made, given, fingerprint=fingerprint, ready=True)
    services.catalog.publish(revision.id)
    services.index.upsert([
        IndexPoint(c.id, v, c.text, revision.document_id, revision.id, collection, readers)
        for c, v in zip(made, vectors, strict=True)
    ])
