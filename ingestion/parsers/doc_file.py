"""The inside of a Word 97-2003 file ([MS-DOC]): its text in pieces, and what is said of paragraphs and characters."""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.errors import EncryptedError, UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

_WORD_97 = 0xC1
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_PAGE = 512
_COMPRESSED = 0x40000000
_MAX_PIECES = 2_000_000
# Where the lengths of the file's texts stand, in the order in which these follow each other.
_LENGTHS = {
    "body": 0x4C, "footnotes": 0x50, "margins": 0x54, "macros": 0x58, "comments": 0x5C, "endnotes": 0x60, "boxes": 0x64,
}  # fmt: skip
STYLES, FOOTNOTE_MARKS, FOOTNOTE_TEXTS, CHARACTERS, PARAGRAPHS, PIECES = 1, 2, 3, 12, 13, 33
ENDNOTE_MARKS, ENDNOTE_TEXTS = 46, 47
_OPERANDS = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_LONG_TABLE = 0xD608

Sprms = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters ``start`` to ``end`` of the text, and where they lie in the file."""

    start: int
    end: int
    offset: int
    width: int


class DocFile:
    """A Word 97-2003 file.

    Attributes:
        text: All its text, control characters included, one character per position.
        parts: Where the body, the footnotes and so on begin and end in it.

    Raises:
        UnreadableError: It is damaged, or of a kind before Word 6.
        EncryptedError: It wants a password.
    """

    def __init__(self, path: "Path") -> None:
        import olefile

        with olefile.OleFileIO(path) as ole:
            self._main = bytes(ole.openstream("WordDocument").read())
            magic, self.version = struct.unpack_from("<HH", self._main)
            (flags,) = struct.unpack_from("<H", self._main, 0x0A)
            if magic not in {0xA5EC, 0xA5DC}:
                raise UnreadableError("is a damaged Word document")
            if flags & _ENCRYPTED:
                raise EncryptedError("is password-protected")
            table = "1Table" if flags & _SECOND_TABLE else "0Table"
            self._table = bytes(ole.openstream(table).read()) if self.version >= _WORD_97 else b""
        self._pieces = list(self._read_pieces()) if self.version >= _WORD_97 else [self._only_piece()]
        self.text = "".join(self._decoded(piece) for piece in self._pieces)
        self.parts = self._read_parts()
        self._runs = {kind: self._read_runs(kind) for kind in (PARAGRAPHS, CHARACTERS)}
        self._run_starts = {kind: [run[0] for run in runs] for kind, runs in self._runs.items()}

    def block(self, index: int) -> bytes:
        """Return a part of the table stream by its index in the file's directory."""
        if self.version < _WORD_97:
            return b""
        start, length = struct.unpack_from("<II", self._main, 0x9A + 8 * index)
        return self._table[start : start + length]

    def positions(self, index: int, width: int) -> list[int]:
        """Return the positions in a list of positions, each of which has ``width`` bytes more after all of them."""
        data = self.block(index)
        count = (len(data) - 4) // (4 + width)
        return list(struct.unpack_from(f"<{count + 1}I", data)) if count > 0 else []

    def paragraph(self, position: int) -> tuple[int, Sprms]:
        """Return the style number and the properties of the paragraph that a character is in."""
        data = self._run_at(PARAGRAPHS, position)
        return (struct.unpack_from("<H", data)[0], sprms(data[2:])) if len(data) >= 2 else (0, {})

    def character_runs(self, start: int, end: int) -> Iterator[tuple[int, int, Sprms]]:
        """Yield stretches of text with the properties of their characters."""
        position = start
        while position < end:
            piece, offset = self._offset(position)
            if piece is None:
                return
            at = bisect_right(self._run_starts[CHARACTERS], offset) - 1
            run = self._runs[CHARACTERS][at] if at >= 0 else (0, 0, b"")
            inside = offset < run[1]
            until = run[1] if inside else piece.offset + (piece.end - piece.start) * piece.width
            after = min(end, piece.end, position + max((until - offset) // piece.width, 1))
            yield position, after, sprms(run[2]) if inside else {}
            position = after

    def style_numbers(self) -> dict[int, int]:
        """Return which of Word's own styles each style of the document is, by its number."""
        data = self.block(STYLES)
        if len(data) < 4:
            return {}
        position = 2 + struct.unpack_from("<H", data)[0]
        (count,) = struct.unpack_from("<H", data, 2)
        found: dict[int, int] = {}
        for number in range(count):
            if position + 2 > len(data):
                break
            (length,) = struct.unpack_from("<H", data, position)
            if length >= 2:
                found[number] = struct.unpack_from("<H", data, position + 2)[0] & 0x0FFF
            position += 2 + length
        return found

    def _read_pieces(self) -> Iterator[_Piece]:
        data = self.block(PIECES)
        position = 0
        while position < len(data) and data[position] == 1:
            position += 3 + struct.unpack_from("<H", data, position + 1)[0]
        if position >= len(data) or data[position] != 2:
            raise UnreadableError("is a damaged Word document: where its text lies is lost")
        (length,) = struct.unpack_from("<I", data, position + 1)
        count = min((length - 4) // 12, _MAX_PIECES)
        ends = struct.unpack_from(f"<{count + 1}I", data, position + 5)
        for i in range(count):
            (offset,) = struct.unpack_from("<I", data, position + 5 + 4 * (count + 1) + 8 * i + 2)
            narrow = bool(offset & _COMPRESSED)
            offset &= _COMPRESSED - 1
            yield _Piece(ends[i], max(ends[i + 1], ends[i]), offset // 2 if narrow else offset, 1 if narrow else 2)

    def _only_piece(self) -> _Piece:
        """Word 6 and 95 keep their text in one stretch of bytes, unless they were saved fast."""
        start, end = struct.unpack_from("<II", self._main, 0x18)
        return _Piece(0, max(end - start, 0), start, 1)

    def _decoded(self, piece: _Piece) -> str:
        length = piece.end - piece.start
        if length * piece.width > len(self._main):
            raise UnreadableError("is a damaged Word document: a piece of its text is missing")
        data = self._main[piece.offset : piece.offset + length * piece.width]
        if piece.width == 1:
            return data.decode("cp1252", "replace").ljust(length)
        # Position by position: a pair of surrogates counts as two.
        return "".join(map(chr, struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2]))).ljust(length)

    def _read_parts(self) -> dict[str, tuple[int, int]]:
        if self.version < _WORD_97:
            return {"body": (0, struct.unpack_from("<I", self._main, 0x34)[0])}
        parts: dict[str, tuple[int, int]] = {}
        start = 0
        for name, at in _LENGTHS.items():
            (length,) = struct.unpack_from("<I", self._main, at)
            parts[name] = (start, min(start + length, len(self.text)))
            start += length
        return parts

    def _read_runs(self, kind: int) -> list[tuple[int, int, bytes]]:
        data = self.block(kind)
        count = (len(data) - 4) // 8
        pages = struct.unpack_from(f"<{count}I", data, 4 * (count + 1)) if count > 0 else ()
        runs = [run for page in pages for run in self._page_runs(page & 0x3FFFFF, kind)]
        return sorted(runs)

    def _page_runs(self, number: int, kind: int) -> Iterator[tuple[int, int, bytes]]:
        page = self._main[number * _PAGE : (number + 1) * _PAGE]
        if len(page) < _PAGE:
            return
        count = page[-1]
        width = 13 if kind == PARAGRAPHS else 1
        if 4 * (count + 1) + count * width > _PAGE - 1:
            return
        ends = struct.unpack_from(f"<{count + 1}I", page)
        for i in range(count):
            at = 2 * page[4 * (count + 1) + i * width]
            yield ends[i], ends[i + 1], _properties(page, at, kind) if at else b""

    def _run_at(self, kind: int, position: int) -> bytes:
        piece, offset = self._offset(position)
        at = bisect_right(self._run_starts[kind], offset) - 1
        run = self._runs[kind][at] if piece is not None and at >= 0 else None
        return run[2] if run is not None and offset < run[1] else b""

    def _offset(self, position: int) -> tuple[_Piece | None, int]:
        at = bisect_right(self._pieces, position, key=lambda piece: piece.start) - 1
        piece = self._pieces[at] if at >= 0 else None
        if piece is None or position >= piece.end:
            return None, 0
        return piece, piece.offset + (position - piece.start) * piece.width


def _properties(page: bytes, at: int, kind: int) -> bytes:
    length = page[at]
    if kind == CHARACTERS:
        return page[at + 1 : at + 1 + length]
    if length == 0:
        return page[at + 2 : at + 2 + 2 * page[at + 1]]
    return page[at + 1 : at + 2 * length]


def sprms(data: bytes) -> Sprms:
    """Read a list of property changes.

    Returns:
        Operand by number of the property; the last one holds.
    """
    found: Sprms = {}
    position = 0
    while position + 2 < len(data):
        (number,) = struct.unpack_from("<H", data, position)
        position += 2
        size = _OPERANDS.get(number >> 13)
        if number == _LONG_TABLE and position + 2 <= len(data):
            size = struct.unpack_from("<H", data, position)[0] - 1
            position += 2
        elif size is None:
            size = data[position]
            position += 1
        found[number] = data[position : position + size]
        position += size
    return found
