import pytest

from ingestion.types import ParsedDocument
from retrieval.errors import UnreadableError

NS = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    ' xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
POINT = 12_700


def _relations(**targets: str) -> str:
    entries = "".join(
        f'<Relationship Id="{name}" Type="{TYPES}{kind}" Target="{target}"/>'
        for name, (kind, target) in ((n, t.split(" ")) for n, t in targets.items())
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{entries}</Relationships>'
    )


def _shape(text: str, *, role: str = "", at: tuple[int, int, int, int] = (10, 20, 100, 50), extra: str = "") -> str:
    x, y, width, height = (number * POINT for number in at)
    placeholder = f'<p:ph type="{role}"/>' if role else ""
    paragraphs = text if text.startswith("<a:p>") else f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="s" {extra}/><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:spPr><a:xfrm>'
        f'<a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm></p:spPr>'
        f"<p:txBody>{paragraphs}</p:txBody></p:sp>"
    )


def _line(text: str, properties: str = "") -> str:
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


@pytest.fixture
def deck(read, zipped):
    """Parse a presentation of slides given as the XML of their shapes, and further parts."""

    def parsed(*slides: str, show: str = "1", parts: dict[str, str] | None = None) -> ParsedDocument:
        members = {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": _relations(a="officeDocument ppt/presentation.xml"),
            "ppt/presentation.xml": f"<p:presentation {NS}><p:sldIdLst>"
            + "".join(f'<p:sldId r:id="s{n}"/>' for n in range(len(slides)))
            + f'</p:sldIdLst><p:sldSz cx="{720 * POINT}" cy="{540 * POINT}"/></p:presentation>',
            "ppt/_rels/presentation.xml.rels": _relations(**{
                f"s{n}": f"slide slides/{n}.xml" for n in range(len(slides))
            }),
        }
        for number, shapes in enumerate(slides):
            tree = f"<p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>"
            members[f"ppt/slides/{number}.xml"] = f'<p:sld {NS} show="{show}">{tree}</p:sld>'
        return read("deck.pptx", zipped(members | (parts or {})))

    return parsed


def test_a_title_is_a_heading_and_every_shape_has_its_slide_and_box(deck):
    document = deck(_shape("Words") + _shape("Leave", role="title"), _shape("More"))
    assert document.title == "Leave"
    # A slide without a title does not stand under that of the slide before.
    assert [(e.kind, e.text, e.page, e.place, e.section) for e in document.elements] == [
        ("heading", "Leave", 1, "slide 1", ("Leave",)),
        ("paragraph", "Words", 1, "slide 1", ("Leave",)),
        ("heading", "Slide 2", 2, "slide 2", ("Slide 2",)),
        ("paragraph", "More", 2, "slide 2", ("Slide 2",)),
    ]
    box = document.elements[1].box
    assert (box.x0, box.y0, box.x1, box.y1) == (10, 20, 110, 70)


def test_shapes_in_groups_are_placed_on_the_slide(deck):
    # The group shows an inner area of 1000 x 1000 at half its size, moved by (100, 50).
    inner = f'<a:chOff x="0" y="0"/><a:chExt cx="{1000 * POINT}" cy="{1000 * POINT}"/>'
    outer = f'<a:off x="{100 * POINT}" y="{50 * POINT}"/><a:ext cx="{500 * POINT}" cy="{500 * POINT}"/>'
    group = (
        f"<p:grpSp><p:grpSpPr><a:xfrm>{outer}{inner}</a:xfrm></p:grpSpPr>{_shape('x', at=(20, 40, 60, 80))}</p:grpSp>"
    )
    box = deck(group).elements[0].box
    assert (box.x0, box.y0, box.x1, box.y1) == (110, 70, 140, 110)


def test_lists_keep_their_marks_numbers_and_depth(deck):
    numbered = '<a:pPr><a:buAutoNum type="arabicPeriod"/></a:pPr>'
    document = deck(
        _shape(
            _line("one", numbered)
            + _line("inner", '<a:pPr lvl="1"><a:buAutoNum type="alphaLcParenR"/></a:pPr>')
            + _line("two", numbered)
            + _line("dot", '<a:pPr><a:buChar char="•"/></a:pPr>')
            + _line("plain")
        )
    )
    assert [e.text for e in document.elements] == ["1. one", "a) inner", "2. two", "- dot", "plain"]


def test_merged_cells_keep_rows_and_columns(deck):
    def cell(text: str, attributes: str = "") -> str:
        return f"<a:tc {attributes}><a:txBody>{_line(text)}</a:txBody></a:tc>"

    merged_right, merged_up, wide, tall = 'hMerge="1"', 'vMerge="1"', 'gridSpan="2"', 'rowSpan="2"'
    rows = (
        f"<a:tr>{cell('Who')}{cell('Hours', wide)}{cell('', merged_right)}</a:tr>"
        f"<a:tr>{cell('Staff', tall)}{cell('new')}{cell('4')}</a:tr>"
        f"<a:tr>{cell('', merged_up)}{cell('old')}{cell('6')}</a:tr>"
    )
    (table,) = deck(f"<p:graphicFrame><a:graphic><a:tbl>{rows}</a:tbl></a:graphic></p:graphicFrame>").elements
    assert table.text.splitlines()[2:] == ["| Staff | new | 4 |", "| Staff | old | 6 |"]
    assert '<th colspan="2">Hours</th>' in table.html


def test_notes_charts_and_diagrams_are_read(deck):
    points = "<c:pt idx='0'><c:v>{}</c:v></c:pt><c:pt idx='1'><c:v>{}</c:v></c:pt>"
    chart = (
        f"<c:chartSpace {NS}><c:chart><c:title><c:tx><c:rich>{_line('Sales')}</c:rich></c:tx></c:title><c:plotArea>"
        f"<c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>2025</c:v></c:pt></c:strCache></c:strRef></c:tx>"
        f"<c:cat>{points.format('North', 'South')}</c:cat>"
        f"<c:val>{points.format('8.1999999999999993', '3')}</c:val></c:ser>"
        "</c:plotArea></c:chart></c:chartSpace>"
    )
    diagram = (
        f"<dgm:dataModel {NS}><dgm:ptLst><dgm:pt><dgm:t>{_line('Plan')}</dgm:t></dgm:pt>"
        f"<dgm:pt type='pres'><dgm:t>{_line('Plan')}</dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
    )
    frame = "<p:graphicFrame><a:graphic><a:graphicData>{}</a:graphicData></a:graphic></p:graphicFrame>"
    notes = f"<p:notes {NS}><p:cSld><p:spTree>{_shape('Smile', role='body')}</p:spTree></p:cSld></p:notes>"
    document = deck(
        frame.format('<c:chart r:id="c"/>') + frame.format('<dgm:relIds r:dm="d"/>'),
        parts={
            "ppt/slides/_rels/0.xml.rels": _relations(
                c="chart ../charts/1.xml", d="diagramData ../d.xml", n="notesSlide ../notes/1.xml"
            ),
            "ppt/charts/1.xml": chart,
            "ppt/d.xml": diagram,
            "ppt/notes/1.xml": notes,
        },
    )
    assert [e.text for e in document.elements] == [
        "Sales",
        "|  | 2025 |\n| --- | --- |\n| North | 8.2 |\n| South | 3 |",
        "- Plan",
        "Note: Smile",
    ]


@pytest.mark.parametrize(
    "shape",
    [
        _shape("unseen", at=(-300, 20, 100, 50)),
        _shape("unseen", at=(10, 600, 100, 50)),
        _shape("unseen", extra='hidden="1"'),
        _shape('<a:p><a:r><a:rPr sz="100"/><a:t>unseen</a:t></a:r></a:p>'),
        _shape(
            '<a:p><a:r><a:rPr><a:solidFill><a:srgbClr val="00FF00"/></a:solidFill></a:rPr><a:t>unseen</a:t></a:r></a:p>'
        ).replace("</p:spPr>", '<a:solidFill><a:srgbClr val="00ff00"/></a:solidFill></p:spPr>'),
    ],
    ids=["left of the slide", "below it", "switched off", "one point high", "in the colour of its shape"],
)
def test_text_that_a_reader_cannot_see_is_marked(deck, shape):
    assert [(e.text, e.hidden) for e in deck(_shape("seen") + shape).elements] == [("seen", False), ("unseen", True)]


def test_hidden_slides_are_marked(deck):
    assert [e.hidden for e in deck(_shape("Title", role="title") + _shape("x"), show="0").elements] == [True, True]


def test_footers_come_once_and_slide_numbers_never(deck):
    slide = _shape("Confidential", role="ftr") + _shape("7", role="sldNum")
    assert deck(slide, slide).text == "Confidential"


def test_the_strict_variant_is_read_too(read, zipped):
    def strict(xml: str) -> str:
        for name in ("presentationml", "drawingml", "officeDocument"):
            xml = xml.replace(f"schemas.openxmlformats.org/{name}/2006/", f"purl.oclc.org/ooxml/{name}/")
        return xml

    members = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": strict(_relations(a="officeDocument ppt/presentation.xml")),
        "ppt/presentation.xml": strict(
            f'<p:presentation {NS}><p:sldIdLst><p:sldId r:id="s"/></p:sldIdLst></p:presentation>'
        ),
        "ppt/_rels/presentation.xml.rels": strict(_relations(s="slide s.xml")),
        "ppt/s.xml": strict(f"<p:sld {NS}><p:cSld><p:spTree>{_shape('strict')}</p:spTree></p:cSld></p:sld>"),
    }
    assert read("a.potx", zipped(members)).text == "strict"


def test_a_package_without_a_presentation_says_so(read, zipped):
    with pytest.raises(UnreadableError, match="no presentation"):
        read("a.pptx", zipped({"[Content_Types].xml": "<Types/>", "ppt/other.xml": "<a/>"}))
