import pytest

from ingestion.parse import parse
from ingestion.parsers.pdf import parse_pdf
from ingestion.parsers.pdf_words import PageWords, verbatim, vocabulary, word
from retrieval.errors import EmptyDocumentError, ResourceLimitError
from retrieval.types import Box


def _text(x: float, y: float, text: str, size: int = 11) -> bytes:
    return b"BT /F %d Tf 1 0 0 1 %d %d Tm (%s) Tj ET\n" % (size, x, y, text.encode("cp1252"))


def _paragraph(y: float, *lines: str) -> bytes:
    return b"".join(_text(72, y - 14 * i, line) for i, line in enumerate(lines))


def test_elements_have_page_and_box(pdf, read):
    document = read(
        "Leave policy.pdf", pdf(_paragraph(700, "Annual leave is 30 days."), _paragraph(600, "Second page."))
    )
    assert document.title == "Leave policy"
    assert [(e.text, e.page) for e in document.elements] == [("Annual leave is 30 days.", 1), ("Second page.", 2)]
    box = document.elements[0].box
    # The page is 792 points high and the line stands 700 above its foot: its baseline is 92 below the top.
    assert box.x0 == pytest.approx(72, abs=1)
    assert box.y0 < 92 <= box.y1 + 1


def test_a_ruled_table_keeps_its_rows_and_merged_cells(pdf, read):
    lines = b""
    for y in (700, 680, 660, 640):
        lines += b"72 %d m 372 %d l S\n" % (y, y)
    for x in (72, 172, 272, 372):
        # The last vertical line but one is missing in the first row: "Hours" covers two columns.
        top = 680 if x == 272 else 700
        lines += b"%d 640 m %d %d l S\n" % (x, x, top)
    cells = [("Who", 80, 686), ("Hours", 180, 686), ("new", 80, 666), ("4", 180, 666), ("a day", 280, 666)]
    cells += [("old", 80, 646), ("6", 180, 646), ("a week", 280, 646)]
    content = lines + b"".join(_text(x, y, text, 9) for text, x, y in cells) + _text(72, 600, "After the table.")
    table, after = read("a.pdf", pdf(content)).elements
    assert table.text.splitlines() == [
        "| Who | Hours |  |",
        "| --- | --- | --- |",
        "| new | 4 | a day |",
        "| old | 6 | a week |",
    ]
    assert '<th colspan="2">Hours</th>' in table.html
    assert (table.page, round(table.box.x0), round(table.box.y1)) == (1, 72, 152)
    assert after.text == "After the table."


def test_running_headers_stay_once_and_page_numbers_not_at_all(pdf, read):
    pages = [
        _text(72, 760, "Employee Handbook", 8)
        + _paragraph(600, f"Chapter {name} has its own text that is long enough to be a paragraph.")
        + _text(300, 30, f"Page {number} of 4", 8)
        for number, name in enumerate(("one", "two", "three", "four"), 1)
    ]
    text = read("a.pdf", pdf(*pages)).text
    assert text.count("its own text") == 4
    assert "Page" not in text
    assert text.count("Employee Handbook") == 1


def test_a_numbered_footer_goes_from_two_pages_too(pdf, read):
    pages = [
        _paragraph(600, f"Chapter {name} has its own text that is long enough to be a paragraph.")
        + _text(72, 30, f"Travel policy | valid from 2026 | Page {number}", 8)
        for number, name in enumerate(("one", "two"), 1)
    ]
    text = read("a.pdf", pdf(*pages)).text
    assert text.count("its own text") == 2
    assert "Page" not in text


def test_the_title_in_the_properties_counts_when_the_first_lines_bear_it_out(pdf, read):
    page = _text(72, 760, "Travel policy", 20) + _paragraph(700, "Book early and travel light, as everybody does here.")
    assert read("trip.pdf", pdf(page, title=b"Travel policy")).title == "Travel policy"
    assert read("trip.pdf", pdf(page, title=b"Microsoft Word - Template7")).title == "trip"


def test_sideways_text_is_read_upright_without_a_box(pdf, read):
    content = b"BT /F 12 Tf 0 1 -1 0 300 100 Tm (Sideways text is read) Tj ET"
    (element,) = read("a.pdf", pdf(content)).elements
    assert (element.text, element.box) == ("Sideways text is read", None)


def test_a_scan_says_that_it_needs_ocr(pdf, write, tmp_path):
    drawing = b"q 500 0 0 700 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q"
    with pytest.raises(EmptyDocumentError, match="needs OCR"):
        parse_pdf(write("scan.pdf", pdf(drawing)), tmp_path / "no-language-data")


def test_a_page_beyond_the_formats_size_is_refused_before_it_aborts_the_process(pdf, write):
    content = pdf(_text(100, 100, "hello"), media_box=b"[0 0 2000000000 2000000000]")
    with pytest.raises(ResourceLimitError, match="200 inches"):
        parse(write("a.pdf", content))


def test_a_pdf_under_another_name_is_read_as_what_it_is(pdf, read):
    assert read("a.txt", pdf(_text(72, 700, "Hello there"))).media_type == "application/pdf"


@pytest.mark.parametrize(
    ("analysed", "printed", "expected"),
    [
        # The analysis straightens quotes, adds marks, drops dashes, and joins hyphens whether they belong or not.
        ('the **"best"** day', ["the", "\u201cbest\u201d", "day"], "the \u201cbest\u201d day"),
        ("infrastructuresuch as", ["infrastructure\u2014such", "as"], "infrastructure\u2014such as"),
        ("more information", ["more", "infor-", "mation"], "more information"),
        ("a cuttingedge way", ["a", "cutting-", "edge", "way"], "a cutting-edge way"),
        ("lost \\* token", ["lost", "*"], "lost * token"),
    ],
)
def test_text_is_what_is_printed(analysed, printed, expected):
    words = [word(text, Box(10 * i, 0, 10 * i + 8, 10)) for i, text in enumerate(printed)]
    # Both halves of "cutting-edge" stand elsewhere in the document as words; those of "infor-mation" do not.
    assert verbatim(analysed, words, frozenset({"cutting", "edge", "more"})) == expected


def test_words_cut_at_the_end_of_a_line_are_not_known_as_words():
    words = [word(text, Box(0, 0, 1, 1)) for text in ("infor-", "Mation")]
    assert vocabulary([PageWords(words)]) == {"mation"}
