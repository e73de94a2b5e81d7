"""What a child that parses hands over, as JSON in a file: a document, or why there is none.

The child has read a file that may be hostile, so nothing it says is taken on trust: kinds and types are checked, and
offsets and sections, which citations stand on, are made by whoever receives.
"""

import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, get_args

from ingestion.types import Element, ElementKind, ParsedDocument, assemble
from retrieval import errors
from retrieval.types import Box

_LOG_BYTES = 4096
_KINDS = frozenset(get_args(ElementKind))
_ERRORS = {
    cls.__name__: cls
    for cls in (
        errors.UnreadableError,
        errors.EncryptedError,
        errors.EmptyDocumentError,
        errors.NeedsOcrError,
        errors.UnsupportedError,
        errors.ResourceLimitError,
        errors.ParserCrashError,
    )
}


def document_as_json(document: ParsedDocument) -> dict[str, Any]:
    """Put a document into what JSON can hold.

    Returns:
        Its title, media type, unread pages and elements.
    """
    elements = [
        (e.kind, e.text, e.level, e.page, e.box and (e.box.x0, e.box.y0, e.box.x1, e.box.y1), e.place, e.html, e.hidden)
        for e in document.elements
    ]
    whole = {"title": document.title, "media_type": document.media_type, "unread_pages": document.unread_pages}
    return whole | {"elements": elements}


def error_as_json(error: errors.DocumentError) -> dict[str, Any]:
    """Put the reason why there is no document into what JSON can hold.

    Returns:
        Its class and its words.
    """
    return {"error": type(error).__name__, "message": str(error)}


def document_from_json(said: Any) -> ParsedDocument:
    """Take a document over.

    Args:
        said: What was handed over, decoded.

    Returns:
        The document.

    Raises:
        DocumentError: There is none, for the reason that was handed over.
        ValueError: It is not what a child hands over.
        TypeError: As for ValueError.
        KeyError: As for ValueError.
    """
    check_for_error(said)
    elements = [_element(*row) for row in said["elements"]]
    unread_pages = tuple(_of(int, page) for page in said["unread_pages"])
    return assemble(_of(str, said["title"]), _of(str, said["media_type"]), elements, unread_pages=unread_pages)


def check_for_error(said: Any) -> None:
    """Raise what a child says went wrong, if anything did.

    Raises:
        DocumentError: For the reason that was handed over.
        ValueError: As ``document_from_json``, as are the others.
        TypeError: Likewise.
        KeyError: Likewise.
    """
    if "error" in said:
        raise _ERRORS[said["error"]](_of(str, said["message"]))


def _element(*row: Any) -> Element:
    kind, text, level, page, box, place, html, hidden = row
    if kind not in _KINDS:
        raise ValueError(kind)
    return Element(
        kind,
        _of(str, text),
        None if level is None else _of(int, level),
        None if page is None else _of(int, page),
        None if box is None else Box(*(float(_of((int, float), edge)) for edge in box)),
        None if place is None else _of(str, place),
        None if html is None else _of(str, html),
        hidden=_of(bool, hidden),
    )


def _of(kind: type | tuple[type, ...], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r:.100} is no {kind}")
    return value


def _opened(path: Path) -> BinaryIO:
    """Open what a child left, which may be anything: a link to another file, or a pipe that nobody writes to."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError("not a file")
    return file


def left_by_child(path: Path, max_bytes: int) -> bytes:
    """Read what a child left.

    Returns:
        All of it.

    Raises:
        OSError: There is none, or it is a link.
        ValueError: It is no file.
        ResourceLimitError: It is larger than that.
    """
    with _opened(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise errors.ResourceLimitError("holds too much text")
    return content


def last_lines(path: Path) -> list[str]:
    """Return the last lines of what a child printed, without empty ones; none where it cannot be read."""
    try:
        with _opened(path) as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _LOG_BYTES, 0))
            text = file.read(_LOG_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]
