"""Back up and restore a knowledge base of 50,000 chunks while documents are written, and examine what was restored.

Run from the repository root: ``python -m bench.backup [--chunks N]``. Vectors are random: nothing is embedded, here or
in what is measured. The baseline is SQLite's own online backup of the same catalog, which knows neither PostgreSQL, nor
originals, nor checksums, nor another schema.
"""

import argparse
import io
import sqlite3
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.archive import Archive
from app.backup import back_up
from app.migrations import upgrade
from app.restore import restore
from app.settings import Settings
from bench.lines import print_figure
from ingestion.audit import Audit
from ingestion.blobs import Blobs
from ingestion.doctor import Doctor
from ingestion.publish import Publisher
from ingestion.remedies import Remedies
from retrieval.catalog import Catalog, StagedRevision
from retrieval.embed import Embedded
from retrieval.index_edge import EdgeIndex
from retrieval.tables import open_engine
from retrieval.types import Chunk
from retrieval.vectors import StoredVectors, vector_bytes

DIM = 384
CHUNKS_PER_DOCUMENT = 100
SENTENCES_PER_CHUNK = 6
WORDS = [f"word{number}" for number in range(20_000)]
EVERYBODY = frozenset({"g:everyone"})


class NoEmbedder:
    """Ends the run when anything is embedded."""

    dim, fingerprint, max_tokens = DIM, "bench", 256

    def embed_documents(self, texts: object, spans: object = None) -> Embedded:
        raise SystemExit(f"something was embedded, and nothing should be: {texts!r:.80} {spans!r:.20}")


class Base:
    """A knowledge base whose documents are random words and unit vectors."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_engine(f"sqlite:///{folder / 'catalog.sqlite3'}")
        self.catalog = Catalog(self.engine)
        self.blobs = Blobs(folder / "blobs")
        self.random = np.random.default_rng(17)

    def add(self, number: int) -> None:
        texts = [" ".join(self.random.choice(WORDS, 130)) for _ in range(CHUNKS_PER_DOCUMENT)]
        whole = "\n".join(texts)
        digest, size = self.blobs.put(io.BytesIO(whole.encode()))
        staged = StagedRevision(f"Document {number}", "text/plain", size, digest, "bench", whole, EVERYBODY)
        revision = self.catalog.stage("default", f"bench:///{number:08d}", staged)
        chunks, start = [], 0
        for ordinal, text in enumerate(texts):
            place = (revision.document_id, revision.id, ordinal, start, start + len(text), text)
            chunk_id = str(uuid.UUID(bytes=self.random.bytes(16)))
            chunks.append(Chunk(chunk_id, *place, "", (), 170, ()))
            start += len(text) + 1
        vectors = self.random.standard_normal((len(chunks), DIM), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        given = {
            c.id: StoredVectors(vector_bytes(v), self.random.bytes(SENTENCES_PER_CHUNK * DIM))
            for c, v in zip(chunks, vectors, strict=True)
        }
        self.catalog.add_chunks(revision.id, chunks, given, fingerprint="bench", ready=True)
        self.catalog.publish(revision.id)

    @contextmanager
    def written_to(self, first: int) -> Iterator[list[int]]:
        stop, written = threading.Event(), [0]

        def write() -> None:
            while not stop.is_set():
                self.add(first + written[0])
                written[0] += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield written
        finally:
            stop.set()
            thread.join()


class Pointer:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def get(self, name: str) -> str | None:
        return self.catalog.index_pointer(name)

    def set(self, name: str, target: str) -> None:
        self.catalog.set_index_pointer(name, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=50_000)
    documents = parser.parse_args().chunks // CHUNKS_PER_DOCUMENT
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
        folder = Path(name)
        (folder / "house").mkdir()
        upgrade(f"sqlite:///{folder / 'house' / 'catalog.sqlite3'}")
        base = Base(folder / "house")
        base.catalog.create_collection("default")
        for number in range(documents):
            base.add(number)
        measure(base, documents, folder)
        base.engine.dispose()


def measure(base: Base, documents: int, folder: Path) -> None:
    own = sqlite_backup(folder)
    with base.written_to(documents) as written:
        started = time.perf_counter()
        backup = back_up(base.catalog, base.blobs, folder / "b.tar", embedder="bench", data_dir=folder / "house")
        backup_s = time.perf_counter() - started
    started = time.perf_counter()
    Archive.opened(backup.path)
    check_s = time.perf_counter() - started
    target = Settings(data_dir=folder / "restored", disk_reserve_bytes=0)
    started = time.perf_counter()
    restore(target, backup.path)
    rows_s = time.perf_counter() - started
    doctored = fill_and_examine(target)
    restore_s = rows_s + doctored["index_s"]
    about = {
        "what": "SQLite's own backup of the same catalog, without originals",
        "value": round(own, 3),
        "chunks": backup.manifest.rows["chunks"],
        "originals": backup.manifest.blobs,
        "size_mb": round(backup.size_bytes / 2**20, 1),
        "documents_written_meanwhile": written[0],
    }
    print_figure("backup_50k_chunks_s", backup_s, unit="s", baseline=about)
    print_figure("backup_check_50k_chunks_s", check_s, unit="s")
    parts = {"what": "of it rows and originals; filling the index", "rows_s": round(rows_s, 2)} | doctored
    print_figure("restore_50k_chunks_s", restore_s, unit="s", baseline=parts)
    print_figure("backup_and_restore_50k_chunks_s", backup_s + restore_s, unit="s", goal="at most 300")
    print_figure(
        "restored_ailments", doctored["ailments"], unit="findings", goal="0", baseline={"prefix": doctored["prefix"]}
    )


def sqlite_backup(folder: Path) -> float:
    source = sqlite3.connect(folder / "house" / "catalog.sqlite3")
    target = sqlite3.connect(folder / "own.sqlite3")
    started = time.perf_counter()
    source.backup(target)
    seconds = time.perf_counter() - started
    source.close()
    target.close()
    return seconds


def fill_and_examine(target: Settings) -> dict[str, float]:
    engine = open_engine(target.catalog_url)
    catalog = Catalog(engine)
    index = EdgeIndex(target.data_dir / "index", dim=DIM, fingerprint="bench", pointer=Pointer(catalog))
    publisher = Publisher(catalog, index, NoEmbedder())
    started = time.perf_counter()
    publisher.rebuild()
    index_s = time.perf_counter() - started
    doctor = Doctor(Remedies(Audit(engine), publisher, Blobs(target.data_dir / "blobs")))
    found = doctor.examine(deep=True)
    with engine.connect() as connection:
        uris = sorted(
            connection.exec_driver_sql("SELECT uri FROM documents WHERE live_revision_id IS NOT NULL").scalars()
        )
    index.close()
    engine.dispose()
    return {
        "index_s": round(index_s, 2),
        "doctor_s": round(found.seconds, 2),
        "ailments": len(found.ailments),
        # Documents were written in the order of their numbers: one moment holds a prefix of them.
        "prefix": float(uris == [f"bench:///{number:08d}" for number in range(len(uris))]),
    }


if __name__ == "__main__":
    main()
