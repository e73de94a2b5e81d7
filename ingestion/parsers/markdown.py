"""Markdown -> Elements: plain text out, without marks, link targets, raw HTML and template tags."""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from ingestion.parsers.clean import fold
from ingestion.parsers.decode import decode
from ingestion.parsers.html import html_elements
from ingestion.parsers.tables import plain_cells, table_element
from ingestion.types import Element, SourceFile

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
# The value may go on, or begin, on indented lines.
_TITLE = re.compile(r"^title:[ \t]*(?:[>|][+-]?[ \t]*$)?(.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
# Code comes first in the alternation, so that what looks like a tag inside code stays.
_CODE_OR_TAG = re.compile(
    r"""
    (?P<fence>^[ \t>]*(?P<ticks>`{3,}|~{3,})[^\n]*\n(?:.*?^[ \t>]*(?P=ticks)[`~]*[ \t]*$|.*\Z))
    | (?P<span>(?P<quote>`+)(?!`)[^`\n]+(?P=quote)(?!`))
    | \{%-?[ \t]*comment[ \t]*-?%\}.{0,20000}?\{%-?[ \t]*endcomment[ \t]*-?%\}
    | \{%(?:[^%]|%(?!\})){0,1000}%\}       # Liquid, Jinja
    | \{\{(?:[^}]|\}(?!\})){0,1000}\}\}    # a variable, a Hugo shortcode
    | \{:[^}\n]{0,500}\}                   # kramdown attributes
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_HEADING_ID = re.compile(r"\s*\{#[^}\n]*\}\s*$")
_HTML_TABLE = re.compile(r"^[ \t]*<table\b.{0,50000}?</table>", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t]*(?=\n)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_MAY_HIDE = re.compile(r"\s(?:style|hidden|color|bgcolor)\b", re.IGNORECASE)
_MAX_NESTING = 50


def parse_markdown(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a Markdown file (CommonMark with tables).

    Returns:
        The ``title`` of its front matter, or an empty string, and its elements.
    """
    return markdown_elements(decode(source.path.read_bytes()))


def markdown_elements(text: str) -> tuple[str, list[Element]]:
    """Read Markdown text.

    Returns:
        The ``title`` of its front matter, or an empty string, and its elements.
    """
    title = ""
    first_line = 1
    front = _FRONT_MATTER.match(text)
    if front:
        title = _front_title(front[1])
        first_line += front[0].count("\n")
        text = text[front.end() :]
    text = _HTML_TABLE.sub(_without_blank_lines, _CODE_OR_TAG.sub(_keep_code, text))
    return title, _Walk(_reader().parse(text), first_line).elements()


@cache
def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])


def _front_title(front: str) -> str:
    found = _TITLE.search(front.replace("\r\n", "\n"))
    title = fold(found[1]) if found else ""
    if len(title) > 1 and title[0] == title[-1] and title[0] in "\"'":
        quote = title[0]
        title = title[1:-1].replace(f"\\{quote}", quote).replace("''", "'" if quote == "'" else "''")
    return title


def _keep_code(match: re.Match[str]) -> str:
    if match["fence"] is not None or match["span"] is not None:
        return match[0]
    # Line numbers stay right.
    return "\n" * match[0].count("\n")


def _without_blank_lines(match: re.Match[str]) -> str:
    # A blank line would end the HTML block, and the rest of the table would be read as indented code.
    return _BLANK_LINES.sub("", match[0])


class _Walk:
    """One pass over markdown-it's flat token stream."""

    def __init__(self, tokens: Sequence["Token"], first_line: int) -> None:
        self._tokens = tokens
        self._first_line = first_line
        self._lists: list[int | None] = []  # per open list: the next number, None for bullets
        self._marker = ""
        self._elements: list[Element] = []

    def elements(self) -> list[Element]:
        position = 0
        while position < len(self._tokens):
            token = self._tokens[position]
            if token.type == "table_open":
                position = self._table(position)
            else:
                self._token(token, position)
            position += 1
        return self._elements

    def _token(self, token: "Token", position: int) -> None:
        kind = token.type
        if kind == "inline":
            self._text(token, self._tokens[position - 1])
        elif kind in {"fence", "code_block"}:
            self._elements.append(Element("code", token.content.rstrip("\n"), place=self._place(token)))
        elif kind == "html_block":
            self._html(token)
        elif kind in {"bullet_list_open", "ordered_list_open"}:
            self._lists.append(int(token.attrGet("start") or 1) if kind[0] == "o" else None)
        elif kind in {"bullet_list_close", "ordered_list_close"}:
            self._lists.pop()
        elif kind in {"list_item_open", "list_item_close"}:
            self._marker = self._next_marker() if kind[-1] == "n" else ""

    def _next_marker(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "-" * len(self._lists) + " "
        self._lists[-1] = number + 1
        # The number of an outer list has moved on already when its inner list is read.
        outer = [n - 1 for n in self._lists[:-1] if n is not None]
        return ".".join(str(n) for n in (*outer, number)) + ". "

    def _text(self, token: "Token", opening: "Token") -> None:
        children, unseen = _seen(token.children or ())
        text = _plain(children)
        place = self._place(token)
        if unseen:
            self._elements.append(Element("paragraph", unseen, place=place, hidden=True))
        if opening.type == "heading_open":
            text = fold(_HEADING_ID.sub("", text))
            self._elements.append(Element("heading", text, level=int(opening.tag[1]), place=place))
        elif self._marker and text:
            self._elements.append(Element("list_item", self._marker + text, place=place))
            self._marker = ""
        else:
            self._elements.append(Element("paragraph", text, place=place))

    def _html(self, token: "Token") -> None:
        for element in html_elements(token.content)[1]:
            self._elements.append(element)

    def _table(self, position: int) -> int:
        place = self._place(self._tokens[position])
        rows: list[list[str]] = []
        while self._tokens[position].type != "table_close":
            token = self._tokens[position]
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_plain(token.children or ()))
            position += 1
        element = table_element(plain_cells(rows), place=place)
        if element is not None:
            self._elements.append(element)
        return position

    def _place(self, token: "Token") -> str | None:
        return f"line {token.map[0] + self._first_line}" if token.map else None


def _seen(children: Sequence["Token"]) -> tuple[Sequence["Token"], str]:
    """Part what can be seen from what raw HTML in the line hides: ``<span style="display:none">``."""
    tags = "".join(child.content for child in children if child.type == "html_inline")
    if not _MAY_HIDE.search(tags):
        return children, ""
    markup = "".join(_as_markup(child) for child in children)
    found = html_elements(f"<p>{markup}</p>", is_page=False)[1]
    shown, unseen = (" ".join(e.text for e in found if e.hidden is which) for which in (False, True))
    from markdown_it.token import Token

    return [Token("text", "", 0, content=shown)], unseen


def _as_markup(child: "Token") -> str:
    if child.type == "html_inline":
        return child.content
    return " " if child.type in {"softbreak", "hardbreak"} else escape(child.content)


def _plain(children: Sequence["Token"]) -> str:
    parts: list[str] = []
    for child in children:
        if child.type in {"text", "code_inline", "image"}:
            parts.append(child.content)
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak" or (child.type == "html_inline" and _BREAK.fullmatch(child.content)):
            parts.append("\n")
    return "\n".join(line for line in (fold(line) for line in "".join(parts).split("\n")) if line)
