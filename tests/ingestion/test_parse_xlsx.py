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


@pytest.fixture
def styled(read):
    """Parse a workbook whose only sheet a function has worked on."""

    def parsed(change) -> ParsedDocument:
        book = openpyxl.Workbook()
        sheet = book.active
        for row in (["Item", "Cost", "Note"], ["Chairs", 4, "x"], ["Desks", 6, "y"]):
            sheet.append(row)
        change(sheet)
        stream = io.BytesIO()
        book.save(stream)
        return read("a.xlsx", stream.getvalue())

    return parsed


def _unseen(document: ParsedDocument) -> str:
    return " ".join(e.text for e in document.elements if e.hidden)


def test_hidden_rows_and_columns_are_marked_and_the_rest_stays_a_table(styled):
    def hide(sheet):
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["C"].hidden = True

    document = styled(hide)
    assert document.elements[1].text == "| Item | Cost |\n| --- | --- |\n| Desks | 6 |"
    assert {"Note", "Chairs", "x", "y"} <= set(_unseen(document).replace("|", " ").split())


def test_cells_whose_style_hides_them_are_marked(styled):
    def hide(sheet):
        sheet["C2"].number_format = ";;;"
        sheet["B3"].font = openpyxl.styles.Font(color="FFFFFFFF")

    document = styled(hide)
    assert _unseen(document) == "x 6"
    assert "Desks" in document.elements[1].text


def test_white_text_on_a_colour_is_not_hidden(styled):
    def paint(sheet):
        for cell in sheet[1]:
            cell.font = openpyxl.styles.Font(color="FFFFFFFF")
            cell.fill = openpyxl.styles.PatternFill("solid", fgColor="FF000000")

    assert _unseen(styled(paint)) == ""


def test_cells_that_span_rows_are_repeated_in_each(styled):
    def merge(sheet):
        sheet.merge_cells("A2:A3")

    assert styled(merge).elements[1].text.splitlines()[2:] == ["| Chairs | 4 | x |", "| Chairs | 6 | y |"]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (0.5, "0%", "50%"),
        (46082, "yyyy-mm-dd", "2026-03-01"),
        (46082.25, "d.m.yy h:mm", "2026-03-01 06:00"),
        (0.25, "h:mm", "06:00"),
        (1, "yyyy-mm-dd", "1900-01-01"),
        (1.5, "[$-409]d-mmm", "1900-01-01 12:00"),
        (3, '0 "days"', "3"),
        (0.1 + 0.2, "General", "0.3"),
    ],
)
def test_numbers_read_as_their_format_means_them(styled, value, number_format, shown):
    def write(sheet):
        sheet["B2"] = value
        sheet["B2"].number_format = number_format

    assert f"| Chairs | {shown} | x |" in styled(write).text
