"""The error tree.

AttuneError
├── NotFoundError          it does not exist, or this reader may not know that it does
├── InvalidInputError      the caller can mend it: an empty question, a wrong value
├── ConflictError          the state does not allow it now
├── DataDirectoryError     the data directory is foreign or corrupt
│   └── OwnedElsewhereError another process owns it now
├── DocumentError          one document cannot be ingested; the others go on
│   ├── UnreadableError    it cannot be opened or is not what it claims to be
│   ├── EncryptedError     it wants a password
│   ├── EmptyDocumentError nothing in it can be read as text
│   ├── NeedsOcrError      its text is in pictures, and there is no language data to read them with
│   ├── UnsupportedError   no parser for this kind of file
│   ├── QuarantinedError   the collection's policy keeps it out until an administrator lets it in
│   └── ResourceLimitError it crossed a bound: size, time, memory
│       └── ParserCrashError it killed its parser
├── SourceError            a source of documents as a whole cannot be reached: nothing is known to be gone
├── ModelError             an embedding or language model is missing, wrong or failed
│   └── AdapterError       a language model cannot wear an adapter; without it it answers
├── CancelledError         whoever asked for the work left, or the server stops; what was finished by then stays
├── BusyError              all places for such work are taken; asking again later helps
├── VectorIndexError       the vector index refused or is inconsistent
└── StorageFullError       the disk is full, or as full as it may get
"""

from typing import ClassVar


class AttuneError(Exception):
    """Something went wrong that we have words for; the message is shown to the caller."""


class NotFoundError(AttuneError):
    """It does not exist, or this reader may not know that it does."""


class InvalidInputError(AttuneError):
    """The caller can mend it: an empty question, a value out of range."""


class ConflictError(AttuneError):
    """The present state does not allow it."""


class DataDirectoryError(AttuneError):
    """The data directory is foreign or corrupt."""


class OwnedElsewhereError(DataDirectoryError):
    """Another process owns the data directory now."""


class DocumentError(AttuneError):
    """One document cannot be ingested; the others go on.

    Attributes:
        kind: One lasting word for programs; the message is for people and may change.
    """

    kind: ClassVar[str] = "unreadable"


class UnreadableError(DocumentError):
    """The file cannot be opened, or is not what it claims to be."""


class EncryptedError(DocumentError):
    """The file wants a password."""

    kind = "encrypted"


class EmptyDocumentError(DocumentError):
    """Nothing in the file can be read as text."""

    kind = "empty"


class NeedsOcrError(DocumentError):
    """The file's text is in pictures, and there is no language data to read them with; it can be read once there is."""

    kind = "needs_ocr"


class UnsupportedError(DocumentError):
    """There is no parser for this kind of file."""

    kind = "unsupported"


class ResourceLimitError(DocumentError):
    """The file crossed a bound: size, time, memory."""

    kind = "resource_limit"


class ParserCrashError(ResourceLimitError):
    """The file killed its parser: not to be tried again by itself."""

    kind = "crash"


class QuarantinedError(DocumentError):
    """The policy of its collection keeps the document out until an administrator lets it in."""

    kind = "policy"


class SourceError(AttuneError):
    """A source of documents as a whole cannot be reached; what it holds is unknown, not gone."""


class ModelError(AttuneError):
    """An embedding or language model is missing, is not the expected one, or failed."""


class AdapterError(ModelError):
    """A language model cannot wear an adapter; what it says without is there all the same."""


class BusyError(AttuneError):
    """All places for such work are taken; asking again later helps."""


class VectorIndexError(AttuneError):
    """The vector index refused an operation or is inconsistent."""


class StorageFullError(AttuneError):
    """The disk is full, or as full as the settings let it get."""


class CancelledError(AttuneError):
    """Whoever asked for the work left, or the server stops; what was finished by then stays."""
