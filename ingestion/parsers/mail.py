"""A mail message (RFC 5322, MIME) -> Elements: headers, then the text a mail program would show."""

import email
import email.policy
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from ingestion.parsers.clean import fold
from ingestion.parsers.decode import decode, marked_encoding
from ingestion.parsers.html import html_elements
from ingestion.parsers.text import text_elements
from ingestion.types import Element, SourceFile
from retrieval.errors import EncryptedError, ResourceLimitError

_SHOWN_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MAX_HEADER_CHARS = 2_000  # fifty thousand recipients say no more than the first fifty
_MAX_PARTS = 500


def parse_mail(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a message; attachments are named, not read.

    Returns:
        Its subject, or an empty string; and the headers, the body and the names of attachments.

    Raises:
        EncryptedError: Its body is encrypted.
        ResourceLimitError: It is nested too deeply, or has too many parts.
    """
    data = source.path.read_bytes()
    if marked_encoding(data):
        data = decode(data).encode()
    try:
        # compat32, because the newer policies parse headers eagerly and raise on what real mail contains.
        message = email.message_from_bytes(data.lstrip(), policy=email.policy.compat32)
        parts = list(_leaves(message))
    except RecursionError as error:
        raise ResourceLimitError("nests message parts too deeply") from error
    if message.get_content_type() == "multipart/encrypted" or any(_is_sealed(part) for part in parts):
        raise EncryptedError("is an encrypted message")
    body = _body([part for part in parts if not _attachment_name(part)])
    names = [name for part in parts if (name := _attachment_name(part))]
    if names:
        body.append(Element("paragraph", "Attachments: " + ", ".join(names)))
    headers = {name: value for name in _SHOWN_HEADERS if (value := _header(message, name))}
    shown = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return headers.get("Subject", ""), [Element("paragraph", shown), *body]


def _leaves(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number > _MAX_PARTS:
            raise ResourceLimitError(f"has more than {_MAX_PARTS} message parts")
        if not part.is_multipart():
            yield part


def _is_sealed(part: Message) -> bool:
    kind = part.get_content_type()
    signed_only = str(part.get_param("smime-type") or "").lower() == "signed-data"
    return kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"} and not signed_only


def _attachment_name(part: Message) -> str:
    if part.get_content_disposition() != "attachment" and not part.get_filename():
        return ""
    return fold(_decoded(part.get_filename() or part.get_content_type()))[:200]


def _body(parts: list[Message]) -> list[Element]:
    """Read the HTML parts if any of them says something, else the text parts."""
    elements: list[Element] = []
    for kind in ("text/html", "text/plain"):
        for part in parts:
            if part.get_content_type() == kind:
                text = _text(part)
                elements.extend(html_elements(text)[1] if kind == "text/html" else text_elements(text))
        if any(element.text.strip() for element in elements):
            return elements
    return elements


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return decode(payload if isinstance(payload, bytes) else b"", part.get_content_charset())


def _header(message: Message, name: str) -> str:
    return fold(_decoded(str(message.get(name, ""))[:_MAX_HEADER_CHARS]))


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
