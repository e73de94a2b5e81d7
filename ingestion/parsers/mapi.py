"""A message as Outlook keeps it: numbered properties -> headers and body."""

import datetime
import struct
from collections.abc import Mapping, Sequence

from ingestion.parsers.decode import decode
from ingestion.parsers.html import html_elements
from ingestion.parsers.message import message_reading
from ingestion.parsers.rtf import rtf_elements
from ingestion.parsers.rtf_tokens import code_page
from ingestion.parsers.text import text_elements
from ingestion.types import Attachment, Element, Reading
from retrieval.errors import DocumentError, UnreadableError

SUBJECT, BODY, HTML, RTF = 0x0037, 0x1000, 0x1013, 0x1009
TO, CC, SENDER, SENDER_ADDRESS, SENDER_SMTP = 0x0E04, 0x0E03, 0x0C1A, 0x0C1F, 0x5D01
SUBMITTED, DELIVERED = 0x0039, 0x0E06
DISPLAY_NAME, RECIPIENT_SMTP, RECIPIENT_ADDRESS, RECIPIENT_KIND = 0x3001, 0x39FE, 0x3003, 0x0C15
CONTENT, SHORT_NAME, LONG_NAME, MIME_TYPE, CONTENT_ID, IS_HIDDEN = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712, 0x7FFE
INTERNET_CODE_PAGE, CODE_PAGE = 0x3FDE, 0x3FFD
INTEGERS, BOOLEAN, TIME, TEXT_8, TEXT_16, BYTES = (0x0002, 0x0003), 0x000B, 0x0040, 0x001E, 0x001F, 0x0102

Value = str | bytes | int | datetime.datetime
Properties = Mapping[int, Value]

_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_RTF_HEADER = struct.Struct("<IIII")
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_MAX_RTF_BYTES = 64 * 2**20
# What every RTF begins with; [MS-OXRTFCP] starts its dictionary with it.
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def mapi_reading(values: Properties, recipients: Sequence[Properties], attachments: Sequence[Attachment]) -> Reading:
    """Put a message together.

    Args:
        values: Its properties.
        recipients: The properties of each, if they are known; else the names in the message's own stand for them.
        attachments: What is attached.

    Returns:
        The message: headers, and of its bodies the richest that can be read.
    """
    when = next((value for key in (SUBMITTED, DELIVERED) if (value := values.get(key)) is not None), None)
    to, cc = (_recipients(recipients, kind) for kind in (1, 2))
    headers = {
        "From": _address(_text(values, SENDER), _text(values, SENDER_SMTP) or _text(values, SENDER_ADDRESS)),
        "To": to or _text(values, TO),
        "Cc": cc or _text(values, CC),
        "Date": when.strftime("%Y-%m-%d %H:%M UTC") if isinstance(when, datetime.datetime) else "",
        "Subject": _text(values, SUBJECT),
    }
    return message_reading(headers, _body(values), attachments)


def moment(ticks: int) -> datetime.datetime | None:
    """Turn tenths of microseconds since 1601 into a time in UTC, None if it is none."""
    try:
        return _EPOCH + datetime.timedelta(microseconds=ticks // 10) if ticks > 0 else None
    except OverflowError:
        return None


def text_codec(values: Properties) -> str:
    """Return the codec of a message's 8-bit texts."""
    pages = (values.get(key) for key in (CODE_PAGE, INTERNET_CODE_PAGE))
    return next((codec for page in pages if isinstance(page, int) and (codec := code_page(page))), "cp1252")


def _text(values: Properties, key: int) -> str:
    value = values.get(key, "")
    return value.rstrip("\0") if isinstance(value, str) else ""


def _address(name: str, address: str) -> str:
    # An address inside an organisation ("/O=...") says nothing to a reader.
    if not address or "@" not in address or address == name:
        return name or address
    return f"{name} <{address}>" if name else address


def _recipients(recipients: Sequence[Properties], kind: int) -> str:
    return ", ".join(
        _address(_text(r, DISPLAY_NAME), _text(r, RECIPIENT_SMTP) or _text(r, RECIPIENT_ADDRESS))
        for r in recipients
        if r.get(RECIPIENT_KIND, 1) == kind
    )


def _body(values: Properties) -> list[Element]:
    html = values.get(HTML)
    if isinstance(html, bytes):
        page = values.get(INTERNET_CODE_PAGE)
        html = decode(html, code_page(page) if isinstance(page, int) else None)
    found = html_elements(html)[1] if isinstance(html, str) else []
    rich = values.get(RTF)
    if not found and isinstance(rich, bytes):
        try:
            found = rtf_elements(decompressed_rtf(rich))[1]
        except DocumentError:
            found = []  # the plain text says the same
    return found or text_elements(_text(values, BODY))


def decompressed_rtf(data: bytes) -> bytes:
    """Unpack a compressed RTF body ([MS-OXRTFCP]).

    Returns:
        The RTF.

    Raises:
        UnreadableError: It is damaged, or larger than a body can be.
    """
    if len(data) < _RTF_HEADER.size:
        raise UnreadableError("is damaged: its body cannot be unpacked")
    _, size, kind, _ = _RTF_HEADER.unpack_from(data)
    packed = data[_RTF_HEADER.size :]
    if kind == _PLAIN:
        return packed[:size]
    if kind != _COMPRESSED or size > _MAX_RTF_BYTES:
        raise UnreadableError("is damaged: its body cannot be unpacked")
    return _unpacked(packed, size)


def _unpacked(packed: bytes, size_bytes: int) -> bytes:
    window = bytearray(_DICTIONARY.ljust(4096, b"\0"))
    at = len(_DICTIONARY)
    out = bytearray()
    position = 0
    while position < len(packed) and len(out) < size_bytes:
        flags = packed[position]
        position += 1
        for bit in range(8):
            if not flags >> bit & 1:
                piece = packed[position : position + 1]
                position += 1
            else:
                pair = int.from_bytes(packed[position : position + 2], "big")
                position += 2
                if pair >> 4 == at or position > len(packed):
                    return bytes(out)
                piece = _copied(window, pair >> 4, (pair & 15) + 2, at)
            for byte in piece:
                window[at] = byte
                at = (at + 1) % 4096
            out += piece
    return bytes(out)


def _copied(window: bytearray, start: int, length: int, at: int) -> bytes:
    """Read from the window, which grows while it is read."""
    distance = (at - start) % 4096
    taken = bytes(window[(start + i) % 4096] for i in range(min(length, distance)))
    return (taken * (length // max(len(taken), 1) + 1))[:length]
