"""Office files are ZIP archives; open them only if unpacking them is safe."""

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from retrieval.errors import EncryptedError, ResourceLimitError, UnreadableError

MAX_MEMBERS = 20_000
MAX_UNPACKED_BYTES = 512 * 2**20
# A large member that shrinks more than this is a bomb: office XML shrinks ten- to thirtyfold.
MAX_RATIO = 200
RATIO_COUNTS_FROM_BYTES = 16 * 2**20
# The strict variant of Office Open XML differs in its names only.
_STRICT_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/([A-Za-z]+)/")


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a ZIP archive after checking what it would unpack to.

    Returns:
        The archive, open; close it.

    Raises:
        UnreadableError: It is damaged.
        EncryptedError: A member is encrypted.
        ResourceLimitError: It has too many members, or they unpack to too much.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UnreadableError("is damaged: its ZIP container cannot be read") from error
    try:
        _check(archive.infolist())
    except (EncryptedError, ResourceLimitError):
        archive.close()
        raise
    return archive


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise ResourceLimitError(f"holds more than {MAX_MEMBERS:,} parts")
    if any(member.flag_bits & 1 for member in members):
        raise EncryptedError("is password-protected")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise ResourceLimitError(f"unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MB")
    for member in members:
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > RATIO_COUNTS_FROM_BYTES and ratio > MAX_RATIO:
            raise ResourceLimitError(f"has a part that unpacks to {ratio:,.0f} times its size, as a ZIP bomb does")


def read_part(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """Unpack one part.

    Returns:
        Its bytes, or None if the archive has no such part.

    Raises:
        UnreadableError: The part is damaged.
    """
    try:
        return archive.read(name)
    except KeyError:
        return None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error) as error:
        raise UnreadableError(f"is damaged: {name} cannot be read") from error


def read_xml(archive: zipfile.ZipFile, name: str) -> Any:
    """Parse one XML part without entities, network or unbounded depth.

    Returns:
        Its root element, or None if the archive has no such part.
    """
    data = read_part(archive, name)
    return parse_xml(data, name) if data is not None else None


def parse_xml(data: bytes, name: str) -> Any:
    """Parse XML without entities, network or unbounded depth.

    Returns:
        Its root element.

    Raises:
        UnreadableError: It is not well-formed.
        ResourceLimitError: It is nested too deeply, or expands without end.
    """
    from lxml import etree

    reader = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(_STRICT_NAME.sub(rb"http://schemas.openxmlformats.org/\1/2006/", data), reader)
    except etree.XMLSyntaxError as error:
        if "xcessive depth" in str(error):
            raise ResourceLimitError("is nested too deeply") from error
        if "amplification" in str(error):
            raise ResourceLimitError("multiplies its text without end, as an entity bomb does") from error
        raise UnreadableError(f"is damaged: {name} cannot be read ({error.msg})") from error
    except ValueError as error:
        raise UnreadableError(f"is damaged: {name} cannot be read") from error
    if b"<!ENTITY" in data:
        # What stood for something else stays behind as "&name;", which nobody wrote to be read.
        etree.strip_elements(root, etree.Entity, with_tail=False)
    return root
