"""Readers while a document is replaced again and again: each sees one state of it whole, never two, none or a part.

Run from the repository root: ``python -m bench.swaps [--swaps 500] [--reads 100000]``. Real catalog, index, writer,
publisher and retriever in one process; the embedder is a small one of words, so that reads are many.
"""

import argparse
import hashlib
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from bench.lines import print_figure
from ingestion.ingest import Ingestor
from ingestion.parse import parse
from ingestion.prepare import incoming_of
from ingestion.publish import Publisher
from ingestion.report import Ingested, Terms
from ingestion.tables import metadata
from ingestion.types import SourceFile
from ingestion.write import Writer
from retrieval.catalog import Catalog
from retrieval.embed import Embedded, FloatArray
from retrieval.index_edge import EdgeIndex
from retrieval.retrieve import Retriever
from retrieval.tables import open_engine
from retrieval.types import Principal

READER = Principal(id="u:reader")
READERS = 3


class Words:
    """Vectors out of a text's words."""

    dim, fingerprint, max_tokens = 32, "words", 64

    def embed_documents(self, texts: Sequence[str], spans: object = None) -> Embedded:
        del spans
        counts = np.full((len(texts), self.dim), 0.01, dtype=np.float32)
        for number, text in enumerate(texts):
            for word in text.split():
                counts[number, hashlib.sha256(word.encode()).digest()[0] % self.dim] += 1
        return Embedded(counts / np.linalg.norm(counts, axis=1, keepdims=True), None)

    def embed_query(self, text: str) -> FloatArray:
        return self.embed_documents([text]).vectors[0]

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [_words(text) for text in texts]


def _words(text: str) -> list[tuple[int, int]]:
    spans, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        spans.append((start, position))
    return spans


class Pointer(dict[str, str]):
    """Where the index is."""

    def set(self, name: str, target: str) -> None:
        self[name] = target


def page(state: int) -> str:
    """A page of as many chunks as its state says, each of which names the state and how many there are."""
    parts = state % 3 + 2
    filler = " ".join(["tide"] * 45)
    return "\n\n".join(f"State s{state} of {parts} parts says {filler} p{n}." for n in range(parts))


def judge(texts: Sequence[str]) -> str:
    states = {text.split()[1] for text in texts}
    if not states:
        return "empty"
    if len(states) > 1:
        return "mixed"
    return "whole" if len(texts) == int(texts[0].split()[3]) else "partial"


class House:
    """A knowledge base of one page."""

    def __init__(self, root: Path) -> None:
        self.engine = open_engine(f"sqlite:///{root / 'catalog.sqlite3'}")
        metadata.create_all(self.engine)
        self.catalog, words = Catalog(self.engine), Words()
        self.catalog.create_collection("default")
        self.index = EdgeIndex(root / "index", dim=words.dim, fingerprint="words", pointer=Pointer())
        self.publisher = Publisher(self.catalog, self.index, words)
        self.ingestor = Ingestor(parse, words, Writer(self.catalog), chunk_tokens=62)
        self.retriever = Retriever(self.catalog, self.index, words)
        self.file = root / "page.txt"

    def swap(self, state: int) -> None:
        self.file.write_text(page(state))
        source = SourceFile(self.file, self.file.as_uri(), "page.txt")
        terms = Terms("default", self.ingestor.recipe, ready=True)
        (result,) = self.ingestor.ingest([incoming_of(source)], terms)
        if not isinstance(result, Ingested) or self.publisher.publish_ready() != 1:
            raise SystemExit(f"state {state} was not published: {result}")

    def read(self) -> str:
        found = self.retriever.retrieve("State of parts says tide", limit=10, principal=READER)
        return judge([passage.chunk.text for passage in found])

    def close(self) -> None:
        self.index.close()
        self.engine.dispose()


class Readers:
    """Threads that read until they are told to stop."""

    def __init__(self, house: House) -> None:
        self.seen: Counter[str] = Counter()
        self._house = house
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._read) for _ in range(READERS)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        while not self._done.is_set():
            mine = Counter(self._house.read() for _ in range(50))
            with self._lock:
                self.seen.update(mine)

    @property
    def reads(self) -> int:
        return sum(self.seen.values())

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def swap_and_read(swaps: int, reads: int) -> None:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name, closing(House(Path(name))) as house:
        house.swap(0)
        readers = Readers(house)
        for state in range(1, swaps + 1):
            house.swap(state)
            # As many reads as swaps, from the first to the last.
            while readers.reads < reads * state / swaps:
                time.sleep(0.005)
        readers.stop()
    bad = sum(count for what, count in readers.seen.items() if what != "whole")
    seconds = round(time.perf_counter() - started, 1)
    baseline = {"reads": readers.reads, "swaps": swaps, **readers.seen, "seconds": seconds}
    print_figure("reads that saw two states, none or a part", bad, unit="reads", goal="0", baseline=baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=500)
    parser.add_argument("--reads", type=int, default=100_000)
    given = parser.parse_args()
    swap_and_read(given.swaps, given.reads)


if __name__ == "__main__":
    main()
