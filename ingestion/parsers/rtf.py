"""RTF -> Elements: headings, lists, tables, notes; text in any code page; HTML that a mail program wrapped in RTF.

Left out: pictures, field codes, deleted text, comments, tables of contents. Hidden text is marked.
"""

from dataclasses import dataclass, field, replace

from ingestion.parsers.clean import fold, fold_lines
from ingestion.parsers.html import html_elements
from ingestion.parsers.rtf_state import PROPERTIES, Definitions, State, target_of
from ingestion.parsers.rtf_table import RowReader
from ingestion.parsers.rtf_tokens import CHARACTERS, SYMBOLS, Token, joined, tokens
from ingestion.types import Element, SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

_MAX_DEPTH = 5_000
_ENDS = frozenset({"par", "sect", "page", "column"})


@dataclass(slots=True)
class _Sink:
    """Text on its way into a paragraph."""

    pieces: list[tuple[str, bool]] = field(default_factory=list)

    def taken(self) -> tuple[str, str]:
        parts = tuple(fold_lines(joined("".join(t for t, h in self.pieces if h is which))) for which in (False, True))
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
        self._state = State()
        self._stack: list[State] = []
        self._sinks = {name: _Sink() for name in ("body", "label", "note", "margin", "title", "html")}
        self._raw: list[str] = []  # bytes that wait for their code page
        self._skip = 0  # characters still to skip after a \u
        self._starred = False
        self._defined = Definitions()
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
        before, self._state = self._state, self._stack.pop() if self._stack else State()
        if before.target != self._state.target:
            self._leave(before)

    def _leave(self, before: State) -> None:
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
            self._defined.text(text, self._state)
        elif text and target != "skip":
            self._raw.append(text)

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
        elif word in PROPERTIES:
            self._flush()
            self._state = PROPERTIES[word](self._state, number)
        else:
            self._flush()
            self._other(word, number)

    def _enters(self, word: str, *, starred: bool) -> bool:
        """Take the word that says what a group is for."""
        if self._state.target == "skip":
            return True
        target = target_of(word, starred=starred)
        if target is None:
            return False
        self._flush()
        self._state = replace(self._state, target=target)
        return True

    def _other(self, word: str, number: int | None) -> None:
        if word == "rtf":
            self.is_rtf = True
        elif word == "fromhtml":
            self._from_html = True
        elif self._defined.word(word, number, self._state):
            pass
        elif word in {"nestcell", "nestrow"}:
            self._say(" ")
        elif self._state.target == "body" and word == "cell":
            self._cell()
        elif self._state.target == "body" and word == "row":
            self._table.row()
        elif self._state.target == "body":
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
            codec = self._defined.codec(self._state.font)
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
        white = state.colour in self._defined.whites and not (state.shaded or state.in_table)
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
        level, is_contents = self._defined.styles.get(state.style, (None, False))
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
