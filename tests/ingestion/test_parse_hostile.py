"""Office files, pages and messages made to harm: each ends in plain words or in text, soon and within its limits."""

import io
import zipfile

import pytest

from ingestion.parse import parse
from ingestion.parsers import sheets
from ingestion.sandbox import Sandbox
from ingestion.types import SourceFile
from retrieval.errors import ResourceLimitError

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = b'<worksheet xmlns="' + MAIN.encode() + b'"><sheetData>%s</sheetData></worksheet>'
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


def _large(**members: bytes | tuple[bytes, int]) -> bytes:
    """A package whose members may be one piece of content many times over."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for name, content in members.items():
            piece, times = content if isinstance(content, tuple) else (content, 1)
            with archive.open(name.replace("__", "/") + ".xml", "w") as member:
                for _ in range(times):
                    member.write(piece)
    return stream.getvalue()


def _workbook(sheet: bytes, zipped) -> bytes:
    link = f'<Relationship Id="a" Type="{OFFICE}/worksheet" Target="s.xml"/>'
    return zipped({
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}"'
        f' xmlns:r="{OFFICE}"><sheets><sheet name="S" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{link}</Relationships>',
        "xl/s.xml": sheet,
    })


def _docx(body: str, start: str = "") -> bytes:
    return _large(word__document=f"{start}<w:document {W}><w:body>{body}</w:body></w:document>".encode())


BOMB = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(10)
)
REFUSED = {
    "a part that unpacks a thousandfold": ("a.pptx", _large(ppt__presentation=(b"a" * 2**20, 17))),
    "many parts that unpack to too much": ("a.docx", _large(**{f"word__{n}": (b"a" * 2**20, 15) for n in range(40)})),
    "more parts than any file has": ("a.docx", _large(**{f"word__{n}": b"" for n in range(20_001)})),
    "entities that multiply": ("a.docx", _docx("<w:p><w:r><w:t>&k;</w:t></w:r></w:p>", f"{BOMB}]>")),
    "nested tables": ("a.docx", _docx("<w:tbl><w:tr><w:tc>" * 2_000 + "</w:tc></w:tr></w:tbl>" * 2_000)),
    "nested elements": ("a.html", b"<b><i>" * 50_000 + b"deep"),
    "nested groups": ("a.rtf", b"{\\rtf1 " + b"{" * 1_000_000),
    "parts in parts": (
        "a.eml",
        b"From: a@b\nTo: c@d\nSubject: x\n"
        + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3_000)),
    ),
    "attributes without end": ("a.html", b"<p " + b" ".join(b"a%d=1" % n for n in range(300_000)) + b">words</p>"),
    "more parts than anybody sends": (
        "a.eml",
        b"From: a@b\nTo: c@d\nSubject: x\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 2_000,
    ),
}


@pytest.mark.parametrize(("name", "content"), REFUSED.values(), ids=REFUSED)
def test_what_would_cost_too_much_is_refused_in_plain_words(sandbox, write, name, content):
    with pytest.raises(ResourceLimitError) as refusal:
        sandbox.parse(write(name, content))
    assert "memory" not in str(refusal.value), "refused before it cost anything"


def test_a_sheet_is_refused_as_soon_as_it_has_too_many_cells(write, zipped, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_GRID_CELLS", 1_000)
    rows = b"<row><c><v>1</v></c><c><v>2</v></c></row>" * 501
    with pytest.raises(ResourceLimitError, match=r"more than 1,000 cells"):
        parse(write("a.xlsx", _workbook(SHEET % rows, zipped)))


@pytest.mark.slow
def test_a_sheet_of_a_million_cells_is_refused_before_it_is_in_memory(sandbox, write, zipped):
    rows = b"<row>" + b"<c><v>1</v></c>" * 400 + b"</row>"
    with pytest.raises(ResourceLimitError, match=r"more than 1,000,000 cells"):
        sandbox.parse(write("a.xlsx", _workbook(SHEET % (rows * 2_600), zipped)))


def test_cells_at_the_far_end_of_a_sheet_cost_nothing(sandbox, write, zipped):
    far = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    assert sandbox.parse(write("a.xlsx", _workbook(SHEET % far, zipped))).text == "S\n\n1\n\n2"


def test_cells_along_the_diagonal_do_not_span_a_table_of_all(sandbox, write, zipped):
    def letters(number: int) -> str:
        return (letters((number - 1) // 26) if number > 26 else "") + chr(ord("A") + (number - 1) % 26)

    cells = "".join(f'<row r="{n}"><c r="{letters(n)}{n}"><v>1</v></c></row>' for n in range(1, 10_001))
    with pytest.raises(ResourceLimitError, match="spans more than"):
        sandbox.parse(write("a.xlsx", _workbook(SHEET % cells.encode(), zipped)))


def test_foreign_entities_are_not_fetched(sandbox, write):
    start = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    document = sandbox.parse(write("a.docx", _docx("<w:p><w:r><w:t>a</w:t><w:t>&x;</w:t></w:r></w:p>", start)))
    assert document.text == "a"


def test_fifty_thousand_recipients_are_cut_short_and_the_message_is_read(sandbox, write):
    to = b", ".join(b'"x" <u%d@example.com>' % n for n in range(50_000))
    document = sandbox.parse(write("a.eml", b"From: a@b\nTo: " + to + b"\nSubject: s\n\nWords.\n"))
    assert document.elements[-1].text == "Words."
    assert len(document.text) < 4_000


def test_rules_without_end_do_not_hold_up_a_page(sandbox, write):
    rules = b"".join(b".c%d{color:#000}" % n for n in range(30_000))
    page = b"<style>" + rules + b"{" * 10_000 + b"</style>" + b"<p class='c1 c2 c3'>words" * 3_000
    assert sandbox.parse(write("a.html", page)).text.startswith("words")


@pytest.mark.parametrize("suffix", ["pptx", "odt", "epub", "rtf", "doc", "xls", "msg", "xml", "docx", "xlsx"])
def test_every_format_is_read_in_the_confines_of_the_sandbox(sandbox, suffix, request):
    """Real files where they are at hand: what a library loads late must be there after the fork, too."""
    folder = request.path.parents[2] / "../shared/data/doc-formats/normal"
    path = next(iter(sorted(folder.glob(f"*.{suffix}"))), None)
    if path is None:
        pytest.skip("the shared test data are not beside the repository")
    path = path.resolve()
    assert sandbox.parse(SourceFile(path, path.as_uri(), path.name)).elements
