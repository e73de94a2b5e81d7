"""What is attached to a message -> Elements of the message: each a section under its file name."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ingestion.parsers.clean import fold
from ingestion.types import Attachment, Element, ParsedDocument, Reading, SourceFile
from retrieval.errors import DocumentError, EmptyDocumentError, NeedsOcrError, UnsupportedError

MAX_DEPTH = 3
MAX_FILES = 100
MAX_BYTES = 100 * 2**20
_MAX_NAME = 200
_MAX_LEVEL = 6

Read = Callable[[SourceFile, "Unpacker"], ParsedDocument]


class Unpacker:
    """Reads attachments and what is attached to them, down to a depth and within one budget for the whole message."""

    def __init__(self, read: Read, *, depth: int = 0, spent: list[int] | None = None) -> None:
        self._read = read
        self._depth = depth
        self._spent = spent if spent is not None else [0, 0]  # files and bytes; shared with the levels below

    def elements(self, attachments: Sequence[Attachment], uri: str) -> list[Element]:
        """Read attachments.

        Args:
            attachments: What is attached, in order.
            uri: Of the message.

        Returns:
            Per attachment a heading and its elements, or a paragraph that says why it was not read. Pictures that the
            message shows itself are left out unless somebody reads text in them.
        """
        found: list[Element] = []
        for attachment in attachments:
            name = fold(attachment.name)[:_MAX_NAME] or "without a name"
            try:
                found.extend(_section(name, self._inside(attachment, name, uri)))
            except DocumentError as error:
                is_decoration = attachment.inline and isinstance(
                    error, EmptyDocumentError | NeedsOcrError | UnsupportedError
                )
                if not is_decoration:
                    text = f"Attachment not read: {name} {error}"
                    found.append(Element("paragraph", text, place=f"attachment {name}"))
        return found

    def _inside(self, attachment: Attachment, name: str, uri: str) -> Sequence[Element]:
        self._spend(len(attachment.content))
        if attachment.reason is not None:
            raise UnsupportedError(attachment.reason)
        below = Unpacker(self._read, depth=self._depth + 1, spent=self._spent)
        if attachment.message is not None:
            return below.all_of(attachment.message, uri)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "attachment")
            path.write_bytes(attachment.content)
            return self._read(SourceFile(path, f"{uri}#{name}", name), below).elements

    def all_of(self, found: Reading, uri: str) -> list[Element]:
        """Join the elements of a message and those of its attachments."""
        return [*found.elements, *self.elements(found.attachments, uri)]

    def _spend(self, size_bytes: int) -> None:
        if self._depth >= MAX_DEPTH:
            raise UnsupportedError(f"is attached more than {MAX_DEPTH} messages deep")
        self._spent[0] += 1
        self._spent[1] += size_bytes
        if self._spent[0] > MAX_FILES or self._spent[1] > MAX_BYTES:
            raise UnsupportedError(f"is beyond the first {MAX_FILES} attachments or {MAX_BYTES // 2**20} MB of them")


def _section(name: str, elements: Sequence[Element]) -> list[Element]:
    where = f"attachment {name}"
    return [Element("heading", name, level=1, place=where), *(_placed(element, where) for element in elements)]


def _placed(element: Element, where: str) -> Element:
    """Say in words where an element stands; page and box are those of the attachment, not of the message."""
    inner = element.place or (f"page {element.page}" if element.page else "")
    level = min(element.level + 1, _MAX_LEVEL) if element.level else None
    place = f"{where}, {inner}" if inner else where
    return replace(element, level=level, page=None, box=None, place=place, section=(), start=0, end=0)
