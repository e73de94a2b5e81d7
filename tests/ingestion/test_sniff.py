import pytest

from ingestion.sniff import DOCX, EMPTY, EPUB, ODF, PPTX, TNEF, XLSB, XLSX, sniff

FLAT = b"application/vnd.oasis.opendocument.text-flat-xml"
MAIL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Leave\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"", "a.pdf", EMPTY),
        (b"%PDF-1.7 ...", "a.txt", "application/pdf"),
        (b"junk before\n%PDF-1.7 ...", "a.txt", "application/pdf"),
        (b"PK\x03\x04....[Content_Types].xml...word/document.xml", "a.zip", DOCX),
        (b"\x89PNG\r\n\x1a\n....", "a.md", "image/png"),
        (b"{\\rtf1 text}", "a.txt", "application/rtf"),
        (b"<!-- note -->\n<!DOCTYPE html><p>x", "a.txt", "text/html"),
        (b'<?xml version="1.0"?>\n<html><p>x', "a.xml", "text/html"),
        (b'<?xml version="1.0"?>\n<facts/>', "a.xml", "application/xml"),
        (MAIL, "message", "message/rfc822"),
        (MAIL, "message.txt", "message/rfc822"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n", "page.doc", "message/rfc822"),
        (b"\x78\x9f\x3e\x22....", "winmail.dat", TNEF),
        (b"<rss/>", "news.rss", "application/xml"),
        (b'<?xml version="1.0"?><office:document office:mimetype="' + FLAT + b'">', "a.xml", f"{ODF}text"),
        (b"BEGIN:VCALENDAR", "a.ics", "text/calendar"),
        (b"a: 1", "a.yml", "text/x-settings"),
        (b"plain words", "old.pptm", "text/plain"),
        (b"# Leave\n", "a.md", "text/markdown"),
        (b"<html>in Markdown</html>\n", "a.md", "text/markdown"),
        (b"a,b\n1,2\n", "a.CSV", "text/csv"),
        (b"plain words", "README", "text/plain"),
        (b"plain words", "report.pdf", "text/plain"),
        (b"BMW is a car maker", "cars.txt", "text/plain"),
        (b"package main", "main.go", "text/x-go"),
        ("naïve".encode("utf-16"), "a.txt", "text/plain"),
        ("naive text".encode("utf-16-le"), "a.txt", "text/plain"),
        (b"\x00\x01\x02\x03\xff\xfe\x00\x00" * 50, "a.txt", "application/octet-stream"),
        # The last character is cut in the middle, as it may be at the end of the first bytes of a file.
        ("Überstunden und Urlaubsansprüche ".encode() * 30 + b"\xc3", "a.txt", "text/plain"),
    ],
)
def test_content_decides_and_the_name_only_between_kinds_of_text(head, name, kind):
    assert sniff(head, name) == kind


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (["[Content_Types].xml", "word/document.xml"], DOCX),
        (["[Content_Types].xml", "xl/workbook.xml"], XLSX),
        (["[Content_Types].xml", "xl/workbook.bin"], XLSB),
        (["[Content_Types].xml", "ppt/presentation.xml"], PPTX),
        (["META-INF/container.xml"], EPUB),
        (["Index/Document.iwa"], "application/vnd.apple.iwork"),
        (["a.txt"], "application/zip"),
    ],
)
def test_packages_are_told_apart_by_their_parts(write, zipped, members, kind):
    source = write("a.bin", zipped(dict.fromkeys(members, "x")))
    assert sniff(source.path.read_bytes(), source.name, source.path) == kind


def test_a_template_is_of_the_kind_it_is_a_template_for(write, zipped):
    source = write("a.ott", zipped({"mimetype": f"{ODF}text-template"}))
    assert sniff(source.path.read_bytes(), source.name, source.path) == f"{ODF}text"


@pytest.mark.parametrize(
    ("streams", "kind"),
    [
        (["WordDocument", "ObjectPool/Workbook"], "application/msword"),
        (["Workbook"], "application/vnd.ms-excel"),
        (["__substg1.0_0037001F", "__attach/WordDocument"], "application/vnd.ms-outlook"),
        (["EncryptedPackage"], "application/x-encrypted-office"),
    ],
)
def test_old_office_files_are_told_apart_by_what_lies_at_the_top(write, ole, streams, kind):
    source = write("a.bin", ole(dict.fromkeys(streams, b"x")))
    assert sniff(source.path.read_bytes(), source.name, source.path) == kind
