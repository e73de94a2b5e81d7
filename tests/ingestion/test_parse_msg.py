import struct

import pytest

from ingestion.parsers.mapi import decompressed_rtf
from retrieval.errors import DocumentError, UnreadableError


def _stream(key: int, kind: int) -> str:
    return f"__substg1.0_{key:04X}{kind:04X}"


def _wide(**texts: str) -> dict[str, bytes]:
    keys = {"subject": 0x0037, "body": 0x1000, "sender": 0x0C1A, "address": 0x5D01, "to": 0x0E04, "long_name": 0x3707}
    return {_stream(keys[name], 0x001F): text.encode("utf-16-le") for name, text in texts.items()}


def _fixed(*entries: tuple[int, int, int], header: int = 32) -> dict[str, bytes]:
    packed = b"".join(struct.pack("<HHIQ", kind, key, 6, value) for key, kind, value in entries)
    return {"__properties_version1.0": bytes(header) + packed}


def _under(folder: str, streams: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in streams.items()}


def _uncompressed(rtf: bytes) -> bytes:
    return struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf


def test_headers_and_body_are_read(read, ole):
    # 2026-03-02 09:00 UTC in tenths of microseconds since 1601: 155,288 days and nine hours.
    fixed = _fixed((0x0039, 0x0040, 134_169_156_000_000_000))
    texts = _wide(subject="Leave – next week", sender="Ann Müller", address="ann@example.com", to="Bob", body="Plain.")
    document = read("a.msg", ole(fixed | texts))
    assert document.title == "Leave – next week"
    assert [(e.text, e.place) for e in document.elements] == [
        (
            "From: Ann Müller <ann@example.com>\nTo: Bob\nDate: 2026-03-02 09:00 UTC\nSubject: Leave – next week",
            "message headers",
        ),
        ("Plain.", "message body"),
    ]


def test_a_message_with_nothing_but_packed_rtf_is_read(read, ole):
    rtf = rb"{\rtf1\ansi\ansicpg1251\fromhtml1 {\*\htmltag64 <p>}\htmlrtf x\htmlrtf0 \'cf\'f0\'e8{\*\htmltag72 </p>}}"
    document = read("a.msg", ole(_fixed() | _wide(subject="s") | {_stream(0x1009, 0x0102): _uncompressed(rtf)}))
    assert document.elements[-1].text == "При"


def test_eight_bit_texts_are_read_in_the_code_page_of_the_message(read, ole):
    fixed = _fixed((0x3FFD, 0x0003, 932))
    document = read("a.msg", ole(fixed | {_stream(0x1000, 0x001E): "会議".encode("cp932")}))
    assert document.elements[-1].text == "会議"


def test_attachments_and_messages_inside_messages_are_read(read, ole):
    inner = _wide(subject="Inner", body="Deep words.") | _fixed(header=24)
    attached = _wide(long_name="note.md") | _fixed(header=8) | {_stream(0x3701, 0x0102): b"# Head\n\ntext\n"}
    nested = _wide(long_name="Inner") | _fixed(header=8) | _under("__substg1.0_3701000D", inner)
    streams = _fixed() | _wide(subject="Outer", body="Words.")
    streams |= _under("__attach_version1.0_#00000000", attached) | _under("__attach_version1.0_#00000001", nested)
    document = read("a.msg", ole(streams))
    assert [(e.kind, e.text, e.level) for e in document.elements[2:]] == [
        ("heading", "note.md", 1),
        ("heading", "Head", 2),
        ("paragraph", "text", None),
        ("heading", "Inner.msg", 1),
        ("paragraph", "Subject: Inner", None),
        ("paragraph", "Deep words.", None),
    ]
    assert document.elements[-1].place == "attachment Inner.msg, message body"


def test_packed_rtf_is_unpacked():
    # The example of the specification: a literal run, then a reference to what was written before.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompressed_rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_packed_rtf_that_claims_to_be_huge_is_refused():
    with pytest.raises(UnreadableError, match="cannot be unpacked"):
        decompressed_rtf(struct.pack("<IIII", 100, 2**31, 0x75465A4C, 0) + bytes(100))


def test_a_damaged_message_says_so(read, ole):
    whole = ole(_fixed() | _wide(subject="Outer", body="Words."))
    with pytest.raises(DocumentError, match="damaged"):
        read("a.msg", whole[:1500])


def test_a_winmail_dat_gives_its_body_and_what_is_attached(read):
    def attribute(level: int, number: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) % 65_536)

    rtf = _uncompressed(rb"{\rtf1\ansi Rich words.}")
    padded = rtf + bytes(-len(rtf) % 4)
    properties = struct.pack("<IHHII", 1, 0x0102, 0x1009, 1, len(rtf)) + padded
    data = (
        struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00018004, b"Plan\0") + attribute(1, 0x00069003, properties)
    )
    data += (
        attribute(2, 0x00069002, bytes(14))
        + attribute(2, 0x00018010, b"a.txt\0")
        + attribute(2, 0x0006800F, b"Inside.")
    )
    document = read("winmail.dat", data)
    assert [e.text for e in document.elements] == ["Subject: Plan", "Rich words.", "a.txt", "Inside."]
