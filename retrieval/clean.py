"""A model's words -> Markdown that can do nothing; pure, and safe to apply piece by piece to a stream.

What a model says may have been dictated by a passage. So nothing in it becomes active, however it is rendered: no
HTML, no picture, no link, and no address that does not stand in the passages it was given: an address is how words
leave a page (EchoLeak, CVE-2025-32711). Each rule looks at two characters or at one word, so that a stream cut
anywhere gives the same text as the whole.
"""

import re
from collections.abc import Iterable

_INERT = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
LINK_REMOVED = "(link removed)"

# Lone surrogates, controls, and what carries text that people do not see (Trojan Source, CVE-2021-42574).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_TARGET = re.compile(r"(\])(?=\()")
_DEFINITION = re.compile(r"(?<!\d)(\])(?=:)")
_PICTURE = re.compile(r"!(?=\[)")
_ADDRESS = re.compile(r"(?<![a-z0-9])(?:[a-z][a-z0-9+.-]{0,20}://|www\.)[!-~]+", re.IGNORECASE)
_AROUND_ADDRESS = ".,;:!?)]}>\"'*_`|"
_HELD = 2000  # characters of one word, at most
# Read from the end: an unfinished word, mark or address, and the space before it; only what follows says what it is.
_UNFINISHED = re.compile(rf"(?:[\d,\s]{{0,40}}\[)?[!-~]{{0,{_HELD}}}\s*")


def seen(text: str) -> str:
    """Return a text without controls and without characters that carry words people do not see."""
    return _UNSEEN.sub("", text)


def settled(pending: str) -> int:
    """Tell how much of a stream's text can be cleaned now.

    Returns:
        A number of characters; the rest waits for more: its last word and the space before it.
    """
    unfinished = _UNFINISHED.match(pending[: -(2 * _HELD) - 1 : -1])
    return len(pending) - (unfinished.end() if unfinished else 0)


def addresses(texts: Iterable[str]) -> frozenset[str]:
    """Return the addresses that stand in texts, as ``clean`` compares them."""
    return frozenset(_trimmed(match.group()) for text in texts for match in _ADDRESS.finditer(text))


def clean(text: str, *, known: frozenset[str]) -> str:
    """Take from Markdown what could act.

    Args:
        text: A whole text, or a piece that ends where ``settled`` says, as ``seen`` gives it.
        known: Addresses that may be named; they stay words and become no link.

    Returns:
        The text; ``<`` of a tag as a quotation mark, links and pictures as their words, unknown addresses replaced.
    """
    text = _ADDRESS.sub(lambda match: _named(match.group(), known), text)
    text = _PICTURE.sub("", _TAG.sub(_INERT, text))
    return _DEFINITION.sub(r"\1 ", _TARGET.sub(r"\1 ", text))


def _trimmed(address: str) -> str:
    return address.rstrip(_AROUND_ADDRESS)


def _named(address: str, known: frozenset[str]) -> str:
    bare = _trimmed(address)
    return address if bare in known else LINK_REMOVED + address[len(bare) :]
