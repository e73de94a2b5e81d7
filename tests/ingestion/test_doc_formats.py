"""The files of the shared test data, where they lie beside the repository."""

import json
import unicodedata
from pathlib import Path

import pytest

from ingestion.parse import PARSERS, media_type_of, parse
from ingestion.types import SourceFile
from retrieval.errors import DocumentError

DATA = Path(__file__).resolve().parents[2] / "../shared/data/doc-formats"
MANIFEST = DATA / "manifest.jsonl"
ENTRIES = [json.loads(line) for line in MANIFEST.read_text().splitlines()] if MANIFEST.is_file() else []
# Reading order, not loss: the phrase joins a footer's two halves, or words set letter by letter along the spine.
OTHER_ORDER = {"Page 2 GAO", "JUL 2016 CAN729 UNDERSTANDING BREAST CANCER"}
READABLE = [e for e in ENTRIES if e["expect"].startswith("text") and "OCR" not in e["expect"]]
NEEDS_OCR = {"normal/single_table.pdf"}  # a picture of a table, with no text behind it


def _source(entry: dict[str, str]) -> SourceFile:
    path = (DATA / entry["file"]).resolve()
    return SourceFile(path, path.as_uri(), path.name)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


@pytest.mark.skipif(not ENTRIES, reason="the shared test data are not beside the repository")
@pytest.mark.parametrize("entry", READABLE, ids=lambda entry: entry["file"])
def test_the_phrases_a_reader_sees_are_found(entry):
    source = _source(entry)
    if media_type_of(source) not in PARSERS or entry["file"] in NEEDS_OCR:
        pytest.skip("not read yet")
    document = parse(source)
    text = _folded(document.text)
    assert [p for p in entry.get("must_contain", []) if _folded(p) not in text and p not in OTHER_ORDER] == []
    assert all(document.text[e.start : e.end] == e.text for e in document.elements)


@pytest.mark.skipif(not ENTRIES, reason="the shared test data are not beside the repository")
@pytest.mark.parametrize("entry", [e for e in ENTRIES if e not in READABLE], ids=lambda entry: entry["file"])
def test_what_cannot_be_read_ends_in_words_and_nothing_crashes(entry):
    reason = "read"
    try:
        parse(_source(entry))
    except DocumentError as error:
        reason = str(error)
    assert reason
