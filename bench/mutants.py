"""Malformed files made of good ones: cut, flipped, renamed, glued together, nested, blown up.

The same seed makes the same files.
"""

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LARGEST = 1_500_000  # bytes of a file to start from
BOMB_BYTES = 540 * 2**20
DEEP = 20_000
OUTSIDE = "/tmp/attune-was-here"  # noqa: S108  (where a careless unpacker would write)
NAMES = (
    "../../../etc/passwd",
    "..\\..\\windows\\system32\\a.docx",
    "/etc/cron.d/evil.pdf",
    "nul\0byte.pdf",
    "invoice\u202efdp.exe",
    "zero\u200bwidth\u2060.md",
    "line\nbreak.html",
    "-rf.txt",
    ".pdf",
    "x" * 300 + ".docx",
    "\U0001f4a3.eml",
    "$(touch pwned).csv",
    "<script>alert(1)</script>.html",
    "con.json",
    "a" + "\u0301" * 200 + ".txt",
    "",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A malformed file: what was done to it, how it is called, and its bytes."""

    kind: str
    name: str
    content: bytes


def mutants(
    folder: Path, count: int, *, seed: int = 4, kinds: Sequence[str] = (), max_bytes: int = LARGEST
) -> Iterator[Mutant]:
    """Make malformed files of those in a folder, each kind of damage in turn; of all kinds if none is named.

    Yields:
        ``count`` files.
    """
    chance = random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and 0 < path.stat().st_size <= max_bytes)
    for number in range(count):
        names = kinds or list(KINDS)
        kind = names[number % len(names)]
        path = chance.choice(files)
        yield Mutant(kind, *KINDS[kind](chance, path.name, path.read_bytes(), files))


Made = tuple[str, bytes]
Make = Callable[[random.Random, str, bytes, Sequence[Path]], Made]


def _cut(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    del files
    return name, content[: chance.randrange(len(content))]


def _flip(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    del files
    changed = bytearray(content)
    for _ in range(chance.choice((1, 10, 100, 1000))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return name, bytes(changed)


def _blank(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    del files
    start = chance.randrange(len(content))
    length = chance.choice((16, 512, 65_536))
    return name, content[:start] + bytes(min(length, len(content) - start)) + content[start + length :]


def _repeat(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    del files
    start = chance.randrange(len(content))
    part = content[start : start + chance.choice((64, 4096))]
    return name, content[:start] + part * chance.choice((2, 50, 500)) + content[start:]


def _other_name(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    del name
    return chance.choice(files).name, content


def _glued(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """A polyglot: the end of the one file counts for some readers, the beginning of the other for others."""
    other = chance.choice(files).read_bytes()
    return name, chance.choice((content + other, other[:1000] + content, content[:1000] + other))


def _hostile_name(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    del name, files
    return chance.choice(NAMES), content


def _numbers(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """Sizes, counts, offsets and references that are written in digits become others."""
    pdfs = [path for path in files if path.suffix == ".pdf"]
    path = chance.choice(pdfs) if pdfs and chance.random() < 0.8 else None
    name, content = (path.name, path.read_bytes()) if path is not None else (name, content)
    values = (b"0", b"-1", b"2147483647", b"4294967296", b"99999999999999999999", b"1e308", b"7")
    share = chance.choice((0.001, 0.01, 0.1))
    return name, re.sub(
        rb"(?<![\w.])\d+(?![\w.])",
        lambda found: chance.choice(values) if chance.random() < share else found[0],
        content,
    )


def _part(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """An office file one of whose parts is damaged, missing, doubled or someone else's."""
    name, content = _zip_file(chance, name, content, files)
    parts = _parts(content)
    victim = chance.choice(sorted(parts))
    damage = chance.choice((_cut, _flip, _blank, _repeat, _entities))
    if parts[victim] and chance.random() < 0.8:
        _, parts[victim] = damage(chance, victim, parts[victim], files)
    else:
        parts[victim] = parts[chance.choice(sorted(parts))]
    return name, _zipped(parts)


def _entities(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """XML that grows as it is read, or reaches for another file."""
    del files
    laughs = b'<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(12)
    )
    reach = b'<!ENTITY m SYSTEM "file:///etc/passwd"><!ENTITY n SYSTEM "http://127.0.0.1:9/">'
    head, reference = chance.choice(((laughs, b"&m;"), (reach, b"&m;&n;")))
    body = re.sub(rb"^\s*(?:<\?xml[^>]*\?>)?\s*(?:<!DOCTYPE[^>]*>)?", b"", content)
    body = re.sub(rb">([^<>&]{1,100})<", b">" + reference + rb"\1<", body, count=5)
    return f"{name}.xml", b'<?xml version="1.0"?><!DOCTYPE d [' + head + b"]>" + body


def _bomb(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """A small file that unpacks to hundreds of megabytes, or to a path outside."""
    name, content = _zip_file(chance, name, content, files)
    parts = _parts(content)
    victim = chance.choice(
        [part for part in sorted(parts) if part.endswith((".xml", ".html", ".xhtml"))] or sorted(parts)
    )
    way = chance.choice(("large", "many", "outside", "itself"))
    if way == "large":
        unit = chance.choice((b" ", b"<w:p/>", b"a", b"<a>"))
        parts[victim] = unit * (BOMB_BYTES // len(unit))
    elif way == "many":
        parts |= {f"word/part{i}.xml": b"<a/>" for i in range(30_000)}
    elif way == "outside":
        parts |= {f"../../..{OUTSIDE}": b"x", OUTSIDE: b"x"}
    else:
        parts["word/embeddings/self.docx"] = content
    return name, _zipped(parts)


def _nested(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """What is deep: brackets, lists, quotes, tags, parts of a message, JSON."""
    del name, files
    piece = content[:200].replace(b"<", b"").replace(b"{", b"")
    boundary = [b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(3000)]
    mail = b"From: a@b\r\nTo: c@d\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
    return chance.choice((
        ("deep.md", b"[" * DEEP + piece + b"]" * DEEP),
        ("quotes.md", b">" * DEEP + piece),
        ("stars.md", b"*a _b " * DEEP + piece),
        ("list.md", b"".join(b" " * (2 * i) + b"- a\n" for i in range(2000))),
        ("ticks.md", b"".join(b"`" * i + b" " for i in range(2000))),
        ("deep.html", b"<html><body>" + b"<div>" * DEEP + piece),
        ("inline.html", b"<html><body>" + b"<b><i>" * DEEP + piece),
        ("tables.html", b"<html><body>" + b"<table><tr><td>" * 3000 + piece),
        ("spans.html", b"<html><body><table>" + b"<tr><td colspan=1000000 rowspan=65534>x</td></tr>" * 60),
        ("attributes.html", b"<html><p " + b" ".join(b"a%d=1" % i for i in range(100_000)) + b">x</p>"),
        ("deep.json", b"[" * DEEP + b"]" * DEEP),
        ("deep.xml", b"<?xml version='1.0'?>" + b"<a>" * DEEP + piece + b"</a>" * DEEP),
        ("parts.eml", mail + b"".join(boundary) + b"Content-Type: text/plain\r\n\r\nhello"),
        ("many.eml", mail + boundary[0] + b"Content-Type: text/plain\r\n\r\nx\r\n--b0\r\n" * 5000),
        ("people.eml", b"From: a@b\r\nTo: " + b", ".join(b'"x" <u%d@b.c>' % i for i in range(50_000)) + b"\r\n\r\nhi"),
        ("wide.csv", (b",".join(b"%d" % i for i in range(100_000)) + b"\n") * 5),
        ("quote.csv", b'a,b\n"' + b"x," * 2_000_000),
        ("braces.rtf", b"{\\rtf1" + b"{\\b " * DEEP + piece),
    ))


def _hostile_pdf(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """A small PDF that is large, endless or without bottom."""
    del content, files
    deflated, twice = b"/Filter/FlateDecode", b"/Filter[/FlateDecode/FlateDecode]"
    image = b"/Type/XObject/Subtype/Image/Width 40000/Height 40000/BitsPerComponent 1/ColorSpace/DeviceGray"
    forms = [_stream(b"/X Do " * 10, _form(i + 1)) for i in range(11)] + [
        _stream(b"BT /F 12 Tf (boom) Tj ET", _form(0))
    ]
    return f"{name}.pdf", chance.choice((
        lambda: pdf(zlib.compress(zlib.compress(b" " * 400_000_000, 1), 9), twice),
        lambda: pdf(zlib.compress(b"BT /F 1 Tf (AAAAAAAAAAAAAAAA) Tj ET " * 2_000_000, 1), deflated),
        lambda: pdf(zlib.compress(_boxes(100_000)), deflated),
        lambda: pdf(zlib.compress(_words(chance, 20_000)), deflated),
        lambda: pdf(b"BT /F 12 Tf 9 9 Td (x) Tj ET", media_box=b"[0 0 2000000000 2000000000]"),
        lambda: pdf(b"BT /F 12 Tf 9 9 Td (x) Tj ET", media_box=b"[0 0 14400 14400]"),
        lambda: pdf(
            b"q 612 0 0 792 0 0 cm /X Do Q", more=[_stream(zlib.compress(bytes(200_000_000), 1), image + deflated)]
        ),
        lambda: pdf(b"/X Do " * 10, more=forms),
        lambda: pdf(b"BT ET", kids=b"3 0 R " * 100_000, count=100_000),
        lambda: pdf(b"BT ET", kids=b"2 0 R 3 0 R", count=5),
        lambda: pdf(b"BT ET", catalog=b"/Foo " + b"[" * 200_000 + b"]" * 200_000),
        lambda: b"%PDF-1.7\n" + chance.randbytes(100_000),
    ))()


def _boxes(count: int) -> bytes:
    return b"".join(b"%d %d 3 3 re S " % (i * 7 % 600, i * 13 % 780) for i in range(count))


def _words(chance: random.Random, count: int) -> bytes:
    places = ((chance.randrange(600), chance.randrange(780), i) for i in range(count))
    return b"BT /F 4 Tf " + b"".join(b"1 0 0 1 %d %d Tm (w%d) Tj " % place for place in places)


def _picture(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    """A picture of more pixels than there is memory, or with a broken head."""
    pictures = [path for path in files if path.suffix in {".png", ".jpg"}]
    if pictures and chance.random() < 0.5:
        path = chance.choice(pictures)
        changed = bytearray(path.read_bytes())
        for _ in range(5):
            changed[chance.randrange(8, min(200, len(changed)))] = chance.randrange(256)
        return path.name, bytes(changed)
    del content
    side = chance.choice((3_000, 20_000, 60_000))
    rows = zlib.compress(bytes(3_000 * (side // 8 + 1)), 1)  # all of them, or as good as none
    parts = ((b"IHDR", side.to_bytes(4, "big") * 2 + b"\1\0\0\0\0"), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        len(data).to_bytes(4, "big") + tag + data + zlib.crc32(tag + data).to_bytes(4, "big") for tag, data in parts
    )
    return f"{name}.png", b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _noise(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    del files
    return name, content[: chance.choice((4, 8, 64))] + chance.randbytes(chance.choice((10, 5_000, 200_000)))


def _zip_file(chance: random.Random, name: str, content: bytes, files: Sequence[Path]) -> Made:
    zips = [path for path in files if zipfile.is_zipfile(path)]
    if not zips:
        return name, _zipped({"word/document.xml": content})
    path = chance.choice(zips)
    return path.name, path.read_bytes()


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {part: archive.read(part) for part in archive.namelist()}


def _zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return stream.getvalue()


def _form(following: int) -> bytes:
    inner = b"/XObject<</X %d 0 R>>" % (5 + following) if following else b""
    return b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<<%s/Font<</F 4 0 R>>>>" % inner


def _stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (extra, len(data), data)


def pdf(
    content: bytes,
    extra: bytes = b"",
    *,
    media_box: bytes = b"[0 0 612 792]",
    kids: bytes = b"3 0 R",
    count: int = 1,
    catalog: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """Put a PDF of one page together; the first object of ``more`` is its ``/X``."""
    found = b"/XObject<</X 6 0 R>>" if more else b""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 5 0 R/Resources<<%s/Font<</F 4 0 R>>>>>>" % (media_box, found),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        _stream(content, extra),
        *more,
    ]
    made, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    made += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(made)


KINDS: dict[str, Make] = {
    "cut": _cut,
    "bits flipped": _flip,
    "blanked": _blank,
    "repeated": _repeat,
    "wrong extension": _other_name,
    "glued together": _glued,
    "hostile name": _hostile_name,
    "numbers": _numbers,
    "part damaged": _part,
    "entities": _entities,
    "bomb": _bomb,
    "deep": _nested,
    "hostile PDF": _hostile_pdf,
    "picture": _picture,
    "noise": _noise,
}
"""What is done, and what does it: it takes a source of chance, a file's name and bytes, and other files."""
