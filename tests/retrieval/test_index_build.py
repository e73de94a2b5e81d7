"""HNSW is built aside: searches and writes go on, the switch is at once, and a failure leaves all as it was."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import ConflictError, VectorIndexError
from retrieval.index import IndexPoint
from retrieval.index_build import optimise_aside
from retrieval.index_edge import EdgeIndex
from retrieval.index_shard import HnswSettings
from retrieval.types import Principal

DIM = 32
READER = Principal("u:reader")
POINTS = 800
# A graph from the first kilobyte on, and no way around it by exact search.
SMALL = HnswSettings(indexing_kb=1, full_scan_kb=1)
SLOW = HnswSettings(indexing_kb=1, full_scan_kb=1, m=256, ef_construct=2000, journal_points_max=200)
VECTORS = np.random.default_rng(3).standard_normal((POINTS, DIM)).astype(np.float32)


class Pointer:
    """Remembers targets; ``before_set`` runs first."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}
        self.before_set: Callable[[], None] = lambda: None

    def get(self, name: str) -> str | None:
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        self.before_set()
        self.targets[name] = target


@pytest.fixture
def pointer() -> Pointer:
    return Pointer()


@pytest.fixture
def open_index(tmp_path: Path, pointer: Pointer) -> Iterator[Callable[..., EdgeIndex]]:
    opened: list[EdgeIndex] = []

    def open_index(hnsw: HnswSettings = SMALL) -> EdgeIndex:
        opened.append(EdgeIndex(tmp_path, dim=DIM, fingerprint="f", pointer=pointer, hnsw=hnsw))
        return opened[-1]

    yield open_index
    for index in opened:
        index.close()


def point(number: int, chunk_id: str = "", acl: str = "g:everyone") -> IndexPoint:
    return IndexPoint(
        chunk_id=chunk_id or f"chunk {number}",
        vector=VECTORS[number % POINTS],
        text=f"word{number} apple",
        document_id="d",
        revision_id="r",
        collection="c",
        acl=frozenset({acl}),
    )


def fill(index: EdgeIndex) -> None:
    index.upsert([point(number) for number in range(POINTS)])


def directories(home: Path) -> list[Path]:
    return [path for path in home.glob("*/*") if path.is_dir()]


class Asker(threading.Thread):
    """Asks for chunks by their own vector and word until told to stop, and keeps what went wrong."""

    def __init__(self, index: EdgeIndex) -> None:
        super().__init__()
        self.index = index
        self.asked = 0
        self.wrong: list[object] = []
        self.enough = threading.Event()

    def run(self) -> None:
        numbers = np.random.default_rng(self.native_id)
        while not self.enough.is_set():
            number = int(numbers.integers(POINTS))
            try:
                hits = self.index.search(VECTORS[number], f"word{number}", principal=READER, limit=5)
            except VectorIndexError as error:
                self.wrong.append(error)
                continue
            self.asked += 1
            first = {found[0].chunk_id if found else None for found in (hits.dense, hits.sparse)}
            if first != {f"chunk {number}"}:
                self.wrong.append((number, hits))


class Build(threading.Thread):
    """Runs a build and keeps how it ended."""

    def __init__(self, index: EdgeIndex) -> None:
        super().__init__()
        self.index = index
        self.ended: object = None

    def run(self) -> None:
        try:
            self.ended = self.index.build()
        except (ConflictError, VectorIndexError) as error:
            self.ended = error


def copied(home: Path) -> None:
    """Wait until a build has taken its copy."""
    deadline = time.monotonic() + 20
    while not list(home.glob("*/building-*/wal/first-index")) and time.monotonic() < deadline:
        time.sleep(0.005)


def test_a_build_puts_every_point_into_the_graph(tmp_path, open_index):
    index = open_index()
    fill(index)
    assert index.status().indexed == 0
    report = index.build()
    status = index.status()
    assert (report.points, report.indexed, report.replayed) == (POINTS, POINTS, 0)
    assert (status.points, status.indexed) == (POINTS, POINTS)
    assert report.seconds > 0
    assert len(directories(tmp_path)) == 1


def test_a_built_index_opens_again_built(open_index):
    index = open_index()
    fill(index)
    index.build()
    index.close()
    again = open_index()
    assert (again.count(), again.status().indexed, again.created) == (POINTS, POINTS, False)


def test_a_filtered_search_in_the_graph_finds_what_an_exact_one_finds(open_index):
    index = open_index()
    index.upsert([point(number, acl=f"g:{number % 10}") for number in range(POINTS)])
    reader = Principal("u:r", frozenset({"g:3", "g:7"}))
    questions = np.random.default_rng(9).standard_normal((50, DIM))
    exact = [{hit.chunk_id for hit in index.search(q, None, principal=reader, limit=10).dense} for q in questions]
    index.build()
    found = [{hit.chunk_id for hit in index.search(q, None, principal=reader, limit=10).dense} for q in questions]
    shared = sum(len(one & other) for one, other in zip(exact, found, strict=True))
    assert shared / (10 * len(questions)) >= 0.97
    allowed = {f"chunk {number}" for number in range(POINTS) if number % 10 in {3, 7}}
    assert set().union(*found) <= allowed


def test_searches_and_writes_go_on_during_a_build_and_nothing_written_is_lost(tmp_path, open_index):
    index = open_index()
    fill(index)
    index.upsert([point(n, chunk_id=f"doomed {n}", acl="u:nobody") for n in range(50)])
    askers = [Asker(index) for _ in range(3)]
    build = Build(index)
    for asker in askers:
        asker.start()
    build.start()
    copied(tmp_path)
    written = 0
    while build.is_alive():
        index.upsert([point(written, chunk_id=f"late {written}", acl="u:late")])
        if written < 50:
            index.delete([f"doomed {written}"])
            index.set_access([f"late {written}"], frozenset({"u:opened"}))
        written += 1
        time.sleep(0.005)
    index.upsert([point(written, chunk_id=f"late {written}", acl="u:late")])
    for asker in askers:
        asker.enough.set()
        asker.join()

    assert not isinstance(build.ended, Exception), build.ended
    assert build.ended.replayed > 0
    assert [wrong for asker in askers for wrong in asker.wrong] == []
    assert all(asker.asked > 10 for asker in askers)
    expected = {f"chunk {n}" for n in range(POINTS)} | {f"late {n}" for n in range(written + 1)}
    expected |= {f"doomed {n}" for n in range(written, 50)}
    assert {chunk_id for page in index.ids() for chunk_id in page} == expected
    opened = index.search(VECTORS[0], None, principal=Principal("u:opened", frozenset()), limit=1000).dense
    assert {hit.chunk_id for hit in opened} == {f"late {n}" for n in range(min(written, 50))}
    assert index.status().indexed >= POINTS


def test_what_is_written_after_a_build_is_found_beside_the_graph_and_built_in_by_the_next(open_index):
    index = open_index()
    fill(index)
    index.build()
    index.upsert([point(n, chunk_id=f"second {n}") for n in range(POINTS // 2)])
    index.upsert([point(1, chunk_id="chunk 0")])  # moves: the graph holds its old vector
    assert index.count() == POINTS + POINTS // 2
    nearest = index.search(VECTORS[1], None, principal=READER, limit=3).dense
    assert {hit.chunk_id for hit in nearest} == {"chunk 0", "chunk 1", "second 1"}
    assert index.status().indexed == POINTS - 1
    index.build()
    assert index.count() == POINTS + POINTS // 2
    assert index.status().indexed == POINTS + POINTS // 2


def test_a_point_that_is_deleted_or_replaced_does_not_count_as_in_the_graph(open_index):
    index = open_index()
    fill(index)
    index.build()
    index.delete([f"chunk {n}" for n in range(0, POINTS, 2)])
    assert index.status().indexed == POINTS // 2
    fill(index)
    assert (index.count(), index.status().indexed) == (POINTS, 0)
    index.close()
    again = open_index()
    assert (again.count(), again.status().indexed) == (POINTS, 0)
    assert again.should_build(min_points=POINTS)


def test_a_build_is_worth_it_from_so_many_points_on_when_a_fifth_is_outside_the_graph(open_index):
    index = open_index()
    fill(index)
    assert not index.should_build()
    assert not index.should_build(min_points=POINTS + 1)
    assert index.should_build(min_points=POINTS)
    index.build()
    assert not index.should_build(min_points=POINTS)


def test_a_second_build_beside_the_first_is_refused(tmp_path, open_index):
    index = open_index()
    fill(index)
    build = Build(index)
    build.start()
    copied(tmp_path)
    with pytest.raises(ConflictError, match="running already"):
        index.build()
    build.join()
    assert not isinstance(build.ended, Exception)


def test_a_build_is_abandoned_when_too_much_changes(tmp_path, open_index):
    index = open_index(SLOW)
    fill(index)
    build = Build(index)
    build.start()
    copied(tmp_path)
    index.upsert([point(n, chunk_id=f"late {n}") for n in range(SLOW.journal_points_max + 1)])
    build.join()
    assert isinstance(build.ended, ConflictError)
    assert "more than 200 points changed" in str(build.ended)
    assert (index.count(), index.status().indexed) == (POINTS + 201, 0)
    assert len(directories(tmp_path)) == 1


def test_closing_ends_a_running_build(tmp_path, open_index):
    index = open_index(SLOW)
    fill(index)
    build = Build(index)
    build.start()
    copied(tmp_path)
    index.close()
    build.join()
    assert isinstance(build.ended, ConflictError)
    assert "closing" in str(build.ended)
    again = open_index()
    assert again.count() == POINTS
    assert len(directories(tmp_path)) == 1


def test_when_the_switch_fails_the_old_generation_goes_on(tmp_path, open_index, pointer):
    index = open_index()
    fill(index)

    def catalog_is_gone() -> None:
        raise ConflictError("the catalog is gone")

    pointer.before_set = catalog_is_gone
    with pytest.raises(ConflictError, match="the catalog is gone"):
        index.build()
    assert index.status().indexed == 0
    index.upsert([point(0, chunk_id="after")])
    assert index.count() == POINTS + 1
    assert len(directories(tmp_path)) == 1

    pointer.before_set = lambda: None
    assert index.build().indexed == POINTS + 1


def test_a_child_that_fails_is_reported_in_its_own_words(tmp_path):
    with pytest.raises(VectorIndexError, match="no segments were loaded"):
        optimise_aside(tmp_path, abandoned=lambda: None)


def test_a_child_without_its_parent_does_nothing(tmp_path):
    command = [sys.executable, "-m", "retrieval.index_build", str(tmp_path), "1"]
    done = subprocess.run(command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the parent is gone" in done.stderr


def test_a_compacted_index_has_its_graph_again_and_keeps_what_was_written_meanwhile(open_index):
    index = open_index()
    fill(index)
    index.build()
    index.delete([f"chunk {number}" for number in range(0, POINTS, 2)])
    stopped = threading.Event()

    def write():
        while not stopped.is_set():
            index.upsert([point(0, chunk_id="fresh")])
            index.delete(["chunk 1"])

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.05)
    index.compact()
    stopped.set()
    writer.join()
    assert index.count() == POINTS // 2  # chunk 1 is gone, fresh is there
    assert index.status().indexed > POINTS // 4
    found = index.search(VECTORS[0], None, principal=READER, limit=5)
    assert found.dense[0].chunk_id == "fresh"
