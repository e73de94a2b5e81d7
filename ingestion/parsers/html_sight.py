"""Can a reader see this text? Followed down the tree of a page, the way a browser would decide it."""

import re
from dataclasses import dataclass, replace
from typing import Any

from ingestion.parsers.css import StyleSheet

Colour = tuple[int, int, int]

_LENGTH = re.compile(r"(-?\d*\.?\d+)(px|pt|em|rem|%|ex|vw|vh)?")
_FAR = re.compile(r"-\d{4,}(?:\.\d+)?(?:px|pt)?|-\d{3,}(?:\.\d+)?r?em|-[1-9]\d{3,}%")
_MOVED = re.compile(r"translate[xy]?\(\s*-\d{4,}|scale\(\s*0\s*\)|translate[xy]?\(\s*-\d{3,}r?em")
_CLIPPED = re.compile(
    r"rect\(\s*(?:0(?:px)?|1px)[\s,]+(?:0(?:px)?|1px)[\s,]+(?:0(?:px)?|1px)[\s,]+|inset\(\s*(?:50|100)%"
)
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})(?![\w])")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?:[,/]\s*([\d.]+%?)\s*)?\)")
_NAMED: dict[str, Colour] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
}
_WHITE: Colour = (255, 255, 255)
_SAME_WITHIN = 10  # of 255 in each channel: what no eye tells apart
_TINY_POINTS = {"px": 1.9, "pt": 1.5, "": 0.0}
_TINY_SHARE = {"em": 0.15, "rem": 0.1, "ex": 0.2, "%": 15.0}


@dataclass(frozen=True, slots=True)
class Sight:
    """How text is seen at one point of a page.

    Attributes:
        gone: It and everything inside is not drawn, whatever is inside.
        invisible: ``visibility`` hides it; something inside may show itself again. ``tiny``: likewise by font size.
        colour: Colour of the text, None if unknown; ``ground``: that of what is behind it.
    """

    gone: bool = False
    invisible: bool = False
    tiny: bool = False
    colour: Colour | None = None
    ground: Colour | None = None

    @property
    def hidden(self) -> bool:
        """Whether nobody sees it."""
        return self.gone or self.invisible or self.tiny or self._blends

    @property
    def _blends(self) -> bool:
        if self.colour is None or self.ground is None:
            return False
        return all(abs(a - b) <= _SAME_WITHIN for a, b in zip(self.colour, self.ground, strict=True))


class Viewer:
    """Follows what a page's styles do to the visibility of its text."""

    def __init__(self, root: Any) -> None:
        self._sheet = StyleSheet(style.text or "" for style in root.iter("style"))
        linked = any("stylesheet" in link.get("rel", "").lower() for link in root.iter("link"))
        # A page is white unless a style that we do not know says otherwise.
        self.start = Sight(ground=_WHITE if self._sheet.is_whole and not linked else None)

    def look(self, outer: Sight, element: Any) -> Sight:
        """Say how an element's text is seen, given how that around the element is."""
        if outer.gone:
            return outer
        if element.get("hidden") is not None:
            return replace(outer, gone=True)
        style = self._sheet.of(element)
        for name, attribute in (("background-color", "bgcolor"), ("color", "color")):
            if attribute in element.attrib and name not in style and "background" not in style:
                style[name] = element.get(attribute).strip().lower()
        return _changed(outer, style) if style else outer


def _changed(outer: Sight, style: dict[str, str]) -> Sight:
    if _is_gone(style):
        return replace(outer, gone=True)
    visibility = style.get("visibility")
    invisible = outer.invisible if visibility is None else visibility in {"hidden", "collapse"}
    colour, ground = outer.colour, _ground(outer.ground, style)
    if "color" in style:
        if _is_transparent(style["color"]):
            return replace(outer, gone=True)
        colour = _colour(style["color"])
    return Sight(invisible=invisible, tiny=_is_tiny(outer.tiny, style), colour=colour, ground=ground)


def _is_gone(style: dict[str, str]) -> bool:
    if style.get("display") == "none" or style.get("mso-hide") == "all":
        return True
    opacity = _LENGTH.fullmatch(style.get("opacity", ""))
    if opacity is not None and float(opacity[1]) <= 0.01:
        return True
    if any(_FAR.fullmatch(style.get(name, "")) for name in ("left", "top", "text-indent", "margin-left")):
        return True
    if _MOVED.search(style.get("transform", "")) or _CLIPPED.match(style.get("clip", "") or style.get("clip-path", "")):
        return True
    sizes = (_LENGTH.fullmatch(style.get(name, "")) for name in ("height", "max-height", "width", "max-width"))
    return style.get("overflow") == "hidden" and any(s is not None and float(s[1]) == 0 for s in sizes)


def _is_tiny(outer: bool, style: dict[str, str]) -> bool:
    size = _LENGTH.match(style.get("font-size", "") or style.get("font", "").replace("normal ", ""))
    if size is None:
        return outer
    number, unit = float(size[1]), size[2] or ""
    if unit in _TINY_POINTS:
        return number <= _TINY_POINTS[unit]
    # A share of nothing is nothing, except of the root's size.
    return number <= _TINY_SHARE.get(unit, 0.0) or (outer and unit in {"em", "%", "ex"})


def _ground(outer: Colour | None, style: dict[str, str]) -> Colour | None:
    value = style.get("background-color") or style.get("background")
    if value is None or value in {"", "none", "inherit", "transparent", "initial"} or _is_transparent(value):
        return outer
    return None if "url(" in value or "gradient" in value else _colour(value)


def _colour(value: str) -> Colour | None:
    found = _HEX.search(value)
    if found:
        digits = found[0][1:]
        digits = "".join(d * 2 for d in digits) if len(digits) < 6 else digits
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    rgb = _RGB.search(value)
    if rgb:
        return int(rgb[1]), int(rgb[2]), int(rgb[3])
    return next((_NAMED[word] for word in value.split() if word in _NAMED), None)


def _is_transparent(value: str) -> bool:
    rgb = _RGB.search(value)
    if rgb and rgb[4]:
        return float(rgb[4].rstrip("%")) == 0 if re.fullmatch(r"\d+(?:\.\d*)?%?|\.\d+%?", rgb[4]) else False
    return value.strip() == "transparent"
