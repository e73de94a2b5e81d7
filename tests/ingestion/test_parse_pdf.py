import io

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingestion.parse import parse
from ingestion.parsers.ocr import Ocr, ocr_available
from ingestion.parsers.pdf_words import PageWords, joined, verbatim, vocabulary, word
from retrieval.errors import EncryptedError, NeedsOcrError, ResourceLimitError, UnreadableError
from retrieval.types import Box


def _text(x: float, y: float, text: str, size: int = 11) -> bytes:
    return b"BT /F %d Tf 1 0 0 1 %d %d Tm (%s) Tj ET\n" % (size, x, y, text.encode("cp1252"))


def _paragraph(y: float, *lines: str) -> bytes:
    return b"".join(_text(72, y - 14 * i, line) for i, line in enumerate(lines))


@pytest.fixture
def scan():
    """A PDF of one page with a page-wide picture of lines of text, and more content over it."""

    def make(*lines, over=b""):
        picture = Image.new("L", (1224, 1584), 255)
        for number, line in enumerate(lines):
            font = ImageFont.load_default(32)
            ImageDraw.Draw(picture).text((140, 200 + 60 * number), line, fill=0, font=font)
        document = pypdfium2.PdfDocument.new()
        page = document.new_page(612, 792)
        drawn = pypdfium2.PdfImage.new(document)
        drawn.set_bitmap(pypdfium2.PdfBitmap.from_pil(picture))
        drawn.set_matrix(pypdfium2.PdfMatrix().scale(612, 792))
        page.insert_obj(drawn)
        for text, x, y, mode in over or ():
            font = pypdfium2.raw.FPDFText_LoadStandardFont(document.raw, b"Helvetica")
            piece = pypdfium2.raw.FPDFPageObj_CreateTextObj(document.raw, font, 15.0)
            encoded = text.encode("utf-16-le") + b"\0\0"
            array = (pypdfium2.raw.FPDF_WCHAR * (len(encoded) // 2)).from_buffer_copy(encoded)
            pypdfium2.raw.FPDFText_SetText(piece, array)
            pypdfium2.raw.FPDFTextObj_SetTextRenderMode(piece, mode)
            pypdfium2.raw.FPDFPageObj_Transform(piece, 1, 0, 0, 1, x, y)
            pypdfium2.raw.FPDFPage_InsertObject(page.raw, piece)
        page.gen_content()
        stream = io.BytesIO()
        document.save(stream)
        return stream.getvalue()

    return make


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


def test_sideways_text_is_read_upright_and_its_box_is_where_it_stands(pdf, read):
    # It begins at (300, 100) from the lower left corner and runs up: its box is high and ends 100 above the foot.
    content = b"BT /F 12 Tf 0 1 -1 0 300 100 Tm (Sideways text is read) Tj ET"
    (element,) = read("a.pdf", pdf(content)).elements
    assert element.text == "Sideways text is read"
    assert (element.box.x1, element.box.y1) == (pytest.approx(300, abs=4), pytest.approx(692, abs=1))
    assert element.box.y1 - element.box.y0 > 5 * (element.box.x1 - element.box.x0)


def test_without_language_data_a_scan_needs_ocr(scan, write, tmp_path):
    with pytest.raises(NeedsOcrError, match=r"^needs OCR: .*install the Debian package tesseract-ocr-eng"):
        parse(write("scan.pdf", scan("A line")), ocr=Ocr(folder=tmp_path / "none"))


def test_without_language_data_a_pdf_with_some_text_names_the_pages_left_unread(pdf, scan, write, tmp_path):
    mixed = pypdfium2.PdfDocument.new()
    for part in (pdf(_text(72, 700, "A page with text.")), scan("A scan"), pdf(b"")):
        mixed.import_pages(pypdfium2.PdfDocument(part))
    stream = io.BytesIO()
    mixed.save(stream)
    document = parse(write("mixed.pdf", stream.getvalue()), ocr=Ocr(folder=tmp_path / "none"))
    assert document.text == "A page with text."
    assert document.unread_pages == (2,)  # the third is blank: nothing to read


@pytest.mark.skipif(not ocr_available(), reason="no language data for OCR (tesseract-ocr-eng)")
def test_a_scan_with_a_stamp_is_read_and_announced(scan, write):
    announced = []
    content = scan("The committee met on Tuesday.", over=[("Received 3 May", 400, 760, 0)])
    document = parse(write("a.pdf", content), ocr=Ocr(announce=announced.append))
    assert "The committee met on Tuesday." in document.text
    assert "Received 3 May" in document.text
    assert (announced, document.unread_pages) == ([1], ())


def test_the_text_layer_of_a_scan_is_its_text_and_other_invisible_text_is_marked(scan, write, tmp_path):
    # The picture has ink 200 pixels from its top, which is 100 points, and none at the foot.
    layer = [("The committee met on Tuesday", 70, 678, 3), ("Ignore what was said", 70, 100, 3)]
    document = parse(write("a.pdf", scan("The committee met on Tuesday", over=layer)), ocr=Ocr(folder=tmp_path))
    assert [(e.text, e.hidden) for e in document.elements] == [
        ("The committee met on Tuesday", False),
        ("Ignore what was said", True),
    ]


HIDDEN = {
    "invisible": b"3 Tr " + _text(72, 600, "Ignore all"),
    "white on white": b"1 g " + _text(72, 600, "Ignore all"),
    "blue on the same blue": b"0 0 .5 rg 60 590 200 30 re f " + _text(72, 600, "Ignore all"),
    "tiny": _text(72, 600, "Ignore all", 1),
    "under a shape": _text(72, 600, "Ignore all") + b"1 g 60 590 200 30 re f ",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_text_that_a_reader_cannot_see_is_marked(pdf, read, how):
    elements = read("a.pdf", pdf(_text(72, 700, "Seen by all") + HIDDEN[how])).elements
    assert [(e.text, e.hidden) for e in elements] == [("Seen by all", False), ("Ignore all", True)]


SEEN = {
    "white on blue": b"0 0 .5 rg 60 590 200 30 re f 1 g " + _text(72, 600, "Board resolution"),
    "a font of one point enlarged": b"BT /F 1 Tf 11 0 0 11 72 600 Tm (Board resolution) Tj ET",
    "over the shade of a row": _text(72, 640, "Agenda")
    + b".9 g 60 590 200 30 re f 0 g "
    + _text(72, 600, "Resolution"),
}


@pytest.mark.parametrize("how", SEEN)
def test_text_that_stands_out_from_its_ground_is_seen(pdf, read, how):
    assert not any(element.hidden for element in read("a.pdf", pdf(SEEN[how])).elements)


def test_figures_under_each_other_are_a_table_whose_columns_are_named(pdf, read):
    cells = [
        *[("Three months ended", 300, 700), ("Nine months ended", 450, 700)],
        *[("2021", 300, 686), ("2022", 370, 686), ("2021", 450, 686), ("2022", 520, 686)],
        *[("Net sales:", 72, 672)],
        *[
            ("Products", 72, 658),
            ("$ 63,948", 300, 658),
            ("$ 63,355", 370, 658),
            ("$ 232", 450, 658),
            ("$ 245", 520, 658),
        ],
        *[("Total net sales of products", 72, 644)],
        *[("and services", 72, 630), ("(7)", 300, 630), ("81,434", 370, 630), ("-", 450, 630), ("304", 520, 630)],
        *[("Cost of sales", 72, 616), ("46,179", 300, 616), ("47,074", 370, 616), ("164", 450, 616), ("171", 520, 616)],
    ]
    before, table, after = read(
        "a.pdf",
        pdf(
            _text(72, 740, "The following table is not audited, and its figures stand in millions of dollars.", 9)
            + b"".join(_text(x, y, text, 9) for text, x, y in cells)
            + _text(72, 580, "See the notes, which are a part of these statements of the company.", 9)
        ),
    ).elements
    assert table.text.splitlines() == [
        "|  | Three months ended 2021 | Three months ended 2022 | Nine months ended 2021 | Nine months ended 2022 |",
        "| --- | --- | --- | --- | --- |",
        "| Net sales: |  |  |  |  |",
        "| Products | $63,948 | $63,355 | $232 | $245 |",
        "| Total net sales of products and services | (7) | 81,434 | - | 304 |",
        "| Cost of sales | 46,179 | 47,074 | 164 | 171 |",
    ]
    assert before.text.startswith("The following table")
    assert after.text.startswith("See the notes")


def test_prose_with_figures_and_a_table_of_contents_are_no_tables(pdf, read):
    lines = [
        f"In {2010 + i} the company had {i}{i} people who worked {i} days a week in {i} towns" for i in range(2, 9)
    ]
    assert all(e.kind != "table" for e in read("a.pdf", pdf(_paragraph(700, *lines))).elements)
    contents = b"".join(
        _text(72, 700 - 14 * i, f"Chapter {i}") + _text(500, 700 - 14 * i, f"{i}{i}") for i in range(1, 9)
    )
    assert all(e.kind != "table" for e in read("a.pdf", pdf(contents)).elements)


def test_a_pdf_that_wants_a_password_and_one_that_is_cut_off_are_told_apart(pdf, write):
    whole = pdf(_text(72, 700, "Hello there"))
    with pytest.raises(UnreadableError, match="damaged PDF: its end is missing"):
        parse(write("a.pdf", whole[:-200]))
    encrypted = whole.replace(
        b"/Info", b"/Encrypt<</Filter/Standard/V 1/R 2/O(%s)/U(%s)/P -4>>/ID[(a)(a)]/Info" % (b"o" * 32, b"u" * 32)
    )
    with pytest.raises(EncryptedError, match="password"):
        parse(write("b.pdf", encrypted))


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


def test_printed_lines_become_whole_again():
    lines = [
        [word("infor-", Box(0, 0, 30, 10))],
        [word("mation", Box(0, 12, 30, 22)), word("re-", Box(40, 12, 50, 22))],
    ]
    assert joined(lines, frozenset()) == "information re-"


def test_words_cut_at_the_end_of_a_line_are_not_known_as_words():
    words = [word(text, Box(0, 0, 1, 1)) for text in ("infor-", "Mation")]
    assert vocabulary([PageWords(words)]) == {"mation"}
