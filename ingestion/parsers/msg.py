"""Outlook messages (msg) -> headers, body, attachments; messages attached to them are read along with them."""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingestion.parsers import mapi
from ingestion.parsers.clean import fold
from ingestion.parsers.message import MAX_ATTACHMENTS
from ingestion.types import Attachment, Reading, SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

if TYPE_CHECKING:
    from olefile import OleFileIO

_STREAM = "__substg1.0_"
_FIXED = "__properties_version1.0"
_ENTRY = struct.Struct("<HHI8s")
_MAX_DEPTH = 8
_EMBEDDED = f"{_STREAM}3701000D"


def parse_msg(source: SourceFile) -> Reading:
    """Read a message.

    Returns:
        Its subject, or an empty string; the headers and the body; and what is attached.

    Raises:
        UnreadableError: It is damaged.
    """
    import olefile

    try:
        with olefile.OleFileIO(source.path) as ole:
            return _Folder(ole, [], 0).reading()
    except (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error) as error:
        raise UnreadableError("is a damaged Outlook message") from error


class _Folder:
    """A storage in the file that holds a message, a recipient or an attachment."""

    def __init__(self, ole: "OleFileIO", path: list[str], depth: int) -> None:
        self._ole = ole
        self._path = path
        self._depth = depth
        if depth > _MAX_DEPTH:
            raise ResourceLimitError("nests messages too deeply")
        entries = (entry[len(path) :] for entry in ole.listdir() if entry[: len(path)] == path)
        self._names = list(dict.fromkeys(entry[0] for entry in entries if entry))

    def reading(self, codec: str | None = None) -> Reading:
        fixed = dict(self._fixed(24 if self._path else 32))
        codec = mapi.text_codec(fixed) if {mapi.CODE_PAGE, mapi.INTERNET_CODE_PAGE} & set(fixed) else codec
        codec = codec or "cp1252"
        values = fixed | dict(self._variable(codec))
        recipients = [self._inner(name).properties(codec) for name in self._of_kind("__recip_version1.0")]
        attachments = [self._inner(name).attachment(codec) for name in self._of_kind("__attach_version1.0")]
        return mapi.mapi_reading(values, recipients, attachments)

    def properties(self, codec: str) -> dict[int, mapi.Value]:
        return dict(self._fixed(8)) | dict(self._variable(codec))

    def attachment(self, codec: str) -> Attachment:
        values = self.properties(codec)
        names = (values.get(key) for key in (mapi.LONG_NAME, mapi.SHORT_NAME, mapi.DISPLAY_NAME))
        name = fold(next((n for n in names if isinstance(n, str) and n.strip("\0 ")), "attachment"))
        if _EMBEDDED in self._names:
            return Attachment(f"{name}.msg", message=self._inner(_EMBEDDED).reading(codec))
        content = values.get(mapi.CONTENT)
        if not isinstance(content, bytes):
            return Attachment(name, reason="is a link or an object without content")
        kind = str(values.get(mapi.MIME_TYPE, "")).lower()
        shown = bool(values.get(mapi.CONTENT_ID)) or bool(values.get(mapi.IS_HIDDEN))
        # A signed message keeps the message itself in an attachment.
        name = "signed message.eml" if kind.startswith("multipart/signed") else name
        return Attachment(name.replace("/", "_"), content, inline=shown and _is_picture(kind, name))

    def _of_kind(self, start: str) -> list[str]:
        names = [name for name in self._names if name.startswith(start)]
        if len(names) > MAX_ATTACHMENTS * 10:
            raise ResourceLimitError("has too many recipients or attachments")
        return names[:MAX_ATTACHMENTS]

    def _inner(self, name: str) -> "_Folder":
        return _Folder(self._ole, [*self._path, name], self._depth + 1)

    def _read(self, name: str) -> bytes:
        with self._ole.openstream([*self._path, name]) as stream:
            return bytes(stream.read())

    def _fixed(self, header: int) -> Iterator[tuple[int, mapi.Value]]:
        data = self._read(_FIXED)[header:] if _FIXED in self._names else b""
        for kind, key, _, value in _ENTRY.iter_unpack(data[: len(data) // _ENTRY.size * _ENTRY.size]):
            number = int.from_bytes(value, "little")
            if kind in mapi.INTEGERS:
                yield key, number & 0xFFFFFFFF
            elif kind == mapi.BOOLEAN:
                yield key, number & 0xFFFF
            elif kind == mapi.TIME and (when := mapi.moment(number)) is not None:
                yield key, when

    def _variable(self, codec: str) -> Iterator[tuple[int, mapi.Value]]:
        for name in self._names:
            try:
                tag = int(name.removeprefix(_STREAM), 16) if name.startswith(_STREAM) else 0
            except ValueError:
                continue  # one of many values
            key, kind = tag >> 16, tag & 0xFFFF
            if kind == mapi.TEXT_16:
                yield key, self._read(name).decode("utf-16-le", "replace")
            elif kind == mapi.TEXT_8:
                yield key, self._read(name).decode(codec, "replace")
            elif kind == mapi.BYTES:
                yield key, self._read(name)


def _is_picture(kind: str, name: str) -> bool:
    return kind.startswith("image/") or name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emz", ".wmz"))
