"""The index follows the labels of documents, whoever changes them when, and whatever it held before."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pytest

from ingestion.publish import Publisher
from ingestion.tables import metadata
from retrieval import index_engine
from retrieval.catalog import Catalog, StagedRevision
from retrieval.index_edge import EdgeIndex
from retrieval.tables import open_engine
from retrieval.types import Chunk, Filters, Principal
from retrieval.vectors import StoredVectors, vector_bytes

READER = Principal("u:reader")
VECTOR = np.array([1, 0], dtype=np.float32)


class Embedder:
    """Every text gets the same vector, from the catalog; nothing is ever embedded."""

    fingerprint = "f"
    dim = 2


class House:
    def __init__(self, root):
        self.engine = open_engine(f"sqlite:///{root / 'catalog.sqlite3'}")
        metadata.create_all(self.engine)
        self.catalog = Catalog(self.engine)
        self.catalog.create_collection("default")
        self.root = root
        self.open()

    def open(self):
        self.index = EdgeIndex(self.root / "index", dim=2, fingerprint="f", pointer=self)
        self.publisher = Publisher(self.catalog, self.index, Embedder())

    def get(self, name):
        return self.catalog.index_pointer(name)

    def set(self, name, target):
        self.catalog.set_index_pointer(name, target)

    def stage(self, uri, text, **values):
        digest = sha256(text.encode()).hexdigest()
        staged = StagedRevision(uri, "text/plain", 1, digest, "recipe", text, frozenset({"g:everyone"}))
        revision = self.catalog.stage("default", uri, replace(staged, **values))
        chunk = Chunk(f"{uri}-{revision.number}", revision.document_id, revision.id, 0, 0, len(text), text, "", (), 1)
        given = {chunk.id: StoredVectors(vector_bytes(VECTOR), None)}
        self.catalog.add_chunks(revision.id, [chunk], given, fingerprint="f", ready=True)
        return revision

    def add(self, uri, text="words", **values):
        revision = self.stage(uri, text, **values)
        self.publisher.publish_ready()
        return revision

    def found(self, **filters):
        hits = self.index.search(VECTOR, None, principal=READER, filters=Filters(**filters)).dense
        return {hit.chunk_id for hit in hits}


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.index.close()
    made.engine.dispose()


def test_what_is_published_is_found_by_its_labels(house):
    before = datetime.now(UTC)
    house.add("a", metadata={"team": "law"}, source_id="s1")
    house.add("b", media_type="image/png")
    assert house.found(metadata=(("team", "law"),)) == {"a-1"}
    assert house.found(sources=("s1",)) == {"a-1"}
    assert house.found(media_types=("image/*",)) == {"b-1"}
    assert house.found(updated_from=before) == {"a-1", "b-1"}
    assert house.found(updated_until=before.replace(year=2000)) == set()


def test_index_and_catalog_agree_on_the_moment_of_a_change(house):
    document_id = house.add("a").document_id
    moment = house.catalog.labels([document_id])[document_id].updated_at
    (entry,) = [entry for page in house.index.entries() for entry in page]
    assert entry.updated == int(moment.timestamp())


def test_changed_metadata_reaches_the_index_without_a_vector(house):
    document_id = house.add("a", metadata={"team": "law"}).document_id
    house.catalog.set_metadata(document_id, {"team": "tax"})
    assert house.publisher.relabel() == 1
    assert house.found(metadata=(("team", "tax"),)) == {"a-1"}
    assert house.found(metadata=(("team", "law"),)) == set()
    assert house.publisher.relabel() == 0


def test_metadata_that_changes_while_a_revision_is_published_is_not_lost(house):
    document_id = house.add("a", metadata={"team": "law"}).document_id
    house.stage("a", "new words")
    upsert, threads = house.index.upsert, []

    def interrupted(points):
        # The labels of the points were read; now somebody changes them and tells the index, before they are written.
        house.catalog.set_metadata(document_id, {"team": "tax"})
        threads.append(threading.Thread(target=house.publisher.relabel))
        threads[0].start()
        threads[0].join(0.2)
        upsert(points)

    house.index.upsert = interrupted
    house.publisher.publish_ready()
    threads[0].join()
    assert house.found(metadata=(("team", "tax"),)) == {"a-2"}
    assert house.found(metadata=(("team", "law"),)) == set()


def test_an_index_from_before_there_were_labels_is_brought_up_to_date(house, monkeypatch):
    house.index.close()
    old = house.root / "index"
    for path in sorted(old.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    monkeypatch.setattr(index_engine, "LABEL_INDEXES", ())
    house.open()
    house.add("a", metadata={"team": "law"})
    (entry,) = [entry for page in house.index.entries() for entry in page]
    house.index.set_labels(["a-1"], replace(house.catalog.labels([entry.document_id])[entry.document_id], metadata={}))
    assert house.found(metadata=(("team", "law"),)) == set()
    house.index.close()
    monkeypatch.undo()
    # As the migration marks every document.
    with house.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE documents SET relabel = 1")
    house.open()
    assert house.publisher.relabel() == 1
    assert house.found(metadata=(("team", "law"),)) == {"a-1"}


def test_an_index_that_is_filled_again_has_labels(house):
    house.add("a", metadata={"team": "law"}, source_id="s1")
    house.index.delete(["a-1"])
    house.publisher.rebuild()
    assert house.found(metadata=(("team", "law"),), sources=("s1",)) == {"a-1"}
