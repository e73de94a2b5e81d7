"""Chunks of what was learned are found again, on both databases."""

import numpy as np
import pytest

from finetune.resolve import anchor_of, located, to_learned
from finetune.types import MemoryRow, Parts
from retrieval.learned import Weights
from retrieval.vectors import StoredVectors, vector_bytes

WORDS = "words"  # fingerprint of an embedder


@pytest.fixture
def publish(catalog, shelf):
    """Publish a document of one line a vector."""

    def publish(uri, text, *vectors, fingerprint=WORDS):
        revision = catalog.stage("default", uri, shelf.staged(text))
        made = {
            f"{revision.id}-{line}": StoredVectors(vector_bytes(vector), None) for line, vector in enumerate(vectors)
        }
        catalog.add_chunks(revision.id, shelf.chunks(revision), made, fingerprint=fingerprint)
        catalog.publish(revision.id)
        return revision

    return publish


def stored(catalog):
    return lambda chunk_ids: catalog.stored_vectors(chunk_ids, WORDS)


def found(catalog, *anchors):
    return {anchor: chunk.chunk_id for anchor, chunk in located(anchors, catalog, vectors=stored(catalog)).items()}


def test_a_chunk_is_found_again_in_the_revision_that_is_live(catalog, publish):
    document = publish("file:///a", "one\ntwo", [1, 0], [0, 1]).document_id
    one, two = anchor_of(document, "one"), anchor_of(document, "two")
    changed = publish("file:///a", "new\none", [0, 1], [1, 0])
    assert found(catalog, one, two) == {one: f"{changed.id}-1"}


def test_a_text_is_found_in_its_own_document_and_once(catalog, publish):
    first = publish("file:///a", "one\none", [1, 0], [1, 0])
    publish("file:///b", "one", [1, 0])
    one = anchor_of(first.document_id, "one")
    assert found(catalog, one) == {one: f"{first.id}-0"}


def test_what_another_embedder_made_is_not_found(catalog, publish):
    document = publish("file:///a", "one", [1, 0], fingerprint="other").document_id
    assert found(catalog, anchor_of(document, "one")) == {}


def test_memory_serves_the_chunks_that_are_there(catalog, publish):
    revision = publish("file:///a", "one\ntwo", [1, 0], [0, 1])
    one, gone = anchor_of(revision.document_id, "one"), anchor_of("gone", "one")
    rows = (MemoryRow("e0", gone, 1.0), MemoryRow("e1", one, 1.0), MemoryRow("e2", one, -0.5))
    questions = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    parts = Parts(memory=rows, questions=questions, reach=1.0, weights=Weights(dense=0.7))
    learned = to_learned("c1", parts, located({row.anchor for row in rows}, catalog, vectors=stored(catalog)))
    assert (learned.id, learned.adapter, learned.weights) == ("c1", None, Weights(dense=0.7))
    memory = learned.memory
    assert memory is not None
    assert (memory.chunk_ids, memory.document_ids) == ((f"{revision.id}-0",), (revision.document_id,))
    assert memory.examples == ("e1", "e2")
    # Half of the way from (1, 0) to the question (0, 1) that it answered; the one it did not answer moves nothing.
    np.testing.assert_allclose(memory.moved, [[np.sqrt(0.5), np.sqrt(0.5)]], atol=1e-6)


def test_memory_of_nothing_that_is_there_is_none(catalog):
    parts = Parts(memory=(MemoryRow("e0", anchor_of("gone", "one"), 1.0),), questions=np.eye(1, 2, dtype=np.float32))
    assert to_learned("c1", parts, located([parts.memory[0].anchor], catalog, vectors=stored(catalog))).memory is None
