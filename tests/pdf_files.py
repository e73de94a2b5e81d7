"""PDFs made on the spot, of the few bytes that a test is about."""

from collections.abc import Sequence


def pdf_of(
    *contents: bytes,
    media_box: bytes = b"[0 0 612 792]",
    streams: Sequence[tuple[bytes, bytes]] = (),
    title: bytes = b"",
) -> bytes:
    """Make a PDF whose pages have the given content streams; Helvetica is ``/F``."""
    pages = [(content, b"") for content in contents] + list(streams)
    kids = b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for i, (content, extra) in enumerate(pages):
        resources = b"/Resources<</Font<</F 3 0 R>>>>"
        objects.append(b"<</Type/Page/Parent 2 0 R/MediaBox%s%s/Contents %d 0 R>>" % (media_box, resources, 5 + 2 * i))
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
