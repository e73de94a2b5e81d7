"""Text as it stands in a file -> text that can be stored, searched and shown."""

import re
import unicodedata

# Controls, and what a reader cannot see: soft hyphens, zero-width marks, direction overrides, tag characters.
# Invisible characters split words for the search and can carry text past a human reviewer. Joiners (U+200C, U+200D)
# and direction marks (U+200E, U+200F) stay: scripts and emoji need them.
_REMOVED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_BREAK = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Normalise text: NFC, line breaks as line feeds, every space an ordinary one, no control or invisible characters.

    Returns:
        The text; unchanged if there was nothing to do.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_BREAK.sub("\n", text)
    text = _REMOVED.sub("", text)
    if not text.isascii():
        text = _SPACE.sub(" ", text)
        text = _LONE_SURROGATE.sub("\ufffd", text)
        text = unicodedata.normalize("NFC", text)
    return text


def fold(text: str) -> str:
    """Put text on one line: every run of white space becomes one space.

    Returns:
        The text without leading or trailing white space.
    """
    return " ".join(text.split())


def fold_lines(text: str) -> str:
    """Fold each line of a text and drop empty ones.

    Returns:
        The lines that say something.
    """
    return "\n".join(line for line in (fold(line) for line in text.split("\n")) if line)


def readable_name(file_name: str) -> str:
    """Turn a file name into words for people: no folder, no suffix, underscores as spaces.

    Returns:
        The name on one line; empty if nothing is left of it.
    """
    name = fold(clean(file_name).replace("\\", "/").rpartition("/")[2].replace("_", " "))
    stem, dot, _ = name.rpartition(".")
    return stem.strip() if dot and stem.strip() else name
