import struct

import pytest

from ingestion.types import ParsedDocument
from retrieval.errors import EncryptedError, UnreadableError


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _label(row: int, column: int, text: str, style: int = 15) -> bytes:
    return _record(0x204, struct.pack("<HHHHB", row, column, style, len(text), 1) + text.encode("utf-16-le"))


def _number(row: int, column: int, value: float, style: int = 15) -> bytes:
    return _record(0x203, struct.pack("<HHHd", row, column, style, value))


def _style(number_format: int, *, is_cell: bool) -> bytes:
    return _record(0xE0, struct.pack("<HHH", 0, number_format, 1 if is_cell else 0xFFF5) + bytes(14))


BEGIN, END = 0x809, _record(0x0A, b"")


@pytest.fixture
def xls(ole, read):
    """Parse an Excel 97 workbook of one sheet with the given records."""

    def parsed(*records: bytes, hidden: int = 0, first: bytes = b"") -> ParsedDocument:
        def begin(kind: int) -> bytes:
            return _record(BEGIN, struct.pack("<HHHHII", 0x600, kind, 0, 0, 0, 0))

        fonts = _record(0x31, struct.pack("<HHHHHBBBB", 200, 0, 8, 400, 0, 0, 0, 0, 0) + b"\1\0A") * 5
        # Sixteen styles as Excel itself writes them, then a percentage (format 10) and a date (14).
        styles = _style(0, is_cell=False) * 15 + _style(0, is_cell=True) + _style(10, is_cell=True)
        styles += _style(14, is_cell=True)
        name = "Budget"
        opening = begin(5) + first + _record(0x42, struct.pack("<H", 1200)) + fonts + styles
        entry_length = 4 + 8 + len(name)
        start = len(opening) + entry_length + len(END)
        entry = _record(0x85, struct.pack("<IBBBB", start, hidden, 0, len(name), 0) + name.encode())
        return read("a.xls", ole({"Workbook": opening + entry + END + begin(0x10) + b"".join(records) + END}))

    return parsed


def test_values_read_as_they_are_shown(xls):
    document = xls(
        *(_label(0, column, text) for column, text in enumerate(("Größe", "Rate", "Day"))),
        _number(1, 0, 1200.5),
        _number(1, 1, 0.125, style=16),
        # Day 46,082 of Excel's calendar, which begins with the year 1900.
        _number(1, 2, 46_082, style=17),
    )
    assert [(e.kind, e.text) for e in document.elements] == [
        ("heading", "Budget"),
        ("table", "| Größe | Rate | Day |\n| --- | --- | --- |\n| 1200.5 | 12.5% | 2026-03-01 |"),
    ]
    assert document.elements[1].place == "sheet Budget, row 1"


def test_hidden_sheets_rows_and_columns_are_marked(xls):
    hidden_row = _record(0x208, struct.pack("<HHHHHHI", 1, 0, 3, 255, 0, 0, 0x20))
    hidden_column = _record(0x7D, struct.pack("<HHHHHH", 2, 2, 2340, 15, 1, 0))
    cells = [_label(row, column, f"{row}{column}") for row in range(3) for column in range(3)]
    document = xls(hidden_row, hidden_column, *cells)
    assert [(e.text.replace("\n", " "), e.hidden) for e in document.elements] == [
        ("Budget", False),
        ("| 00 | 01 | | --- | --- | | 20 | 21 |", False),
        ("02", True),
        ("| 10 | 11 | 12 | | --- | --- | --- | |  |  | 22 |", True),
    ]
    assert {e.hidden for e in xls(_label(0, 0, "x"), hidden=1).elements} == {True}


def test_a_password_protected_workbook_says_so(xls):
    with pytest.raises(EncryptedError, match="password"):
        xls(_label(0, 0, "x"), first=_record(0x2F, bytes(6)))


def test_a_damaged_workbook_says_so(read, ole):
    with pytest.raises(UnreadableError, match="damaged workbook"):
        read("a.xls", ole({"Workbook": b"\xff" * 600}))
