import datetime
import io

import openpyxl
import pytest

from ingestion.types import ParsedDocument


@pytest.fixture
def sheets(read):
    """Parse a workbook of sheets given as rows, None for a blank row."""

    def parsed(**content: list[list[object]]) -> ParsedDocument:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in content.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
            if name == "Hidden":
                sheet.sheet_state = "hidden"
        stream = io.BytesIO()
        book.save(stream)
        return read("Holiday_rota.xlsx", stream.getvalue())

    return parsed


def test_each_sheet_is_a_heading_with_its_tables_below(sheets):
    document = sheets(
        Budget=[["Budget 2026"], [], ["Item", "Cost"], ["Chairs", 1200.5], ["Desks", 300.0]], Notes=[["Only a note"]]
    )
    assert document.title == "Holiday rota"
    assert [(e.kind, e.text, e.page, e.place) for e in document.elements] == [
        ("heading", "Budget", 1, "sheet Budget"),
        ("paragraph", "Budget 2026", 1, "sheet Budget, row 1"),
        ("table", "| Item | Cost |\n| --- | --- |\n| Chairs | 1200.5 |\n| Desks | 300 |", 1, "sheet Budget, row 3"),
        ("heading", "Notes", 2, "sheet Notes"),
        ("paragraph", "Only a note", 2, "sheet Notes, row 1"),
    ]


def test_rows_after_a_gap_stay_with_their_header_and_a_new_table_does_not(sheets):
    document = sheets(
        S=[["Item", "Cost"], ["Chairs", 1], [], ["Desks", 2], [], ["Name", "Place"], ["Ann", "Rome"]],
    )
    assert [e.text for e in document.elements if e.kind == "table"] == [
        "| Item | Cost |\n| --- | --- |\n| Chairs | 1 |\n| Desks | 2 |",
        "| Name | Place |\n| --- | --- |\n| Ann | Rome |",
    ]


def test_values_read_as_they_are_shown(sheets):
    when = datetime.datetime(2026, 3, 1, 9, 30)
    document = sheets(S=[["a", "b", "c", "d"], [True, datetime.date(2026, 3, 1), when, "x|y\nz"]])
    assert document.elements[-1].text.splitlines()[-1] == "| TRUE | 2026-03-01 | 2026-03-01 09:30 | x\\|y z |"


def test_percentages_keep_their_sign(read):
    book = openpyxl.Workbook()
    book.active.append(["Rate", 0.125])
    book.active["B1"].number_format = "0.0%"
    stream = io.BytesIO()
    book.save(stream)
    assert "| Rate | 12.5% |" in read("a.xlsx", stream.getvalue()).text


def test_hidden_sheets_are_marked(sheets):
    document = sheets(Open=[["a"]], Hidden=[["b"]])
    assert [(e.text, e.hidden) for e in document.elements] == [
        ("Open", False),
        ("a", False),
        ("Hidden", True),
        ("b", True),
    ]


def test_a_far_cell_does_not_make_a_huge_table(read):
    book = openpyxl.Workbook()
    book.active["A1"] = "near"
    book.active["XFD1048576"] = "far"
    stream = io.BytesIO()
    book.save(stream)
    assert read("a.xlsx", stream.getvalue()).text == "Sheet\n\nnear\n\nfar"
