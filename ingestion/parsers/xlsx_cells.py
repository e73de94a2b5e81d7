"""How Excel shows the value of a cell: number formats, dates, and styles that hide it."""

import datetime
import re
from dataclasses import dataclass
from typing import Any

_BUILT_IN_PERCENT = frozenset({9, 10})
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)])
# Quoted words, escaped characters, padding, and colours and conditions in brackets; elapsed hours in brackets stay.
_NOT_CODE = re.compile(r'"[^"]*"|\\.|[_*].|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DATE_CODE = re.compile(r"[ymdhs]|am/pm|general[ymd]", re.IGNORECASE)
_HIDES = re.compile(r"\s*;\s*;\s*;?\s*")
_EPOCH = datetime.datetime(1899, 12, 30)
_DAYS_1904 = 1462
_LEAP_DAY_1900 = 60  # Excel counts a day that never was
_WHITE = "FFFFFF"


@dataclass(frozen=True, slots=True)
class CellStyle:
    """What a style does to a cell: how its number is shown, and whether it is.

    Attributes:
        kind: ``number``, ``percent`` or ``date``.
        hides: The format shows nothing.
        is_white: The text is white and so is the cell, unless a table or a condition colours it.
    """

    kind: str = "number"
    hides: bool = False
    is_white: bool = False


def cell_styles(root: Any) -> list[CellStyle]:
    """Read ``styles.xml``.

    Returns:
        The styles in the order in which cells refer to them.
    """
    if root is None:
        return []
    codes = {f.get("numFmtId"): f.get("formatCode", "") for f in root.iterfind("{*}numFmts/{*}numFmt")}
    fonts = [_is_white_font(font) for font in root.iterfind("{*}fonts/{*}font")]
    fills = [_is_empty_fill(fill) for fill in root.iterfind("{*}fills/{*}fill")]
    return [
        CellStyle(
            _kind(xf.get("numFmtId", "0"), codes.get(xf.get("numFmtId"), "")),
            bool(_HIDES.fullmatch(codes.get(xf.get("numFmtId"), ""))),
            _at(fonts, xf.get("fontId")) and _at(fills, xf.get("fillId", "0")),
        )
        for xf in root.iterfind("{*}cellXfs/{*}xf")
    ]


def style_of_format(number: int, code: str) -> CellStyle:
    """Return what a number format does, given its number and its code."""
    return CellStyle(_kind(str(number), code), bool(_HIDES.fullmatch(code)))


def shown_number(text: str, style: CellStyle, *, is_1904: bool) -> str:
    """Write a number the way a reader of the sheet understands it.

    Returns:
        The number with at most twelve digits; with a percent sign; or as a date, a time or both.
    """
    if style.kind == "number" and text.isdecimal() and len(text) < 12:
        return text.lstrip("0") or "0"
    try:
        value = float(text)
    except ValueError:
        return text
    if style.kind == "date" and 0 <= value < 2_958_466:
        return _shown_date(value, is_1904=is_1904)
    return number_text(value * 100) + "%" if style.kind == "percent" else number_text(value)


def number_text(value: float) -> str:
    """Write a number without the noise of binary fractions; whole numbers without a point."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.12g}"


def moment_text(value: datetime.datetime) -> str:
    """Write a date, and its time if it has one."""
    return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")


def _shown_date(value: float, *, is_1904: bool) -> str:
    if is_1904:
        value += _DAYS_1904
    elif value < _LEAP_DAY_1900:
        value += 1
    when = _EPOCH + datetime.timedelta(seconds=round(value * 86_400))
    if value < 1 + (not is_1904):
        return when.time().isoformat("minutes")
    return moment_text(when)


def _kind(number: str, code: str) -> str:
    code = _NOT_CODE.sub("", code)
    if "%" in code or (number.isdecimal() and int(number) in _BUILT_IN_PERCENT):
        return "percent"
    is_date = _DATE_CODE.search(code) and "general" not in code.lower()
    return "date" if is_date or (number.isdecimal() and int(number) in _BUILT_IN_DATES and not code) else "number"


def _is_white_font(font: Any) -> bool:
    colour = font.find("{*}color")
    return colour is not None and (colour.get("rgb", "")[-6:].upper() == _WHITE or colour.get("theme") == "0")


def _is_empty_fill(fill: Any) -> bool:
    pattern = fill.find("{*}patternFill")
    return pattern is not None and pattern.get("patternType", "none") == "none"


def _at(flags: list[bool], index: str | None) -> bool:
    return flags[int(index)] if index and index.isdecimal() and int(index) < len(flags) else False
