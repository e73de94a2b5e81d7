"""A mail message (MIME), or a web page saved as one -> headers, the text a mail program shows, attachments."""

import email
import email.policy
import re
from email.errors import HeaderParseError, MessageError
from email.header import decode_header, make_header
from email.message import Message

from ingestion.parsers.clean import fold
from ingestion.parsers.decode import decode, marked_encoding
from ingestion.parsers.html import html_elements
from ingestion.parsers.message import HEADERS, MAX_ATTACHMENTS, MAX_HEADER_CHARS, message_reading
from ingestion.parsers.smime import signed_content
from ingestion.parsers.text import text_elements
from ingestion.types import Attachment, Element, Reading, SourceFile
from retrieval.errors import EncryptedError, ResourceLimitError

_SEALED = "is encrypted"
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SUFFIXES = {"text/calendar": ".ics", "text/vcard": ".vcf", "text/rtf": ".rtf", "application/pdf": ".pdf"}
_INLINE_NAME = re.compile(r"image/", re.IGNORECASE)


def parse_mail(source: SourceFile) -> Reading:
    """Read a message.

    Returns:
        Its subject, or an empty string; the headers and the body; and what is attached.

    Raises:
        ResourceLimitError: It is nested too deeply, or has too many parts.
    """
    data = source.path.read_bytes()
    if marked_encoding(data):
        data = decode(data).encode()
    try:
        message = _message(data.lstrip())
        reader = _Reader()
        body = reader.body(message)
    except RecursionError as error:
        raise ResourceLimitError("nests message parts too deeply") from error
    headers = {name: _decoded(str(message.get(name, ""))[:MAX_HEADER_CHARS]) for name in HEADERS}
    return message_reading(headers, body, reader.attachments)


def _message(data: bytes) -> Message:
    # compat32, because the newer policies parse headers eagerly and raise on what real mail contains.
    return email.message_from_bytes(data, policy=email.policy.compat32)


class _Reader:
    """Walks the parts of a message as a mail program does."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []
        self._parts = 0

    def body(self, part: Message) -> list[Element]:
        """Return what is shown of a part, and set aside what is attached.

        Raises:
            EncryptedError: The message is encrypted.
            ResourceLimitError: It has too many parts.
        """
        self._parts += 1
        if self._parts > MAX_ATTACHMENTS:
            raise ResourceLimitError(f"has more than {MAX_ATTACHMENTS} message parts")
        kind = part.get_content_type()
        if kind == "multipart/encrypted":
            raise EncryptedError("is an encrypted message")
        if kind == "message/rfc822":
            self._attach_message(part)
        elif kind in _PKCS7:
            return self._sealed(part)
        elif part.is_multipart():
            return self._alternative(part) if kind == "multipart/alternative" else self._all(part)
        elif kind in {"text/plain", "text/html"} and not _is_attached(part):
            return _shown(part, kind)
        elif kind not in _SIGNATURES:
            self._attach(part, kind)
        return []

    def _all(self, part: Message) -> list[Element]:
        return [element for inner in _parts(part) for element in self.body(inner)]

    def _alternative(self, part: Message) -> list[Element]:
        """Read the last alternative that says something: they come from the plainest to the richest."""
        best: list[Element] = []
        for inner in reversed(_parts(part)):
            found = self.body(inner) if not best or inner.get_content_maintype() not in {"text", "multipart"} else []
            best = best or ([*found] if any(e.text.strip() for e in found) else [])
        return best

    def _sealed(self, part: Message) -> list[Element]:
        inner = signed_content(_payload(part))
        if inner is not None:
            return self.body(_message(inner))
        if self._parts == 1:
            raise EncryptedError("is an encrypted message")
        self.attachments.append(Attachment(_name(part) or "smime.p7m", reason=_SEALED))
        return []

    def _attach(self, part: Message, kind: str) -> None:
        name = _name(part) or f"{kind.replace('/', ' ')}{_SUFFIXES.get(kind, '')}"
        inline = bool(_INLINE_NAME.match(kind)) and (
            part.get_content_disposition() != "attachment" or "Content-ID" in part
        )
        self.attachments.append(Attachment(name, _payload(part), inline=inline))

    def _attach_message(self, part: Message) -> None:
        inner = _parts(part)
        if not inner:
            return
        name = _name(part) or _decoded(str(inner[0].get("Subject", ""))[:200]) or "message"
        try:
            content = inner[0].as_bytes()
        except (MessageError, ValueError, LookupError, TypeError, AttributeError):
            self.attachments.append(Attachment(name, reason="cannot be taken out of the message"))
            return
        self.attachments.append(Attachment(name if name.lower().endswith(".eml") else f"{name}.eml", content))


def _parts(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [p for p in payload if isinstance(p, Message)] if isinstance(payload, list) else []


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _shown(part: Message, kind: str) -> list[Element]:
    text = decode(_payload(part), part.get_content_charset())
    return html_elements(text)[1] if kind == "text/html" else text_elements(text)


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _name(part: Message) -> str:
    return fold(_decoded(part.get_filename() or "")).replace("/", "_")[:200]


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
