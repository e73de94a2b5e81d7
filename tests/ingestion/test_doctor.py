"""The doctor on a real catalog, a real index and real originals: what is planted is found and mended, nothing else."""

import hashlib
import io
import os
import threading
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from ingestion.ailments import KINDS
from ingestion.audit import Audit
from ingestion.blobs import Blobs
from ingestion.doctor import Check, Doctor, Patience
from ingestion.originals import Originals
from ingestion.publish import Publisher
from ingestion.quarantine import Quarantine
from ingestion.remedies import Remedies
from ingestion.runs import IngestRuns
from ingestion.tables import metadata
from retrieval.catalog import Catalog, StagedRevision
from retrieval.embed import Embedded
from retrieval.errors import ConflictError, ModelError
from retrieval.index import IndexPoint
from retrieval.index_edge import EdgeIndex
from retrieval.tables import open_engine
from retrieval.types import Chunk, Principal
from retrieval.vectors import StoredVectors, vector_bytes

DIM = 8
READER = Principal("u:reader", frozenset({"g:everyone"}))
EVERYBODY = frozenset({"g:everyone"})
QUICK = Patience(settle_s=0.02)
LONG_AGO = "2020-01-01 00:00:00.000000"


class HashEmbedder:
    """A vector for each text out of its hash, the same in every process."""

    dim, fingerprint, max_tokens = DIM, "hashes", 64
    embedded = 0
    fails = False

    def embed_documents(self, texts, _spans=None):
        if self.fails:
            raise ModelError("the model is away")
        self.embedded += len(texts)
        rows = [np.frombuffer(hashlib.sha256(words.encode()).digest(), dtype=np.int8)[:DIM] for words in texts]
        vectors = np.array(rows, dtype=np.float32) + 0.5
        return Embedded(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), None)


class House:
    """A knowledge base in a folder, whose documents are lines, each a chunk."""

    def __init__(self, root):
        self.root = root
        self.engine = open_engine(f"sqlite:///{root / 'catalog.sqlite3'}")
        metadata.create_all(self.engine)
        self.catalog = Catalog(self.engine)
        self.catalog.create_collection("default")
        self.embedder = HashEmbedder()
        self.index = EdgeIndex(root / "index", dim=DIM, fingerprint="hashes", pointer=self)
        self.blobs = Blobs(root / "blobs")
        self.publisher = Publisher(self.catalog, self.index, self.embedder)
        self.remedies = Remedies(Audit(self.engine), self.publisher, self.blobs)

    def get(self, name):
        return self.catalog.index_pointer(name)

    def set(self, name, target):
        self.catalog.set_index_pointer(name, target)

    def stage(self, uri, *lines, acl=EVERYBODY, collection="default", ready=True):
        whole = "\n".join(lines)
        digest, size = self.blobs.put(io.BytesIO(whole.encode()))
        staged = StagedRevision(uri, "text/plain", size, digest, "recipe", whole, acl)
        revision = self.catalog.stage(collection, uri, staged)
        chunks, start = [], 0
        for ordinal, line in enumerate(lines):
            place = (revision.document_id, revision.id, ordinal, start, start + len(line), line)
            chunks.append(Chunk(str(uuid.uuid4()), *place, "", (), 1, ()))
            start += len(line) + 1
        vectors = self.embedder.embed_documents([chunk.embedding_text for chunk in chunks]).vectors
        given = {c.id: StoredVectors(vector_bytes(v), None) for c, v in zip(chunks, vectors, strict=True)}
        self.catalog.add_chunks(revision.id, chunks, given, fingerprint="hashes", ready=ready)
        return revision

    def add(self, uri, *lines, **options):
        revision = self.stage(uri, *lines, **options)
        self.publisher.publish_ready()
        return revision

    def doctor(self, **options):
        return Doctor(self.remedies, patience=QUICK, **options)

    def found(self, **options):
        return {a.code: len(a.subjects) for a in self.doctor().examine(**options).ailments}

    def sql(self, statement, **values):
        with self.engine.begin() as connection:
            connection.execute(text("PRAGMA foreign_keys = OFF"))
            return connection.execute(text(statement), values).rowcount

    def one(self, statement, **values):
        with self.engine.connect() as connection:
            return connection.execute(text(statement), values).scalar()

    def chunk_ids(self, uri):
        return self.catalog.chunk_ids(self.one("SELECT live_revision_id FROM documents WHERE uri = :uri", uri=uri))

    def find(self, line):
        vector = self.embedder.embed_documents([line]).vectors[0]
        hits = self.index.search(vector, line, principal=READER, limit=5)
        passages = self.catalog.passages_for([hit.chunk_id for hit in hits.dense], principal=READER)
        return {passage.chunk.text for passage in passages.values()}

    def close(self):
        self.index.close()
        self.engine.dispose()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def full(house):
    return filled(house)


def filled(house):
    """Three documents, one of them in its second revision, one for a group."""
    house.stage("b", "the first try")
    house.publisher.publish_ready()
    house.stage("a", "apples are red", "pears are green", "plums are blue")
    house.stage("b", "the second try", "and more of it")
    house.stage("c", "for the lawyers", acl=frozenset({"g:law"}))
    house.publisher.publish_ready()
    return house


# Ten histories that leave nothing wrong.


def empty(_):
    pass


def ingested(house):
    house.add("a", "one", "two")


def ingested_again(house):
    for turn in range(4):
        house.add("a", f"turn {turn}", "the same line")


def deleted(house):
    kept = house.add("a", "one", "two")
    gone = house.add("b", "three")
    house.publisher.delete(gone.document_id)
    house.blobs.delete(gone.content_sha256)
    assert house.catalog.document(kept.document_id, principal=READER)


def deleted_and_ingested_anew(house):
    house.publisher.delete(house.add("a", "one").document_id)
    house.add("a", "one")


def rebuilt(house):
    house.add("a", "one", "two")
    house.publisher.rebuild()


def moved(house):
    house.catalog.move(house.add("a", "one").document_id, "b")


def many_collections(house):
    for number in range(5):
        house.catalog.create_collection(f"c{number}")
        house.add("a", "the same", "in each", collection=f"c{number}")


def access_changed(house):
    house.add("a", "one", acl=frozenset({"g:law", "u:ann"}))
    house.add("a", "one", acl=frozenset())
    house.add("b", "two")


def half_way(house):
    house.add("a", "one")
    house.stage("a", "two", ready=False)  # being written
    house.stage("b", "three", ready=True)  # waits to be published
    document = house.add("c", "four")
    house.catalog.tombstone(document.document_id)  # being deleted
    house.blobs.put(io.BytesIO(b"just uploaded"))


CLEAN = [
    empty, ingested, ingested_again, deleted, deleted_and_ingested_anew, rebuilt, moved, many_collections,
    access_changed, half_way,
]  # fmt: skip


@pytest.mark.parametrize("history", CLEAN, ids=lambda history: history.__name__)
def test_nothing_is_found_where_nothing_is_wrong(house, history):
    history(house)
    checkup = house.doctor().examine(deep=True)
    assert checkup.ailments == ()
    assert checkup.well
    assert checkup.chunks == len({chunk.id for page in house.catalog.all_live_chunks(100) for chunk, _, _ in page})


# Corruptions: each is planted, found alone, mended, and gone.


def point_missing(house):
    house.index.delete(house.chunk_ids("a")[:2])


def point_wrong_vector(house):
    move_point(house, house.chunk_ids("a")[0], vector=np.eye(DIM)[0])


def point_of_another_document(house):
    move_point(house, house.chunk_ids("a")[0], document_id="another")


def point_of_another_revision(house):
    move_point(house, house.chunk_ids("a")[0], revision_id="another")


def point_of_another_collection(house):
    move_point(house, house.chunk_ids("a")[0], collection="another")


def point_with_stale_access(house):
    house.index.set_access(house.chunk_ids("c"), EVERYBODY)


def point_hidden(house):
    house.index.set_access(house.chunk_ids("a"), frozenset())


def point_with_stale_labels(house):
    labels = house.catalog.labels([house.one("SELECT id FROM documents WHERE uri = 'a'")])
    (known,) = labels.values()
    house.index.set_labels(house.chunk_ids("a")[:1], replace(known, metadata={"team": "law"}))


def point_orphan(house):
    point = IndexPoint("no chunk", np.eye(DIM)[0], "apples", "no document", "no revision", "default", EVERYBODY)
    house.index.upsert([point])


def point_stray(house):
    # What an index of another embedder would hold: the same chunk under another id.
    fingerprint, house.index._fingerprint = house.index._fingerprint, "another"
    try:
        move_point(house, house.chunk_ids("a")[0])
    finally:
        house.index._fingerprint = fingerprint


def vector_missing(house):
    assert house.sql("DELETE FROM chunk_vectors WHERE chunk_id = :id", id=house.chunk_ids("a")[0]) == 1


def vector_of_another_model(house):
    house.sql("UPDATE chunk_vectors SET fingerprint = 'old' WHERE chunk_id = :id", id=house.chunk_ids("a")[0])


def vector_cut_off(house):
    house.sql("UPDATE chunk_vectors SET vector = :v WHERE chunk_id = :id", v=b"\x00" * 12, id=house.chunk_ids("a")[0])


def vector_not_finite(house):
    nan = vector_bytes([float("nan")] * DIM)
    house.sql("UPDATE chunk_vectors SET vector = :v WHERE chunk_id = :id", v=nan, id=house.chunk_ids("a")[0])


def text_changed(house):
    house.sql("UPDATE chunks SET text = 'apples are bad' WHERE id = :id", id=house.chunk_ids("a")[0])


def place_changed(house):
    house.sql("UPDATE chunks SET start = start + 3 WHERE id = :id", id=house.chunk_ids("a")[1])


def chunk_of_another_document(house):
    house.sql("UPDATE chunks SET document_id = 'nobody' WHERE id = :id", id=house.chunk_ids("a")[0])


def pointer_lost(house):
    house.sql("UPDATE documents SET live_revision_id = NULL, created_at = :then WHERE uri = 'a'", then=LONG_AGO)


def pointer_to_a_revision_that_is_gone(house):
    house.sql("UPDATE documents SET live_revision_id = 'gone' WHERE uri = 'a'")


def live_revision_retired(house):
    house.sql("UPDATE revisions SET state = 'retired' WHERE title = 'a'")


def document_of_nothing(house):
    house.sql("INSERT INTO documents (id, collection_id, uri, title, media_type, size_bytes, created_at, updated_at) "
              "SELECT 'shell', id, 'shell', 't', 'm', 0, :then, :then FROM collections", then=LONG_AGO)  # fmt: skip


def two_live_revisions(house):
    revision = house.stage("a", "a second life", ready=False)
    house.sql("DROP INDEX uq_revisions_live")
    house.sql("UPDATE revisions SET state = 'live' WHERE id = :id", id=revision.id)


def revision_stuck(house):
    revision = house.stage("d", "never finished", ready=False)
    house.sql("UPDATE revisions SET created_at = :then WHERE id = :id", then=LONG_AGO, id=revision.id)


def revision_not_published(house):
    revision = house.stage("a", "waiting", ready=True)
    house.sql("UPDATE revisions SET created_at = :then WHERE id = :id", then=LONG_AGO, id=revision.id)


def revision_not_collected(house):
    # Published by a process that was killed before it collected.
    old = house.chunk_ids("b")
    house.catalog.publish(house.stage("b", "a third try").id)
    house.sql("UPDATE revisions SET retired_at = :then WHERE state = 'retired'", then=LONG_AGO)
    house.remedies.put_in(house.chunk_ids("b"))
    assert old != house.chunk_ids("b")


def deletion_not_finished(house):
    house.catalog.tombstone(house.add("d", "deleted").document_id)
    house.sql("UPDATE documents SET deleted_at = :then WHERE uri = 'd'", then=LONG_AGO)


def original_unused(house):
    age(house.blobs.path(house.blobs.put(io.BytesIO(b"nobody's"))[0]))


def original_unfinished(house):
    path = house.blobs.folder / "pending" / "half"
    path.write_bytes(b"half")
    age(path)


def original_gone(house):
    path = house.root / "source.txt"
    path.write_text("a file")
    house.add(path.as_uri(), "a file")
    house.blobs.delete(hashlib.sha256(b"a file").hexdigest())


def original_damaged(house):
    original_gone(house)
    digest, _ = house.blobs.put(io.BytesIO(b"a file"))
    house.blobs.path(digest).write_bytes(b"b file")


def item_stranded(house):
    run(house)
    house.sql("INSERT INTO ingest_items (id, run_id, ordinal, uri, name, size_bytes, state, worker, attempts, "
              "failures, chunks, embedded, timings, started_at, batch) VALUES ('i', 'r', 0, 'u', 'n', 1, 'working', "
              "'dead', 1, 0, 0, 0, '{}', :then, 0)", then=LONG_AGO)  # fmt: skip
    house.sql("INSERT INTO workers VALUES ('alive', 'host', 1, :now, :now)", now=str(datetime.now(UTC))[:26])
    house.sql("INSERT INTO workers VALUES ('dead', 'host', 2, :then, :then)", then=LONG_AGO)


def run(house):
    house.sql("INSERT INTO ingest_runs (id, collection, label, state, scanned, batches, spec, created_by, created_at) "
              "VALUES ('r', 'default', 'files', 'running', 1, 1, '{}', 'u', :then)", then=LONG_AGO)  # fmt: skip


def move_point(house, chunk_id, **changed):
    """Write a chunk's point with something changed."""
    (chunk,) = house.remedies.audit.whole_chunks([chunk_id])
    stored = house.catalog.stored_vectors([chunk_id], "hashes")[chunk_id]
    as_it_is = {
        "chunk_id": chunk_id, "vector": stored, "text": chunk.text, "document_id": chunk.document_id,
        "revision_id": chunk.revision_id, "collection": "default", "acl": EVERYBODY,
        "labels": house.catalog.labels([chunk.document_id])[chunk.document_id],
    }  # fmt: skip
    house.index.upsert([IndexPoint(**(as_it_is | changed))])


def age(path):
    then = time.time() - 7200
    os.utime(path, (then, then))


PLANTED = {
    point_missing: {"point-missing": 2},
    point_wrong_vector: {"point-wrong-vector": 1},
    point_of_another_document: {"point-mislabelled": 1},
    point_of_another_revision: {"point-mislabelled": 1},
    point_of_another_collection: {"point-mislabelled": 1},
    point_with_stale_access: {"point-stale-access": 1},
    point_hidden: {"point-stale-access": 3},
    point_with_stale_labels: {"point-stale-labels": 1},
    point_orphan: {"point-orphan": 1},
    point_stray: {"point-stray": 1},
    vector_missing: {"vector-missing": 1},
    vector_of_another_model: {"vector-of-another-model": 1},
    vector_cut_off: {"vector-damaged": 1},
    vector_not_finite: {"vector-damaged": 1},
    text_changed: {"chunk-misquoted": 1},
    place_changed: {"chunk-misquoted": 1},
    chunk_of_another_document: {"chunk-misfiled": 1},
    pointer_lost: {"document-without-revision": 1},
    pointer_to_a_revision_that_is_gone: {"document-without-revision": 1},
    live_revision_retired: {"document-without-revision": 1},
    document_of_nothing: {"document-without-revision": 1},
    two_live_revisions: {"revision-second-live": 1},
    revision_stuck: {"revision-stuck": 1},
    revision_not_published: {"revision-waiting": 1},
    revision_not_collected: {"revision-uncollected": 1},
    deletion_not_finished: {"document-uncollected": 1},
    original_unused: {"blob-orphan": 1},
    original_unfinished: {"blob-unfinished": 1},
    original_gone: {"blob-missing": 1},
    original_damaged: {"blob-damaged": 1},
    item_stranded: {"item-stranded": 1},
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_what_was_planted_is_found_and_mended(full, plant):
    plant(full)
    assert full.found(deep=True) == PLANTED[plant]
    repaired = full.doctor().examine(repair=True, deep=True)
    assert repaired.well, repaired
    again = full.doctor().examine(deep=True)
    assert again.ailments == ()
    assert full.find("apples are red") >= {"apples are red"} or plant is revision_not_published


def test_points_are_mended_without_embedding_anything(full):
    point_missing(full)
    point_wrong_vector(full)
    before = full.embedder.embedded
    assert full.doctor().examine(repair=True).well
    assert full.embedder.embedded == before


def test_a_vector_that_only_the_index_has_is_taken_from_there(full):
    vector_missing(full)
    before = full.embedder.embedded
    assert full.doctor().examine(repair=True).well
    assert full.embedder.embedded == before


def test_everything_wrong_at_once_is_mended_at_once(full):
    for plant in (
        point_orphan,
        place_changed,
        vector_not_finite,
        revision_stuck,
        original_unused,
        point_with_stale_access,
    ):
        plant(full)
    full.index.delete(full.chunk_ids("b"))
    assert full.doctor().examine(repair=True).well
    assert full.doctor().examine(deep=True).ailments == ()


def test_an_index_that_lost_everything_is_filled_again(full):
    full.index.delete([chunk_id for page in full.index.ids() for chunk_id in page])
    checkup = full.doctor().examine(repair=True)
    assert [(ailment.code, ailment.mended) for ailment in checkup.ailments] == [("point-missing", 6)]
    assert full.find("apples are red") >= {"apples are red"}


def test_what_cannot_be_mended_says_why_and_keeps_nothing_else_from_it(full):
    vector_of_another_model(full)
    point_orphan(full)
    full.embedder.fails = True
    checkup = full.doctor().examine(repair=True)
    assert not checkup.well
    by_code = {ailment.code: ailment for ailment in checkup.ailments}
    assert by_code["vector-of-another-model"].trouble == "the model is away"
    assert (by_code["vector-of-another-model"].mended, by_code["point-orphan"].mended) == (0, 1)


def test_an_original_that_is_nowhere_stays_missing(full):
    full.blobs.delete(hashlib.sha256(b"for the lawyers").hexdigest())
    checkup = full.doctor().examine(repair=True)
    assert [(ailment.code, ailment.left) for ailment in checkup.ailments] == [("blob-missing", 1)]


def test_an_original_that_changed_where_it_came_from_is_not_taken(full):
    original_gone(full)
    (full.root / "source.txt").write_text("another file")
    assert full.doctor().examine(repair=True).ailments[0].left == 1


def test_a_document_of_which_nothing_can_be_shown_is_named_and_left(full):
    full.sql("UPDATE documents SET live_revision_id = 'gone' WHERE uri = 'a'")
    full.sql("DELETE FROM chunks WHERE revision_id = (SELECT id FROM revisions WHERE title = 'a')")
    full.sql("UPDATE revisions SET state = 'retired' WHERE title = 'a'")
    codes = {ailment.code for ailment in full.doctor().examine(repair=True).ailments}
    assert "document-without-content" in codes
    assert full.one("SELECT count(*) FROM documents WHERE uri = 'a'") == 1


def test_a_run_without_any_worker_is_named(full):
    run(full)
    assert full.found() == {"run-without-worker": 1}


def test_checks_of_others_are_made_and_mended_too(full):
    folders = ["/open"]
    check = Check(lambda _: {"directory-open": list(folders)}, {"directory-open": lambda _: folders.clear()})
    assert full.doctor(checks=[check]).examine(repair=True).ailments[0].mended == 1


def test_one_examination_at_a_time(full):
    started, go_on = threading.Event(), threading.Event()

    def wait(_):
        started.set()
        go_on.wait(10)
        return {}

    doctor = full.doctor(checks=[Check(wait)])
    thread = threading.Thread(target=doctor.examine)
    thread.start()
    started.wait(10)
    with pytest.raises(ConflictError, match="under way"):
        doctor.examine()
    go_on.set()
    thread.join()


def test_writes_meanwhile_raise_no_alarm_and_repairs_harm_none(full):
    stop = threading.Event()
    failed = []

    def write():
        turn = 0
        try:
            while not stop.is_set():
                turn += 1
                full.add("a", f"turn {turn}", "the same line", acl=frozenset({"g:everyone", f"g:{turn}"}))
                full.stage("e", f"waits {turn}")
                full.publisher.delete(full.add(f"d{turn}", "comes", "and goes").document_id)
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen = [full.doctor().examine(repair=turn % 2 == 1) for turn in range(6)]
    finally:
        stop.set()
        thread.join()
    assert not failed
    # Originals of what was deleted wait for the collector; nothing else is amiss at any moment.
    assert [checkup.ailments for checkup in seen] == [()] * 6
    full.publisher.publish_ready()
    full.publisher.collect()
    assert full.doctor().examine().ailments == ()


MARKER = b"xyzzy-4711-marker"


def files_with_the_marker(house):
    return sorted(path.name for path in house.root.rglob("*") if path.is_file() and MARKER in path.read_bytes())


def test_what_was_deleted_is_nowhere_on_disk_after_compaction(house):
    words = MARKER.decode()
    gone = house.add("secret", f"the {words} is here", "and something else")
    house.add("secret", f"the {words} is still here")
    for number in range(20):
        house.stage(f"other {number}", f"nothing of it {number}")
    house.publisher.publish_ready()
    originals = Originals(house.blobs, house.catalog, IngestRuns(house.engine), Quarantine(house.engine))
    Publisher(house.catalog, house.index, house.embedder, originals).delete(gone.document_id)
    assert f"the {words} is still here" not in house.find(f"the {words} is still here")
    assert files_with_the_marker(house) != []  # in free pages and in the log: deleting alone is not enough
    house.doctor().compact()
    assert files_with_the_marker(house) == []
    assert house.doctor().examine(deep=True).ailments == ()


def test_compaction_waits_for_no_reader_for_ever_and_says_so(house):
    house.add("a", "one")
    with house.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM documents")).scalar()
        house.sql("PRAGMA busy_timeout = 100")
        with pytest.raises(ConflictError, match=r"once more|when it is quiet"):
            house.doctor().compact()
    house.doctor().compact()
    assert house.found() == {}


def test_every_ailment_is_explained_to_the_administrator():
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    assert [code for code in KINDS if f"`{code}`" not in page] == []
