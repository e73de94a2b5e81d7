"""Documents of golden sets -> what ingestion takes, and a hash of them."""

import json
import re
from collections.abc import Iterable
from hashlib import file_digest, sha256
from pathlib import Path

from eval.golden import GoldenDocument
from ingestion.load import collect
from ingestion.parsers.clean import clean
from ingestion.types import Element, ParsedDocument, assemble

_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")


def as_parsed(document: GoldenDocument) -> ParsedDocument:
    """Return a text as if it had been parsed; paragraphs are parted by blank lines."""
    title, text = " ".join(clean(document.title).split()), clean(document.text)
    paragraphs = [part for part in _BLANK_LINES.split(text) if part.strip()]
    if not paragraphs:
        # A title without text is all that can be searched, so it is the text.
        title, paragraphs = "", [title]
    return assemble(title, "text/plain", [Element("paragraph", paragraph) for paragraph in paragraphs])


def texts_sha256(documents: Iterable[GoldenDocument]) -> str:
    """Hash a corpus: equal for the same documents in the same order."""
    digest = sha256()
    for document in documents:
        digest.update(json.dumps([document.id, document.title, document.text]).encode())
    return digest.hexdigest()


def folder_sha256(folder: Path) -> str:
    """Hash the files of a folder that would be ingested: paths and bytes.

    Returns:
        64 hex digits.

    Raises:
        InvalidInputError: There is no such folder.
    """
    digest = sha256()
    for file in sorted(collect([folder]).files, key=lambda file: file.uri):
        digest.update(file.path.relative_to(folder).as_posix().encode() if file.path.is_relative_to(folder) else b"")
        with file.path.open("rb") as content:
            digest.update(file_digest(content, "sha256").digest())
    return digest.hexdigest()
