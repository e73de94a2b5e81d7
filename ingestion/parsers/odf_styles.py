"""What OpenDocument styles mean: heading levels, hidden text, the marks of lists, lengths."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ingestion.parsers.numerals import numeral


def _name(prefix: str) -> str:
    return f"{{urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0}}"


OFFICE, STYLE, TEXT, TABLE = _name("office"), _name("style"), _name("text"), _name("table")
DRAW, PRESENTATION, SVG, META = _name("drawing"), _name("presentation"), _name("svg-compatible"), _name("meta")
_FO = _name("xsl-fo-compatible")
_NUMERALS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(mm|cm|in|pt|pc|px)?")
_POINTS = {"mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72.0, "pc": 12.0, "px": 0.75}
_TINY_POINTS = 2.0
_MAX_PARENTS = 20
_MAX_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says, with what it inherits.

    Attributes:
        level: Outline level from 1, None for body text.
        is_title: It is the document's title.
        hidden: Its text cannot be seen: display none, too small, or in the colour of its own background.
        is_off: The sheet, slide, row or section in this style is not displayed.
        list_style: Name of the list style of its paragraphs.
    """

    level: int | None = None
    is_title: bool = False
    hidden: bool = False
    is_off: bool = False
    list_style: str = ""


class Styles:
    """The styles of a document, by family and name, and its list styles."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._raw: dict[tuple[str, str], Any] = {}
        self._known: dict[tuple[str, str], Style] = {}
        self._lists: dict[str, dict[int, Any]] = {}
        for root in roots:
            for style in root.iter(f"{STYLE}style"):
                self._raw[style.get(f"{STYLE}family", ""), style.get(f"{STYLE}name", "")] = style
            for definition in root.iter(f"{TEXT}list-style"):
                levels = {int(level.get(f"{TEXT}level", "1")): level for level in definition if _has_level(level)}
                self._lists[definition.get(f"{STYLE}name", "")] = levels

    def get(self, family: str, name: str | None) -> Style:
        """Return what a style says; an unknown one says nothing."""
        key = (family, name or "")
        if key not in self._known:
            self._known[key] = self._resolved(*key)
        return self._known[key]

    def label(self, list_style: str, depth: int, number: int) -> str:
        """Return what stands before an item: ``1.``, ``b)``; one hyphen per depth for bullets."""
        level = self._lists.get(list_style, {}).get(depth)
        if level is None or level.tag != f"{TEXT}list-level-style-number":
            return "-" * depth
        written = numeral(number, _NUMERALS.get(level.get(f"{STYLE}num-format", "1"), "decimal"))
        return f"{level.get(f'{STYLE}num-prefix', '')}{written}{level.get(f'{STYLE}num-suffix', '')}".strip()

    def first_number(self, list_style: str, depth: int) -> int:
        """Return the number that a list's first item has."""
        level = self._lists.get(list_style, {}).get(depth)
        return whole(level, f"{TEXT}start-value", 1) if level is not None else 1

    def _resolved(self, family: str, name: str) -> Style:
        line: list[Any] = []
        while (family, name) in self._raw and len(line) < _MAX_PARENTS:
            line.append(self._raw[family, name])
            name = line[-1].get(f"{STYLE}parent-style-name", "")
        style = Style()
        for element in reversed(line):
            style = _with(style, element)
        return style


def _with(style: Style, element: Any) -> Style:
    name = element.get(f"{STYLE}display-name") or element.get(f"{STYLE}name", "")
    level = whole(element, f"{STYLE}default-outline-level", 0)
    text = element.find(f"{STYLE}text-properties")
    others = [p for p in element if p.tag.endswith("-properties") and p is not text]
    off = any(
        p.get(f"{TABLE}display") == "false"
        or p.get(f"{TEXT}display") == "none"
        or p.get(f"{PRESENTATION}visibility") == "hidden"
        for p in others
    )
    return replace(
        style,
        level=min(level, _MAX_LEVEL) if level else style.level,
        is_title=style.is_title or name == "Title",
        hidden=_is_hidden(text, others) if text is not None else style.hidden,
        is_off=style.is_off or off,
        list_style=element.get(f"{STYLE}list-style-name") or style.list_style,
    )


def _is_hidden(text: Any, others: list[Any]) -> bool:
    if text.get(f"{TEXT}display") == "none":
        return True
    size = points(text.get(f"{_FO}font-size")) if "%" not in text.get(f"{_FO}font-size", "") else None
    if size is not None and size <= _TINY_POINTS:
        return True
    grounds = [p.get(f"{_FO}background-color") for p in (text, *others)]
    ground = next((g for g in grounds if g not in {None, "transparent"}), None)
    return ground is not None and text.get(f"{_FO}color", "").lower() == ground.lower()


def points(length: str | None) -> float | None:
    """Turn a length such as ``2.5cm`` into points; None if it is none."""
    match = _LENGTH.fullmatch(length or "")
    return float(match[1]) * _POINTS.get(match[2] or "pt", 1.0) if match else None


def whole(element: Any, name: str, default: int) -> int:
    """Return an attribute as a whole number, the default where it is missing or senseless."""
    value = element.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 8 else default


def _has_level(level: Any) -> bool:
    return level.get(f"{TEXT}level", "").isdecimal() and len(level.get(f"{TEXT}level")) < 3
