import pytest
from PIL import Image, ImageDraw, ImageFont

from ingestion.parse import parse
from ingestion.parsers.ocr import Ocr, ocr_available
from retrieval.errors import EmptyDocumentError, NeedsOcrError, ResourceLimitError, UnreadableError

needs_language_data = pytest.mark.skipif(not ocr_available(), reason="no language data for OCR (tesseract-ocr-eng)")

LEFT = ["Annual leave is thirty", "days in every year and", "is agreed with the team", "four weeks before it is"]
RIGHT = ["Travel is booked by the", "office unless a train is", "cheaper than a flight to", "the same place by then"]


def picture(lines, *, size=(1240, 400), at=(80, 60), points=30):
    made = Image.new("RGB", size, "white")
    add_lines(made, lines, at, points)
    return made


def add_lines(made, lines, at, points=30):
    font = ImageFont.load_default(points)
    for number, line in enumerate(lines):
        ImageDraw.Draw(made).text((at[0], at[1] + number * points * 1.5), line, fill="black", font=font)


@pytest.fixture
def save(tmp_path, write):
    def saved(made, name="a.png", **options):
        made.save(tmp_path / name, **options)
        return write(name, (tmp_path / name).read_bytes())

    return saved


@needs_language_data
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.gif", "a.webp"])
def test_a_picture_of_text_is_read(save, name):
    (element,) = parse(save(picture(["The key to the archive hangs behind the door."]), name)).elements
    assert element.text == "The key to the archive hangs behind the door."
    assert element.page == 1


@needs_language_data
def test_a_box_is_in_pixels_of_the_picture(save):
    # Drawn at (600, 1000) in letters of 60 pixels, on a picture larger than what is read.
    made = picture(["Archive"], size=(4000, 3000), at=(600, 1000), points=90)
    box = parse(save(made)).elements[0].box
    assert box.x0 == pytest.approx(600, abs=20)
    assert 1000 < box.y0 < box.y1 < 1100


@needs_language_data
def test_lines_become_paragraphs(save):
    made = picture(LEFT, size=(1240, 700))
    add_lines(made, RIGHT, (80, 420))
    assert [e.text for e in parse(save(made)).elements] == [" ".join(LEFT), " ".join(RIGHT)]


@needs_language_data
def test_columns_are_read_one_after_the_other_and_a_line_over_both_comes_first(save):
    made = picture(LEFT, at=(80, 160))
    add_lines(made, RIGHT, (680, 160))
    add_lines(made, ["Notice to everybody who works in this house"], (300, 40))
    texts = [e.text for e in parse(save(made)).elements]
    assert texts == ["Notice to everybody who works in this house", " ".join(LEFT), " ".join(RIGHT)]


@needs_language_data
def test_columns_of_figures_become_a_table(save):
    made = Image.new("RGB", (1240, 500), "white")
    for x, column in (
        (80, ["", "Revenue", "Cost of sales", "Gross margin"]),
        (700, ["2024", "$1,250", "$1,100", "$150"]),
        (950, ["2025", "$1,410", "$1,180", "$230"]),
    ):
        add_lines(made, column, (x, 60))
    (table,) = parse(save(made)).elements
    assert table.text.splitlines() == [
        "|  | 2024 | 2025 |",
        "| --- | --- | --- |",
        "| Revenue | $1,250 | $1,410 |",
        "| Cost of sales | $1,100 | $1,180 |",
        "| Gross margin | $150 | $230 |",
    ]


@needs_language_data
def test_a_large_line_is_a_heading(save):
    made = picture(LEFT, at=(80, 200))
    add_lines(made, ["Leave policy"], (80, 60), points=60)
    heading, paragraph = parse(save(made)).elements
    assert (heading.kind, heading.text) == ("heading", "Leave policy")
    assert paragraph.section == ("Leave policy",)


@needs_language_data
@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_picture_that_lies_on_its_side_is_read_and_its_boxes_are_where_its_text_is(save, angle):
    upright = picture(LEFT)
    document = parse(save(upright.rotate(angle, expand=True)))
    assert document.text == " ".join(LEFT)
    box = document.elements[0].box
    # The text begins 80 pixels from the left and 60 from the top of 1240 by 400; turned, its box turns with it.
    nearest = {90: (60, 1240 - 80), 180: (1240 - 80, 400 - 60), 270: (400 - 60, 80)}[angle]
    corners = [(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)]
    assert min(abs(x - nearest[0]) + abs(y - nearest[1]) for x, y in corners) < 40


@needs_language_data
def test_each_picture_of_a_tiff_is_a_page(save):
    first, second = picture(["The first page has this line."]), picture(["And the second page has that."])
    elements = parse(save(first, "a.tif", save_all=True, append_images=[second])).elements
    assert [(e.text, e.page) for e in elements] == [
        ("The first page has this line.", 1),
        ("And the second page has that.", 2),
    ]


@needs_language_data
def test_a_picture_turned_by_its_camera_and_one_with_a_clear_ground_are_read(save):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    assert parse(save(picture(LEFT).rotate(90, expand=True), "a.jpg", exif=exif)).text == " ".join(LEFT)
    clear = Image.new("RGBA", (1240, 400), (0, 0, 0, 0))
    add_lines(clear, LEFT, (80, 60))
    assert parse(save(clear)).text == " ".join(LEFT)


@needs_language_data
def test_a_picture_without_text_says_so(save):
    with pytest.raises(EmptyDocumentError, match="no text could be recognised"):
        parse(save(Image.new("L", (300, 200), 128)))


def test_without_language_data_a_picture_needs_ocr(save, tmp_path):
    with pytest.raises(NeedsOcrError, match=r"^needs OCR: .* tesseract-ocr-eng$"):
        parse(save(picture(LEFT)), ocr=Ocr(folder=tmp_path / "none"))
    with pytest.raises(NeedsOcrError, match=r"tesseract-ocr-chi-sim$"):
        parse(save(picture(LEFT)), ocr=Ocr(languages=("chi_sim",), folder=tmp_path / "none"))


def test_languages_are_those_installed_english_first(tmp_path):
    for name in ("deu", "osd", "eng", "afr", "fra", "ita"):
        (tmp_path / f"{name}.traineddata").touch()
    assert Ocr(folder=tmp_path).language() == "eng+afr+deu+fra"
    assert Ocr(("deu",), tmp_path).language() == "deu"
    assert Ocr(("deu", "kor"), tmp_path).tessdata() is None


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\nrest", b"\xff\xd8\xff\xe0 no picture", b"GIF89a\0\0\0"])
def test_a_damaged_picture_is_named(write, data):
    with pytest.raises(UnreadableError, match="damaged picture"):
        parse(write("a.png", data))


def test_a_picture_cut_off_is_named(save, write):
    content = save(picture(LEFT)).path.read_bytes()
    with pytest.raises(UnreadableError, match="damaged picture"):
        parse(write("cut.png", content[: len(content) // 2]))


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(save):
    with pytest.raises(ResourceLimitError, match="million pixels"):
        parse(save(Image.new("1", (20_000, 10_000))))
