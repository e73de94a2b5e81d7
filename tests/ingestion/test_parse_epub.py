import pytest

from ingestion.types import ParsedDocument
from retrieval.errors import EncryptedError, UnreadableError

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
NAV = '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
NCX = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'


@pytest.fixture
def book(read, zipped):
    """Parse a book of the given chapters, with a table of contents of the given kind."""

    def parsed(*chapters: str, contents: str = "", **parts: str) -> ParsedDocument:
        items = "".join(
            f'<item id="c{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
            for n in range(len(chapters))
        )
        spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
        package = (
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>The Book</dc:title></metadata><manifest>{items}{contents}</manifest>"
            f'<spine><itemref idref="nav"/>{spine}</spine></package>'
        )
        members = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package}
        members |= {
            f"OEBPS/text/c {n}.xhtml": '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/>'
            f"</head><body>{chapter}</body></html>"
            for n, chapter in enumerate(chapters)
        }
        return read("a.epub", zipped(members | {name.replace("__", "/"): part for name, part in parts.items()}))

    return parsed


def test_chapters_come_in_reading_order_under_their_names_of_epub_3(book):
    nav = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol><li><a href="text/c%200.xhtml">Start</a></li>'
        '<li><a href="text/c%201.xhtml#x">Second</a></li></ol></nav></body></html>'
    )
    document = book("<p>one</p>", "<h2>Second</h2><p>two</p>", contents=NAV, **{"OEBPS__nav.xhtml": nav})
    assert document.title == "The Book"
    assert [(e.kind, e.text, e.place) for e in document.elements] == [
        ("heading", "Start", "chapter Start"),
        ("paragraph", "one", "chapter Start"),
        ("heading", "Second", "chapter Second"),
        ("paragraph", "two", "chapter Second"),
    ]


def test_the_table_of_contents_of_epub_2_names_chapters_too(book):
    point = (
        "<navPoint><navLabel><text>Start</text></navLabel><content src='text/c%200.xhtml'/></navPoint>"
        "<navPoint><navLabel><text>More</text></navLabel><content src='text/c%200.xhtml#b'/></navPoint>"
    )
    ncx = f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{point}</navMap></ncx>'
    # One file holds two chapters, the next file goes on with the second.
    document = book("<h1>Start</h1><p>a</p><h1>MORE</h1><p>b</p>", "<p>c</p>", contents=NCX, **{"OEBPS__toc.ncx": ncx})
    assert [(e.text, e.place) for e in document.elements if e.kind == "paragraph"] == [
        ("a", "chapter Start"),
        ("b", "chapter More"),
        ("c", "chapter More"),
    ]


def test_footnotes_in_the_margin_of_a_chapter_are_content(book):
    assert "the note" in book('<p>text</p><aside epub:type="footnote" xmlns:epub="x"><p>the note</p></aside>').text


def test_a_protected_book_says_so_and_one_with_scrambled_fonts_is_read(book):
    method = (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData><e:EncryptionMethod Algorithm="{}"/>'
        "</e:EncryptedData></encryption>"
    )
    with pytest.raises(EncryptedError, match="protected against copying"):
        book("<p>x</p>", **{"META-INF__encryption.xml": method.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")})
    fonts = method.format("http://www.idpf.org/2008/embedding")
    assert book("<p>x</p>", **{"META-INF__encryption.xml": fonts}).text == "x"


def test_a_book_without_a_list_of_contents_says_so(read, zipped):
    with pytest.raises(UnreadableError, match="no list of contents"):
        read("a.epub", zipped({"mimetype": "application/epub+zip"}))
