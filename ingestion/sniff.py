"""What kind of file is this: by its content; by its name only to tell kinds of text apart."""

import codecs
import re
import zipfile
import zlib
from pathlib import Path

from ingestion.parsers.decode import decode

HEAD_BYTES = 16_384
EMPTY, BINARY = "application/x-empty", "application/octet-stream"
ZIP, OLE, ENCRYPTED_OFFICE = "application/zip", "application/x-ole-storage", "application/x-encrypted-office"
_OPENXML = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = f"{_OPENXML}wordprocessingml.document", f"{_OPENXML}spreadsheetml.sheet"
PPTX = f"{_OPENXML}presentationml.presentation"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
MSG, TNEF, EPUB = "application/vnd.ms-outlook", "application/vnd.ms-tnef", "application/epub+zip"
ODF = "application/vnd.oasis.opendocument."
IWORK, VISIO = "application/vnd.apple.iwork", "application/vnd.visio"

PICTURES = ("image/png", "image/jpeg", "image/tiff", "image/bmp", "image/gif", "image/webp")

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
    (b"\x78\x9f\x3e\x22", TNEF),
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
# Entries at the top of an OLE file's directory say what it holds.
_OLE_KINDS = (
    ("EncryptedPackage", ENCRYPTED_OFFICE),
    ("__substg1.0_", MSG),
    ("WordDocument", DOC),
    ("PowerPoint Document", PPT),
    ("Workbook", XLS),
    ("Book", XLS),
    ("VisioDocument", VISIO),
)
_ZIP_FOLDERS = (("word/", DOCX), ("xl/workbook.bin", XLSB), ("xl/", XLSX), ("ppt/", PPTX), ("visio/", VISIO))
# Files without a list of content types that are more than an archive.
_ZIP_PARTS = (("META-INF/container.xml", EPUB), ("Index/Document.iwa", IWORK), ("Index.zip", IWORK))
_ODF_VARIANT = re.compile(r"-(?:template|master|web|flat-xml)(?:-template)?$")
_FLAT_ODF = re.compile(r"office:mimetype\s*=\s*[\"'](application/vnd\.oasis\.opendocument\.[a-z-]+)")
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
    "rst": "text/x-rst",
    "org": "text/org",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    **dict.fromkeys(("mht", "mhtml"), "message/rfc822"),
    **dict.fromkeys(("xml", "rss", "atom", "opml", "rdf", "xsd", "fodt", "fods", "fodp"), "application/xml"),
    **dict.fromkeys(("jsonl", "ndjson"), "application/jsonl"),
    **dict.fromkeys(("yaml", "yml", "toml", "ini", "cfg", "conf", "properties"), "text/x-settings"),
    **dict.fromkeys(("", "txt", "text", "log", "asc", "me", "adoc"), "text/plain"),
    # Text under the name of a binary format: the content decides.
    **dict.fromkeys(("pdf", "rtf", "epub", "msg", "doc", "dot", "xls", "ppt", "zip", "gz"), "text/plain"),
    **dict.fromkeys(("docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "potx"), "text/plain"),
    **dict.fromkeys(("odt", "ods", "odp", "png", "jpg", "jpeg", "gif", "tif", "tiff"), "text/plain"),
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
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
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
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            NotImplementedError,
            RuntimeError,
            OSError,
            ValueError,
            zlib.error,
        ):
            names = []
    if declared:
        return _ODF_VARIANT.sub("", declared)
    if names and "[Content_Types].xml" not in names:
        return next((kind for part, kind in _ZIP_PARTS if part in names), ZIP)
    for folder, kind in _ZIP_FOLDERS:
        # A file that was cut off has no directory any more; its first parts still show.
        if any(name.startswith(folder) for name in names) or (not names and folder.encode() in head):
            return kind
    return ZIP if names or b"[Content_Types].xml" not in head else DOCX


def _ole_kind(head: bytes, path: Path | None) -> str:
    import olefile

    try:
        with olefile.OleFileIO(path if path is not None else head) as ole:
            entries = [entry[0] for entry in ole.listdir(streams=True, storages=True)]
    except (OSError, ValueError, IndexError, TypeError, AttributeError, RecursionError):
        # A damaged directory: names are in UTF-16, wherever they lie.
        data = path.read_bytes() if path is not None else head
        return next((kind for entry, kind in _OLE_KINDS if entry.encode("utf-16-le") in data), OLE)
    return next((kind for entry, kind in _OLE_KINDS if any(e.startswith(entry) for e in entries)), OLE)


def _text_kind(text: str, name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    suffix = suffix.lower() if dot and stem else ""
    by_name = _TEXT_SUFFIXES.get(suffix, f"text/x-{suffix}")
    if _HTML_START.match(text):
        # Markdown may begin with HTML.
        return by_name if by_name == "text/markdown" else "text/html"
    declaration = _XML_START.match(text)
    if declaration and _HTML_START.match(text[declaration.end() :]):
        return "text/html"
    if declaration or by_name == "application/xml":
        flat = _FLAT_ODF.search(text)
        return _ODF_VARIANT.sub("", flat[1]) if flat else "application/xml"
    if by_name in {"message/rfc822", "text/plain"} and _is_mail(text):
        return "message/rfc822"
    return by_name


def _is_mail(text: str) -> bool:
    """Tell whether text begins with the headers of a message: three known ones, and nothing else before the gap."""
    # A page that Word or a browser saved as one file has two, MIME-Version among them.
    header = text.lstrip().replace("\r\n", "\n").partition("\n\n")[0][:4000]
    lines = header.split("\n")[:8]
    least = 2 if header[:1000].lower().count("mime-version:") else 3
    return len(_MAIL_LINE.findall(header)) >= least and all(_HEADER_LINE.match(line) for line in lines)
