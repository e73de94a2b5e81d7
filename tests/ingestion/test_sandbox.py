import json
import os
import signal
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingestion.parse import parse
from ingestion.parse_worker import Limits
from ingestion.sandbox import Sandbox
from retrieval.errors import EncryptedError, ResourceLimitError, UnreadableError, UnsupportedError

SLOW = "[" * 60_000 + "a" + "]" * 60_000  # brackets that might all be links: minutes of processor time


@pytest.fixture
def sandbox():
    with Sandbox(workers=1) as made:
        yield made


def test_a_document_comes_back_whole(sandbox, write, pdf):
    for source in (
        write("a.md", "# Leave\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<p hidden>x</p>\n\n- ü\n"),
        write("a.pdf", pdf(b"BT /F 11 Tf 72 700 Td (Annual leave) Tj ET")),
    ):
        assert sandbox.parse(source) == parse(source)


def test_errors_keep_their_class_and_words(sandbox, write):
    with pytest.raises(UnsupportedError, match="ZIP archive; unpack it first"):
        sandbox.parse(write("a.zip", b"PK\x05\x06" + bytes(18)))
    with pytest.raises(EncryptedError, match="password"):
        sandbox.parse(write("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")))
    gone = write("gone.md", "x")
    gone.path.unlink()
    with pytest.raises(UnreadableError, match="cannot be opened"):
        sandbox.parse(gone)


def test_a_hang_is_stopped_and_costs_only_that_file(write):
    with Sandbox(workers=1, limits=Limits(wall_s=1.0)) as sandbox:
        started = time.monotonic()
        with pytest.raises(ResourceLimitError, match="was stopped after 1 s"):
            sandbox.parse(write("slow.md", SLOW))
        assert time.monotonic() - started < 20
        assert sandbox.parse(write("a.md", "next")).text == "next"


def test_no_document_gets_more_than_the_longest_time(write):
    with (
        Sandbox(workers=1, limits=Limits(wall_s=30.0, wall_max_s=0.5)) as sandbox,
        pytest.raises(ResourceLimitError, match="stopped"),
    ):
        sandbox.parse(write("slow.md", SLOW))


def test_memory_beyond_the_limit_is_named(write):
    # Decoded, cleaned, split and joined, 40 MB of text need several times that.
    source = write("large.txt", "a few words and more of them. " * 1_300_000)
    with Sandbox(workers=1, limits=Limits(memory_bytes=450 * 2**20)) as sandbox:
        with pytest.raises(ResourceLimitError, match=r"more than 0\.43945\d* GiB of memory"):
            sandbox.parse(source)
        assert sandbox.parse(write("a.md", "next")).text == "next"


def test_a_crash_of_the_parser_costs_only_that_file(write, pdf):
    # Inflated twice, this stream is 300 MB of blanks: PDFium aborts the process when it cannot have them.
    blanks = zlib.compress(zlib.compress(b" " * 300_000_000, 1), 1)
    bomb = pdf(streams=[(blanks, b"/Filter[/FlateDecode/FlateDecode]")])
    with Sandbox(workers=1, limits=Limits(memory_bytes=450 * 2**20)) as sandbox:
        with pytest.raises(ResourceLimitError, match=r"crashed \(signal \d+\)|memory"):
            sandbox.parse(write("bomb.pdf", bomb))
        assert sandbox.parse(write("a.md", "next")).text == "next"


def test_a_document_whose_text_is_too_large_is_refused(write):
    with (
        Sandbox(workers=1, limits=Limits(output_bytes=10_000)) as sandbox,
        pytest.raises(ResourceLimitError, match="text"),
    ):
        sandbox.parse(write("a.md", "word " * 3000))


def test_a_worker_that_was_killed_is_started_again(sandbox, write):
    source = write("a.md", "text")
    sandbox.parse(source)
    worker = sandbox._workers[0]._process
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert sandbox.parse(source).text == "text"


def test_several_threads_share_the_workers(write):
    sources = [write(f"{i}.md", f"text {i}") for i in range(12)]
    with Sandbox(workers=2) as sandbox, ThreadPoolExecutor(4) as pool:
        assert [d.text for d in pool.map(sandbox.parse, sources)] == [f"text {i}" for i in range(12)]


def test_nothing_is_left_behind(write):
    with Sandbox(workers=1) as sandbox:
        sandbox.parse(write("a.md", "text"))
        folder, process = sandbox._folder, sandbox._workers[0]._process
        assert list(folder.iterdir()) == []
    assert not folder.exists()
    assert process.poll() is not None


def test_the_worker_sees_nothing_of_the_environment_and_loads_no_model_libraries(write, monkeypatch):
    monkeypatch.setenv("ATTUNE_SECRET", "x")
    with Sandbox(workers=1) as sandbox:
        sandbox.parse(write("a.md", "text"))
        pid = sandbox._workers[0]._process.pid
        with open(f"/proc/{pid}/environ", "rb") as file:
            assert b"ATTUNE_SECRET" not in file.read()
        with open(f"/proc/{pid}/maps") as file:
            maps = file.read()
    assert "lxml" in maps
    assert "libtorch" not in maps
    assert "numpy" not in maps


def test_a_worker_ends_its_child_when_whoever_asked_is_gone(write, tmp_path):
    folder = tmp_path / "result"
    folder.mkdir()
    source = write("slow.md", SLOW)
    job = {"path": str(source.path), "uri": "", "name": "slow.md", "folder": str(folder)}
    job["limits"] = {"wall_s": 60.0, "wall_max_s": 60.0}
    worker = subprocess.Popen(
        [sys.executable, "-m", "ingestion.parse_worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    worker.stdin.write(json.dumps(job).encode() + b"\n")
    deadline = time.monotonic() + 30
    while not any(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    with open(f"/proc/{worker.pid}/task/{worker.pid}/children") as file:
        (child,) = file.read().split()
    worker.stdin.close()
    assert worker.wait(10) == 0
    worker.stdout.close()
    assert not os.path.exists(f"/proc/{child}")
    assert not folder.exists()
