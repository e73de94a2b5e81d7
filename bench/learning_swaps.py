"""Readers while what is learned is promoted and rolled back again and again: each is served by one state, none fails.

Run from the repository root: ``python -m bench.learning_swaps [--documents 1000] [--rows 10000] [--swaps 200]``. Real
catalog (SQLite), registry, candidates on disk, index and retriever in one process; vectors are drawn, so that the time
of an embedder hides nothing.
"""

import argparse
import hashlib
import statistics
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, insert

from app.migrations import upgrade
from bench.lines import print_figure
from finetune.artifact import Artifacts, Recipe
from finetune.registry import Made, Registry
from finetune.resolve import anchor_of
from finetune.serving import ServingState
from finetune.tables import training_sets
from finetune.trials import Trials
from finetune.types import MemoryRow, Parts
from retrieval.catalog import Catalog, StagedRevision
from retrieval.index import IndexPoint
from retrieval.index_edge import EdgeIndex
from retrieval.learned import Weights
from retrieval.retrieve import Retriever
from retrieval.tables import open_engine
from retrieval.types import Chunk, Principal
from retrieval.vectors import StoredVectors, vector_bytes

READER = Principal("u:reader")
EVERYONE = frozenset({"g:everyone"})
DIM, CHUNKS, READERS = 384, 5, 2


class Drawn:
    """Vectors by chance, the same for the same text."""

    dim, fingerprint, max_tokens = DIM, "drawn", 128

    def embed_query(self, text: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
        return vector / np.linalg.norm(vector)


def fill(catalog: Catalog, index: EdgeIndex, embedder: Drawn, documents: int) -> list[tuple[str, str]]:
    """Publish documents; gives document and text of each chunk."""
    made = []
    for number in range(documents):
        lines = [f"Line {ordinal} of document {number}." for ordinal in range(CHUNKS)]
        text = "\n".join(lines)
        digest = hashlib.sha256(text.encode()).hexdigest()
        staged = StagedRevision(f"Document {number}", "text/plain", len(text), digest, "recipe", text, EVERYONE)
        revision = catalog.stage("default", f"upload:{number}", staged)
        chunks, start = [], 0
        for ordinal, line in enumerate(lines):
            end, key = start + len(line), f"{revision.id}-{ordinal}"
            chunks.append(Chunk(key, revision.document_id, revision.id, ordinal, start, end, line, "", (), 6))
            start = end + 1
        vectors = {chunk.id: embedder.embed_query(chunk.text) for chunk in chunks}
        catalog.add_chunks(revision.id, chunks)
        stored = {key: StoredVectors(vector_bytes(vector), None) for key, vector in vectors.items()}
        catalog.replace_vectors(stored, embedder.fingerprint)
        index.upsert([
            IndexPoint(chunk.id, vectors[chunk.id], chunk.text, chunk.document_id, revision.id, "default", EVERYONE)
            for chunk in chunks
        ])
        catalog.publish(revision.id)
        made += [(revision.document_id, line) for line in lines]
    return made


def candidates(engine: Engine, artifacts: Artifacts, texts: list[tuple[str, str]], rows: int) -> list[str]:
    """Make two, each of adapter, memory and weights."""
    registry, chance = Registry(engine), np.random.default_rng(1)
    row = {"id": "set", "manifest": {}, "questions": rows, "rows": rows, "created_at": datetime.now(UTC)}
    with engine.begin() as connection:
        connection.execute(insert(training_sets).values(row))
    made = []
    for seed in (1, 2):
        questions = chance.standard_normal((rows, DIM)).astype(np.float32)
        questions /= np.linalg.norm(questions, axis=1, keepdims=True)
        memory = [MemoryRow(f"e{n}", anchor_of(*texts[n % len(texts)]), 1.0) for n in range(rows)]
        adapter = (chance.standard_normal((DIM, DIM)) / 100).astype(np.float32)
        parts = Parts(adapter, memory, questions, 0.5, Weights(0.7, 0.1))
        recipe = Recipe("query_adapter", ("memory", "fusion", "query_adapter"), "set", Drawn.fingerprint, seed)
        key, manifest = artifacts.write(parts, recipe)
        registry.add(Made(key, "query_adapter", "set", manifest))
        registry.judge(key, passed=True, report={}, reason="")
        made.append(key)
    return made


class Readers:
    """They ask without pause, and note by what they were served."""

    def __init__(self, retriever: Retriever) -> None:
        self.served: Counter[str] = Counter()
        self.mixed = 0
        self.failed: list[str] = []
        self.stopping = threading.Event()
        self._retriever = retriever
        self._threads = [threading.Thread(target=self._read, args=(n,)) for n in range(READERS)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def _read(self, number: int) -> None:
        while not self.stopping.is_set():
            number += READERS
            try:
                found = self._retriever.retrieve(f"Line {number % CHUNKS} of document {number}", principal=READER)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                self.failed.append(repr(error))
                continue
            states = {"" if passage.learnt is None else passage.learnt.state for passage in found}
            self.mixed += len(states) != 1
            self.served[next(iter(states))] += 1


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--documents", type=int, default=1000)
    arguments.add_argument("--rows", type=int, default=10_000)
    arguments.add_argument("--swaps", type=int, default=200)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/catalog.sqlite3"
        upgrade(url)
        engine, embedder = open_engine(url), Drawn()
        catalog = Catalog(engine)
        catalog.create_collection("default")
        pointer = type("Pointer", (dict,), {"set": dict.__setitem__})()
        index = EdgeIndex(Path(folder) / "index", dim=DIM, fingerprint=embedder.fingerprint, pointer=pointer)
        texts = fill(catalog, index, embedder, given.documents)
        artifacts, registry = Artifacts(Path(folder) / "candidates"), Registry(engine)
        first, second = candidates(engine, artifacts, texts, given.rows)
        state = ServingState(artifacts, catalog, embedder, Trials(engine))
        began = time.perf_counter()
        registry.promote(first, approved_by="u:ann")
        state.refresh()
        loaded_ms = (time.perf_counter() - began) * 1000
        forth, back = swap(registry, state, Retriever(catalog, index, embedder, learning=state), (first, second), given)
        index.close()
        engine.dispose()
        size = {"documents": given.documents, "memory_rows": given.rows, "readers": READERS}
        print_figure("candidate loaded", loaded_ms, unit="ms", baseline=size)
        print_figure("promotion under load, the longest", max(forth), unit="ms", baseline=size)
        median = {"median": round(statistics.median(back), 2)}
        print_figure("rollback under load, the longest", max(back), unit="ms", goal="<= 1000", baseline=size | median)


def swap(
    registry: Registry, state: ServingState, retriever: Retriever, keys: tuple[str, str], given: argparse.Namespace
) -> tuple[list[float], list[float]]:
    """Promote and roll back under load; gives the times of both."""
    forth, back = [], []
    with Readers(retriever) as readers:
        for _ in range(given.swaps):
            began = time.perf_counter()
            registry.promote(keys[1], approved_by="u:ann")
            state.refresh()
            forth.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            registry.rollback(keys[1], usable=state.usable)
            state.refresh()
            back.append((time.perf_counter() - began) * 1000)
            time.sleep(0.01)
    served = {key[:8]: count for key, count in readers.served.items()}
    print_figure("requests that failed", len(readers.failed), unit="requests", goal="0", baseline=served)
    print_figure("answers of two states", readers.mixed, unit="answers", goal="0", baseline=served)
    return forth, back


if __name__ == "__main__":
    main()
