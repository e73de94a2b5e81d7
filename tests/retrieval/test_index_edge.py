"""The embedded index and its directory: one owner, kills, foreign and broken files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from retrieval.bm25 import Bm25Settings
from retrieval.errors import DataDirectoryError, InvalidInputError
from retrieval.index import IndexPoint
from retrieval.index_edge import EdgeIndex
from retrieval.index_generations import copy_sparse
from retrieval.types import Principal

REPOSITORY = Path(__file__).resolve().parents[2]
DIM = 8
READER = Principal("u:reader")
RANDOM = np.random.default_rng(5)


class FilePointer:
    """Keeps its targets in a file, so that it outlives a process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, name: str) -> str | None:
        return json.loads(self.path.read_text()).get(name) if self.path.exists() else None

    def set(self, name: str, target: str) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({name: target}))
        fresh.replace(self.path)


def opened(home: Path, dim: int = DIM, **options: object) -> EdgeIndex:
    pointer = FilePointer(home / "pointer.json")
    return EdgeIndex(home / "vectors", dim=dim, fingerprint="embedder-1", pointer=pointer, **options)


def point(chunk_id: str) -> IndexPoint:
    return IndexPoint(chunk_id, RANDOM.standard_normal(DIM), "apple", "d", "r", "c", frozenset({"g:everyone"}))


def held(index: EdgeIndex) -> set[str]:
    return {chunk_id for page in index.ids() for chunk_id in page}


def generations(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("vectors/*/*") if path.is_dir())


def filled(home: Path) -> Path:
    """An index of two chunks, closed; its one generation."""
    index = opened(home)
    index.upsert([point("a"), point("b")])
    index.close()
    (generation,) = generations(home)
    return generation


def child(home: Path, body: str) -> subprocess.Popen[str]:
    """A process that has ``home``, ``opened`` and ``point`` and runs ``body``."""
    script = (
        "import importlib.util, sys, threading, time\n"
        "from pathlib import Path\n"
        f"spec = importlib.util.spec_from_file_location('edge_tests', {__file__!r})\n"
        "here = importlib.util.module_from_spec(spec); spec.loader.exec_module(here)\n"
        f"opened, point, home = here.opened, here.point, Path({str(home)!r})\n" + body
    )
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.stdin.close()
    process.stdout.close()
    process.wait()


def test_a_second_process_is_told_who_owns_the_index(tmp_path):
    owner = child(tmp_path, "index = opened(home); print('open', flush=True); sys.stdin.read()")
    assert owner.stdout.readline() == "open\n"
    try:
        with pytest.raises(DataDirectoryError, match=f"open in the process {owner.pid}"):
            opened(tmp_path)
    finally:
        ended(owner)


def test_the_index_of_a_killed_process_can_be_opened(tmp_path):
    ended(owner := child(tmp_path, "index = opened(home); print('open', flush=True); sys.stdin.read()"))
    assert owner.returncode == -signal.SIGKILL
    opened(tmp_path).close()


def test_the_same_process_cannot_open_it_twice(tmp_path):
    index = opened(tmp_path)
    with pytest.raises(DataDirectoryError, match=f"open in the process {os.getpid()}"):
        opened(tmp_path)
    index.close()
    opened(tmp_path).close()


@pytest.mark.parametrize("attempt", range(3))
def test_a_kill_loses_no_acknowledged_write_and_halves_no_batch(tmp_path, attempt):
    writer = child(
        tmp_path,
        "index = opened(home)\n"
        "for batch in range(100_000):\n"
        "    index.upsert([point(f'{batch}/{n}') for n in range(20)])\n"
        "    index.set_access([f'{batch}/0'], frozenset({'u:reader'}))\n"
        "    if batch >= 2: index.delete([f'{batch - 2}/1'])\n"
        "    print(batch, flush=True)\n",
    )
    assert [writer.stdout.readline() for _ in range(4)] == ["0\n", "1\n", "2\n", "3\n"]
    time.sleep(0.13 * attempt)
    writer.kill()
    # Not communicate(): it passes over what readline() had read ahead.
    acknowledged = [3, *(int(line) for line in writer.stdout)][-1]
    ended(writer)

    index = opened(tmp_path)
    found = held(index)
    for batch in range(acknowledged + 1):
        deleted = {1} if batch <= acknowledged - 2 else set()
        # The deletion that was not acknowledged any more may have happened or not.
        unsure = {1} if batch > acknowledged - 2 else set()
        missing = {n for n in range(20) if f"{batch}/{n}" not in found}
        assert deleted <= missing <= deleted | unsure
    beyond = [chunk_id for chunk_id in found if int(chunk_id.split("/")[0]) > acknowledged]
    assert len(beyond) in {0, 20}
    only_reader = Principal("u:reader", frozenset())
    seen = {hit.chunk_id for hit in index.search(np.ones(DIM), None, principal=only_reader, limit=100_000).dense}
    assert {f"{batch}/0" for batch in range(acknowledged + 1)} <= seen
    index.close()


def building(home: Path) -> subprocess.Popen[str]:
    """A process in the midst of a build of 5,000 points, with one more written since it began."""
    builder = child(
        home,
        "from retrieval.index_edge import HnswSettings\n"
        "index = opened(home, hnsw=HnswSettings(indexing_kb=1, ef_construct=2000, m=256))\n"
        "index.upsert([point(str(n)) for n in range(5000)])\n"
        "threading.Thread(target=index.build, daemon=True).start()\n"
        "while not list(home.glob('vectors/*/building-*/segments/*')): time.sleep(0.01)\n"
        "time.sleep(0.7)\n"
        "index.upsert([point('late')])\n"
        "print('building', flush=True); sys.stdin.read()\n",
    )
    assert builder.stdout.readline() == "building\n"
    return builder


def test_a_kill_during_a_build_leaves_the_old_generation_whole_and_nothing_else(tmp_path):
    builder = building(tmp_path)
    ended(builder)
    assert len(generations(tmp_path)) == 2, "the build was over before the kill: give it more to do"

    index = opened(tmp_path)
    assert held(index) == {*(str(n) for n in range(5000)), "late"}
    assert len(generations(tmp_path)) == 1
    index.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can end an orphan that lets no thread of its own run")
def test_the_child_of_a_killed_build_dies_too(tmp_path):
    def commands():
        found: list[bytes] = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # Ended since it was listed.
                found.append(path.read_bytes())
        return [command for command in found if str(tmp_path).encode() in command]

    ended(building(tmp_path))
    deadline = time.monotonic() + 2
    while commands() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert commands() == []


def test_an_index_of_another_dimension_is_refused_with_what_to_do(tmp_path):
    filled(tmp_path)
    with pytest.raises(
        DataDirectoryError, match=r"9 dimensions.*expected vector size 9, but got 8.*again from the catalog"
    ):
        opened(tmp_path, dim=9)
    index = opened(tmp_path)
    assert held(index) == {"a", "b"}
    index.close()


def test_a_directory_that_is_no_index_is_refused_and_left_alone(tmp_path):
    generation = filled(tmp_path)
    shutil.rmtree(generation)
    generation.mkdir()
    (generation / "holiday.txt").write_text("photos")
    with pytest.raises(DataDirectoryError, match=r"no index of ours.*Restore it from a backup"):
        opened(tmp_path)
    assert [path.name for path in generation.iterdir()] == ["holiday.txt"]


@pytest.mark.parametrize(
    "pattern", ["edge_config.json", "segments/*/segment.json", "segments/*/*mappings", "wal/open-*"]
)
def test_a_broken_index_is_refused_and_not_taken_for_an_empty_one(tmp_path, pattern):
    generation = filled(tmp_path)
    for path in generation.glob(pattern):
        path.write_bytes(b"\x00garbage" * 3)
    with pytest.raises(DataDirectoryError, match="Restore it from a backup"):
        opened(tmp_path)


def test_the_directory_can_be_opened_after_a_refusal(tmp_path):
    generation = filled(tmp_path)
    config = generation / "edge_config.json"
    whole = config.read_bytes()
    config.write_bytes(b"{")
    with pytest.raises(DataDirectoryError):
        opened(tmp_path)
    config.write_bytes(whole)
    index = opened(tmp_path)
    assert held(index) == {"a", "b"}
    index.close()


def test_the_index_of_another_catalog_is_refused(tmp_path):
    filled(tmp_path)
    (tmp_path / "pointer.json").unlink()
    with pytest.raises(DataDirectoryError, match=r"does not belong to this catalog.*no index yet"):
        opened(tmp_path)
    assert len(generations(tmp_path)) == 1


def test_an_index_that_was_moved_away_is_made_anew_and_says_so(tmp_path):
    shutil.rmtree(filled(tmp_path).parent)
    index = opened(tmp_path)
    assert index.created
    assert index.count() == 0
    index.close()


def test_what_killed_builds_left_is_removed_at_the_start_and_nothing_else(tmp_path):
    generation = filled(tmp_path)
    for name in (f"building-{'0' * 32}", f"g{'0' * 32}", "notes"):
        (generation.parent / name).mkdir()
        (generation.parent / name / "file").write_text("x")
    opened(tmp_path).close()
    assert generations(tmp_path) == sorted([generation, generation.parent / "notes"])


def test_a_start_that_was_killed_before_the_first_index_was_whole_is_begun_again(tmp_path):
    generation = filled(tmp_path)
    generation.rename(generation.with_name(f"building-{'0' * 32}"))
    index = opened(tmp_path)
    assert index.created
    index.close()
    assert len(generations(tmp_path)) == 1


def test_writes_are_flushed_before_the_log_of_them_grows_long(tmp_path, monkeypatch):
    monkeypatch.setattr("retrieval.index_edge._FLUSH_EVERY", 100)
    index = opened(tmp_path)
    index.upsert([point(str(n)) for n in range(99)])
    # The engine writes this file when it is flushed, not before.
    assert list(tmp_path.glob("vectors/*/g*/segments/*/*.mappings")) == []
    index.upsert([point("hundredth")])
    assert len(list(tmp_path.glob("vectors/*/g*/segments/*/*.mappings"))) == 1
    index.close()


def test_only_the_owner_of_the_directory_can_read_it(tmp_path):
    generation = filled(tmp_path)
    assert oct(generation.parent.stat().st_mode & 0o777) == "0o700"
    assert oct(generation.stat().st_mode & 0o777) == "0o700"


def test_a_directory_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "vectors").write_text("a file where a directory belongs")
    with pytest.raises(DataDirectoryError, match=re.escape(str(tmp_path / "vectors"))):
        opened(tmp_path)


def test_bm25_settings_that_make_no_sense_are_refused_before_anything_is_made(tmp_path):
    with pytest.raises(InvalidInputError, match="BM25 settings"):
        opened(tmp_path, bm25=Bm25Settings(language="klingon"))
    assert generations(tmp_path) == []


def test_a_copy_keeps_bytes_and_holes(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    content = b"head" + bytes(3 << 20) + b"middle" + bytes(2 << 20)
    (source / "pages.dat").write_bytes(content)
    (source / "empty").write_bytes(b"")
    copy_sparse(source, tmp_path / "target")
    copied = tmp_path / "target" / "pages.dat"
    assert copied.read_bytes() == content
    assert (tmp_path / "target" / "empty").read_bytes() == b""
    # Six mebibytes, of which two hold something.
    assert copied.stat().st_blocks * 512 <= 3 << 20


def test_nothing_that_was_taken_out_lies_in_the_files_of_a_compacted_index(tmp_path):
    home = tmp_path
    index = opened(home)
    points = [
        IndexPoint(
            f"c{n}", RANDOM.standard_normal(DIM), "apple pie", f"document-{n}-x", "r", "c", frozenset({"u:reader"})
        )
        for n in range(300)
    ]
    index.upsert(points)
    before = index.search(points[7].vector, "apple", principal=READER, limit=300)
    index.delete([f"c{n}" for n in range(300) if n != 7])
    index.flush()
    index.compact()
    assert held(index) == {"c7"}
    after = index.search(points[7].vector, "apple", principal=READER)
    assert [hit.chunk_id for hit in after.dense] == [hit.chunk_id for hit in after.sparse] == ["c7"]
    assert after.dense[0].score == pytest.approx(before.dense[0].score, abs=1e-6)
    files = [path for path in home.rglob("*") if path.is_file()]
    written = {name for path in files for name in re.findall(rb"document-\d+-x", path.read_bytes())}
    assert written == {b"document-7-x"}
    assert len(generations(home)) == 1
    index.close()
    again = opened(home)
    assert held(again) == {"c7"}
    again.close()
