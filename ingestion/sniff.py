"""What kind of file is this: by its content; by its name only to tell kinds of text apart."""

import codecs
import re
import zipfile
from pathlib import Path

from ingestion.parsers.decode import decode

HEAD_BYTES = 16_384
EMPTY, BINARY = "application/x-empty", "application/octet-stream"
ZIP, OLE, ENCRYPTED_OFFICE = "application/zip", "application/x-ole-storage", "application/x-encrypted-office"
_OPENXML = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = f"{_OPENXML}wordprocessingml.document", f"{_OPENXML}spreadsheetml.sheet"
PPTX = f"{_OPENXML}presentationml.presentation"

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
)
# Letters may begin a text too; these count only where the rest is no text.
_LETTERS = (
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"BZh", "application/x-bzip2"),
    (b"MZ", "application/x-executable"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"RIFF", "application/x-riff"),
)
# Directory entries of an OLE file are in UTF-16; they say what it holds.
_OLE_KINDS = (
    ("EncryptedPackage", ENCRYPTED_OFFICE),
    ("__substg1.0_", "application/vnd.ms-outlook"),
    ("WordDocument", "application/msword"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
)
_ZIP_FOLDERS = (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX))
_TEXT_SUFFIXES = {
    "md": "text/markdown",
    "markdown": "text/markdown",
    "mdown": "text/markdown",
    "mkd": "text/markdown",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "text/html",
    "eml": "message/rfc822",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "tab": "text/tab-separated-values",
    "json": "application/json",
    "xml": "application/xml",
    "rst": "text/x-rst",
    "org": "text/org",
    **dict.fromkeys(("", "txt", "text", "log", "asc", "me", "adoc"), "text/plain"),
    # Text under the name of a binary format: the content decides.
    **dict.fromkeys(("pdf", "docx", "doc", "xlsx", "xls", "pptx", "ppt", "odt", "rtf", "epub", "msg"), "text/plain"),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "tif", "tiff", "zip", "gz"), "text/plain"),
}
_HTML_START = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*)*(?:<!doctype\s+html|<(?:html|head|body)\b)", re.IGNORECASE | re.DOTALL
)
_XML_START = re.compile(r"\s*<\?xml\b.{0,200}?\?>", re.DOTALL)
_MAIL_LINE = re.compile(
    r"^(?:from|to|subject|date|received|return-path|message-id|mime-version|content-type|delivered-to|x-[\w-]+): ?",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_LINE = re.compile(r"[!-9;-~]+:[ \t]|From |[ \t]")


def sniff(head: bytes, name: str, path: Path | None = None) -> str:
    """Recognise a kind of file.

    Args:
        head: Its first bytes; ``HEAD_BYTES`` are enough.
        name: Its name; only the suffix counts, and only between kinds of text.
        path: Where it lies; without it office files are told apart by their first bytes alone.

    Returns:
        A media type; ``text/x-SUFFIX`` for text of a kind without one, such as source code.
    """
    if not head:
        return EMPTY
    signed = _signed_kind(head, path)
    if signed is not None:
        return signed
    text = _start(head)
    if _is_binary(text):
        return next((kind for magic, kind in _LETTERS if head.startswith(magic)), BINARY)
    return _text_kind(text, name)


def _signed_kind(head: bytes, path: Path | None) -> str | None:
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(head, path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_kind(head, path)
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _start(head: bytes) -> str:
    if b"\0" in head:
        return decode(head)  # UTF-16, or no text
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return decode(head)


def _is_binary(text: str) -> bool:
    strange = sum(1 for c in text if (c < " " and c not in "\t\n\r\f\x1b") or ("\x7f" <= c < "\xa0" and c != "\x85"))
    return strange + text.count("\ufffd") > 0.05 * len(text) or "\0\0" in text


def _zip_kind(head: bytes, path: Path | None) -> str:
    names: list[str] = []
    declared = ""
    if path is not None:
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
                if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                    declared = archive.read("mimetype").decode("ascii", "replace").strip()
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
            names = []
    if declared:
        return declared
    if names and "[Content_Types].xml" not in names:
        return ZIP
    for folder, kind in _ZIP_FOLDERS:
        # A file that was cut off has no directory any more; its first parts still show.
        if any(name.startswith(folder) for name in names) or (not names and folder.encode() in head):
            return kind
    return ZIP if names or b"[Content_Types].xml" not in head else DOCX


def _ole_kind(head: bytes, path: Path | None) -> str:
    data = path.read_bytes() if path is not None else head
    return next((kind for entry, kind in _OLE_KINDS if entry.encode("utf-16-le") in data), OLE)


def _text_kind(text: str, name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    suffix = suffix.lower() if dot and stem else ""
    by_name = _TEXT_SUFFIXES.get(suffix, f"text/x-{suffix}")
    if _HTML_START.match(text):
        # Markdown may begin with HTML.
        return by_name if by_name == "text/markdown" else "text/html"
    declaration = _XML_START.match(text)
    if declaration:
        return "text/html" if _HTML_START.match(text[declaration.end() :]) else "application/xml"
    if by_name in {"message/rfc822", "text/plain"} and _is_mail(text):
        return "message/rfc822"
    return by_name


def _is_mail(text: str) -> bool:
    """Tell whether text begins with the headers of a message: three known ones, and nothing else before the gap."""
    header = text.lstrip().replace("\r\n", "\n").partition("\n\n")[0][:4000]
    lines = header.split("\n")[:8]
    return len(_MAIL_LINE.findall(header)) >= 3 and all(_HEADER_LINE.match(line) for line in lines)
