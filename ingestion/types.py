"""The nouns of the document path."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from retrieval.types import Box

ElementKind = Literal["title", "heading", "paragraph", "list_item", "table", "code"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to ingest: where its bytes lie and what it is called.

    Attributes:
        path: Where the bytes can be read now.
        uri: Its lasting name, unique in a collection: ``file:///...`` or ``upload:NAME``.
        name: File name for people and for guessing a title; never used as a path.
    """

    path: Path
    uri: str
    name: str

    @property
    def label(self) -> str:
        """How people know the file: its path on this machine, or the name it was uploaded under."""
        return str(self.path) if self.uri.startswith("file:") else self.name


@dataclass(frozen=True, slots=True)
class Element:
    """A paragraph, heading, list item, table or code block, in reading order.

    Attributes:
        text: Plain text; a table is Markdown with its header row first, cells on one line each.
        level: 1-6 for headings (1 is the highest); None otherwise.
        page: Page, slide or sheet from 1, where the format has one.
        box: Its rectangle on the page, where the format has one.
        place: In words, where the format has no page: ``sheet Budget, row 3``, ``slide 2``.
        html: For tables, the same rows as HTML.
        hidden: A reader of the original cannot see this text; it is not trusted.
        section: Headings above it, outermost first; filled by ``assemble``. A heading's path includes itself,
            unless it is hidden.
        start: Character offset into the document's text, inclusive; filled by ``assemble``.
        end: Character offset into the document's text, exclusive; filled by ``assemble``.
    """

    kind: ElementKind
    text: str
    level: int | None = None
    page: int | None = None
    box: Box | None = None
    place: str | None = None
    html: str | None = None
    hidden: bool = False
    section: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something attached to a message.

    Attributes:
        name: File name for people, on one line.
        content: Its bytes.
        inline: The message shows it itself, as it does the logo in a signature.
        message: What was read of it already, for a message that is no file of its own; ``content`` is then empty.
        reason: Why it cannot be read, if that is known already.
    """

    name: str
    content: bytes = b""
    inline: bool = False
    message: "Reading | None" = None
    reason: str | None = None


class Reading(NamedTuple):
    """What a parser read; one that has neither of the last two may return the first two as a plain tuple.

    Attributes:
        title: What the document calls itself; empty where it does not.
        elements: Its elements in reading order, not yet cleaned.
        unread_pages: Pages from 1 whose text is a picture that nobody could read for want of language data.
        attachments: What is attached to it, for other parsers to read.
    """

    title: str
    elements: list[Element]
    unread_pages: tuple[int, ...] = ()
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as text with structure: ``text[e.start:e.end] == e.text`` for every element.

    Attributes:
        unread_pages: Pages from 1 that need OCR and got none, because there is no language data.
    """

    title: str
    media_type: str
    text: str
    elements: tuple[Element, ...]
    unread_pages: tuple[int, ...] = ()


def assemble(
    title: str, media_type: str, elements: Sequence[Element], *, unread_pages: tuple[int, ...] = ()
) -> ParsedDocument:
    """Join elements into one text and fill in offsets and section paths.

    Elements of only white space are dropped; neighbouring list items are parted by one newline, others by two.

    Returns:
        The document; ``elements`` keep their order.
    """
    placed: list[Element] = []
    path: list[tuple[int, str]] = []
    parts: list[str] = []
    length = 0
    for element in elements:
        text = element.text.strip()
        if not text:
            continue
        if parts:
            both_items = element.kind == "list_item" and placed[-1].kind == "list_item"
            separator = "\n" if both_items else "\n\n"
            parts.append(separator)
            length += len(separator)
        # Nothing that can be seen stands under a heading that cannot.
        if element.kind == "heading" and not element.hidden:
            level = element.level or 1
            path = [entry for entry in path if entry[0] < level] + [(level, text)]
        section = tuple(heading for _, heading in path)
        placed.append(replace(element, text=text, section=section, start=length, end=length + len(text)))
        parts.append(text)
        length += len(text)
    return ParsedDocument(title, media_type, "".join(parts), tuple(placed), unread_pages)
