"""After an erasure: is anything left? Looks through tables, index, originals and every file of the data directory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from app.erasure_files import left_in_files
from app.erasure_rows import ErasureRows
from finetune.twin_index import TwinIndex
from ingestion.blobs import Blobs

# The catalog's own file holds the id in the audit log; its tables are looked through one by one.
_CATALOG = "catalog.sqlite3"
_SAMPLE_CHARS = 80
_SAMPLE_MIN_CHARS = 20
_SAMPLES = 5
_CANDIDATES = 15


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for.

    Attributes:
        ids: They may stand nowhere but in the audit log and the record of erasures.
        words: Stretches of text that stood nowhere else; they may stand nowhere.
        originals: SHA-256 of originals that must be gone.
    """

    ids: tuple[str, ...]
    words: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()

    def __or__(self, other: "Sought") -> "Sought":
        """Return what is in either."""
        mine, theirs = ((one.ids, one.words, one.originals) for one in (self, other))
        return Sought(*(tuple(dict.fromkeys(a + b)) for a, b in zip(mine, theirs, strict=True)))


@dataclass(frozen=True, slots=True)
class Scan:
    """Looks everywhere that this process can reach."""

    rows: ErasureRows
    index: TwinIndex
    blobs: Blobs
    folders: tuple[Path, ...]

    def left(self, sought: Sought) -> dict[str, int]:
        """Count what is left.

        Returns:
            By place: ``table.column``, ``index``, ``original <sha256>``, or a file's path; empty when nothing is.
        """
        found = self.rows.mentions([*sought.ids, *sought.words])
        if points := self._points(sought.ids):
            found["index"] = points
        found |= {f"original {sha256}": 1 for sha256 in sought.originals if sha256 in self.blobs}
        return found | self._files(sought)

    def _points(self, ids: Collection[str]) -> int:
        every = chain.from_iterable(index.entries() for index in self.index.indexes)
        return sum(entry.document_id in ids for page in every for entry in page)

    def _files(self, sought: Sought) -> dict[str, int]:
        return left_in_files(self.folders, {_CATALOG: sought.words, "": (*sought.words, *sought.ids)})


def samples(text: str) -> list[str]:
    """Return stretches of a text that it can be known by, the longest lines first, none where it is too short."""
    lines = {line.strip()[:_SAMPLE_CHARS].strip() for line in text.splitlines()}
    return sorted((line for line in lines if len(line) >= _SAMPLE_MIN_CHARS), key=lambda s: (-len(s), s))[:_CANDIDATES]


def distinctive(rows: ErasureRows, document_id: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Return stretches of a document's texts that stand in no other document."""
    candidates = list(dict.fromkeys(sample for text in texts for sample in samples(text)))
    return tuple(rows.elsewhere(document_id, candidates)[:_SAMPLES])
