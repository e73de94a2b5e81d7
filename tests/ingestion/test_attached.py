import base64
from email.message import EmailMessage

import pytest

from ingestion.attached import MAX_FILES
from retrieval.errors import EncryptedError


@pytest.fixture
def message() -> EmailMessage:
    made = EmailMessage()
    made["From"] = "ann@example.com"
    made["To"] = "bob@example.com"
    made["Subject"] = "Plan"
    made.set_content("See below.\n")
    return made


def _attach(message: EmailMessage, name: str, content: bytes, kind: str = "application/octet-stream") -> None:
    family, _, subtype = kind.partition("/")
    message.add_attachment(content, maintype=family, subtype=subtype, filename=name)


def _shown(document) -> list[tuple[str, str, str]]:
    return [(e.kind, e.text, e.place) for e in document.elements[2:]]


def test_an_attachment_is_a_section_under_its_name_with_its_place(read, message, docx):
    _attach(message, "rules.docx", docx("<w:p><w:r><w:t>Six hours.</w:t></w:r></w:p>"))
    _attach(message, "list.csv", b"a,b\n1,2\n", "text/csv")
    document = read("a.eml", message.as_bytes())
    assert _shown(document) == [
        ("heading", "rules.docx", "attachment rules.docx"),
        ("paragraph", "Six hours.", "attachment rules.docx, paragraph 1"),
        ("heading", "list.csv", "attachment list.csv"),
        ("table", "| a | b |\n| --- | --- |\n| 1 | 2 |", "attachment list.csv, row 1"),
    ]
    assert document.elements[3].section == ("rules.docx",)


def test_pages_of_an_attachment_are_not_pages_of_the_message(read, message, pdf):
    _attach(message, "plan.pdf", pdf(b"BT /F 12 Tf 72 700 Td (On paper) Tj ET"))
    element = read("a.eml", message.as_bytes()).elements[-1]
    assert (element.text, element.page, element.box, element.place) == (
        "On paper",
        None,
        None,
        "attachment plan.pdf, page 1",
    )


def test_an_attachment_that_cannot_be_read_is_named_with_its_reason(read, message, zipped):
    _attach(message, "broken.docx", b"PK\x03\x04 and then nothing [Content_Types].xml word/")
    _attach(message, "all.zip", zipped({"a": b"x"}))
    _attach(message, "empty.txt", b"")
    assert [text for _, text, _ in _shown(read("a.eml", message.as_bytes()))] == [
        "Attachment not read: broken.docx is damaged: its ZIP container cannot be read",
        "Attachment not read: all.zip is a ZIP archive; unpack it first",
        "Attachment not read: empty.txt is empty (0 bytes)",
    ]


def test_messages_inside_messages_are_read_down_to_a_depth(read):
    inner = EmailMessage()
    inner["Subject"] = "Level 0"
    inner.set_content("Words of level 0.\n")
    for level in range(1, 6):
        outer = EmailMessage()
        outer["Subject"] = f"Level {level}"
        outer.set_content(f"Words of level {level}.\n")
        outer.add_attachment(inner)
        inner = outer
    text = read("a.eml", b"From: a@b.c\nTo: d@e.f\n" + inner.as_bytes()).text
    assert "Words of level 2." in text
    assert "Attachment not read: Level 1.eml is attached more than 3 messages deep" in text
    assert "Words of level 1." not in text


def test_more_attachments_than_anybody_sends_are_refused_not_the_message(read, message):
    for number in range(MAX_FILES + 2):
        _attach(message, f"{number}.txt", b"x")
    elements = read("a.eml", message.as_bytes()).elements
    assert sum(e.kind == "heading" for e in elements) == MAX_FILES
    assert "beyond the first 100 attachments" in elements[-1].text


def test_pictures_that_a_message_shows_itself_are_left_out_unless_they_are_read(read, message):
    message.add_alternative("<p>Words.<img src='cid:logo'></p>", subtype="html")
    message.get_payload()[1].add_related(
        b"\x89PNG\r\n\x1a\n" + bytes(100), "image", "png", cid="<logo>", filename="logo.png"
    )
    assert "Words." in read("a.eml", message.as_bytes()).text


def test_the_richest_alternative_that_says_something_is_shown_and_all_parts_of_a_mixed_message(read):
    raw = (
        b'From: a@b.c\nTo: d@e.f\nSubject: s\nContent-Type: multipart/mixed; boundary="m"\n\n'
        b'--m\nContent-Type: multipart/alternative; boundary="a"\n\n'
        b"--a\nContent-Type: text/plain\n\nplain\n--a\nContent-Type: text/html\n\n<p>rich</p>\n--a--\n"
        b"--m\nContent-Type: text/plain\n\nsigned by the list\n--m--\n"
    )
    assert [text for _, text, _ in [("", e.text, "") for e in read("a.eml", raw).elements[1:]]] == [
        "rich",
        "signed by the list",
    ]


def test_a_signed_message_is_read_and_an_encrypted_one_attached_is_named(read, message):
    def entry(tag: int, content: bytes) -> bytes:
        length = len(content)
        return bytes([tag, length] if length < 128 else [tag, 0x82, length >> 8, length & 255]) + content

    inner = b"Content-Type: text/plain\r\n\r\nSigned words.\r\n"
    kind = entry(0x06, bytes.fromhex("2a864886f70d010701"))
    content = entry(0x30, kind + entry(0xA0, entry(0x04, inner)))
    signed = entry(0x30, entry(0x02, b"\1") + entry(0x31, b"") + content)
    wrapped = entry(0x30, entry(0x06, bytes.fromhex("2a864886f70d010702")) + entry(0xA0, signed))
    head = b"From: a@b.c\nTo: d@e.f\nSubject: s\nContent-Transfer-Encoding: base64\n"
    head += b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\n"
    assert read("a.eml", head + base64.encodebytes(wrapped)).elements[-1].text == "Signed words."
    with pytest.raises(EncryptedError, match="encrypted message"):
        read("a.eml", head + base64.encodebytes(entry(0x30, kind)))
    _attach(message, "smime.p7m", entry(0x30, kind), "application/pkcs7-mime")
    assert read("a.eml", message.as_bytes()).elements[-1].text == "Attachment not read: smime.p7m is encrypted"


def test_a_page_saved_as_one_file_is_read(read):
    raw = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n"
        b"Content-Location: file:///a.htm\r\n\r\n<h1>Leave</h1>\r\n--x--\r\n"
    )
    assert read("saved.doc", raw).text == "Leave"
