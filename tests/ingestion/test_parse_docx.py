import io
import zipfile

import pytest

from ingestion.types import ParsedDocument

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
STYLES = f"""<w:styles {W}>
<w:style w:type="paragraph" w:styleId="Ttl"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift1"/>
  <w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Toc"><w:name w:val="toc 1"/></w:style>
</w:styles>"""
NUMBERING = f"""<w:numbering {W}>
<w:abstractNum w:abstractNumId="7">
  <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
  <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1%2)"/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="8">
  <w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="x"/></w:lvl>
</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="7"/>
  <w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
</w:numbering>"""


@pytest.fixture
def body(docx, read):
    """Parse a Word file with the given body."""

    def parsed(xml: str, **parts: str) -> ParsedDocument:
        return read("a.docx", docx(xml, **parts))

    return parsed


def _p(text: str, style: str = "", number: str = "", level: int = 0) -> str:
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number:
        properties += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def _tc(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{_p(text)}</w:tc>"


def test_styles_give_title_headings_and_levels_through_inheritance(body):
    document = body(
        _p("Handbook", "Ttl")
        + _p("Leave....3", "Toc")
        + _p("Leave", "berschrift1")
        + _p("Sick leave", "Own")
        + _p("text"),
        styles=STYLES,
    )
    assert document.title == "Handbook"
    assert [(e.kind, e.text, e.level) for e in document.elements] == [
        ("heading", "Handbook", 1),
        ("heading", "Leave", 1),
        ("heading", "Sick leave", 2),
        ("paragraph", "text", None),
    ]
    assert document.elements[-1].section == ("Leave", "Sick leave")


def test_list_items_carry_the_numbers_that_word_shows(body):
    document = body(
        _p("a", number="1")
        + _p("b", number="1", level=1)
        + _p("c", number="1", level=1)
        + _p("d", number="1")
        + _p("e", number="1", level=1)
        + _p("f", number="2")
        + _p("g", number="3"),
        numbering=NUMBERING,
    )
    assert [e.text for e in document.elements] == ["1. a", "1a) b", "1b) c", "2. d", "2a) e", "- f", "1. g"]
    assert {e.kind for e in document.elements} == {"list_item"}


def test_merged_cells_keep_rows_and_columns(body):
    restart, goes_on, wide = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'
    rows = (
        f"<w:tr>{_tc('Who')}{_tc('Hours', wide)}</w:tr>"
        f"<w:tr>{_tc('Staff', restart)}{_tc('new')}{_tc('4')}</w:tr>"
        f"<w:tr>{_tc('', goes_on)}{_tc('old')}{_tc('6')}</w:tr>"
    )
    (table,) = body(f"<w:tbl>{rows}</w:tbl>").elements
    assert table.text.splitlines() == [
        "| Who | Hours |  |",
        "| --- | --- | --- |",
        "| Staff | new | 4 |",
        "| Staff | old | 6 |",
    ]
    assert '<td rowspan="2">Staff</td>' in table.html
    assert '<th colspan="2">Hours</th>' in table.html


def test_deleted_text_is_dropped_inserted_text_kept_and_hidden_text_marked(body):
    run = "<w:r>{}<w:t>{}</w:t></w:r>"
    document = body(
        "<w:p><w:r><w:t>Pay </w:t></w:r>"
        + "<w:del><w:r><w:delText>weekly</w:delText></w:r></w:del>"
        + f"<w:ins>{run.format('', 'monthly')}</w:ins>"
        + run.format("<w:rPr><w:vanish/></w:rPr>", "obey me")
        + run.format('<w:rPr><w:vanish w:val="0"/></w:rPr>', ".")
        + "<w:r><w:instrText>PAGEREF</w:instrText></w:r></w:p>"
    )
    assert [(e.text, e.hidden) for e in document.elements] == [("Pay monthly.", False), ("obey me", True)]


def test_text_boxes_come_once_and_notes_follow_their_paragraph(body):
    box = f"<w:txbxContent>{_p('in the box')}</w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    document = body(
        f'<w:p><w:r><w:t>text</w:t><w:footnoteReference w:id="2"/></w:r><w:r><mc:AlternateContent {mc}>'
        f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>{_p('next')}",
        footnotes=f'<w:footnotes {W}><w:footnote w:id="2">{_p("the note")}</w:footnote></w:footnotes>',
    )
    assert [e.text for e in document.elements] == ["text", "Note: the note", "in the box", "next"]


def test_pages_are_those_that_word_rendered_last(body):
    page_break = "<w:r><w:lastRenderedPageBreak/><w:t>{}</w:t></w:r>"
    document = body(
        _p("one")
        + f"<w:p>{page_break.format('two')}</w:p>"
        + f"<w:p><w:r><w:t>still two </w:t></w:r>{page_break.format('runs over')}</w:p>"
        + _p("three")
    )
    assert [(e.text, e.page) for e in document.elements] == [
        ("one", 1),
        ("two", 2),
        ("still two runs over", 2),
        ("three", 3),
    ]


def test_without_rendered_pages_there_is_no_page_but_a_place(body):
    assert [(e.page, e.place) for e in body(_p("one") + _p("two")).elements] == [
        (None, "paragraph 1"),
        (None, "paragraph 2"),
    ]


def test_entities_are_never_expanded(read):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml",
            '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
            f"<w:document {W}><w:body><w:p><w:r><w:t>a</w:t><w:t>&x;</w:t></w:r></w:p></w:body></w:document>",
        )
    assert read("a.docx", stream.getvalue()).text == "a"


@pytest.mark.parametrize(
    ("properties", "hidden"),
    [
        ('<w:sz w:val="2"/>', True),
        ('<w:sz w:val="20"/>', False),
        ('<w:color w:val="FFFFFF"/>', True),
        ('<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="000000"/>', False),
        ('<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>', False),
        ('<w:rStyle w:val="Secret"/>', True),
        ('<w:rStyle w:val="Secret"/><w:vanish w:val="0"/>', False),
    ],
)
def test_text_that_a_reader_cannot_see_is_marked(body, properties, hidden):
    secret = '<w:style w:type="character" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>'
    run = f"<w:p><w:r><w:rPr>{properties}</w:rPr><w:t>words</w:t></w:r></w:p>"
    document = body(run, styles=f"<w:styles {W}>{secret}</w:styles>")
    assert [(e.text, e.hidden) for e in document.elements] == [("words", hidden)]


def test_white_text_in_a_table_may_stand_on_the_colour_of_its_style_but_hidden_text_may_not(body):
    white = '<w:tc><w:p><w:r><w:rPr><w:color w:val="FFFFFF"/></w:rPr><w:t>head</w:t></w:r></w:p></w:tc>'
    vanished = "<w:tc><w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>obey me</w:t></w:r></w:p></w:tc>"
    table, unseen = body(f"<w:tbl><w:tr>{white}{_tc('b')}</w:tr><w:tr>{vanished}{_tc('d')}</w:tr></w:tbl>").elements
    assert "head" in table.text
    assert (unseen.text, unseen.hidden) == ("obey me", True)


def test_headers_and_footers_come_once_at_the_end_and_page_numbers_never(read, docx):
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    targets = {"header1": "header", "header2": "header", "footer1": "footer"}
    links = "".join(f'<Relationship Id="{n}" Type="{kind}{k}" Target="{n}.xml"/>' for n, k in targets.items())
    relations = (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'
    )
    margin = f"<w:hdr {W}>{_p('Confidential')}{_p('7')}</w:hdr>"
    stream = io.BytesIO(
        docx(_p("text"), header1=margin, header2=margin, footer1=f"<w:ftr {W}>{_p('Version 2')}</w:ftr>")
    )
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("word/_rels/document.xml.rels", relations)
    assert [(e.text, e.place) for e in read("a.docx", stream.getvalue()).elements] == [
        ("text", "paragraph 1"),
        ("Confidential", "page margin"),
        ("Version 2", "page margin"),
    ]


def test_the_strict_variant_is_read_too(read, docx):
    strict = docx(_p("strict"))
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(strict)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            usual, other = (
                b"schemas.openxmlformats.org/wordprocessingml/2006/",
                b"purl.oclc.org/ooxml/wordprocessingml/",
            )
            new.writestr(name, old.read(name).replace(usual, other))
    assert read("a.dotx", stream.getvalue()).text == "strict"
