"""Many readers and several writers at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event

from sqlalchemy import text

from retrieval.catalog import Catalog
from retrieval.errors import ConflictError
from retrieval.types import Principal

SWAPS = 50
ROOT = Path(__file__).resolve().parents[2]


def test_readers_see_the_old_or_the_new_chunks_whole_during_fifty_swaps(catalog, shelf, reader):
    # Revision n has n % 3 + 1 chunks, and each of them says n. Readers know the ids of all that will ever be.
    ids = [f"{n}-{ordinal}" for n in range(SWAPS + 1) for ordinal in range(3)]

    def swap(n: int) -> None:
        revision = catalog.stage("default", "file:///a", shelf.staged("\n".join([str(n)] * (n % 3 + 1))))
        chunks = [replace(chunk, id=f"{n}-{chunk.ordinal}") for chunk in shelf.chunks(revision)]
        catalog.add_chunks(revision.id, chunks)
        catalog.publish(revision.id)

    swap(0)
    done = Event()
    ready = Barrier(4, timeout=30)

    def read() -> set[tuple[str, ...]]:
        own = Catalog(catalog._engine)
        seen = set()
        ready.wait()
        while not done.is_set():
            found = own.passages_for(ids, principal=reader)
            seen.add(tuple(row.chunk.text for row in found.values()))
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            ready.wait()
            for n in range(1, SWAPS + 1):
                swap(n)
        finally:
            done.set()
    whole = {(str(n),) * (n % 3 + 1) for n in range(SWAPS + 1)}
    seen = set().union(*(future.result() for future in readers))
    assert seen <= whole
    assert len(seen) > 5


def test_writers_who_discover_a_document_together_make_one_of_it(catalog, shelf, reader, engine):
    writers, rounds = 4, 10
    ready = Barrier(writers, timeout=30)

    def write(n: int) -> int:
        published = 0
        for turn in range(rounds):
            ready.wait()
            revision = shelf.stage(f"file:///{turn}", f"writer {n}")
            try:
                catalog.publish(revision.id)
                published += 1
            except ConflictError:
                catalog.discard(revision.id)
        return published

    with ThreadPoolExecutor(writers) as pool:
        published = sum(pool.map(write, range(writers)))
    with engine.connect() as connection:
        uris = connection.execute(text("SELECT uri, count(*) FROM documents GROUP BY uri HAVING count(*) > 1")).all()
        live = connection.execute(
            text("SELECT document_id, count(*) FROM revisions WHERE state = 'live' GROUP BY document_id")
        ).all()
        states = connection.execute(text("SELECT DISTINCT state FROM revisions")).scalars().all()
    assert uris == []
    assert {count for _, count in live} == {1}
    assert "staged" not in states
    listed = catalog.documents(principal=reader)
    # Whoever staged last at a uri is superseded by nobody, so each round publishes at least one.
    assert len(live) == len(listed) == rounds
    assert catalog.corpus_epoch() == published


def test_of_two_who_publish_one_revision_one_is_refused(catalog, shelf):
    ready = Barrier(2, timeout=30)

    def publish(revision_id: str) -> bool:
        ready.wait()
        try:
            catalog.publish(revision_id)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        for n in range(10):
            revision = shelf.stage(f"file:///{n}", "x")
            assert sorted(pool.map(publish, [revision.id] * 2)) == [False, True]
    assert catalog.counts() == (10, 10)
    assert catalog.corpus_epoch() == 10


def test_a_reader_is_not_kept_waiting_by_a_writer(catalog, shelf, reader):
    revision = shelf.publish("file:///a", "one")
    with catalog._writing() as connection:
        connection.execute(text("UPDATE documents SET title = 'half written'"))
        found = catalog.passages_for(catalog.chunk_ids(revision.id), principal=reader)
        assert [row.title for row in found.values()] == ["A title"]


def test_a_process_killed_inside_publish_has_published_nothing(catalog, shelf, reader, catalog_url):
    old, new = shelf.publish("file:///a", "old"), shelf.stage("file:///a", "new", frozenset({"u:else"}))
    # The epoch is raised by the last statement before the commit.
    die = (
        "import os, sys; from retrieval import revisions; from retrieval.catalog import Catalog;"
        "from retrieval.tables import open_engine; revisions._raise_epoch = lambda _: os._exit(9);"
        "Catalog(open_engine(sys.argv[1])).publish(sys.argv[2])"
    )
    died = subprocess.run([sys.executable, "-c", die, catalog_url, new.id], cwd=ROOT, check=False, timeout=60)
    assert died.returncode == 9
    assert shelf.seen(old, reader) == ["old"]
    assert catalog.corpus_epoch() == 1
    assert catalog.publish(new.id) == old.id
    assert shelf.seen(new, Principal("u:else")) == ["new"]
