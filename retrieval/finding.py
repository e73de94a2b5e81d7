"""Something about a document that somebody should know: what it is and where it stands, never the words themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "duplicate", "personal", "secret", "instruction", "hidden_text", "language", "empty", "stale", "needs_ocr"
]
Severity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation about a document.

    Attributes:
        rule: What found it, within its kind: ``email``, ``iban``, ``AWSKeyDetector``.
        message: For people; it never repeats a secret or a personal value.
        start: Character offset into the document's text, inclusive; None when it is about the whole or the title.
        end: Character offset, exclusive.
        details: What else is known, storable as JSON.
        count: How many it stands for: the last of a hundred of one rule counts those that are not listed.
    """

    kind: Kind
    rule: str
    severity: Severity
    message: str
    start: int | None = None
    end: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1
