import struct

import pytest

from retrieval.errors import EncryptedError, UnreadableError

PAGE = 512


def _sprm(number: int, operand: bytes) -> bytes:
    return struct.pack("<H", number) + operand


IN_TABLE = _sprm(0x2416, b"\1")


def _row(*edges: int, flags: tuple[int, ...] = ()) -> bytes:
    """The mark of a row whose cells end at the given places."""
    cells = b"".join(struct.pack("<H", flag).ljust(20, b"\0") for flag in flags or (0,) * len(edges))
    shape = bytes([len(edges)]) + struct.pack(f"<{len(edges) + 1}h", 0, *edges) + cells
    return IN_TABLE + _sprm(0x2417, b"\1") + struct.pack("<HH", 0xD608, len(shape) + 1) + shape


def _runs(kind: str, runs: list[tuple[int, bytes]], start: int) -> bytes:
    """A page of properties: where each run ends, and what holds for it."""
    ends = [start]
    where, page, at = b"", bytearray(PAGE), PAGE - 2
    for length, properties in runs:
        ends.append(ends[-1] + length)
        if kind == "paragraph":
            body = b"\0\0" + properties
            packed = bytes([0, (len(body) + 1) // 2]) + body + bytes(len(body) % 2)
        else:
            packed = bytes([len(properties)]) + properties
        at = (at - len(packed)) // 2 * 2
        page[at : at + len(packed)] = packed
        where += bytes([at // 2]) + (bytes(12) if kind == "paragraph" else b"")
    head = struct.pack(f"<{len(ends)}I", *ends) + where
    page[: len(head)] = head
    page[-1] = len(runs)
    return bytes(page)


@pytest.fixture
def doc(ole):
    """A Word 97 file of paragraphs, each with the mark that ends it, its style and its properties."""

    def make(
        *paragraphs: tuple[str, bytes], characters: list[tuple[int, bytes]] | None = None, flags: int = 0x200
    ) -> bytes:
        text = "".join(text for text, _ in paragraphs)
        start = 2 * PAGE
        main = bytearray(start) + text.encode("utf-16-le")
        main += bytes(-len(main) % PAGE)
        pages = len(main) // PAGE
        main += _runs("paragraph", [(2 * len(t), p) for t, p in paragraphs], start)
        main += _runs("character", [(2 * n, p) for n, p in characters or [(len(text), b"")]], start)
        pieces = b"\2" + struct.pack("<IIIHIH", 16, 0, len(text), 0, start, 0)
        tables = [struct.pack("<III", 0, 2**31, pages), struct.pack("<III", 0, 2**31, pages + 1), pieces]
        struct.pack_into("<HH", main, 0, 0xA5EC, 0xC1)
        struct.pack_into("<H", main, 0x0A, flags)
        struct.pack_into("<I", main, 0x4C, len(text))
        at = 0
        for index, table in zip((13, 12, 33), tables, strict=True):
            struct.pack_into("<II", main, 0x9A + 8 * index, at, len(table))
            at += len(table)
        return ole({"WordDocument": bytes(main), "1Table": b"".join(tables)})

    return make


def test_paragraphs_outline_levels_and_lists_are_read(read, doc):
    document = read(
        "a.doc",
        doc(
            ("Leave – näher\r", _sprm(0x2640, b"\1")),
            ("You earn\x0bsix hours.\r", b""),
            ("one\r", _sprm(0x460B, b"\1\0")),
        ),
    )
    assert [(e.kind, e.text, e.level) for e in document.elements] == [
        ("heading", "Leave – näher", 2),
        ("paragraph", "You earn\nsix hours.", None),
        ("list_item", "- one", None),
    ]


def test_tables_keep_rows_and_merged_cells(read, doc):
    begins, goes_on = 0x60, 0x20
    cells = [("Who\x07", IN_TABLE), ("Hours\x07", IN_TABLE), ("\x07", _row(1000, 3000))]
    cells += [("Staff\x07", IN_TABLE), ("new\x07", IN_TABLE), ("4\x07", IN_TABLE)]
    cells += [("\x07", _row(1000, 2000, 3000, flags=(begins, 0, 0)))]
    cells += [("\x07", IN_TABLE), ("old\x07", IN_TABLE), ("6\x07", IN_TABLE)]
    cells += [("\x07", _row(1000, 2000, 3000, flags=(goes_on, 0, 0))), ("after\r", b"")]
    table, after = read("a.doc", doc(*cells)).elements
    assert table.text.splitlines()[2:] == ["| Staff | new | 4 |", "| Staff | old | 6 |"]
    assert '<th colspan="2">Hours</th>' in table.html
    assert after.text == "after"


def test_hidden_text_is_marked_and_deleted_text_and_field_codes_are_left_out(read, doc):
    text = 'seen evil gone \x13HYPERLINK "x"\x14the page\x15.\r'
    runs = [(5, b""), (5, _sprm(0x083C, b"\1")), (5, _sprm(0x0800, b"\1")), (len(text) - 15, b"")]
    document = read("a.doc", doc((text, b""), characters=runs))
    assert [(e.text, e.hidden) for e in document.elements] == [("seen the page.", False), ("evil", True)]


def test_a_password_protected_file_says_so(read, doc):
    with pytest.raises(EncryptedError, match="password"):
        read("a.doc", doc(("x\r", b""), flags=0x300))


@pytest.mark.parametrize("at", [0x1A2, 0x1A6, 0x4C, 1024])
def test_a_damaged_file_is_read_or_says_so(read, doc, at):
    data = bytearray(doc(("text\r", b"")))
    start = data.find(struct.pack("<HH", 0xA5EC, 0xC1))
    data[start + at : start + at + 4] = b"\xff\xff\xff\x7f"
    try:
        assert read("a.doc", bytes(data)).elements
    except UnreadableError as error:
        assert "damaged Word document" in str(error)  # noqa: PT017 - either is right, by where the damage is
