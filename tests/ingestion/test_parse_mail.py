from email.message import EmailMessage

import pytest

from ingestion.types import ParsedDocument
from retrieval.errors import EncryptedError, ResourceLimitError


@pytest.fixture
def message() -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ann Müller <ann@example.com>"
    made["To"] = "bob@example.com"
    made["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
    made["Subject"] = "Leave – next week"
    made.set_content("Plain words.\n\n- one\n")
    return made


def _lines(document: ParsedDocument) -> list[str]:
    return [e.text for e in document.elements]


def test_headers_come_first_and_the_subject_is_the_title(read, message):
    document = read("a.eml", message.as_bytes())
    assert document.title == "Leave – next week"
    assert _lines(document) == [
        "From: Ann Müller <ann@example.com>\nTo: bob@example.com\n"
        "Date: Mon, 02 Mar 2026 09:00:00 +0000\nSubject: Leave – next week",
        "Plain words.",
        "- one",
    ]


def test_html_is_preferred_and_an_attachment_is_read_by_its_content_not_its_name(read, message):
    message.add_alternative("<h1>Leave</h1><p style='display:none'>pre</p><p>Rich words.</p>", subtype="html")
    message.add_attachment(b"secret", maintype="application", subtype="pdf", filename="plan.pdf")
    document = read("a.eml", message.as_bytes())
    assert _lines(document)[1:] == ["Leave", "pre", "Rich words.", "plan.pdf", "secret"]
    assert [e.hidden for e in document.elements] == [False, False, True, False, False, False]


def test_an_empty_html_part_does_not_hide_the_text(read, message):
    message.add_alternative("<html></html>", subtype="html")
    assert "Plain words." in _lines(read("a.eml", message.as_bytes()))


def test_a_wrong_charset_does_not_lose_the_message(read):
    raw = (
        b"From: a@b.c\nTo: d@e.f\nSubject: =?broken?q?x?=\nContent-Type: text/plain; charset=nonsense\n\ncaf\xc3\xa9\n"
    )
    assert _lines(read("a.eml", raw))[-1] == "café"


def test_an_encrypted_message_says_so(read):
    raw = (
        b"From: a@b.c\nTo: d@e.f\nSubject: s\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nAAAA\n"
    )
    with pytest.raises(EncryptedError, match="encrypted message"):
        read("a.eml", raw)


def test_a_message_nested_without_end_is_refused(read):
    raw = b"Content-Type: text/plain\r\n\r\nhello\r\n"
    for i in range(3000):
        raw = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) + raw + b"\r\n--b%d--\r\n" % i
    with pytest.raises(ResourceLimitError):
        read("a.eml", b"From: a@b\r\nTo: c@d\r\nSubject: x\r\n" + raw)
