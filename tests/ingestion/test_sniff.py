import pytest

from ingestion.sniff import DOCX, EMPTY, sniff

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
