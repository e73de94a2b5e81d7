import contextlib

import pytest

from ingestion.parsers.rtf import rtf_elements
from retrieval.errors import EmptyDocumentError, ResourceLimitError, UnreadableError


def _elements(body: bytes, head: bytes = rb"\ansi\ansicpg1252") -> list[tuple[str, str]]:
    return [(e.kind, e.text) for e in rtf_elements(rb"{\rtf1" + head + b" " + body + b"}")[1]]


@pytest.mark.parametrize(
    ("body", "head", "text"),
    [
        (rb"caf\'e9", rb"\ansi\ansicpg1252", "café"),
        (rb"\'cf\'f0\'e8", rb"\ansi\ansicpg1251", "При"),
        # A font's character set stands above the code page of the document.
        (rb"{\fonttbl{\f1\fcharset128 Mincho;}}{\f1 \'93\'fa\'96\'7b}", rb"\ansi\ansicpg1252", "日本"),
        # The second byte of a character may look like a letter.
        (rb"{\fonttbl{\f1\fcharset128 Mincho;}}{\f1 \'83e}", rb"\ansi\ansicpg1252", "テ"),
        (rb"\u8364?uro", rb"\ansi\ansicpg1252", "€uro"),
        (rb"\uc2\u8364\'80\'80 x", rb"\ansi\ansicpg1252", "€ x"),
        (rb"\u-10179?\u-8704?", rb"\ansi\ansicpg1252", "😀"),
        (rb"\u-10179? lone", rb"\ansi\ansicpg1252", "\ufffd lone"),
        (rb"a\emdash b\~c\_d\-e\{\}\\", rb"\ansi", "a—b c-de{}\\"),
    ],
)
def test_text_is_read_in_any_code_page(body, head, text):
    assert _elements(body, head) == [("paragraph", text)]


def test_headings_come_from_styles_and_outline_levels():
    styles = rb"{\stylesheet{\s0 Normal;}{\s1 heading 2;}{\s2 toc 1;}}"
    body = styles + rb"\pard\s1 Leave\par\pard\outlinelevel2 Sick\par\pard\s2 Leave....1\par\pard text\par"
    assert [(e.kind, e.text, e.level) for e in rtf_elements(rb"{\rtf1 " + body + b"}")[1]] == [
        ("heading", "Leave", 2),
        ("heading", "Sick", 3),
        ("paragraph", "text", None),
    ]


def test_tables_keep_rows_and_merged_cells():
    row = rb"\trowd%s\pard\intbl %s\row"
    body = (
        row % (rb"\cellx1000\cellx3000", rb"Who\cell Hours\cell")
        + row % (rb"\clvmgf\cellx1000\cellx2000\cellx3000", rb"Staff\cell new\cell 4\cell")
        + row % (rb"\clvmrg\cellx1000\cellx2000\cellx3000", rb"\cell old\cell 6\cell")
        + rb"\pard after\par"
    )
    table, after = rtf_elements(rb"{\rtf1 " + body + b"}")[1]
    assert table.text.splitlines()[2:] == ["| Staff | new | 4 |", "| Staff | old | 6 |"]
    assert '<th colspan="2">Hours</th>' in table.html
    assert after.text == "after"


def test_lists_notes_fields_and_text_boxes_are_read():
    body = (
        rb"{\listtext 1.\tab}Item{\footnote\pard the note}\par\pard{\listtext\'b7\tab}Dot\par\pard "
        rb'See {\field{\*\fldinst HYPERLINK "http://x"}{\fldrslt the page}}.\par '
        rb"{\shp{\*\shpinst{\sp{\sn name}{\sv value}}{\shptxt \pard box\par}}}"
    )
    assert _elements(body) == [
        ("list_item", "1. Item"),
        ("paragraph", "Note: the note"),
        ("list_item", "- Dot"),
        ("paragraph", "See the page."),
        ("paragraph", "box"),
    ]


def test_deleted_text_pictures_and_unknown_groups_are_left_out():
    body = rb"kept{\deleted gone}{\pict 89504e47}{\*\unknown gone}{\pict\bin4 }}}}}end"
    assert _elements(body) == [("paragraph", "keptend")]


def test_text_that_a_reader_cannot_see_is_marked():
    colours = rb"{\colortbl;\red255\green255\blue255;}"
    body = colours + rb"seen {\v vanished }{\fs2 tiny }{\cf1 white }{\cf1\highlight2 marked}\par"
    assert [(e.text, e.hidden) for e in rtf_elements(rb"{\rtf1 " + body + b"}")[1]] == [
        ("seen marked", False),
        ("vanished tiny white", True),
    ]


def test_headers_come_once_and_the_title_is_the_documents_own(read):
    document = read("a.rtf", rb"{\rtf1{\info{\title Leave}}{\header Rules\par}{\headerf Rules\par}text\par}")
    assert document.title == "Leave"
    assert [(e.text, e.place) for e in document.elements] == [("text", "paragraph 1"), ("Rules", "page margin")]


def test_nesting_without_end_is_refused():
    with pytest.raises(ResourceLimitError, match="nested too deeply"):
        rtf_elements(rb"{\rtf1 " + b"{" * 100_000)


@pytest.mark.parametrize("data", [rb"{\rtf1 cut {\b off", rb"{\rtf1}}}}} text", rb"{\rtf1\u}", rb"{\rtf1\bin99999 x}"])
def test_what_is_cut_off_or_odd_never_crashes(read, data):
    with contextlib.suppress(EmptyDocumentError):
        assert read("a.rtf", data).text


def test_what_only_begins_like_rtf_says_so(read):
    with pytest.raises(UnreadableError, match="does not begin as RTF"):
        read("a.rtf", rb"{\rtfx nothing}")
