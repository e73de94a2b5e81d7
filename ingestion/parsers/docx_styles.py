"""What Word's paragraph styles and list definitions mean: heading levels, and the numbers shown before a paragraph."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ingestion.parsers.numerals import numeral

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading ([1-9])")
_CONTENTS = re.compile(r"toc \d|table of figures")
_LEVEL_IN_LABEL = re.compile(r"%([1-9])")
_MAX_LEVEL = 6
_TINY_HALF_POINTS = 4
_DEEPEST_LIST = 8
_WHITE = "FFFFFF"
_MAX_BASED_ON = 20


def is_on(switch: Any) -> bool:
    """Tell whether a true-or-false element such as ``w:vanish`` is on."""
    return switch.get(f"{W}val", "true") not in {"0", "false", "off"}


@dataclass(frozen=True, slots=True)
class Look:
    """What decides whether a run of characters can be seen.

    Attributes:
        vanishes: Word's own mark for hidden text.
        tiny: It is too small to be read.
        white: It is white; ``shaded``: what is behind it has a colour of its own.
    """

    vanishes: bool = False
    tiny: bool = False
    white: bool = False
    shaded: bool = False

    def hidden(self, *, on_white: bool) -> bool:
        """Tell whether the text cannot be seen, given whether it would stand on white."""
        return self.vanishes or self.tiny or (self.white and on_white and not self.shaded)

    def with_direct(self, properties: Any) -> "Look":
        """Return the look as changed by a ``w:rPr`` or ``w:pPr`` element, None for none."""
        if properties is None:
            return self
        changed = self
        for child in properties:
            if child.tag in _LOOKS:
                name, is_so = _LOOKS[child.tag]
                value = is_so(child)
                # Most runs repeat what their style says.
                changed = changed if getattr(changed, name) is value else replace(changed, **{name: value})
        return changed


def _colours(ground: Any) -> bool:
    """Tell whether an element for shading or highlighting puts a colour behind the text."""
    fill = ground.get(f"{W}fill") or ground.get(f"{W}val") or "auto"
    return fill.upper() not in {"AUTO", "NONE", "CLEAR", "WHITE", _WHITE} or ground.get(f"{W}themeFill") is not None


def _is_tiny(element: Any) -> bool:
    half_points = element.get(f"{W}val", "")
    return half_points.isdecimal() and 0 < int(half_points) <= _TINY_HALF_POINTS


_LOOKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    f"{W}vanish": ("vanishes", is_on),
    f"{W}sz": ("tiny", _is_tiny),
    f"{W}color": ("white", lambda colour: str(colour.get(f"{W}val", "")).upper() == _WHITE),
    f"{W}shd": ("shaded", _colours),
    f"{W}highlight": ("shaded", _colours),
}


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph style, and the paragraph's own properties over it, say about a paragraph.

    Attributes:
        level: Heading level from 1, None for body text.
        number_id: The list it belongs to, None for none.
        list_level: Depth in that list, from 0.
        look: How its characters look.
        is_contents: It is a line of a table of contents, whose words are the headings' again.
    """

    level: int | None = None
    number_id: str | None = None
    list_level: int = 0
    look: Look = Look()
    is_title: bool = False
    is_contents: bool = False

    def with_direct(self, properties: Any) -> "Style":
        """Return the style as changed by a ``w:pPr`` element."""
        look = self.look.with_direct(properties)
        changed = self if look is self.look else replace(self, look=look)
        level = _value(properties, "outlineLvl")
        if level is not None and level.isdecimal() and len(level) < 6:
            # 9 is body text.
            changed = replace(changed, level=min(int(level) + 1, _MAX_LEVEL) if int(level) < 9 else None)
        number = properties.find(f"{W}numPr")
        if number is not None:
            number_id = _value(number, "numId") or changed.number_id
            depth = _value(number, "ilvl")
            changed = replace(
                changed,
                number_id=None if number_id == "0" else number_id,
                list_level=_depth(depth, changed.list_level),
            )
        return changed


def read_styles(part: Any) -> dict[str, Style]:
    """Read ``styles.xml``.

    Returns:
        Style per style id; the default paragraph style also under an empty id.
    """
    if part is None:
        return {}
    raw = {style.get(f"{W}styleId", ""): style for style in part.iterfind(f"{W}style")}
    styles = {name: _resolve(name, raw) for name in raw}
    for name, style in raw.items():
        if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in {"1", "true"}:
            styles[""] = styles[name]
    return styles


def _resolve(style_id: str, raw: dict[str, Any]) -> Style:
    line: list[Any] = []
    current: str | None = style_id
    while current is not None and current in raw and len(line) < _MAX_BASED_ON:
        line.append(raw[current])
        current = _value(raw[current], "basedOn")
    style = Style()
    for element in reversed(line):
        properties = element.find(f"{W}pPr")
        if properties is not None:
            style = style.with_direct(properties)
        style = replace(style, look=style.look.with_direct(element.find(f"{W}rPr")))
        style = _named(style, (_value(element, "name") or "").lower())
    return style


def _named(style: Style, name: str) -> Style:
    heading = _HEADING.match(name)
    if heading:
        return replace(style, level=min(int(heading[1]), _MAX_LEVEL))
    if name == "title":
        return replace(style, level=1, is_title=True)
    if _CONTENTS.match(name):
        return replace(style, is_contents=True, level=None)
    return style


def _value(parent: Any, name: str) -> str | None:
    child = parent.find(f"{W}{name}")
    return child.get(f"{W}val") if child is not None else None


def _depth(value: str | None, default: int) -> int:
    return min(int(value), _DEEPEST_LIST) if value is not None and value.isdecimal() and len(value) < 6 else default


class Numbering:
    """Counts list paragraphs the way Word does and tells the label in front of each."""

    def __init__(self, part: Any) -> None:
        self._abstract: dict[str, str] = {}  # list id -> definition id
        self._levels: dict[str, dict[int, tuple[int, str, str]]] = {}  # definition -> level -> start, format, label
        self._counts: dict[str, dict[int, int]] = {}
        if part is None:
            return
        for definition in part.iterfind(f"{W}abstractNum"):
            key = definition.get(f"{W}abstractNumId", "")
            self._levels[key] = dict(_level(level) for level in definition.iterfind(f"{W}lvl"))
        for number in part.iterfind(f"{W}num"):
            own = number.get(f"{W}numId", "")
            key = _value(number, "abstractNumId") or ""
            restarts = number.find(f"{W}lvlOverride/{W}startOverride") is not None
            if restarts:
                # A list that starts anew counts for itself; others that share a definition count on.
                self._levels[f"own {own}"] = self._levels.get(key, {})
            self._abstract[own] = f"own {own}" if restarts else key

    def label(self, style: Style) -> str:
        """Count one paragraph of a style.

        Returns:
            ``1.``, ``(a)``, ``2.1``; for bullets one hyphen per depth; empty for a paragraph outside lists.
        """
        if style.number_id is None:
            return ""
        key = self._abstract.get(style.number_id, "")
        levels = self._levels.get(key, {})
        depth = style.list_level
        start, kind, label = levels.get(depth, (1, "bullet", ""))
        counts = self._counts.setdefault(key, {})
        counts[depth] = counts.get(depth, start - 1) + 1
        for deeper in [level for level in counts if level > depth]:
            del counts[deeper]
        if kind == "bullet":
            return "-" * (depth + 1)
        if kind == "none":
            return ""

        def shown(match: re.Match[str]) -> str:
            level = int(match[1]) - 1
            first, number_format, _ = levels.get(level, (1, "decimal", ""))
            return numeral(counts.get(level, first), number_format)

        return _LEVEL_IN_LABEL.sub(shown, label).strip()


def _level(element: Any) -> tuple[int, tuple[int, str, str]]:
    depth = element.get(f"{W}ilvl", "0")
    start = _value(element, "start") or "1"
    return (
        _depth(depth, 0),
        (
            int(start) if start.isdecimal() and len(start) < 8 else 1,
            _value(element, "numFmt") or "decimal",
            _value(element, "lvlText") or "",
        ),
    )
