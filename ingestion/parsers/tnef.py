"""TNEF (winmail.dat), in which Outlook wraps what it sends -> the body and the attachments inside."""

import struct
from collections.abc import Iterator

from ingestion.parsers import mapi
from ingestion.parsers.clean import fold
from ingestion.types import Attachment, Reading, SourceFile
from retrieval.errors import UnreadableError

_SUBJECT, _BODY, _PROPERTIES, _CODE_PAGE = 0x8004, 0x800C, 0x9003, 0x9007
_NEW_ATTACHMENT, _NAME, _CONTENT, _ATTACHED_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_MAX_ENTRIES = 10_000
_OBJECT, _MANY = 0x000D, 0x1000
_WIDTHS = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8,
           0x0048: 16}  # fmt: skip
_VARIABLE = frozenset({mapi.TEXT_8, mapi.TEXT_16, mapi.BYTES, _OBJECT})


def parse_tnef(source: SourceFile) -> Reading:
    """Read a winmail.dat.

    Returns:
        The subject, or an empty string; the body; and what is attached.

    Raises:
        UnreadableError: It is damaged.
    """
    try:
        return _reading(source.path.read_bytes())
    except (struct.error, IndexError, ValueError) as error:
        raise UnreadableError("is damaged: its TNEF container cannot be read") from error


def _reading(data: bytes) -> Reading:
    codec = "cp1252"
    values: dict[int, mapi.Value] = {}
    attached: list[dict[int, mapi.Value]] = []
    for attribute, content in _attributes(data):
        if attribute == _CODE_PAGE and len(content) >= 4:
            codec = mapi.text_codec({mapi.CODE_PAGE: int.from_bytes(content[:4], "little")})
        elif attribute in {_SUBJECT, _BODY}:
            key = mapi.SUBJECT if attribute == _SUBJECT else mapi.BODY
            values.setdefault(key, content.rstrip(b"\0").decode(codec, "replace"))
        elif attribute == _PROPERTIES:
            values |= dict(_properties(content, codec))
        elif attribute == _NEW_ATTACHMENT:
            attached.append({})
        elif attribute in {_NAME, _CONTENT, _ATTACHED_PROPERTIES} and attached:
            attached[-1] |= _attached(attribute, content, codec)
    return mapi.mapi_reading(values, [], [_attachment(one) for one in attached])


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6  # signature and key
    while position + 9 < len(data):
        attribute, _, length = struct.unpack_from("<HHI", data, position + 1)
        start = position + 9
        yield attribute, data[start : start + length]
        position = start + length + 2  # a checksum follows


def _attached(attribute: int, content: bytes, codec: str) -> dict[int, mapi.Value]:
    if attribute == _NAME:
        return {mapi.SHORT_NAME: content.rstrip(b"\0").decode(codec, "replace")}
    return {mapi.CONTENT: content} if attribute == _CONTENT else dict(_properties(content, codec))


def _attachment(values: dict[int, mapi.Value]) -> Attachment:
    names = (values.get(key) for key in (mapi.LONG_NAME, mapi.SHORT_NAME, mapi.DISPLAY_NAME))
    name = fold(next((n for n in names if isinstance(n, str) and n.strip("\0 ")), "attachment")).replace("/", "_")
    content = values.get(mapi.CONTENT)
    picture = str(values.get(mapi.MIME_TYPE, "")).lower().startswith("image/")
    inline = picture and bool(values.get(mapi.CONTENT_ID))
    return Attachment(name.rstrip("\0"), content if isinstance(content, bytes) else b"", inline=inline)


def _properties(data: bytes, codec: str) -> Iterator[tuple[int, mapi.Value]]:
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(min(count, _MAX_ENTRIES)):
        kind, key = struct.unpack_from("<HH", data, position)
        position += 4
        if key >= 0x8000:
            position = _after_name(data, position)
        many = bool(kind & _MANY)
        kind &= ~_MANY
        values, position = _values(data, position, kind, many=many)
        for value in values[:1]:
            decoded = _decoded(value, kind, codec)
            if decoded is not None and key < 0x8000:
                yield key, decoded


def _after_name(data: bytes, position: int) -> int:
    """Skip the name of a property that has no number of its own."""
    (kind,) = struct.unpack_from("<I", data, position + 16)
    (length,) = struct.unpack_from("<I", data, position + 20)
    return position + 24 + (_padded(length) if kind else 0)


def _values(data: bytes, position: int, kind: int, *, many: bool) -> tuple[list[bytes], int]:
    count = 1
    if many or kind in _VARIABLE:
        (count,) = struct.unpack_from("<I", data, position)
        position += 4
    found: list[bytes] = []
    for _ in range(min(count, _MAX_ENTRIES)):
        if kind in _VARIABLE:
            (length,) = struct.unpack_from("<I", data, position)
            position += 4
        elif kind in _WIDTHS:
            length = _WIDTHS[kind]
        else:
            raise ValueError(f"property of unknown type {kind:#x}")
        found.append(data[position : position + length])
        position += _padded(length)
    return found, position


def _decoded(value: bytes, kind: int, codec: str) -> mapi.Value | None:
    number = int.from_bytes(value, "little") if kind not in _VARIABLE else 0
    if kind == mapi.TEXT_8:
        return value.rstrip(b"\0").decode(codec, "replace")
    if kind == mapi.TEXT_16:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    if kind in {mapi.BYTES, _OBJECT}:
        return value[16:] if kind == _OBJECT else value  # an object begins with the name of its interface
    return mapi.moment(number) if kind == mapi.TIME else number


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4
