"""Search over 100,000 chunks with an access filter, on the embedded engine: before, while and after HNSW is built.

Run from the repository root: ``python bench/search_100k.py [--points N] [--queries N]``. Query encoding is not in it.
"""

import argparse
import json
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np

from retrieval.index import Hits, IndexPoint
from retrieval.index_edge import EdgeIndex
from retrieval.types import Principal

DIM = 384
LATENT = 64
GROUPS = 200
CLUSTERS = 1000
VOCABULARY = 50_000
STOP_WORDS = 100
WORDS_PER_CHUNK = 130
SEED = 17


class MemoryPointer:
    """An index pointer for one run."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        self.targets[name] = target


class Corpus:
    """Clustered unit vectors, Zipf words, 1-3 of 200 groups a chunk, and everyone on three of ten chunks.

    The vectors vary in 64 directions of 384: sentence embeddings have an intrinsic dimension of some tens, and
    with noise in all directions every point is as far as any other. The 100 commonest words are left out, for
    the stop words are.
    """

    def __init__(self, points: int) -> None:
        self.random = np.random.default_rng(SEED)
        centres = self.random.standard_normal((CLUSTERS, LATENT), dtype=np.float32)
        noise = self.random.standard_normal((points, LATENT), dtype=np.float32)
        directions = self.random.standard_normal((LATENT, DIM), dtype=np.float32)
        vectors = (centres[self.random.integers(CLUSTERS, size=points)] + noise) @ directions
        self.vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self.ids = [str(uuid.UUID(int=i)) for i in range(points)]
        self.acls = [self._acl() for _ in range(points)]

    def _acl(self) -> frozenset[str]:
        groups = {f"g:{g}" for g in self.random.integers(GROUPS, size=self.random.integers(1, 4))}
        return frozenset(groups | ({"g:everyone"} if self.random.random() < 0.3 else set()))

    def text(self, words: int) -> str:
        ranks = self.random.zipf(1.2, words * 6)
        return " ".join(f"w{rank % VOCABULARY}" for rank in ranks[ranks > STOP_WORDS][:words])

    def batches(self, size: int) -> Iterator[list[IndexPoint]]:
        for start in range(0, len(self.ids), size):
            yield [
                IndexPoint(
                    chunk_id=self.ids[i],
                    vector=self.vectors[i],
                    text=self.text(WORDS_PER_CHUNK),
                    document_id=f"d{i // 20}",
                    revision_id=f"r{i // 20}",
                    collection="bench",
                    acl=self.acls[i],
                )
                for i in range(start, min(start + size, len(self.ids)))
            ]

    def question(self) -> tuple[np.ndarray, str]:
        near = self.vectors[self.random.integers(len(self.ids))]
        vector = near + 0.05 * self.random.standard_normal(DIM, dtype=np.float32)
        return vector / np.linalg.norm(vector), self.text(8)

    def reader(self, *, everyone: bool) -> Principal:
        groups = {f"g:{g}" for g in self.random.integers(GROUPS, size=5)}
        return Principal("u:bench", frozenset(groups | ({"g:everyone"} if everyone else set())))

    def exact(self, vector: np.ndarray, principal: Principal, limit: int) -> set[str]:
        keys = frozenset(principal.keys)
        allowed = np.array([i for i, acl in enumerate(self.acls) if acl & keys])
        best = allowed[np.argsort(-(self.vectors[allowed] @ vector))[:limit]]
        return {self.ids[i] for i in best}


def timed(index: EdgeIndex, corpus: Corpus, *, everyone: bool) -> tuple[float, Hits, np.ndarray, Principal]:
    vector, text = corpus.question()
    principal = corpus.reader(everyone=everyone)
    started = time.perf_counter()
    hits = index.search(vector, text, principal=principal, limit=100)
    return (time.perf_counter() - started) * 1000, hits, vector, principal


def latencies(index: EdgeIndex, corpus: Corpus, queries: int, *, everyone: bool) -> np.ndarray:
    return np.array([timed(index, corpus, everyone=everyone)[0] for _ in range(queries)])


def recall(index: EdgeIndex, corpus: Corpus, queries: int, *, everyone: bool) -> float:
    found = []
    for _ in range(queries):
        _, hits, vector, principal = timed(index, corpus, everyone=everyone)
        truth = corpus.exact(vector, principal, 10)
        found.append(len(truth & {hit.chunk_id for hit in hits.dense[:10]}) / len(truth))
    return float(np.mean(found))


def built_while_asked(index: EdgeIndex, corpus: Corpus) -> tuple[float, np.ndarray]:
    seconds: list[float] = []
    build = threading.Thread(target=lambda: seconds.append(index.build().seconds))
    build.start()
    asked = []
    while build.is_alive():
        asked.append(timed(index, corpus, everyone=False)[0])
        time.sleep(0.02)
    build.join()
    return seconds[0], np.array(asked)


def say(figure: str, value: float, unit: str, goal: float | None, baseline: dict[str, object] | None) -> None:
    versions = {name: version(name) for name in ("qdrant-edge-py", "numpy")}
    line = {"figure": figure, "value": round(value, 3), "unit": unit, "goal": goal, "baseline": baseline}
    # A load above the number of cores explains a slow figure.
    load = {"load_1m": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
    print(json.dumps(line | load | {"versions": versions}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=1000)
    options = parser.parse_args()
    corpus = Corpus(options.points)
    with tempfile.TemporaryDirectory() as directory:
        index = EdgeIndex(Path(directory), dim=DIM, fingerprint="bench", pointer=MemoryPointer())
        seconds = 0.0
        for batch in corpus.batches(1000):
            started = time.perf_counter()
            index.upsert(batch)
            seconds += time.perf_counter() - started
        say("upsert_100k_points_per_s", options.points / seconds, "1/s", None, None)
        measure(index, corpus, options.queries)
        index.close()


def measure(index: EdgeIndex, corpus: Corpus, queries: int) -> None:
    before = {wide: latencies(index, corpus, queries // 4, everyone=wide) for wide in (False, True)}
    build_s, during = built_while_asked(index, corpus)
    say("build_100k_s", build_s, "s", None, None)
    say("search_100k_during_build_p50_ms", float(np.median(during)), "ms", None, None)
    say("search_100k_during_build_p95_ms", float(np.percentile(during, 95)), "ms", None, None)
    say("search_100k_during_build_max_ms", float(during.max()), "ms", None, None)
    for wide, suffix in ((False, ""), (True, "_wide")):
        after = latencies(index, corpus, queries, everyone=wide)
        for percent, goal in ((50, 5.0), (95, None)):
            flat = {"what": "same index before HNSW", "value": round(float(np.percentile(before[wide], percent)), 3)}
            say(f"search_100k{suffix}_p{percent}_ms", float(np.percentile(after, percent)), "ms", goal, flat)
        exact = {"what": "exact search in numpy", "value": 1.0}
        say(f"search_100k{suffix}_recall_at_10", recall(index, corpus, 200, everyone=wide), "share", 0.97, exact)


if __name__ == "__main__":
    main()
