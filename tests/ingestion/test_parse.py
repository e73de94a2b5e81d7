import io
import unicodedata
import zipfile

import pytest

from ingestion.parse import MAX_BYTES, parse
from ingestion.types import SourceFile
from retrieval.errors import (
    EmptyDocumentError,
    EncryptedError,
    ResourceLimitError,
    UnreadableError,
    UnsupportedError,
)


def _zip(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def _office(**members: bytes) -> bytes:
    return _zip(**{"[Content_Types].xml": b"<Types/>", **members})


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("a.md", b"", EmptyDocumentError, "is empty"),
        ("a.md", b" \n\t\n", EmptyDocumentError, "holds no text"),
        ("a.zip", _zip(a=b"x"), UnsupportedError, "ZIP archive; unpack it first"),
        ("a.docx", b"PK\x03\x04 and then nothing [Content_Types].xml word/", UnreadableError, "damaged"),
        ("a.docx", _office(word__document=b"<broken"), UnreadableError, "damaged"),
        ("a.pptx", _office(ppt__other=b"<p/>"), UnreadableError, "no presentation"),
        ("a.pdf", b"%PDF-1.7\nnothing more", UnreadableError, "damaged PDF"),
        ("a.go", b"package main", UnsupportedError, ".go file"),
        ("a.png", b"\x89PNG\r\n\x1a\n", UnreadableError, "damaged picture"),
        ("a.bin", bytes(range(256)) * 40, UnsupportedError, "no known kind"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", UnsupportedError, "archive; unpack it"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            EncryptedError,
            "password",
        ),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), UnreadableError, "Word"),
        (
            "a.eml",
            b"Content-Type: multipart/encrypted; boundary=x\nFrom: a\nTo: b\n\n--x--",
            EncryptedError,
            "encrypted",
        ),
        # 17 MB of one letter shrink a thousandfold.
        ("a.docx", _office(word__document=b"a" * (17 * 2**20)), ResourceLimitError, "ZIP bomb"),
        ("a.html", "<div>" * 3000 + "deep" + "</div>" * 3000, ResourceLimitError, "nested too deeply"),
        ("a.json", "[" * 100_000 + "]" * 100_000, ResourceLimitError, "nested too deeply"),
        ("a.csv", ",".join("x" * 20_000), ResourceLimitError, "16,384 columns"),
    ],
)
def test_what_cannot_be_read_says_why_in_plain_words(write, name, content, error, words):
    with pytest.raises(error, match=words):
        parse(write(name, content))


def test_a_file_that_cannot_be_opened_says_so(tmp_path):
    with pytest.raises(UnreadableError, match="cannot be opened: No such file"):
        parse(SourceFile(tmp_path / "gone.md", "file:///gone.md", "gone.md"))


def test_a_file_beyond_the_size_limit_is_refused_unread(tmp_path):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ResourceLimitError, match="larger than 100 MB"):
        parse(SourceFile(path, path.as_uri(), path.name))


def test_a_password_protected_workbook_is_recognised_by_its_flag(write):
    data = bytearray(_office(xl__workbook=b"<workbook/>"))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        data[at + offset] |= 1
    with pytest.raises(EncryptedError, match="password"):
        parse(write("a.xlsx", bytes(data)))


def test_text_is_nfc_and_free_of_control_and_invisible_characters(read):
    # e + combining accent, NUL, soft hyphen, zero-width space, right-to-left override, tag letter, no-break space
    dirty = "cafe\u0301 a\x00b va\u00adca\u200btion \u202eevil\u202c x\U000e0041y no\u00a0break"
    document = read("a.txt", dirty)
    assert document.text == "café ab vacation evil xy no break"
    assert unicodedata.is_normalized("NFC", document.text)


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("leave.md", "---\ntitle: 'Leave: how and when'\n---\n# Other\n\ntext", "Leave: how and when"),
        ("leave.md", "---\ntitle: >-\n  Leave\n  policy\nother: x\n---\ntext", "Leave policy"),
        ("leave.md", "# Annual *leave*\n\ntext", "Annual leave"),
        ("leave_policy 2024.md", "just text", "leave policy 2024"),
        ("../../etc/pass\u202ewd.txt", "just text", "passwd"),
        ("a.html", "<title> Leave\n policy </title><p>x", "Leave policy"),
        # A heading after much text names a part, not the document.
        ("rules.md", "a\n\nb\n\nc\n\nd\n\n# Part two\n\ne", "rules"),
    ],
)
def test_the_title_is_the_documents_own_then_its_first_heading_then_its_name(tmp_path, name, content, title):
    path = tmp_path / "file"
    path.write_text(content)
    assert parse(SourceFile(path, path.as_uri(), name)).title == title
