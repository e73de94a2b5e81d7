"""Which names people, services and groups may have."""

import re
import unicodedata

from retrieval.errors import InvalidInputError

MAX_NAME_CHARS, MAX_DISPLAY_CHARS = 100, 200
_SPACE = re.compile(r"\s")


def normal_name(name: str) -> str:
    """Return a name as it is kept and looked up: in lower case, one form for what looks the same (NFKC)."""
    # Folding may undo the normal form, which is why it stands on both sides (Unicode 3.13, D145).
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())


def checked_name(name: str) -> str:
    """Return a name to sign in with, as it is kept.

    Raises:
        InvalidInputError: It is not 1 to 100 visible characters without white space.
    """
    normal = normal_name(name)
    # Not printable are invisible and bidirectional characters too: two names must not look the same by them.
    if not 1 <= len(normal) <= MAX_NAME_CHARS or not normal.isprintable() or _SPACE.search(normal):
        raise InvalidInputError("a name has 1 to 100 visible characters, none of them white space")
    return normal


def checked_display_name(name: str) -> str:
    """Return a name to be shown, on one line.

    Raises:
        InvalidInputError: Nothing is left of it, or it is longer than 200 characters.
    """
    normal = unicodedata.normalize("NFC", name)
    plain = " ".join("".join(c if c.isprintable() else " " for c in normal).split())
    if not plain or len(plain) > MAX_DISPLAY_CHARS:
        raise InvalidInputError(f"a display name has 1 to {MAX_DISPLAY_CHARS} characters")
    return plain
