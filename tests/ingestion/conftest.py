"""Files made on the spot: each helper writes the few bytes that a test is about."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ingestion.parse import parse
from ingestion.types import ParsedDocument, SourceFile
from tests.pdf_files import pdf_of

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
def zipped() -> Callable[..., bytes]:
    """A ZIP archive of the given members, in order, by name."""

    def make(members: Mapping[str, bytes | str]) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return stream.getvalue()

    return make


@pytest.fixture
def ole() -> Callable[..., bytes]:
    """An OLE file (compound file of version 3) of the given streams, by path: ``folder/stream``."""

    def make(streams: Mapping[str, bytes]) -> bytes:
        folders = {path.rpartition("/")[0] for path in streams if "/" in path}
        folders |= {"/".join(f.split("/")[:i]) for f in folders for i in range(1, f.count("/") + 1)}
        names = ["", *sorted(folders), *streams]
        sectors: list[bytes] = []
        chain: list[int] = []
        starts: dict[str, int] = {}

        def store(content: bytes) -> int:
            count = max(-(-len(content) // 512), 1)
            start = len(sectors)
            padded = content.ljust(count * 512, b"\0")
            sectors.extend(padded[i * 512 : (i + 1) * 512] for i in range(count))
            chain.extend([*range(start + 1, start + count), 0xFFFFFFFE])
            return start

        # Streams below 4,096 bytes lie in the root's own stream, in sectors of 64 bytes.
        small = b""
        small_chain: list[int] = []
        for path, content in streams.items():
            if len(content) >= 4096:
                starts[path] = store(content)
                continue
            starts[path] = len(small_chain)
            count = max(-(-len(content) // 64), 1)
            small_chain.extend([*range(starts[path] + 1, starts[path] + count), 0xFFFFFFFE])
            small += content.ljust(count * 64, b"\0")
        starts[""] = store(small)
        small_table = store(b"".join(struct.pack("<I", n) for n in small_chain).ljust(512, b"\xff"))
        entries = b""
        for index, path in enumerate(names):
            children = [i for i, n in enumerate(names) if i and n.rpartition("/")[0] == path]
            parent = path.rpartition("/")[0]
            siblings = [i for i, n in enumerate(names) if i > index > 0 and n.rpartition("/")[0] == parent]
            name = (path.rpartition("/")[2] or "Root Entry").encode("utf-16-le")
            kind = 5 if not index else 1 if path in folders else 2
            entries += name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2, kind, 1)
            links = (0xFFFFFFFF, siblings[0] if siblings else 0xFFFFFFFF, children[0] if children else 0xFFFFFFFF)
            entries += struct.pack("<III", *links) + bytes(36)
            size = len(small) if not index else len(streams.get(path, b""))
            entries += struct.pack("<IQ", starts.get(path, 0xFFFFFFFE), size)
        directory = store(entries)
        fat_sectors = -(-(len(sectors) + 8) // 128)
        first = len(sectors)
        table = chain + [0xFFFFFFFD] * fat_sectors
        fat = b"".join(struct.pack("<I", n) for n in table).ljust(fat_sectors * 512, b"\xff")
        header = (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        )
        header += struct.pack("<IIIIIIIII", 0, fat_sectors, directory, 0, 4096, small_table, 1, 0xFFFFFFFE, 0)
        header += b"".join(struct.pack("<I", first + i if i < fat_sectors else 0xFFFFFFFF) for i in range(109))
        return header + b"".join(sectors) + fat

    return make


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
    """``pdf_of``."""
    return pdf_of
