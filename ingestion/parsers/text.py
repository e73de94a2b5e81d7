"""Plain text, settings and JSON -> Elements."""

import json
import re

from ingestion.parsers.clean import clean, fold
from ingestion.parsers.decode import decode
from ingestion.types import Element, SourceFile

_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_UNDERLINE = re.compile(r"(=|-|~|\*)\1{2,}")
_ITEM = re.compile(r"(?:[-*+•‣◦▪]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")
_CAPITALS = re.compile(r"[^a-zß-öø-ÿ]*[A-ZÀ-ÖØ-Þ]{3,}[^a-zß-öø-ÿ]*")
_MAX_HEADING = 80
# Lines at least this long, and this near to the longest one, were broken by an editor, not by the author.
_WRAPPED_AT = 45
_WRAPPED_SHARE = 0.7


def parse_text(source: SourceFile) -> tuple[str, list[Element]]:
    """Read plain text in any encoding.

    Returns:
        An empty string (plain text has no title of its own) and paragraphs, list items and headings.
    """
    return "", text_elements(decode(source.path.read_bytes()), places=True)


def text_elements(text: str, *, places: bool = False, first_line: int = 1) -> list[Element]:
    """Split plain text at blank lines; headings only where they are unmistakable: underlined, or all capitals.

    Args:
        text: The text.
        places: Give each element its line as place; for text that is a whole file.
        first_line: Where in the file the text begins.

    Returns:
        Elements in order.
    """
    text = clean(text)
    elements: list[Element] = []
    line, end = first_line, 0
    for gap in [*_BLANK.finditer(text), None]:
        block = text[end : gap.start() if gap else len(text)]
        place = f"line {line}" if places else None
        elements.extend(_block(block, place))
        if gap:
            line += block.count("\n") + gap[0].count("\n")
            end = gap.end()
    return elements


def _block(block: str, place: str | None) -> list[Element]:
    lines = [stripped for line in block.split("\n") if (stripped := line.strip())]
    if not lines:
        return []
    if len(lines) > 1 and len(lines[0]) <= _MAX_HEADING and _UNDERLINE.fullmatch(lines[1]):
        level = 1 if lines[1][0] == "=" else 2
        return [Element("heading", fold(lines[0]), level=level, place=place), *_block("\n".join(lines[2:]), place)]
    if len(lines) == 1 and _is_capital_heading(lines[0]):
        return [Element("heading", fold(lines[0]), level=2, place=place)]
    paragraphs: list[Element] = []
    for part in _joined(lines):
        paragraphs.append(Element("list_item" if _ITEM.match(part) else "paragraph", part, place=place))
    return paragraphs


def _is_capital_heading(line: str) -> bool:
    return len(line) <= _MAX_HEADING and line[-1] not in ".,;:!?" and bool(_CAPITALS.fullmatch(line))


def _joined(lines: list[str]) -> list[str]:
    """Undo hard wrapping: one string per list item or paragraph, line breaks kept where the author meant them."""
    longest = max(len(line) for line in lines)
    wrapped_from = max(_WRAPPED_AT, longest * _WRAPPED_SHARE)
    parts: list[list[str]] = []
    previous_was_wrapped = False
    for line in lines:
        if not parts or _ITEM.match(line):
            parts.append([fold(line)])
        elif previous_was_wrapped or _ITEM.match(parts[-1][0]):
            parts[-1].append(" " + fold(line))
        else:
            parts[-1].append("\n" + fold(line))
        previous_was_wrapped = len(line) >= wrapped_from
    return ["".join(part) for part in parts]


def parse_json(source: SourceFile) -> tuple[str, list[Element]]:
    """Read JSON as indented text, one element per entry of the outermost array or object.

    Returns:
        An empty string and code elements; plain text if it is not valid JSON.
    """
    text = decode(source.path.read_bytes())
    try:
        value = json.loads(text)
    except ValueError:
        return "", text_elements(text, places=True)
    if isinstance(value, list):
        return "", [Element("code", _pretty(v), place=f"entry {i}") for i, v in enumerate(value, 1)]
    if isinstance(value, dict):
        return "", [Element("code", f"{_pretty(k)}: {_pretty(v)}", place=f"entry {k}") for k, v in value.items()]
    return "", [Element("paragraph", value if isinstance(value, str) else _pretty(value))]


def parse_json_lines(source: SourceFile) -> tuple[str, list[Element]]:
    """Read JSON values of one line each.

    Returns:
        An empty string and a code element per line; a line that is no JSON is kept as it is.
    """
    lines = clean(decode(source.path.read_bytes())).split("\n")
    return "", [
        Element("code", _pretty_line(line), place=f"line {n}") for n, line in enumerate(lines, 1) if line.strip()
    ]


def parse_settings(source: SourceFile) -> tuple[str, list[Element]]:
    """Read settings (YAML, TOML, INI) as they stand, a code element per stretch between blank lines.

    Returns:
        An empty string and the code elements.
    """
    text = clean(decode(source.path.read_bytes()))
    elements: list[Element] = []
    end = 0
    for gap in [*_BLANK.finditer(text), None]:
        block = text[end : gap.start() if gap else len(text)].strip("\n")
        elements.append(Element("code", block, place=f"line {text.count(chr(10), 0, end) + 1}"))
        end = gap.end() if gap else end
    return "", elements


def _pretty_line(line: str) -> str:
    try:
        return _pretty(json.loads(line))
    except ValueError:
        return line


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
