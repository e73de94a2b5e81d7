"""The content of a signed S/MIME message, without checking the signature."""

from collections.abc import Iterator

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_SEQUENCE, _OCTETS, _CONSTRUCTED_OCTETS, _OBJECT_ID, _EXPLICIT_0 = 0x30, 0x04, 0x24, 0x06, 0xA0
_MAX_DEPTH = 12


def signed_content(data: bytes) -> bytes | None:
    """Take out what was signed (CMS SignedData in BER).

    Returns:
        The bytes of the message inside; None if the data are no signed message, but perhaps an encrypted one.
    """
    try:
        outer = list(_entries(data, 0))
        kind, content = list(_entries(outer[0][1], 1))[:2]
        if kind != (_OBJECT_ID, _SIGNED_DATA):
            return None
        signed = next(value for _, value in _entries(content[1], 2))
        inner = next(value for tag, value in _entries(signed, 3) if tag == _SEQUENCE)
        wrapped = next(value for tag, value in _entries(inner, 4) if tag == _EXPLICIT_0)
        return b"".join(_octets(wrapped, 5))
    except (IndexError, ValueError, StopIteration):
        return None


def _octets(data: bytes, depth: int) -> Iterator[bytes]:
    for tag, value in _entries(data, depth):
        if tag == _OCTETS:
            yield value
        elif tag == _CONSTRUCTED_OCTETS:
            yield from _octets(value, depth + 1)


def _entries(data: bytes, depth: int) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        tag, start, end, after = _entry(data, position, depth)
        if tag == 0:
            return
        yield tag, data[start:end]
        position = after


def _entry(data: bytes, position: int, depth: int) -> tuple[int, int, int, int]:
    """Return an entry's tag, where its value begins and ends, and where the next entry begins."""
    tag, length = data[position], data[position + 1]
    start = position + 2
    if length == 0x80:
        end = _end_of_open(data, start, depth)
        return tag, start, end, end + 2
    if length > 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise ValueError("cut off")
    return tag, start, start + length, start + length


def _end_of_open(data: bytes, position: int, depth: int) -> int:
    """Return where a value of indefinite length ends: at two zero bytes."""
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    while data[position : position + 2] != b"\0\0":
        position = _entry(data, position, depth + 1)[3]
    return position
