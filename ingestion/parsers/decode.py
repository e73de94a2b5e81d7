"""Bytes of a text file -> str, whatever their encoding."""

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 64 * 1024
# Below this a statistical guess is a coin toss, and western European text is the likeliest.
_GUESSABLE_BYTES = 128


def decode(data: bytes, declared: str | None = None) -> str:
    """Decode text by byte order mark, as UTF-8, as declared, and only then by guessing.

    Args:
        data: The bytes of the whole text.
        declared: The encoding the document names for itself, if it does.

    Returns:
        The text; undecodable bytes become U+FFFD.
    """
    encoding = marked_encoding(data) or _utf_16_without_mark(data)
    if encoding:
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_known(declared) or _guess(data), "replace")


def marked_encoding(data: bytes) -> str | None:
    """Return the encoding that a byte order mark names, if the bytes begin with one."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)


def _utf_16_without_mark(data: bytes) -> str | None:
    sample = data[:_SAMPLE_BYTES]
    half = len(sample) // 2
    if half < 2 or b"\0" not in sample:
        return None
    # Latin text in UTF-16 has a NUL in every second byte, and in those only.
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _known(name: str | None) -> str | None:
    if not name:
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _guess(data: bytes) -> str:
    if len(data) < _GUESSABLE_BYTES:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    return best.encoding if best is not None else "cp1252"
