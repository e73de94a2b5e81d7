"""Word 97-2003 documents (doc), and the plain text of Word 6 and 95 -> Elements.

Kept: headings, lists (without their numbers, which such a file does not hold as text), tables with merged cells, notes,
text boxes, headers and footers once. Left out: deleted text, comments, field codes, contents. Hidden text is marked.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ingestion.parsers.clean import fold, fold_lines
from ingestion.parsers.doc_file import (
    ENDNOTE_MARKS,
    ENDNOTE_TEXTS,
    FOOTNOTE_MARKS,
    FOOTNOTE_TEXTS,
    DocFile,
    Sprms,
)
from ingestion.parsers.rtf_table import RowReader
from ingestion.parsers.rtf_tokens import joined
from ingestion.types import Element, SourceFile
from retrieval.errors import UnreadableError

_IN_TABLE, _ROW_END, _TABLE, _OUTLINE, _LIST = 0x2416, 0x2417, 0xD608, 0x2640, 0x460B
_VANISH, _DELETED, _HALF_POINTS = 0x083C, 0x0800, 0x4A43
_TINY_HALF_POINTS = 4
_TITLE_STYLE, _CONTENTS_STYLES = 62, range(19, 28)
_END = re.compile(r"[\r\x07\x0c]")
_CHARACTERS = str.maketrans(
    {"\x0b": "\n", "\t": " ", "\x1e": "-", "\xa0": " "} | dict.fromkeys(map(chr, (1, 2, 3, 4, 5, 8, 31)))
)


def parse_doc(source: SourceFile) -> tuple[str, list[Element]]:
    """Read an old Word document.

    Returns:
        The paragraph in the style Title, or an empty string, and its elements.

    Raises:
        UnreadableError: It is damaged.
    """
    try:
        walk = _Walk(DocFile(source.path))
        walk.body()
        walk.rest()
    except (OSError, struct.error, IndexError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableError("is a damaged Word document") from error
    return walk.title, walk.elements


class _Walk:
    """One pass over the texts of a file."""

    def __init__(self, file: DocFile) -> None:
        self._file = file
        self._styles = file.style_numbers()
        self._notes = dict(self._read_notes())
        self._table = RowReader()
        self._cell: list[str] = []
        self._number = 0
        self._fields: list[bool] = []  # per open field: its result is being read
        self.title = ""
        self.elements: list[Element] = []

    def body(self) -> None:
        for start, end in self._paragraphs("body"):
            self._paragraph(start, end)
        self._end_table()

    def rest(self) -> None:
        """Read text boxes, then headers and footers, each text once."""
        for part, place in (("boxes", "text box"), ("margins", "page margin")):
            texts = (fold(self._texts(start, end)[0]) for start, end in self._paragraphs(part))
            for text in dict.fromkeys(text for text in texts if any(c.isalpha() for c in text)):
                self.elements.append(Element("paragraph", text, place=place))

    def _paragraphs(self, part: str) -> Iterator[tuple[int, int]]:
        """Yield where each paragraph begins, and where the character stands that ends it."""
        start, stop = self._file.parts.get(part, (0, 0))
        for end in _END.finditer(self._file.text, start, stop):
            yield start, end.start()
            start = end.end()
        if start < stop:
            yield start, stop

    def _paragraph(self, start: int, end: int) -> None:
        style_number, properties = self._file.paragraph(min(end, len(self._file.text) - 1))
        shown, unseen = self._texts(start, end)
        mark = self._file.text[end : end + 1]
        if properties.get(_IN_TABLE, b"\0")[0] or mark == "\x07":
            self._in_table(fold(shown), mark, properties)
        else:
            self._end_table()
            self._number += 1
            self._add(shown, self._styles.get(style_number, style_number), properties)
        if unseen:
            self.elements.append(Element("paragraph", unseen, place=self._place, hidden=True))
        for position in range(start, end) if "\x02" in self._file.text[start:end] else ():
            if position in self._notes:
                self.elements.append(Element("paragraph", f"Note: {self._notes[position]}", place=self._place))

    def _add(self, text: str, style: int, properties: Sprms) -> None:
        outline = properties.get(_OUTLINE)
        level = style if 1 <= style <= 9 else 1 if style == _TITLE_STYLE else None
        if outline is not None and outline:
            level = outline[0] + 1 if outline[0] < 9 else None
        in_list = any(properties.get(_LIST, b""))
        if not text or style in _CONTENTS_STYLES:
            return
        if level is not None:
            text = fold(text)
            self.title = self.title or (text if style == _TITLE_STYLE else "")
            self.elements.append(Element("heading", text, level=min(level, 6), place=self._place))
        else:
            kind: Any = "list_item" if in_list else "paragraph"
            self.elements.append(Element(kind, f"- {text}" if in_list else text, place=self._place))

    def _in_table(self, text: str, mark: str, properties: Sprms) -> None:
        if properties.get(_ROW_END, b"\0")[0]:
            self._table.define("trowd", None)
            for word, number in _row_shape(properties.get(_TABLE, b"")):
                self._table.define(word, number)
            self._table.row()
            return
        self._cell.append(text)
        if mark == "\x07":
            self._table.cell(fold(" ".join(self._cell)))
            self._cell.clear()

    def _end_table(self) -> None:
        element = self._table.taken()
        if element is not None:
            self._number += 1
            self.elements.append(replace(element, place=self._place))

    def _texts(self, start: int, end: int) -> tuple[str, str]:
        """Return what is seen of a stretch of text, and what is not."""
        parts: dict[bool, list[str]] = {False: [], True: []}
        for begin, stop, properties in self._file.character_runs(start, end):
            text = self._outside_fields(self._file.text[begin:stop])
            if not _is_on(properties, _DELETED):
                parts[_is_unseen(properties)].append(text)
        shown, unseen = (joined("".join(parts[hidden]).translate(_CHARACTERS)) for hidden in (False, True))
        return fold_lines(shown), fold_lines(unseen)

    def _outside_fields(self, text: str) -> str:
        """Leave out field codes, and keep their results."""
        if not self._fields and "\x13" not in text:
            return text
        kept: list[str] = []
        for piece in re.split(r"([\x13\x14\x15])", text):
            if piece == "\x13":
                self._fields.append(False)
            elif piece == "\x14" and self._fields:
                self._fields[-1] = True
            elif piece == "\x15" and self._fields:
                self._fields.pop()
            elif all(self._fields):
                kept.append(piece)
        return "".join(kept)

    def _read_notes(self) -> Iterator[tuple[int, str]]:
        kinds = (("footnotes", FOOTNOTE_MARKS, FOOTNOTE_TEXTS), ("endnotes", ENDNOTE_MARKS, ENDNOTE_TEXTS))
        self._fields = []
        for part, marks_at, texts_at in kinds:
            first = self._file.parts.get(part, (0, 0))[0]
            marks, bounds = self._file.positions(marks_at, 2), self._file.positions(texts_at, 0)
            for mark, start, end in zip(marks, bounds, bounds[1:], strict=False):
                yield mark, fold(self._texts(first + start, first + end)[0].replace("\r", " "))

    @property
    def _place(self) -> str:
        return f"paragraph {self._number}"


def _row_shape(definition: bytes) -> Iterator[tuple[str, int | None]]:
    """Say in RTF's words where the cells of a row end and how they are merged."""
    count = definition[0] if definition else 0
    if len(definition) < 1 + 2 * (count + 1):
        return
    edges = struct.unpack_from(f"<{count + 1}h", definition, 1)
    cells = definition[1 + 2 * (count + 1) :]
    for i in range(count):
        flags = int.from_bytes(cells[20 * i : 20 * i + 2], "little")
        for bit, word in ((0x01, "clmgf"), (0x02, "clmrg"), (0x40, "clvmgf"), (0x20, "clvmrg")):
            # A cell that begins a vertical merge has the bit for going on too.
            if flags & bit and not (word == "clvmrg" and flags & 0x40):
                yield word, None
        yield "cellx", edges[i + 1] - edges[0]


def _is_on(properties: Sprms, number: int) -> bool:
    # 0x81 is the opposite of what the style says, which mostly says no.
    return properties.get(number, b"\0")[:1] in {b"\x01", b"\x81"}


def _is_unseen(properties: Sprms) -> bool:
    size = int.from_bytes(properties.get(_HALF_POINTS, b""), "little")
    return _is_on(properties, _VANISH) or 0 < size <= _TINY_HALF_POINTS
