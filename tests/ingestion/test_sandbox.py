import io
import json
import os
import signal
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingestion.confine import missing_confinement
from ingestion.handover import document_as_json, document_from_json
from ingestion.parse import parse
from ingestion.parse_worker import Limits
from ingestion.parsers.ocr import ocr_available
from ingestion.sandbox import Sandbox
from ingestion.types import Element, assemble
from retrieval.errors import (
    EncryptedError,
    NeedsOcrError,
    ParserCrashError,
    ResourceLimitError,
    UnreadableError,
    UnsupportedError,
)


def _picture(kind="PNG", pages=1):
    picture = Image.new("L", (1000, 200), 255)
    text, font = "The key hangs behind the door.", ImageFont.load_default(36)
    ImageDraw.Draw(picture).text((60, 60), text, fill=0, font=font)
    stream = io.BytesIO()
    picture.save(stream, kind, **({"save_all": True, "append_images": [picture] * (pages - 1)} if pages > 1 else {}))
    return stream.getvalue()


PICTURE = _picture()
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


def test_a_handed_over_document_is_whole():
    elements = [Element("heading", "A", 1, 2, hidden=True), Element("paragraph", "b", place="row 3", html="<p>")]
    document = assemble("T", "text/plain", elements, unread_pages=(3, 5))
    assert document_from_json(json.loads(json.dumps(document_as_json(document)))) == document


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "script"),
        ("text", 5),
        ("page", "1"),
        ("box", [1, 2, 3]),
        ("box", ["a", 1, 2, 3]),
        ("html", ["x"]),
        ("hidden", "no"),
    ],
)
def test_what_no_parser_would_hand_over_is_refused(name, value):
    element = dict.fromkeys(("kind", "text", "level", "page", "box", "place", "html", "hidden"))
    element |= {"kind": "paragraph", "text": "a", "hidden": False, name: value}
    said = {"title": "T", "media_type": "text/plain", "unread_pages": [], "elements": [list(element.values())]}
    with pytest.raises((ValueError, TypeError)):
        document_from_json(said)


def test_pictures_are_read_or_say_what_they_need(write):
    source = write("a.png", PICTURE)
    with Sandbox(workers=1, ocr_languages=["xyz"]) as sandbox, pytest.raises(NeedsOcrError, match="tesseract-ocr-xyz"):
        sandbox.parse(source)
    if not ocr_available():
        pytest.skip("no language data for OCR (tesseract-ocr-eng)")
    with Sandbox(workers=1) as sandbox:
        assert sandbox.parse(source).text == "The key hangs behind the door."


def test_recognition_is_given_time_for_each_picture(write):
    if not ocr_available():
        pytest.skip("no language data for OCR (tesseract-ocr-eng)")
    source = write("a.tif", _picture("TIFF", pages=40))  # seconds of work, on a fast machine too
    with (
        Sandbox(workers=1, limits=Limits(wall_s=1.0, ocr_page_s=0.0)) as sandbox,
        pytest.raises(ResourceLimitError, match="was stopped after 1 s"),
    ):
        sandbox.parse(source)
    with Sandbox(workers=1, limits=Limits(wall_s=1.0, ocr_page_s=5.0)) as sandbox:
        assert len(sandbox.parse(source).elements) == 40


@pytest.mark.skipif(bool(missing_confinement()), reason="this kernel cannot confine in full")
def test_a_child_is_confined_and_gives_way_to_the_server(write):
    with Sandbox(workers=1, limits=Limits(wall_s=5.0)) as sandbox, ThreadPoolExecutor(1) as pool:
        sandbox.parse(write("a.md", "text"))
        worker = sandbox._workers[0]._process.pid
        slow = pool.submit(sandbox.parse, write("slow.md", SLOW))
        child = _child_of(worker)
        # It makes its limits and confines itself before it reads the first byte.
        deadline = time.monotonic() + 5
        while _status(child)["Seccomp"] != "2" and time.monotonic() < deadline:
            time.sleep(0.01)
        status = _status(child)
        with open(f"/proc/{child}/stat") as file:
            nice = int(file.read().rpartition(")")[2].split()[16])
        with open(f"/proc/{child}/limits") as file:
            limits = {line[:26].strip(): line[26:].split()[0] for line in file}
        descriptors = os.listdir(f"/proc/{child}/fd")
        slow.exception()
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    assert nice == 10
    assert limits["Max address space"] == str(2 * 2**30)
    assert limits["Max core file size"] == "0"
    assert len(descriptors) < 40


def _status(pid):
    with open(f"/proc/{pid}/status") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def _child_of(pid):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = file.read().split()
        if children:
            return children[0]
        time.sleep(0.01)
    raise AssertionError("the worker made no child")


def test_a_result_that_is_a_link_or_a_pipe_is_not_followed(sandbox, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"title": "", "media_type": "", "unread_pages": [], "elements": []}')
    folder = tmp_path / "folder"
    folder.mkdir()
    reply = {"exit": 0, "timed_out": False, "seconds": 0.1}
    (folder / "result.json").symlink_to(secret)
    with pytest.raises(UnreadableError, match="unreadable"):
        sandbox._received(reply, folder, lambda said, _folder: document_from_json(said))
    (folder / "result.json").unlink()
    os.mkfifo(folder / "result.json")
    with pytest.raises(UnreadableError, match="unreadable"):
        sandbox._received(reply, folder, lambda said, _folder: document_from_json(said))


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
        with pytest.raises(ParserCrashError, match=r"crashed \(signal \d+\)"):
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
