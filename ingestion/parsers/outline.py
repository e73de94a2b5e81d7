"""reStructuredText and Org -> Elements: their headings, tables and text, without marks and comments."""

import re
from collections.abc import Iterator

from ingestion.parsers.clean import clean, fold
from ingestion.parsers.decode import decode
from ingestion.parsers.tables import plain_cells, table_element
from ingestion.parsers.text import text_elements
from ingestion.types import Element, SourceFile

_ORG_HEADING = re.compile(r"(\*+)[ \t]+(?:(?:TODO|DONE)[ \t]+)?(.*?)(?:[ \t]+:[\w@:]+:)?[ \t]*")
_ORG_KEYWORD = re.compile(r"#\+(\w+):?[ \t]*(.*)", re.IGNORECASE)
_ORG_DRAWER = re.compile(r"[ \t]*:(?:PROPERTIES|LOGBOOK):[ \t]*", re.IGNORECASE)
_ORG_LINK = re.compile(r"\[\[(?:[^\]]*\]\[)?([^\]]+)\]\]")
_ORG_MARK = re.compile(r"(?<!\w)([*/=~+])(?=\S)([^\n*/=~+]*?\S)\1(?!\w)")
_RST_LINE = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*")
_RST_DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+(?:\|[^|]*\|[ \t]+)?([\w:-]+)::[ \t]*(.*)")
_RST_NOTE = re.compile(r"[ \t]*\.\.[ \t]+\[([^\]]+)\][ \t]+(.*)")
_RST_OPTION = re.compile(r"[ \t]+:[\w-]+:.*")
_RST_LINK = re.compile(r"`([^`<]*?)[ \t]*<[^`>]*>`__?")
_RST_ROLE = re.compile(r"(?::[\w:-]+:)?`([^`]+)`_{0,2}")
_RST_STRONG = re.compile(r"(?<![\w*])\*{1,2}(?=\S)([^*\n]*?\S)\*{1,2}(?![\w*])")
_WITHOUT_TEXT = frozenset({"image", "figure", "toctree", "contents", "raw", "include", "highlight", "meta", "sectnum"})
_MAX_LEVEL = 6


def parse_org(source: SourceFile) -> tuple[str, list[Element]]:
    """Read an Org file.

    Returns:
        Its ``#+TITLE``, or an empty string, and its elements.
    """
    title = ""
    found: list[Element] = []
    text: list[tuple[int, str]] = []
    in_drawer = False
    for number, line in enumerate(clean(decode(source.path.read_bytes())).split("\n"), 1):
        heading, keyword = _ORG_HEADING.fullmatch(line), _ORG_KEYWORD.fullmatch(line.strip())
        if in_drawer or _ORG_DRAWER.fullmatch(line):
            in_drawer = line.strip().upper() != ":END:"
            text.append((number, ""))
        elif heading and heading[2]:
            found.extend(_block(text))
            level = min(len(heading[1]), _MAX_LEVEL)
            found.append(Element("heading", _org_plain(heading[2]), level=level, place=f"line {number}"))
        elif keyword:
            title = keyword[2] if keyword[1].upper() == "TITLE" else title
            text.append((number, ""))
        else:
            text.append((number, "" if line.startswith("# ") else _org_plain(line)))
    return title, [*found, *_block(text)]


def _org_plain(line: str) -> str:
    return _ORG_MARK.sub(r"\2", _ORG_LINK.sub(r"\1", line))


def parse_rst(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a reStructuredText file.

    Returns:
        An empty string, and its elements.
    """
    lines = clean(decode(source.path.read_bytes())).split("\n")
    found: list[Element] = []
    text: list[tuple[int, str]] = []
    styles: list[str] = []  # of headings, in the order in which they first occur, which is that of their levels
    number = 0
    while number < len(lines):
        heading = _rst_heading(lines, number)
        if heading is not None:
            words, style, length = heading
            styles.extend([style] if style not in styles else [])
            found.extend(_block(text))
            level = min(styles.index(style) + 1, _MAX_LEVEL)
            found.append(Element("heading", _rst_plain(words), level=level, place=f"line {number + 1}"))
            number += length
        elif lines[number].lstrip().startswith(".. ") or lines[number].strip() == "..":
            kept, length = _rst_explicit(lines, number)
            text.extend((number + 1 + i, _rst_plain(line)) for i, line in enumerate(kept))
            number += length
        else:
            text.append((number + 1, _rst_plain(lines[number])))
            number += 1
    return "", [*found, *_block(text)]


def _rst_heading(lines: list[str], at: int) -> tuple[str, str, int] | None:
    """Return the words, the style and the lines of a heading that begins at a line; None if none does."""
    first, second, third = (lines[at + i].rstrip() if at + i < len(lines) else "" for i in range(3))
    if _RST_LINE.fullmatch(first) and second.strip() and third == first and len(first) >= len(second.rstrip()):
        return second, f"over {first[0]}", 3
    is_underlined = bool(_RST_LINE.fullmatch(second)) and len(second) >= len(first) * 0.8
    if first.strip() and not first.startswith((" ", "\t")) and is_underlined and not _RST_LINE.fullmatch(first):
        return first, second[0], 2
    return None


def _rst_explicit(lines: list[str], at: int) -> tuple[list[str], int]:
    """Return what is kept of a directive, a note or a comment, and how many lines it takes."""
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith((" ", "\t"))):
        end += 1
    body = ["" if _RST_OPTION.fullmatch(line) else line.strip() for line in lines[at + 1 : end]]
    directive, note = _RST_DIRECTIVE.fullmatch(lines[at]), _RST_NOTE.fullmatch(lines[at])
    if note:
        return [f"{note[1]}: {note[2]}", *body], end - at
    if directive is None or directive[1] in _WITHOUT_TEXT:
        return ["", *(body if directive and directive[1] == "figure" else [""] * len(body))], end - at
    argument = "" if directive[1] in {"code", "code-block", "sourcecode"} else directive[2]
    return [argument, *body], end - at


def _rst_plain(line: str) -> str:
    line = _RST_ROLE.sub(r"\1", _RST_LINK.sub(r"\1", line.replace("``", "`")))
    return _RST_STRONG.sub(r"\1", line).removesuffix("::") + (":" if line.endswith("::") else "")


def _block(text: list[tuple[int, str]]) -> Iterator[Element]:
    """Read the lines since the last heading: tables drawn with bars, and text; the lines are used up."""
    rows: list[list[str]] = []
    run: list[str] = []
    first = text[0][0] if text else 1
    for number, line in [*text, (0, "")]:
        is_row = line.lstrip().startswith("|") and line.rstrip().endswith("|")
        is_rule = bool(re.fullmatch(r"[ \t]*[|+][-=+| ]+[|+][ \t]*", line))
        if (rows or run) and not (is_row or is_rule) and rows:
            table = table_element(plain_cells(rows), place=f"line {first}")
            rows = []
            if table is not None:
                yield table
            first = number
        if is_row and not is_rule:
            yield from _written(run, first)
            run, first = [], first if rows else number
            rows.append([fold(cell) for cell in line.strip().strip("|").split("|")])
        elif not is_rule:
            run.append(line)
    yield from _written(run, first)
    text.clear()


def _written(lines: list[str], first: int) -> list[Element]:
    return text_elements("\n".join(lines), places=True, first_line=first)
