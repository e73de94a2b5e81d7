"""RTF as a stream of tokens, and what its code pages and fonts make of bytes."""

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,40})(?P<number>-?\d{1,10})? ?"
    r"|\\'(?P<byte>[0-9a-fA-F]{2})"
    r"|\\(?P<symbol>[^a-zA-Z])"
    r"|(?P<brace>[{}])"
    r"|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    254: "cp437", 255: "cp850",
}  # fmt: skip
CHARACTERS = {
    "tab": " ", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "enspace": " ", "emspace": " ", "qmspace": " ",
    "zwj": "\u200d", "zwnj": "\u200c", "ltrmark": "\u200e", "rtlmark": "\u200f",
}  # fmt: skip
SYMBOLS = {"~": " ", "_": "-", "-": "", ":": "", "|": "", "\\": "\\", "{": "{", "}": "}"}


class Token(NamedTuple):
    """A control word with its number, a symbol, a brace, or text; ``kind`` says which.

    ``text`` holds bytes as Latin-1, because their code page depends on the font in use.
    """

    kind: str
    text: str
    number: int | None = None


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens of an RTF file; raw binary inside is skipped."""
    source = data.decode("latin-1")
    position = 0
    while match := _TOKEN.search(source, position):
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "byte":
            yield Token("text", chr(int(match["byte"], 16)))
        elif kind in {"word", "number"}:
            number = int(match["number"]) if match["number"] else None
            if match["word"] == "bin":
                position += max(number or 0, 0)
            else:
                yield Token("word", match["word"], number)
        else:
            yield Token(kind, match[kind])


def code_page(number: int) -> str | None:
    """Return the codec of a Windows code page, None if Python knows none."""
    name = {65001: "utf-8", 10000: "mac_roman", 936: "gbk", 1361: "johab"}.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def charset_codec(number: int) -> str | None:
    """Return the codec of a font's character set, None for that of the document."""
    return _CHARSETS.get(number)


def joined(text: str) -> str:
    """Put characters outside the basic plane together again, which RTF writes in two halves.

    Returns:
        The text; a half without its other one becomes U+FFFD.
    """
    if not any("\ud800" <= c <= "\udfff" for c in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
