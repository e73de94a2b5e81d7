"""Pages as people see them, and where on them a quote stands; ink on the drawn page is what boxes are held against."""

import io

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ingestion.pages import Original, Pages
from ingestion.parse import parse
from ingestion.parsers.ocr import ocr_available
from ingestion.sandbox import Limits, Sandbox
from retrieval.errors import BusyError, NotFoundError, ResourceLimitError, UnreadableError, UnsupportedError
from retrieval.types import Box, Place

PDF = "application/pdf"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=1) as made:
        yield made


@pytest.fixture
def pages(sandbox):
    return Pages(sandbox)


@pytest.fixture
def original(write):
    def make(content, media_type=PDF):
        return Original(f"{hash(content):x}", media_type, write("file", content).path)

    return make


def line(text, x=72, y=700, size=12):
    return f"BT /F {size} Tf {x} {y} Td ({text}) Tj ET\n".encode()


def places_of(document):
    return [Place(e.start, e.end, e.page, e.box) for e in document.elements]


def drawn(pages, original, number=1, width_px=1000):
    return Image.open(io.BytesIO(pages.picture(original, number, width_px=width_px)))


def ink(picture, scale):
    """The rectangle of all that is dark, in points."""
    left, top, right, bottom = ImageOps.invert(picture.convert("L")).point(lambda v: 255 * (v > 60)).getbbox()
    return Box(left / scale, top / scale, right / scale, bottom / scale)


def holds(outer, inner, slack=2.0):
    return (
        outer.x0 <= inner.x0 + slack
        and outer.y0 <= inner.y0 + slack
        and outer.x1 >= inner.x1 - slack
        and outer.y1 >= inner.y1 - slack
    )


def words_under(path, highlight):
    """What PDFium, asked for each box, says is printed there."""
    document = pypdfium2.PdfDocument(path)
    try:
        text = document[highlight.page - 1].get_textpage()
        height = highlight.height_pt
        found = [
            text.get_text_bounded(left=b.x0, right=b.x1, top=height - b.y0, bottom=height - b.y1)
            for b in highlight.boxes
        ]
        return " ".join(" ".join(found).replace("\x02", "-").split())  # so it tells of a hyphen at the end of a line
    finally:
        document.close()


def test_a_page_is_drawn_as_wide_as_it_was_asked_for(pages, original, pdf):
    picture = drawn(pages, original(pdf(line("Annual leave"), line("Payday"))), 2, 500)
    assert (picture.format, picture.size) == ("PNG", (500, 648))  # 792 / 612 * 500 = 647.06, and PDFium rounds up
    assert ink(picture, 500 / 612).y0 == pytest.approx(792 - 700 - 9, abs=3)


def test_a_page_as_long_as_a_roll_is_drawn_narrower(pages, original, pdf):
    picture = drawn(pages, original(pdf(line("Roll", y=50), media_box=b"[0 0 100 14000]")), width_px=2000)
    assert picture.width * picture.height <= 16_100_000
    assert picture.width < 2000


def test_a_page_that_is_not_there_is_not_found(pages, original, pdf):
    with pytest.raises(NotFoundError, match="no page 3: it has 1"):
        pages.picture(original(pdf(line("One"))), 3, width_px=500)


def test_what_has_no_pages_or_is_broken_says_so(pages, original):
    with pytest.raises(UnsupportedError):
        pages.picture(original("Plain words", "text/plain"), 1, width_px=500)
    for media_type in (PDF, "image/png"):
        with pytest.raises(UnreadableError):
            pages.picture(original("No such thing", media_type), 1, width_px=500)


def test_pages_are_counted_once_and_from_whatever_is_drawn(pages, original, pdf):
    file = original(pdf(line("A"), line("B"), line("C")))
    assert pages.count(file) == 3
    file.path.unlink()
    assert pages.count(file) == 3


def test_what_was_drawn_is_kept_by_content_page_and_width_until_it_is_forgotten(pages, original, pdf):
    file = original(pdf(line("A"), line("B")))
    first = pages.picture(file, 1, width_px=300)
    file.path.unlink()
    assert pages.picture(file, 1, width_px=300) == first
    for number, width_px in ((2, 300), (1, 301)):
        with pytest.raises(UnreadableError):
            pages.picture(file, number, width_px=width_px)
    pages.forget()
    with pytest.raises(UnreadableError):
        pages.picture(file, 1, width_px=300)


def test_only_so_much_is_kept_and_what_was_seen_longest_ago_goes(sandbox, original, pdf):
    file = original(pdf(line("A"), line("B"), line("C")))
    size_bytes = max(len(Pages(sandbox).picture(file, number, width_px=300)) for number in (1, 2, 3))
    pages = Pages(sandbox, kept_bytes=2 * size_bytes)
    for number in (1, 2, 1, 3):
        pages.picture(file, number, width_px=300)
    file.path.unlink()
    pages.picture(file, 1, width_px=300)
    pages.picture(file, 3, width_px=300)
    with pytest.raises(UnreadableError):
        pages.picture(file, 2, width_px=300)


def test_a_page_that_takes_too_long_costs_itself_only(original, pdf):
    file = original(pdf(line("A")))
    impatient = Sandbox(workers=1, limits=Limits(wall_s=0.0, wall_max_s=0.0))
    with impatient, pytest.raises(ResourceLimitError, match="stopped"):
        Pages(impatient).picture(file, 1, width_px=300)


def test_who_comes_when_all_places_are_taken_is_told_to_come_again(sandbox, original, pdf, monkeypatch):
    monkeypatch.setattr("ingestion.pages._PATIENCE_S", 0.01)
    worker = sandbox._free.get()
    try:
        with pytest.raises(BusyError):
            Pages(sandbox).picture(original(pdf(line("A"))), 1, width_px=300)
    finally:
        sandbox._free.put(worker)


class Saying:
    """A sandbox whose child says something; ``meanwhile`` is called while it runs."""

    def __init__(self, said, folder, meanwhile=lambda: None):
        self.said, self.folder, self.meanwhile, self.runs = said, folder, meanwhile, 0

    def run(self, _task, _source, receive, **_):
        self.runs += 1
        self.meanwhile()
        try:
            return receive(self.said, self.folder)
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableError("said something unreadable") from error


def png_in(folder):
    Image.new("RGB", (8, 8)).save(folder / "page.png")
    return folder


def test_a_page_that_is_being_drawn_while_all_are_forgotten_is_not_kept(tmp_path):
    sandbox = Saying({"pages": 1}, png_in(tmp_path))
    pages, file = Pages(sandbox), Original("a" * 64, PDF, tmp_path / "file")
    sandbox.meanwhile = pages.forget
    pages.picture(file, 1, width_px=300)
    sandbox.meanwhile = lambda: None
    for _ in range(2):
        pages.picture(file, 1, width_px=300)
    assert sandbox.runs == 2


def test_only_so_many_wait_for_pages_and_others_are_told_at_once_to_come_again(tmp_path):
    sandbox = Saying({"pages": 1}, png_in(tmp_path))
    pages, file = Pages(sandbox), Original("a" * 64, PDF, tmp_path / "file")
    sandbox.meanwhile = lambda: pages.picture(file, sandbox.runs + 1, width_px=300)  # each asks for one more
    with pytest.raises(BusyError):
        pages.picture(file, 1, width_px=300)
    assert sandbox.runs == 12
    sandbox.meanwhile = lambda: None
    assert pages.picture(file, 1, width_px=300)


@pytest.mark.parametrize(
    "page",
    [
        {"page": 1, "width_pt": float("nan"), "height_pt": 1, "exact": True, "boxes": []},
        {"page": 1, "width_pt": 1, "height_pt": float("inf"), "exact": True, "boxes": []},
        {"page": float("inf"), "width_pt": 1, "height_pt": 1, "exact": True, "boxes": []},
        {"page": 1, "width_pt": 1, "height_pt": 1, "exact": True, "boxes": [[0, 0, float("nan"), 1]]},
    ],
)
def test_figures_that_are_none_make_a_file_unreadable(tmp_path, page):
    pages, file = Pages(Saying({"pages": [page]}, tmp_path)), Original("a" * 64, PDF, tmp_path / "file")
    with pytest.raises(UnreadableError):
        pages.highlights(file, "words", 0, 5, places=[])


def test_a_count_that_is_none_makes_a_file_unreadable(tmp_path):
    pages, file = Pages(Saying({"pages": float("inf")}, tmp_path)), Original("a" * 64, PDF, tmp_path / "file")
    with pytest.raises(UnreadableError):
        pages.count(file)


@pytest.mark.parametrize(
    "media_box",
    [
        b"[0 0 612 792]",
        b"[0 0 612 792]/Rotate 90",
        b"[0 0 612 792]/Rotate 180",
        b"[0 0 612 792]/Rotate 270",
        b"[-100 50 512 842]",
        b"[0 0 612 792]/CropBox[50 400 500 760]",
        b"[0 0 612 792]/CropBox[50 400 500 760]/Rotate 90",
    ],
)
def test_a_quote_is_highlighted_where_its_ink_is(pages, original, write, pdf, media_box):
    content = pdf(line("Roses are watered daily."), media_box=media_box)
    document = parse(write("a.pdf", content))
    file = original(content)
    start = document.text.index("watered")
    (found,) = pages.highlights(file, document.text, start, start + 7, places=places_of(document))
    whole = drawn(pages, file, width_px=600)
    scale = whole.width / found.width_pt
    assert whole.height / scale == pytest.approx(found.height_pt, abs=1)
    assert found.exact
    (box,) = found.boxes
    # The ink of the word alone: on the same page without its other words.
    alone = b"BT /F 12 Tf 72 700 Td 3 Tr (Roses are ) Tj 0 Tr (watered) Tj ET"
    only = ink(drawn(pages, original(pdf(alone, media_box=media_box)), width_px=600), scale)
    assert holds(box, only)
    assert (box.x1 - box.x0) * (box.y1 - box.y0) < 3 * (only.x1 - only.x0) * (only.y1 - only.y0)


def test_a_word_that_a_line_break_cut_has_a_box_on_both_lines(pages, original, write, pdf):
    lines = ("The company protects infor-", "mation of its customers.")
    content = pdf(b"".join(line(text, y=700 - 14 * n) for n, text in enumerate(lines)))
    document = parse(write("a.pdf", content))
    start = document.text.index("information")
    file = original(content)
    (found,) = pages.highlights(file, document.text, start, start + len("information"), places=places_of(document))
    assert found.exact
    assert words_under(file.path, found) == "infor- mation"


def test_a_quote_over_two_pages_is_highlighted_on_both(pages, original, write, pdf):
    content = pdf(line("Payday is the 25th of the month."), line("Leave is 27 days a year."))
    document = parse(write("a.pdf", content))
    start, end = document.text.index("month"), document.text.index("days")
    first, second = pages.highlights(original(content), document.text, start, end, places=places_of(document))
    assert (first.page, second.page) == (1, 2)
    file = original(content)
    assert (words_under(file.path, first), words_under(file.path, second)) == ("month.", "Leave is 27")


def test_of_the_same_words_twice_the_quoted_ones_are_highlighted(pages, original, write, pdf):
    content = pdf(
        b"".join(line(text, y=700 - 14 * n) for n, text in enumerate(["Pay the fee. Ask Ann. Pay the fine."]))
    )
    document = parse(write("a.pdf", content))
    start = document.text.rindex("Pay the")
    file = original(content)
    (found,) = pages.highlights(file, document.text, start, start + 7, places=places_of(document))
    before = pages.highlights(file, document.text, 0, 7, places=places_of(document))[0]
    assert words_under(file.path, found) == "Pay the"
    assert found.boxes[0].x0 > before.boxes[0].x1


def test_a_quote_whose_place_is_not_known_is_found_by_its_words_and_those_around(pages, original, write, pdf):
    content = pdf(
        line("The fee for parking is 3 euros a day."),
        line("The fee for lunch is 5 euros a day."),
        line("Nothing else costs anything."),
    )
    document = parse(write("a.pdf", content))
    start = document.text.index("euros", document.text.index("lunch"))
    file = original(content)
    (found,) = pages.highlights(file, document.text, start, start + len("euros a day"), places=[])
    assert (found.page, words_under(file.path, found), found.exact) == (2, "euros a day.", True)


def test_words_that_are_not_on_the_page_are_not_pretended_to_be(pages, original, write, pdf):
    content = pdf(line("Roses are watered daily."))
    document = parse(write("a.pdf", content))
    other = "Zebra salaries are paid on Mondays."
    box = document.elements[0].box
    file = original(content)
    (found,) = pages.highlights(file, other, 0, 5, places=[Place(0, len(other), 1, box)])
    assert (found.exact, found.boxes) == (False, (box,))
    assert pages.highlights(file, other, 0, 5, places=[]) == []


def _picture():
    picture = Image.new("L", (1000, 200), 255)
    ImageDraw.Draw(picture).text((60, 60), "The key hangs.", fill=0, font=ImageFont.load_default(36))
    return picture


def test_a_picture_is_shown_upright_and_no_larger_than_it_is(pages, original):
    stream = io.BytesIO()
    turned = _picture().rotate(-90, expand=True)
    exif = turned.getexif()
    exif[0x0112] = 8  # to be turned back by 90 degrees
    turned.save(stream, "JPEG", exif=exif)
    file = original(stream.getvalue(), "image/jpeg")
    assert drawn(pages, file, width_px=500).size == (500, 100)
    assert drawn(pages, file, width_px=2000).size == (1000, 200)
    assert pages.count(file) == 1


def test_the_pictures_of_a_tiff_are_its_pages(pages, original):
    stream = io.BytesIO()
    _picture().save(stream, "TIFF", save_all=True, append_images=[Image.new("L", (400, 400), 255)])
    file = original(stream.getvalue(), "image/tiff")
    assert pages.count(file) == 2
    assert drawn(pages, file, 2, 300).size == (300, 300)
    with pytest.raises(NotFoundError):
        pages.picture(file, 3, width_px=300)


@pytest.mark.skipif(not ocr_available(), reason="no language data for OCR")
def test_of_a_picture_the_paragraph_is_highlighted_and_said_to_be_no_more(pages, original, write):
    stream = io.BytesIO()
    _picture().save(stream, "PNG")
    document = parse(write("a.png", stream.getvalue()))
    file = original(stream.getvalue(), "image/png")
    start = document.text.index("key")
    (found,) = pages.highlights(file, document.text, start, start + 3, places=places_of(document))
    assert (found.exact, found.width_pt, found.height_pt) == (False, 1000, 200)
    assert holds(found.boxes[0], ink(_picture(), 1.0), slack=5)
