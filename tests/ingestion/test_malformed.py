"""Malformed files through the sandbox, the short form; ``bench/malformed.py`` is the long one."""

import json
from pathlib import Path

import pytest

from bench.mutants import KINDS, OUTSIDE, mutants, pdf
from ingestion.sandbox import Sandbox
from ingestion.types import SourceFile
from retrieval.errors import DocumentError, ParserCrashError, ResourceLimitError

DATA = Path(__file__).resolve().parents[2] / "../shared/data/doc-formats"
KINDS_OF_REASON = {"unreadable", "encrypted", "empty", "unsupported", "resource_limit", "crash", "needs_ocr"}
# Bombs and hostile PDFs take seconds each, so that the limits are all they test; the long form has them all.
QUICK = [kind for kind in KINDS if kind not in {"hostile PDF", "bomb", "deep"}]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2) as made:
        yield made


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data are not beside the repository")
def test_every_malformed_file_ends_in_a_document_or_a_reason_and_costs_nothing_else(sandbox, tmp_path):
    parsed, reasons = 0, []
    for mutant in mutants(DATA, 40, kinds=QUICK, max_bytes=60_000):
        path = tmp_path / "file"
        path.write_bytes(mutant.content)
        try:
            document = sandbox.parse(SourceFile(path, f"upload:{mutant.name}", mutant.name))
        except DocumentError as error:
            reasons.append((error.kind, str(error)))
        else:
            parsed += 1
            assert all(document.text[e.start : e.end] == e.text for e in document.elements)
        assert path.read_bytes() == mutant.content
    assert parsed + len(reasons) == 40
    assert parsed
    assert {kind for kind, _ in reasons} <= KINDS_OF_REASON
    # A reason is for people: it names no place on this machine, and nothing was raised that nobody foresaw.
    assert [words for _, words in reasons if str(tmp_path) in words or "its parser" in words or not words] == []
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert not Path(OUTSIDE).exists()
    assert list(sandbox._folder.iterdir()) == []


def test_mutants_are_the_same_for_the_same_seed(tmp_path):
    (tmp_path / "a.md").write_text("# A\n\ntext")
    (tmp_path / "b.json").write_text(json.dumps({"a": 1}))
    quick = [kind for kind in QUICK if kind != "picture"]
    assert list(mutants(tmp_path, 12, seed=1, kinds=quick)) == list(mutants(tmp_path, 12, seed=1, kinds=quick))
    assert list(mutants(tmp_path, 12, seed=1, kinds=quick)) != list(mutants(tmp_path, 12, seed=2, kinds=quick))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pdf(b"BT ET", kids=b"3 0 R " * 6_000, count=6_000), "has 6,000 pages; the limit is 5,000"),
        (pdf(b"BT ET", media_box=b"[0 0 20000 20000]"), "larger than 200 inches"),
    ],
)
def test_a_pdf_that_is_too_large_is_refused_before_it_is_read(sandbox, write, content, words):
    with pytest.raises(ResourceLimitError, match=words) as raised:
        sandbox.parse(write("a.pdf", content))
    assert not isinstance(raised.value, ParserCrashError)


def test_a_list_of_pages_that_holds_itself_ends(sandbox, write):
    with pytest.raises(DocumentError) as raised:
        sandbox.parse(write("a.pdf", pdf(b"BT ET", kids=b"2 0 R 3 0 R", count=5)))
    assert not isinstance(raised.value, ResourceLimitError)
