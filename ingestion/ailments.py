"""Ailments: what can be wrong with a knowledge base, by a lasting code, in words, and what mends it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
EXAMPLES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of ailment.

    Attributes:
        severity: ``error``: answers are wrong, incomplete or refused; ``warning``: nothing is wrong for readers yet;
            ``note``: worth knowing.
        words: What is wrong, after the number of cases.
        remedy: What ``--repair`` does about it, or what an administrator does.
        mendable: ``--repair`` mends it.
    """

    severity: Severity
    words: str
    remedy: str
    mendable: bool = True


KINDS: dict[str, Kind] = {
    # The index beside the catalog. Subjects: chunks, or points where the point itself is wrong.
    "point-missing": Kind(
        "error", "chunks are not in the index: nobody finds them", "they are put in from the catalog"
    ),
    "point-wrong-vector": Kind("error", "chunks have another vector in the index", "they are put in from the catalog"),
    "point-mislabelled": Kind(
        "error", "points name another document, revision or collection", "they are put in from the catalog"
    ),
    "point-stale-access": Kind(
        "error", "points have another access list than their document", "the document's list is set"
    ),
    "point-stale-labels": Kind(
        "error",
        "points have another source, type, date or metadata than their document: searches narrowed by them miss it",
        "the document's are set",
    ),
    "point-orphan": Kind("warning", "points belong to no chunk", "they are taken out of the index"),
    "point-stray": Kind(
        "warning", "points stand under a wrong id, a second time or foreign", "they are taken out of the index"
    ),
    # Vectors beside the chunks.
    "vector-missing": Kind(
        "warning", "chunks have no stored vector", "it is taken from the index, or embedded where that has none"
    ),
    "vector-of-another-model": Kind(
        "warning", "chunks have a vector of another embedding model", "they are embedded again"
    ),
    "vector-damaged": Kind(
        "error",
        "stored vectors are not finite or of a wrong length",
        "they are taken from the index, or embedded where that has none",
    ),
    # The catalog itself.
    "chunk-misquoted": Kind(
        "error",
        "chunks are not the text at their place: quotes from them are wrong",
        "the place is corrected where the text stands once; otherwise the chunk takes the text at its place",
    ),
    "chunk-misfiled": Kind("error", "chunks name another document than their revision", "the revision's is set"),
    "document-without-revision": Kind(
        "error",
        "documents show no revision, or one that is not live",
        "the live one is shown, or the newest that has its chunks; one that never had any is removed",
    ),
    "document-without-content": Kind(
        "error", "documents show no revision and have none that could be shown", "ingest them again", mendable=False
    ),
    "revision-second-live": Kind("error", "revisions are live beside the one their document shows", "they are retired"),
    "revision-stuck": Kind(
        "warning", "revisions were begun and never finished", "they are discarded; a run takes their documents up again"
    ),
    "revision-waiting": Kind("warning", "revisions are whole and were not published", "they are published"),
    "revision-uncollected": Kind("warning", "retired revisions still have points", "they are collected"),
    "document-uncollected": Kind("warning", "deleted documents still lie in the catalog", "they are purged"),
    "catalog-damaged": Kind(
        "error", "faults in the catalog's file", "stop the server and restore a backup", mendable=False
    ),
    "schema-differs": Kind(
        "error", "schema version that is not this program's", "start the version that made it", mendable=False
    ),
    # Originals.
    "blob-missing": Kind(
        "warning",
        "originals of documents are not kept",
        "taken from where the document came from if it is unchanged there; otherwise ingest the document again",
    ),
    "blob-damaged": Kind("error", "originals are not what was kept", "put aside, then as for those that are missing"),
    "blob-orphan": Kind("note", "originals belong to nothing any more", "they are deleted"),
    "blob-unfinished": Kind("note", "files of originals were begun and never finished", "they are deleted"),
    # Runs.
    "run-without-worker": Kind(
        "warning", "runs are under way and no worker is there", "start `attune serve` or `attune work`", mendable=False
    ),
    "item-stranded": Kind(
        "warning", "documents are held by a worker that is gone", "they are given to the next worker"
    ),
    # The data directory.
    "directory-open": Kind(
        "error", "folders that other users of this machine can look into", "their mode becomes 0700"
    ),
    "file-open": Kind("warning", "files that other users may write", "their mode becomes 0600"),
    "file-foreign": Kind(
        "error", "files belong to another user", "give them to the user that runs the server (chown)", mendable=False
    ),
    "disk-low": Kind(
        "warning", "disk that is nearly full", "make room: ingestion stops at the reserve", mendable=False
    ),
    "learned-unreadable": Kind(
        "warning",
        "candidate that is live and cannot be served: answers are as without what was learned",
        "`attune rollback`, or put its files back from a backup",
        mendable=False,
    ),
    "index-pointer-lost": Kind(
        "note", "pointers lead to index directories that are gone", "they are forgotten; that index is made when needed"
    ),
}


@dataclass(frozen=True, slots=True)
class Ailment:
    """Something that is wrong, and how often.

    Attributes:
        code: A key of ``KINDS``.
        subjects: Ids of what is concerned, all of them.
        mended: How many of them are right now; None when nothing was tried.
        trouble: What went wrong while it was mended.
    """

    code: str
    subjects: Sequence[str]
    mended: int | None = None
    trouble: str | None = None

    @property
    def kind(self) -> Kind:
        """What it is."""
        return KINDS[self.code]

    @property
    def left(self) -> int:
        """How many cases there still are."""
        return len(self.subjects) - (self.mended or 0)


@dataclass(frozen=True, slots=True)
class Checkup:
    """What an examination found, the worst first.

    Attributes:
        documents: Live ones.
        chunks: Live ones.
    """

    ailments: tuple[Ailment, ...]
    documents: int
    chunks: int
    points: int
    seconds: float

    @property
    def well(self) -> bool:
        """Nothing is wrong any more; notes do not count."""
        return all(found.left == 0 or found.kind.severity == "note" for found in self.ailments)
