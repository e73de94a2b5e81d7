"""Files made on the spot: each helper writes the few bytes that a test is about."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ingestion.parse import parse
from ingestion.types import ParsedDocument, SourceFile

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CONTENT_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'

WriteFile = Callable[[str, bytes | str], SourceFile]
ReadFile = Callable[[str, bytes | str], ParsedDocument]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    """Write a file and return it as a source."""

    def make(name: str, content: bytes | str) -> SourceFile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return SourceFile(path, path.as_uri(), name)

    return make


@pytest.fixture
def read(write: WriteFile) -> ReadFile:
    """Write a file and parse it."""

    def parsed(name: str, content: bytes | str) -> ParsedDocument:
        return parse(write(name, content))

    return parsed


@pytest.fixture
def docx() -> Callable[..., bytes]:
    """A Word file with the given body XML and further parts."""

    def make(body: str, **parts: str) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", CONTENT_TYPES)
            archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
            for name, content in parts.items():
                archive.writestr(f"word/{name}.xml", content)
        return stream.getvalue()

    return make


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """A PDF whose pages have the given content streams; Helvetica is ``/F``."""

    def make(
        *contents: bytes,
        media_box: bytes = b"[0 0 612 792]",
        streams: Sequence[tuple[bytes, bytes]] = (),
        title: bytes = b"",
    ) -> bytes:
        pages = [(content, b"") for content in contents] + list(streams)
        kids = b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(len(pages)))
        objects = [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages)),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
        for i, (content, extra) in enumerate(pages):
            resources = b"/Resources<</Font<</F 3 0 R>>>>"
            objects.append(
                b"<</Type/Page/Parent 2 0 R/MediaBox%s%s/Contents %d 0 R>>" % (media_box, resources, 5 + 2 * i)
            )
            objects.append(b"<<%s/Length %d>>stream\n%s\nendstream" % (extra, len(content), content))
        objects.append(b"<</Title(%s)>>" % title)
        data = bytearray(b"%PDF-1.7\n")
        offsets = []
        for number, body in enumerate(objects, 1):
            offsets.append(len(data))
            data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        start = len(data)
        data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        data += b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (
            len(objects) + 1,
            len(objects),
            start,
        )
        return bytes(data)

    return make
