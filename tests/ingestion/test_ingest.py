"""The document path on a real catalog and a real index, with a small embedder of words."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ingestion.ingest import Ingestor
from ingestion.load import Collected, collect
from ingestion.parse import parse
from ingestion.write import Writer
from retrieval.catalog import Catalog
from retrieval.embed import Embedded
from retrieval.errors import ConflictError, ModelError, NotFoundError
from retrieval.index_edge import EdgeIndex
from retrieval.tables import metadata, open_engine
from retrieval.types import Principal

READER = Principal(id="u:reader")


class WordEmbedder:
    """Vectors of 16 dimensions out of a text's words, the same in every process."""

    dim, fingerprint, max_tokens = 16, "words", 64
    embedded = 0

    def embed_documents(self, texts, spans=None):
        self.embedded += len(texts)
        counts = np.full((len(texts), 16), 0.01, dtype=np.float32)
        for number, text in enumerate(texts):
            for word in text.split():
                counts[number, hashlib.sha256(word.encode()).digest()[0] % 16] += 1
        vectors = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        pooled = None if spans is None else [np.zeros((len(s), 16), dtype=np.float32) for s in spans]
        return Embedded(vectors, pooled)

    def token_spans(self, texts):
        spans = []
        for text in texts:
            position, own = 0, []
            for word in text.split():
                start = text.index(word, position)
                position = start + len(word)
                own.append((start, position))
            spans.append(own)
        return spans


class House:
    """A knowledge base in a folder."""

    def __init__(self, root, embedder=None):
        engine = open_engine(f"sqlite:///{root / 'catalog.sqlite3'}")
        metadata.create_all(engine)
        self.engine = engine
        self.catalog = Catalog(engine)
        if not self.catalog.collections(principal=READER):
            self.catalog.create_collection("default")
        self.embedder = embedder or WordEmbedder()
        self.index = EdgeIndex(root / "index", dim=16, fingerprint="words", pointer=self)
        self.writer = Writer(self.catalog, self.index)
        self.ingestor = Ingestor(parse, self.embedder, self.writer, chunk_tokens=62)

    def get(self, name):
        return self.catalog.index_pointer(name)

    def set(self, name, target):
        self.catalog.set_index_pointer(name, target)

    def ingest(self, *paths, **options):
        return self.ingestor.ingest(collect(paths), collection="default", **options)

    def texts(self):
        documents = self.catalog.documents(principal=READER)
        return sorted(self.catalog.revision(d.live_revision_id, principal=READER).text for d in documents)

    def points(self):
        return sorted(chunk_id for page in self.index.ids() for chunk_id in page)

    def chunk_ids(self):
        pages = self.catalog.all_live_chunks(100)
        return sorted(chunk.id for page in pages for chunk, _, _ in page)

    def close(self):
        self.index.close()
        self.engine.dispose()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(f"# Page {name}\n\nThis is what page {name} says.")
    return folder


def test_what_is_ingested_is_in_catalog_and_index_alike(house, pages):
    report = house.ingest(pages)
    assert (report.added, report.chunks, report.failed) == (3, 3, [])
    assert house.points() == house.chunk_ids()


def test_a_second_run_embeds_nothing(house, pages):
    house.ingest(pages)
    before = house.embedder.embedded
    report = house.ingest(pages)
    assert (report.unchanged, report.chunks, house.embedder.embedded) == (3, 0, before)


def test_a_changed_file_replaces_its_revision_and_the_old_points_go(house, pages):
    house.ingest(pages)
    (pages / "a.md").write_text("# Page a\n\nNow it says something new.")
    report = house.ingest(pages)
    assert (report.updated, report.unchanged) == (1, 2)
    assert any("something new" in text for text in house.texts())
    assert house.points() == house.chunk_ids()


def test_a_file_that_became_unreadable_keeps_what_was_known_of_it(house, pages):
    house.ingest(pages)
    (pages / "a.md").write_bytes(b"")
    report = house.ingest(pages)
    assert [Path(f.path).name for f in report.failed] == ["a.md"]
    assert any("page a says" in text for text in house.texts())


def test_what_is_gone_from_a_folder_is_deleted_and_its_neighbours_stay(house, pages, tmp_path):
    other = tmp_path / "pages2"
    other.mkdir()
    (other / "d.md").write_text("# Page d\n\nA neighbour with a like name.")
    house.ingest(pages, other)
    (pages / "b.md").unlink()
    assert house.ingest(pages).deleted == 1
    assert len(house.texts()) == 3
    assert house.points() == house.chunk_ids()


def test_an_emptied_folder_deletes_nothing(house, pages):
    house.ingest(pages)
    for path in pages.iterdir():
        path.unlink()
    with pytest.raises(ConflictError, match="empty now"):
        house.ingest(pages)
    assert len(house.texts()) == 3


def test_a_missing_collection_is_an_error_before_any_work(house, pages):
    with pytest.raises(NotFoundError):
        house.ingestor.ingest(collect([pages]), collection="missing")
    assert house.embedder.embedded == 0


def test_a_failing_embedder_fails_the_documents_and_leaves_no_trace(house, pages):
    house.ingest(pages)

    class Broken(WordEmbedder):
        def embed_documents(self, _texts, _spans=None):
            raise ModelError("the embedding endpoint failed")

    broken = Ingestor(parse, Broken(), house.writer, chunk_tokens=62)
    for path in pages.iterdir():
        path.write_text(path.read_text() + "\n\nMore.")
    report = broken.ingest(collect([pages]), collection="default")
    assert len(report.failed) == 3
    assert house.catalog.staged_revisions() == []
    assert not any("More." in text for text in house.texts())


def test_progress_names_every_document_and_counts_to_the_end(house, pages):
    told = []
    house.ingest(pages, progress=told.append)
    assert [p.done for p in told] == [1, 2, 3]
    assert {p.total for p in told} == {3}


def test_the_same_file_named_twice_is_taken_once(house, pages):
    files = collect([pages]).files
    assert house.ingestor.ingest(Collected(files=files + files), collection="default").documents == 3


def test_an_index_that_was_lost_is_rebuilt_from_the_catalog(house, pages):
    house.ingest(pages)
    house.index.delete(house.points())
    assert house.writer.rebuild(house.embedder) == 3
    assert house.points() == house.chunk_ids()


DIE_AT = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_ingest import House

point, occurrence, root, pages = sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5])
house = House(root)
target, name = {"catalog": house.catalog, "index": house.index}[point.split(".")[0]], point.split(".")[1]
original, calls = getattr(target, name), []

def dying(*arguments, **keywords):
    calls.append(1)
    if len(calls) == occurrence and point.endswith("before"):
        os._exit(9)
    result = original(*arguments, **keywords)
    if len(calls) == occurrence:
        os._exit(9)
    return result

setattr(target, name, dying)
house.ingest(pages)
os._exit(0)
"""

FAULTS = [
    "catalog.stage",
    "catalog.add_chunks",
    "index.upsert",
    "index.flush",
    "catalog.publish",
    "index.delete",
    "catalog.collect",
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("occurrence", [1, 2])
def test_a_process_that_dies_anywhere_leaves_each_document_old_or_new(tmp_path, pages, fault, occurrence):
    house = House(tmp_path)
    house.ingest(pages)
    old = house.texts()
    house.close()
    for path in pages.iterdir():
        path.write_text(path.read_text().replace("says", "says now"))
    died = subprocess.run(
        [sys.executable, "-c", DIE_AT, str(Path(__file__).parent), fault, str(occurrence), str(tmp_path), str(pages)],
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert died.returncode in ({9} if occurrence == 1 else {0, 9})

    house = House(tmp_path)
    try:
        house.writer.recover()
        for text in house.texts():
            assert text in old or "says now" in text
        assert len(house.texts()) == 3
        assert house.catalog.staged_revisions() == []
        assert house.points() == house.chunk_ids()
        house.ingest(pages)
        assert all("says now" in text for text in house.texts())
        assert house.points() == house.chunk_ids()
    finally:
        house.close()


def test_a_deletion_that_was_cut_short_is_carried_to_its_end(house, pages):
    house.ingest(pages)
    document = house.catalog.documents(principal=READER)[0]
    house.catalog.tombstone(document.id)
    house.writer.recover()
    assert house.points() == house.chunk_ids()
    assert house.catalog.tombstones() == []
