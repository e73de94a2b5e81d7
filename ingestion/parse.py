"""SourceFile -> ParsedDocument: the kind of the file decides who reads it, its content decides the kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import cast

from ingestion import sniff
from ingestion.attached import Unpacker
from ingestion.parsers.clean import clean, fold, readable_name
from ingestion.parsers.ocr import Ocr
from ingestion.types import Element, ParsedDocument, Reading, SourceFile, assemble
from retrieval.errors import (
    EmptyDocumentError,
    EncryptedError,
    ResourceLimitError,
    UnreadableError,
    UnsupportedError,
)

MAX_BYTES = 100 * 2**20
_MAX_TITLE_CHARS = 300
_TITLE_WITHIN = 3  # elements; a heading further down is that of a part

PARSERS = {
    "text/markdown": ("ingestion.parsers.markdown", "parse_markdown"),
    "text/html": ("ingestion.parsers.html", "parse_html"),
    sniff.DOCX: ("ingestion.parsers.docx", "parse_docx"),
    sniff.DOC: ("ingestion.parsers.doc", "parse_doc"),
    sniff.PPTX: ("ingestion.parsers.pptx", "parse_pptx"),
    sniff.XLSX: ("ingestion.parsers.xlsx", "parse_xlsx"),
    sniff.XLS: ("ingestion.parsers.xls", "parse_xls"),
    "application/rtf": ("ingestion.parsers.rtf", "parse_rtf"),
    sniff.EPUB: ("ingestion.parsers.epub", "parse_epub"),
    f"{sniff.ODF}text": ("ingestion.parsers.odf", "parse_odf"),
    f"{sniff.ODF}spreadsheet": ("ingestion.parsers.odf", "parse_odf"),
    f"{sniff.ODF}presentation": ("ingestion.parsers.odf", "parse_odf"),
    f"{sniff.ODF}graphics": ("ingestion.parsers.odf", "parse_odf"),
    "application/pdf": ("ingestion.parsers.pdf", "parse_pdf"),
    **dict.fromkeys(sniff.PICTURES, ("ingestion.parsers.image", "parse_image")),
    "message/rfc822": ("ingestion.parsers.mail", "parse_mail"),
    sniff.MSG: ("ingestion.parsers.msg", "parse_msg"),
    sniff.TNEF: ("ingestion.parsers.tnef", "parse_tnef"),
    "text/plain": ("ingestion.parsers.text", "parse_text"),
    "text/x-rst": ("ingestion.parsers.outline", "parse_rst"),
    "text/org": ("ingestion.parsers.outline", "parse_org"),
    "text/x-settings": ("ingestion.parsers.text", "parse_settings"),
    "text/calendar": ("ingestion.parsers.ical", "parse_ical"),
    "text/vcard": ("ingestion.parsers.ical", "parse_ical"),
    "text/csv": ("ingestion.parsers.delimited", "parse_csv"),
    "text/tab-separated-values": ("ingestion.parsers.delimited", "parse_csv"),
    "application/json": ("ingestion.parsers.text", "parse_json"),
    "application/jsonl": ("ingestion.parsers.text", "parse_json_lines"),
    "application/xml": ("ingestion.parsers.xml", "parse_xml_file"),
}
"""Media type -> module and function; a function takes a SourceFile and returns a Reading, or its title and Elements."""

BACKENDS = {"unstructured": ("ingestion.parsers.unstructured", "parse_by_unstructured")}
"""Name of another reader -> module and function; it is used for the media types that the caller names."""

_BY_OCR = frozenset({"ingestion.parsers.pdf", "ingestion.parsers.image"})
"""The functions of these modules take an Ocr too."""

_KINDS = {
    sniff.ZIP: "is a ZIP archive; unpack it first",
    sniff.BINARY: "is not a document: its content is of no known kind",
    sniff.OLE: "is an old office file that is damaged or of an unknown kind",
    "application/vnd.ms-powerpoint": "is an old PowerPoint presentation (.ppt), which cannot be read yet",
    sniff.XLSB: "is a binary Excel workbook (.xlsb); save it as .xlsx",
    sniff.IWORK: "is an Apple Pages, Numbers or Keynote document; export it as PDF or in an Office format",
    sniff.VISIO: "is a Visio drawing; export it as PDF",
    "application/x-executable": "is a program",
    "application/vnd.sqlite3": "is a database",
}
_FAMILIES = {
    "image": "is a picture of a kind that cannot be read ({}); save it as PNG",
    "audio": "is a sound recording ({})",
    "video": "is a film ({})",
    "text": "is a .{} file, which is not a document",
}
_ARCHIVES = ("gzip", "x-7z-compressed", "vnd.rar", "x-bzip2", "x-xz", "zstd")


def parse(source: SourceFile, *, ocr: Ocr | None = None, backends: Mapping[str, str] | None = None) -> ParsedDocument:
    """Read a file into text with structure.

    Args:
        source: The file; its name is used to tell kinds of text apart and as title where the content has none.
        ocr: How pictures of text are read; None for the language data that are installed.
        backends: Media type -> name in ``BACKENDS`` of what reads it instead of our own parser.

    Returns:
        The document, with at least one element; its text is NFC and free of control and invisible characters.

    Raises:
        UnreadableError: It cannot be opened, or is damaged.
        UnsupportedError: It is of a kind that nobody here reads; the message names it.
        EncryptedError: It wants a password.
        EmptyDocumentError: It holds no text.
        NeedsOcrError: Its text is in pictures, and there is no language data to read them with.
        ResourceLimitError: It is too large, or would unpack to something too large.
    """
    reader = _Reader(ocr or Ocr(), backends or {})
    return reader.read(source, Unpacker(reader.read))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads files, and what is attached to them, all in the same way."""

    ocr: Ocr
    backends: Mapping[str, str]

    def read(self, source: SourceFile, unpacker: Unpacker) -> ParsedDocument:
        media_type = media_type_of(source)
        try:
            reading = self._reading(source, media_type)
            found = unpacker.all_of(reading, source.uri)
        except RecursionError as error:
            raise ResourceLimitError("is nested too deeply") from error
        elements = [_cleaned(element) for element in found]
        title = _title(reading.title, elements, source.name)
        document = assemble(title, media_type, elements, unread_pages=reading.unread_pages)
        if not document.elements:
            raise EmptyDocumentError("holds no text")
        return document

    def _reading(self, source: SourceFile, media_type: str) -> Reading:
        if media_type == sniff.EMPTY:
            raise EmptyDocumentError("is empty (0 bytes)")
        if media_type == sniff.ENCRYPTED_OFFICE:
            raise EncryptedError("is password-protected")
        module, function = (
            BACKENDS[self.backends[media_type]] if media_type in self.backends else PARSERS.get(media_type, ("", ""))
        )
        if not module:
            raise UnsupportedError(_in_words(media_type))
        read = cast("Callable[..., Reading | tuple[str, list[Element]]]", getattr(import_module(module), function))
        return Reading(*(read(source, self.ocr) if module in _BY_OCR else read(source)))


def media_type_of(source: SourceFile) -> str:
    """Recognise a file without reading more of it than needed.

    Returns:
        Its media type, see ``sniff``.

    Raises:
        UnreadableError: It cannot be opened.
        ResourceLimitError: It is larger than ``MAX_BYTES``.
    """
    try:
        if source.path.stat().st_size > MAX_BYTES:
            raise ResourceLimitError(f"is larger than {MAX_BYTES // 2**20} MB")
        with source.path.open("rb") as file:
            head = file.read(sniff.HEAD_BYTES)
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror}") from error
    return sniff.sniff(head, source.name, source.path)


def _in_words(media_type: str) -> str:
    if media_type in _KINDS:
        return _KINDS[media_type]
    family, _, kind = media_type.partition("/")
    if kind in _ARCHIVES:
        return "is a packed archive; unpack it first"
    return _FAMILIES.get(family, "is of a kind that cannot be read ({})").format(kind.removeprefix("x-"))


def _cleaned(element: Element) -> Element:
    text, html = clean(element.text), clean(element.html) if element.html is not None else None
    return element if text == element.text and html == element.html else replace(element, text=text, html=html)


def _title(title: str, elements: list[Element], name: str) -> str:
    """Prefer what the document calls itself, then a heading near its beginning, then its name in words."""
    shown = [e for e in elements if not e.hidden and e.text.strip()]
    headings = (e.text for e in shown[:_TITLE_WITHIN] if e.kind == "heading")
    candidates = (clean(title), next(headings, ""), readable_name(name))
    return next((fold(c) for c in candidates if c.strip()), "Untitled")[:_MAX_TITLE_CHARS]
