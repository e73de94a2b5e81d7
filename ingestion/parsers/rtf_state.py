"""What holds at a point of an RTF file, which words change it, and what the file defines at its beginning."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ingestion.parsers.clean import fold
from ingestion.parsers.rtf_tokens import charset_codec, code_page

_TINY_HALF_POINTS = 4
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_NAME = re.compile(r"\w+")
_SKIPPED = frozenset(
    _NAME.findall("""
    pict objdata fldinst themedata colorschememapping datastore xmlnstbl rsidtbl revtbl listtable listoverridetable
    filetbl generator private xe tc tcn bkmkstart bkmkend nonshppict annotation atnid atnauthor atndate atnref atrfstart
    atrfend ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn nonesttables pn listname template author operator keywords
    comment doccomm subject company manager category hlinkbase userprops upr sp background latentstyles pgdsctbl
    """)
)
_MARGINS = frozenset({"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"})
# Starred groups may be skipped by who does not know them; these are known.
_KNOWN_STARRED = frozenset({"shpinst", "shptxt", "htmltag", "footnote", "ud"})


@dataclass(frozen=True, slots=True)
class State:
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


def _changed(state: State, name: str, value: Any) -> State:
    return replace(state, **{name: value})


def _on(name: str) -> Callable[[State, int | None], State]:
    return lambda state, number: _changed(state, name, number != 0)


def _is(name: str) -> Callable[[State, int | None], State]:
    return lambda state, number: _changed(state, name, number or 0)


PROPERTIES: dict[str, Callable[[State, int | None], State]] = {
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
"""Control word -> what it changes, given its number."""


def target_of(word: str, *, starred: bool) -> str | None:
    """Return what a group is for, given the word it begins with; None for a word that does not say."""
    if word in _SKIPPED or (starred and word not in _TARGETS and word not in _KNOWN_STARRED):
        return "skip"
    return "margin" if word in _MARGINS else _TARGETS.get(word)


class Definitions:
    """Code page, fonts, styles and colours of a file.

    Attributes:
        styles: Style number -> heading level, and whether it is for lines of a table of contents.
        whites: Numbers of white colours.
    """

    def __init__(self) -> None:
        self.styles: dict[int, tuple[int | None, bool]] = {}
        self.whites: set[int] = set()
        self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._entry: list[str] = []
        self._colour: dict[str, int] = {}
        self._colours = 0

    def codec(self, font: int) -> str:
        """Return how bytes in a font are decoded."""
        return self._fonts.get(font, self._codec)

    def word(self, word: str, number: int | None, state: State) -> bool:
        """Take a control word; False if it defines nothing."""
        if word in {"ansicpg", "mac", "pc", "pca"}:
            page = {"mac": 10_000, "pc": 437, "pca": 850}.get(word, number or 1252)
            self._codec = code_page(page) or self._codec
        elif word in {"fcharset", "cpg"} and state.target == "fonts" and number is not None:
            codec = charset_codec(number) if word == "fcharset" else code_page(number)
            self._fonts |= {state.font: codec} if codec else {}
        elif word in {"red", "green", "blue"} and state.target == "colours":
            self._colour[word] = number or 0
        else:
            return False
        return True

    def text(self, text: str, state: State) -> None:
        """Take text between definitions; a semicolon ends one."""
        for part in re.findall(r"[^;]+|;", text):
            if part != ";":
                self._entry.append(part)
                continue
            name = fold("".join(self._entry)).lower()
            self._entry.clear()
            if state.target == "styles":
                heading = _HEADING.match(name)
                level = int(heading[1]) if heading else 1 if name == "title" else state.level
                self.styles[state.style] = (level, name.startswith("toc "))
            elif state.target == "colours":
                if [self._colour.get(c) for c in ("red", "green", "blue")] == [255, 255, 255]:
                    self.whites.add(self._colours)
                self._colour.clear()
                self._colours += 1
