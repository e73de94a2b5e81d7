"""What every kind of message is made of: headers, a body, and attachments that other parsers read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingestion.parsers.clean import fold
from ingestion.types import Attachment, Element, Reading

MAX_HEADER_CHARS = 2_000  # fifty thousand recipients say no more than the first fifty
MAX_ATTACHMENTS = 500
HEADERS = ("From", "To", "Cc", "Date", "Subject")


def message_reading(headers: Mapping[str, str], body: Sequence[Element], attachments: Sequence[Attachment]) -> Reading:
    """Put a message together.

    Args:
        headers: Values by name; only those in ``HEADERS`` are shown, and none longer than ``MAX_HEADER_CHARS``.
        body: Its elements without a place.
        attachments: What is attached.

    Returns:
        The message, its subject as title.
    """
    values = {name: fold(headers.get(name, "")[:MAX_HEADER_CHARS]) for name in HEADERS}
    shown = "\n".join(f"{name}: {value}" for name, value in values.items() if value)
    placed = (replace(element, place="message body") for element in body)
    elements = [Element("paragraph", shown, place="message headers"), *placed]
    return Reading(values["Subject"], elements, attachments=attachments)
