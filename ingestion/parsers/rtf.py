"""RTF -> Elements: headings, lists, tables, notes; text in any code page; HTML that a mail program wrapped in RTF.

Left out: pictures, field codes, deleted text, comments, tables of contents. Hidden text is marked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ingestion.parsers.clean import fold
from ingestion.parsers.html import html_elements
from ingestion.parsers.rtf_table import RowReader
from ingestion.parsers.rtf_tokens import CHARACTERS, SYMBOLS, Token, charset_codec, code_page, joined, tokens
from ingestion.types import Element, SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

_MAX_DEPTH = 5_000
_TINY_HALF_POINTS = 4
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_SKIPPED = frozenset([
    "pict",
    "objdata",
    "fldinst",
    "themedata",
    "colorschememapping",
    "datastore",
    "xmlnstbl",
    "rsidtbl",
    "revtbl",
    "listtable",
    "listoverridetable",
    "filetbl",
    "generator",
    "private",
    "xe",
    "tc",
    "tcn",
    "bkmkstart",
    "bkmkend",
    "nonshppict",
    "annotation",
    "atnid",
    "atnauthor",
    "atndate",
    "atnref",
    "atrfstart",
    "atrfend",
    "ftnsep",
    "ftnsepc",
    "ftncn",
    "aftnsep",
    "aftnsepc",
    "aftncn",
    "nonesttables",
    "pn",
    "listname",
    "template",
    "author",
    "operator",
    "keywords",
    "comment",
    "doccomm",
    "subject",
    "company",
    "manager",
    "category",
    "hlinkbase",
    "userprops",
    "upr",
    "sp",
    "background",
    "latentstyles",
    "pgdsctbl",
])
_MARGINS = frozenset(["header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"])
# Starred groups may be skipped by who does not know them; these are known.
_KNOWN_STARRED = frozenset(["shpinst", "shptxt", "htmltag", "footnote", "ud"])
_ENDS = frozenset({"par", "sect", "page", "column"})


@dataclass(frozen=True, slots=True)
class _State:
    """What holds at one point; a group restores what held before it."""

    target: str = "body"  # body, skip, fonts, styles, colours, title, label, note, margin, html
    font: int = 0
    fallback: int = 1  # characters that stand after a \u for old programs
    hidden: bool = False
    tiny: bool = False
    colour: int = 0
    shaded: bool = False
    deleted: bool = False
    rtf_only: bool = False
    style: int = 0
    level: int | None = None
    in_table: bool = False


@dataclass(slots=True)
class _Sink:
    """Text on its way into a paragraph."""

    pieces: list[tuple[str, bool]] = field(default_factory=list)

    def taken(self) -> tuple[str, str]:
        parts = tuple(_lines(joined("".join(t for t, h in self.pieces if h is which))) for which in (False, True))
        self.pieces.clear()
        return parts[0], parts[1]


def parse_rtf(source: SourceFile) -> tuple[str, list[Element]]:
    """Read an RTF file.

    Returns:
        Its title, or an empty string, and its elements.
    """
    return rtf_elements(source.path.read_bytes())


def rtf_elements(data: bytes) -> tuple[str, list[Element]]:
    """Read RTF.

    Returns:
        Its title, or an empty string, and its elements.

    Raises:
        UnreadableError: It is damaged.
        ResourceLimitError: It is nested too deeply.
    """
    reader = _Reader()
    for token in tokens(data):
        reader.take(token)
    if not reader.is_rtf:
        raise UnreadableError("is damaged: it does not begin as RTF does")
    return reader.end()


class _Reader:
    """One pass over the tokens."""

    def __init__(self) -> None:
        self._state = _State()
        self._stack: list[_State] = []
        self._sinks = {name: _Sink() for name in ("body", "label", "note", "margin", "title", "html")}
        self._raw: list[str] = []  # bytes that wait for their code page
        self._skip = 0  # characters still to skip after a \u
        self._starred = False
        self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._styles: dict[int, tuple[int | None, bool]] = {}  # number -> heading level, is table of contents
        self._whites: set[int] = set()
        self._defined: list[str] = []  # text of a font's, style's or colour's entry
        self._colour: dict[str, int] = {}
        self._colours = 0
        self._table = RowReader()
        self._notes: list[str] = []
        self._margins: list[str] = []
        self._number = 0
        self._from_html = False
        self.is_rtf = False
        self._elements: list[Element] = []

    def take(self, token: Token) -> None:
        if token.kind == "brace":
            self._brace(opens=token.text == "{")
        elif token.kind == "text":
            self._text(token.text)
        elif token.kind == "symbol":
            self._symbol(token.text)
        else:
            self._word(token.text, token.number)

    def end(self) -> tuple[str, list[Element]]:
        self._flush()
        title = self._sinks["title"].taken()[0]
        if self._from_html:
            return html_elements("".join(text for text, _ in self._sinks["html"].pieces), is_page=False)
        self._paragraph()
        self._end_table()
        margins = dict.fromkeys(text for text in self._margins if any(c.isalpha() for c in text))
        self._elements.extend(Element("paragraph", text, place="page margin") for text in margins)
        return title, self._elements

    def _brace(self, *, opens: bool) -> None:
        self._flush()
        self._starred = False
        self._skip = 0
        if opens:
            if len(self._stack) >= _MAX_DEPTH:
                raise ResourceLimitError("is nested too deeply")
            self._stack.append(self._state)
            return
        before, self._state = self._state, self._stack.pop() if self._stack else _State()
        if before.target != self._state.target:
            self._leave(before)

    def _leave(self, before: _State) -> None:
        """Take down what a group was for when it ends."""
        if before.target == "note":
            self._notes.append(fold(self._sinks["note"].taken()[0]))
        elif before.target == "margin":
            self._margins.append(fold(self._sinks["margin"].taken()[0]))

    def _text(self, text: str) -> None:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        text = text[skipped:]
        target = self._state.target
        if target in {"fonts", "styles", "colours"}:
            for part in re.findall(r"[^;]+|;", text):
                self._define(part)
        elif text and target != "skip":
            self._raw.append(text)

    def _define(self, part: str) -> None:
        if part != ";":
            self._defined.append(part)
            return
        name = fold("".join(self._defined))
        self._defined.clear()
        state = self._state
        if state.target == "styles":
            heading = _HEADING.match(name)
            level = int(heading[1]) if heading else 1 if name.lower() == "title" else state.level
            self._styles[state.style] = (level, name.lower().startswith("toc "))
        elif state.target == "colours":
            if [self._colour.get(c) for c in ("red", "green", "blue")] == [255, 255, 255]:
                self._whites.add(self._colours)
            self._colour.clear()
            self._colours += 1

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._starred = True
        elif self._skip:
            self._skip -= 1
        elif symbol in SYMBOLS:
            self._say(SYMBOLS[symbol])
        elif symbol in "\r\n":
            self._word("par", None)

    def _word(self, word: str, number: int | None) -> None:
        starred, self._starred = self._starred, False
        if word == "u" and number is not None:
            self._say(chr(number % 65_536))
            self._skip = self._state.fallback
        elif word in CHARACTERS:
            self._say(CHARACTERS[word])
        elif self._enters(word, starred=starred):
            pass
        elif word in _ENDS:
            if self._state.target in {"body", "html"}:
                self._paragraph()
            else:
                self._say("\n")
        elif word in _PROPERTIES:
            self._flush()
            self._state = _PROPERTIES[word](self._state, number)
        else:
            self._flush()
            self._other(word, number)

    def _enters(self, word: str, *, starred: bool) -> bool:
        """Take the word that says what a group is for."""
        if self._state.target == "skip":
            return True
        target = _TARGETS.get(word)
        if word in _SKIPPED or (starred and target is None and word not in _KNOWN_STARRED):
            target = "skip"
        elif word in _MARGINS:
            target = "margin"
        if target is None:
            return False
        self._flush()
        self._state = replace(self._state, target=target)
        return True

    def _other(self, word: str, number: int | None) -> None:
        state = self._state
        if word == "rtf":
            self.is_rtf = True
        elif word == "fromhtml":
            self._from_html = True
        elif word in {"ansicpg", "mac", "pc", "pca"}:
            page = {"mac": 10_000, "pc": 437, "pca": 850}.get(word, number or 1252)
            self._codec = code_page(page) or self._codec
        elif word in {"fcharset", "cpg"} and state.target == "fonts" and number is not None:
            codec = charset_codec(number) if word == "fcharset" else code_page(number)
            self._fonts |= {state.font: codec} if codec else {}
        elif word in {"red", "green", "blue"}:
            self._colour[word] = number or 0
        elif word in {"cell", "row"} and state.target == "body":
            self._cell() if word == "cell" else self._table.row()
        elif word in {"nestcell", "nestrow"}:
            self._say(" ")
        elif state.target == "body":
            self._table.define(word, number)

    def _cell(self) -> None:
        shown, unseen = self._sinks["body"].taken()
        self._table.cell(fold(shown))
        if unseen:
            self._elements.append(Element("paragraph", unseen, place=self._place, hidden=True))

    def _say(self, text: str) -> None:
        self._flush()
        self._put(text)

    def _flush(self) -> None:
        if self._raw:
            codec = self._fonts.get(self._state.font, self._codec)
            data = "".join(self._raw).encode("latin-1", "replace")
            self._raw.clear()
            self._put(data.decode(codec, "replace"))

    def _put(self, text: str) -> None:
        state = self._state
        if state.deleted or state.target not in self._sinks:
            return
        if self._from_html:
            if state.target == "html" or not state.rtf_only:
                self._sinks["html"].pieces.append((text, False))
            return
        white = state.colour in self._whites and not (state.shaded or state.in_table)
        self._sinks[state.target].pieces.append((text, state.hidden or state.tiny or white))

    def _paragraph(self) -> None:
        self._flush()
        if self._from_html:
            if not self._state.rtf_only:
                self._put("\r\n")
            return
        state = self._state
        if state.in_table:
            self._put("\n")
            return
        self._end_table()
        self._number += 1
        shown, unseen = self._sinks["body"].taken()
        label = fold(self._sinks["label"].taken()[0])
        level, is_contents = self._styles.get(state.style, (None, False))
        level = state.level if state.level is not None else level
        if shown and level is not None:
            self._add(Element("heading", fold(f"{label} {shown}"), level=min(level, 6), place=self._place))
        elif shown and not is_contents:
            label = "-" if label and not any(c.isalnum() for c in label) else label
            self._add(Element("list_item" if label else "paragraph", f"{label} {shown}".strip(), place=self._place))
        if unseen:
            self._add(Element("paragraph", unseen, place=self._place, hidden=True))
        notes, self._notes = self._notes, []
        for note in notes:
            self._add(Element("paragraph", f"Note: {note}", place=self._place))

    def _end_table(self) -> None:
        element = self._table.taken()
        if element is not None:
            self._number += 1
            self._add(replace(element, place=self._place))

    def _add(self, element: Element) -> None:
        self._elements.append(element)

    @property
    def _place(self) -> str:
        return f"paragraph {self._number}"


_TARGETS = {
    "fonttbl": "fonts",
    "stylesheet": "styles",
    "colortbl": "colours",
    "title": "title",
    "info": "skip_info",
    "listtext": "label",
    "pntext": "label",
    "footnote": "note",
    "htmltag": "html",
}


def _on(name: str) -> Callable[[_State, int | None], _State]:
    return lambda state, number: replace(state, **{name: number != 0})


def _is(name: str) -> Callable[[_State, int | None], _State]:
    return lambda state, number: replace(state, **{name: number or 0})


_PROPERTIES: dict[str, Callable[[_State, int | None], _State]] = {
    "f": _is("font"),
    "uc": lambda state, number: replace(state, fallback=min(max(number if number is not None else 1, 0), 10)),
    "v": _on("hidden"),
    "deleted": _on("deleted"),
    "htmlrtf": _on("rtf_only"),
    "fs": lambda state, number: replace(state, tiny=number is not None and 0 <= number <= _TINY_HALF_POINTS),
    "cf": _is("colour"),
    **dict.fromkeys(("cb", "highlight", "chcbpat", "cbpat", "chshdng", "shading"), _on("shaded")),
    "s": _is("style"),
    "outlinelevel": lambda state, number: replace(state, level=(number or 0) + 1 if (number or 0) < 9 else None),
    "intbl": _on("in_table"),
    "pard": lambda state, _: replace(state, style=0, level=None, in_table=False, shaded=False),
    "plain": lambda state, _: replace(state, font=0, hidden=False, tiny=False, colour=0, deleted=False),
}


def _lines(text: str) -> str:
    return "\n".join(line for line in (fold(line) for line in text.split("\n")) if line)
