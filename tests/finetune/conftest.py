"""A laboratory over chunks whose first half of dimensions says what they are about; the rest is noise."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pytest

from finetune.lab import Lab, open_lab
from finetune.types import Example
from retrieval.catalog import Catalog, StagedRevision
from retrieval.embed import Embedded
from retrieval.retrieve import Retriever
from retrieval.tables import metadata, open_engine
from retrieval.types import Chunk
from retrieval.vectors import StoredVectors, vector_bytes

DIM, CHUNKS, HALF = 16, 60, 8


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


class Embedder:
    """Knows the vector of every question it was told of."""

    dim, fingerprint, max_tokens = DIM, "toy", 100

    def __init__(self):
        self.vectors = {}

    def embed_documents(self, texts, spans=None):
        del spans
        return Embedded(vectors=np.stack([self.vectors[text] for text in texts]), spans=None)

    def embed_query(self, text):
        return self.vectors[text]

    def token_spans(self, texts):
        return [[] for _ in texts]


class World:
    """Documents of one chunk each, and people who ask about them.

    A question lies near its chunk in the first half of the dimensions; in the other half it lies anywhere.
    """

    def __init__(self, catalog):
        self.catalog = catalog
        self.embedder = Embedder()
        self.chance = np.random.default_rng(7)
        self.vectors = unit(self.chance.normal(size=(CHUNKS, DIM)))
        catalog.create_collection("default")
        for number in range(CHUNKS):
            self.publish(number)

    def publish(self, number, *, acl=frozenset({"g:everyone"}), text=None, uri=None):
        """Publish a document of the chunk of that number."""
        text = text or f"chunk{number}"
        digest = sha256(text.encode()).hexdigest()
        staged = StagedRevision("Title", "text/plain", len(text), digest, "recipe", text, acl)
        revision = self.catalog.stage("default", uri or f"file:///{number}", staged)
        chunk = Chunk(f"{revision.id}-0", revision.document_id, revision.id, 0, 0, len(text), text, "", (), 1)
        vector = StoredVectors(vector_bytes(self.vectors[number % CHUNKS]), None)
        self.catalog.add_chunks(revision.id, [chunk], {chunk.id: vector}, fingerprint="toy")
        self.catalog.publish(revision.id)
        return chunk

    def asked(self, number, *, times=1):
        """Return new questions about the chunk of that number."""
        questions = [f"question {len(self.embedder.vectors) + more}" for more in range(times)]
        noise = self.chance.normal(size=(times, HALF)) / np.sqrt(DIM)
        about = np.repeat(self.vectors[None, number, :HALF], times, axis=0)
        self.embedder.vectors |= dict(zip(questions, unit(np.hstack([about, noise])), strict=True))
        return questions


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.sqlite3'}")
    metadata.create_all(engine)
    yield World(Catalog(engine))
    engine.dispose()


@pytest.fixture
def lab(world, tmp_path) -> Iterator[Lab]:
    folder = tmp_path / "lab"
    with open_lab(world.catalog, world.embedder, lambda i, e: Retriever(world.catalog, i, e), folder=folder) as lab:
        yield lab


@pytest.fixture
def example(lab):
    """Make an example of a question and the chunk of a number."""
    texts = {anchor.text_sha256: anchor for anchor in lab.anchors}
    anchors = {number: texts[sha256(f"chunk{number}".encode()).hexdigest()] for number in range(CHUNKS)}

    def example(question, number, *, label=1, weight=1.0):
        return Example(
            id=sha256(f"{question} {number}".encode()).hexdigest(),
            question=question,
            anchor=anchors[number],
            label=label,
            weight=weight,
            signals=("given",),
            sources=(),
            givers=("u:curator",),
            group=question,
            given_at=datetime(2026, 11, 1, tzinfo=UTC),
        )

    return example


@pytest.fixture
def examples(world, example):
    """Make five questions about each of the chunks, with what answers them."""
    return lambda chunks=range(CHUNKS), times=5: [
        example(question, number) for number in chunks for question in world.asked(number, times=times)
    ]
