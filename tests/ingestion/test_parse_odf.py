import pytest

from ingestion.types import ParsedDocument
from retrieval.errors import EncryptedError, ResourceLimitError

NAMES = ("office", "text", "table", "style", "drawing", "presentation", "svg-compatible", "xsl-fo-compatible")
PREFIXES = {"drawing": "draw", "svg-compatible": "svg", "xsl-fo-compatible": "fo"}
NS = " ".join(f'xmlns:{PREFIXES.get(n, n)}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in NAMES)
TYPE = "application/vnd.oasis.opendocument."


@pytest.fixture
def odf(read, zipped):
    """Parse an OpenDocument file with the given body and automatic styles."""

    def parsed(
        body: str, *, kind: str = "text", styles: str = "", parts: dict[str, str] | None = None
    ) -> ParsedDocument:
        content = (
            f"<office:document-content {NS}><office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
        )
        return read("a.odt", zipped({"mimetype": TYPE + kind, "content.xml": content} | (parts or {})))

    return parsed


def _row(*cells: str) -> str:
    return "<table:table-row>" + "".join(cells) + "</table:table-row>"


def _cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def test_headings_lists_and_notes_are_read_in_order(odf):
    styles = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1"'
        ' style:num-suffix="."/><text:list-level-style-bullet text:level="2"/></text:list-style>'
    )
    item = "<text:list-item><text:p>{}</text:p>{}</text:list-item>"
    inner = "<text:list>" + item.format("inner", "") + "</text:list>"
    note = (
        "<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>the note</text:p></text:note-body></text:note>"
    )
    document = odf(
        '<text:h text:outline-level="2">Leave</text:h>'
        f'<text:p>two<text:s text:c="3"/>words<text:line-break/>next{note}</text:p>'
        f'<text:list text:style-name="L">{item.format("one", inner)}{item.format("two", "")}</text:list>',
        styles=styles,
    )
    assert [(e.kind, e.text, e.level) for e in document.elements] == [
        ("heading", "Leave", 2),
        ("paragraph", "two words\nnext", None),
        ("paragraph", "Note: the note", None),
        ("list_item", "1. one", None),
        ("list_item", "-- inner", None),
        ("list_item", "2. two", None),
    ]


def test_merged_cells_keep_rows_and_columns(odf):
    covered = "<table:covered-table-cell/>"
    rows = _row(_cell("Who"), _cell("Hours", 'table:number-columns-spanned="2"'), covered)
    rows += _row(_cell("Staff", 'table:number-rows-spanned="2"'), _cell("new"), _cell("4"))
    rows += _row(covered, _cell("old"), _cell("6"))
    (table,) = odf(f"<table:table>{rows}</table:table>").elements
    assert table.text.splitlines()[2:] == ["| Staff | new | 4 |", "| Staff | old | 6 |"]
    assert '<td rowspan="2">Staff</td>' in table.html


def test_deleted_text_comments_and_contents_are_left_out(odf):
    document = odf(
        "<text:tracked-changes><text:changed-region><text:p>gone</text:p></text:changed-region></text:tracked-changes>"
        "<text:table-of-content><text:p>Leave....1</text:p></text:table-of-content>"
        "<text:p>kept<office:annotation><text:p>remark</text:p></office:annotation></text:p>"
    )
    assert document.text == "kept"


def test_text_that_a_reader_cannot_see_is_marked(odf):
    text = '<style:style style:name="{}" style:family="{}"><style:{}-properties {}/></style:style>'
    styles = text.format("H", "text", "text", 'text:display="none"')
    styles += text.format("T", "text", "text", 'fo:font-size="1pt"')
    styles += text.format("W", "text", "text", 'fo:color="#ffffff" fo:background-color="#FFFFFF"')
    spans = "".join(f'<text:span text:style-name="{name}">{name}</text:span>' for name in "HTW")
    section = '<text:section text:display="none"><text:p>section</text:p></text:section>'
    document = odf(f"<text:p>seen {spans}</text:p>{section}", styles=styles)
    assert [(e.text, e.hidden) for e in document.elements] == [("seen", False), ("HTW", True), ("section", True)]


def test_a_spreadsheet_shows_what_its_cells_show_and_marks_what_is_hidden(odf):
    sheet = (
        '<table:table table:name="Budget"><table:table-column/><table:table-column table:visibility="collapse"/>'
        + _row(_cell("Item"), _cell("Secret"), _cell("Cost"))
        + _row(_cell("Chairs"), _cell("x"), _cell("1,200.50 €"))
        + '<table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row>'
        + "</table:table>"
    )
    document = odf(sheet, kind="spreadsheet")
    assert [(e.text, e.hidden) for e in document.elements] == [
        ("Budget", False),
        ("| Item | Cost |\n| --- | --- |\n| Chairs | 1,200.50 € |", False),
        ("Secret", True),
        ("x", True),
    ]


def test_rows_repeated_without_end_are_refused(odf):
    row = f'<table:table-row table:number-rows-repeated="1048576">{_cell("x")}{_cell("y")}</table:table-row>'
    with pytest.raises(ResourceLimitError, match="more than 1,000,000 cells"):
        odf(f'<table:table table:name="S">{row}</table:table>', kind="spreadsheet")


def test_slides_have_titles_boxes_and_notes(odf):
    place = 'svg:x="1in" svg:y="2in" svg:width="3in" svg:height="1in"'
    frame = f"<draw:frame {{}} {place}><draw:text-box>{{}}</draw:text-box></draw:frame>"
    slide = (
        "<draw:page>"
        + frame.format("", "<text:p>Words</text:p>")
        + frame.format('presentation:class="title"', "<text:p>Leave</text:p>")
        + "<presentation:notes><draw:frame><draw:text-box><text:p>Smile</text:p></draw:text-box></draw:frame>"
        + "</presentation:notes></draw:page>"
    )
    document = odf(slide, kind="presentation")
    assert [(e.kind, e.text, e.page) for e in document.elements] == [
        ("heading", "Leave", 1),
        ("paragraph", "Words", 1),
        ("paragraph", "Note: Smile", 1),
    ]
    box = document.elements[1].box
    assert (box.x0, box.y0, box.x1, box.y1) == (72, 144, 288, 216)


def test_a_flat_file_is_read_by_its_content(read):
    flat = (
        f'<?xml version="1.0"?><office:document {NS} office:mimetype="{TYPE}text">'
        "<office:body><office:text><text:p>flat</text:p></office:text></office:body></office:document>"
    )
    document = read("a.xml", flat)
    assert (document.text, document.media_type) == ("flat", f"{TYPE}text")


def test_headers_and_footers_come_once_at_the_end(odf):
    header = "<style:header><text:p>Company rules</text:p></style:header>"
    pages = "".join(f'<style:master-page style:name="{name}">{header}</style:master-page>' for name in "AB")
    styles = (
        f"<office:document-styles {NS}><office:master-styles>{pages}</office:master-styles></office:document-styles>"
    )
    document = odf("<text:p>text</text:p>", parts={"styles.xml": styles})
    assert [(e.text, e.place) for e in document.elements] == [
        ("text", "paragraph 1"),
        ("Company rules", "page margin"),
    ]


def test_a_password_protected_file_says_so(odf):
    manifest = '<manifest xmlns:m="urn:x"><m:encryption-data/></manifest>'
    with pytest.raises(EncryptedError, match="password"):
        odf("", parts={"META-INF/manifest.xml": manifest})
