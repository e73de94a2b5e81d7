"""What a source holds now against what is known of it: which documents are new, changed, moved, gone.

The bytes of what is to be taken in are kept as originals here, so that everything behind works on one state of a
document, whatever happens to the source meanwhile, and on any machine.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ingestion.access_rules import acl_of, narrowed
from ingestion.blobs import Blobs
from ingestion.parsers.ocr import ocr_available
from ingestion.prepare import WITHOUT_OCR
from ingestion.run_rows import NewItem
from ingestion.runs import IngestRuns, Run
from ingestion.sources.paths import Paths
from ingestion.sources.source import Entry, Source
from retrieval.catalog import Catalog
from retrieval.errors import ConflictError, DocumentError, UnreadableError
from retrieval.rows import Known

_PART_BYTES = 1 << 20
_TWICE = "another file of this name came in the same upload and was taken in; give this one another name"
PAGE = 64  # documents written down together: few enough that work on them begins at once


@dataclass(frozen=True, slots=True)
class Scanner:
    """Finds out what a run has to do. It can be killed and repeated: what it has written down it passes over.

    Attributes:
        max_bytes: Largest document that is taken in.
    """

    catalog: Catalog
    blobs: Blobs
    runs: IngestRuns
    max_bytes: int

    def scan(self, run: Run, source: Source, *, wanted: Callable[[], bool] = lambda: True) -> None:
        """Write every document of a source into a run: settled, to be taken in, or to be deleted.

        Args:
            run: What was asked for; its ``spec`` holds recipe, access list, and whether missing documents are kept.
            source: Where to look.
            wanted: Asked now and then; the scan stops unfinished when it says no.

        Raises:
            SourceError: The source cannot be reached; nothing is deleted.
            ConflictError: It is empty now, and everything that came from it would be deleted.
            InvalidInputError: A path does not exist.
            StorageFullError: There is no room for the originals.
        """
        listed: dict[str, Entry] = {}
        for entry in source.entries():
            if not wanted():
                return
            listed.setdefault(entry.uri, entry)
        entries = list(listed.values())
        gone = {} if run.spec.get("keep_missing") else self._gone(run, source, entries)
        moves = _Moves(self._hashes(run, gone))
        for start in range(0, len(entries), PAGE):
            if not wanted():
                return
            page = entries[start : start + PAGE]
            self.runs.add_items(run.id, list(self._page(run, source, page, moves)))
        left = [uri for uri in gone if uri not in moves.taken]
        for start in range(0, len(left), PAGE):
            deleted = [NewItem(uri, _last(uri), outcome="deleted") for uri in left[start : start + PAGE]]
            self.runs.add_items(run.id, deleted)
        self.runs.scanned(run.id)

    def _gone(self, run: Run, source: Source, entries: Sequence[Entry]) -> dict[str, str]:
        """Return uri -> document id of what came from here and is not listed any more."""
        if run.source_id is not None:
            before = self.catalog.known_of_source(run.source_id)
        else:
            prefixes = source.folders if isinstance(source, Paths) else ()
            before = [known for prefix in prefixes for known in self._under(run.collection, prefix, entries)]
        present = {entry.uri for entry in entries}
        if before and run.source_id is not None and not present:
            raise ConflictError(_emptied(run.label, len(before)))
        unknown = tuple(source.unreadable)
        return {uri: key for key, uri in before if uri not in present and not uri.startswith(unknown or ("\0",))}

    def _under(self, collection: str, prefix: str, entries: Sequence[Entry]) -> list[tuple[str, str]]:
        before = self.catalog.known_under(collection, prefix)
        if before and not any(entry.uri.startswith(prefix) for entry in entries):
            # An unmounted share looks like this; nobody empties a knowledge base by emptying a folder.
            raise ConflictError(_emptied(prefix, len(before)))
        return before

    def _hashes(self, run: Run, gone: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        known = self.catalog.known(run.collection, list(gone)) if gone else {}
        return {found.content_sha256: (found.document_id, uri) for uri, found in known.items()}

    def _page(self, run: Run, source: Source, page: Sequence[Entry], moves: "_Moves") -> Iterator[NewItem]:
        known = dict(self.catalog.known(run.collection, [entry.uri for entry in page]))
        same: list[str] = []
        access: dict[str, frozenset[str]] = {}
        for entry in page:
            item = self._unread(run, entry, known.get(entry.uri)) or self._read(
                run, source, entry, known.get(entry.uri)
            )
            if entry.uri not in known and item.content_sha256 is not None:
                item = self._moved(run, item, moves, known)
            before = known.get(entry.uri)
            if before is not None:
                access |= readers_meanwhile(run.spec, item, before)
                same += [before.document_id] if item.outcome == "unchanged" else []
            yield item
        self.catalog.follow_access(access)
        if run.source_id is not None:
            self.catalog.adopt(same, run.source_id)

    def _unread(self, run: Run, entry: Entry, before: Known | None) -> NewItem | None:
        if before is None or entry.version is None or entry.version != before.source_version:
            return None
        if not _as_wanted(run.spec, before):
            return None
        return NewItem(
            entry.uri, entry.name, before.content_sha256, entry.size_bytes or 0, state="done", outcome="unchanged"
        )

    def _read(self, run: Run, source: Source, entry: Entry, before: Known | None) -> NewItem:
        try:
            with source.fetch(entry) as stream:
                kept = self._keep(stream, before)
        except DocumentError as error:
            return NewItem(entry.uri, entry.name, state="failed", reason=str(error), kind=error.kind)
        except OSError as error:
            gone = UnreadableError(f"cannot be read: {error.strerror or type(error).__name__}")
            return NewItem(entry.uri, entry.name, state="failed", reason=str(gone), kind=gone.kind)
        return _item(run.spec, entry, kept, before)

    def _keep(self, stream: BinaryIO, before: Known | None) -> tuple[str, int]:
        if before is not None and stream.seekable():
            # Mostly it did not change: then reading it is enough.
            digest = hashlib.sha256()
            while part := stream.read(_PART_BYTES):
                digest.update(part)
            if digest.hexdigest() == before.content_sha256 and before.content_sha256 in self.blobs:
                return before.content_sha256, stream.tell()
            stream.seek(0)
        return self.blobs.put(stream, max_bytes=self.max_bytes)

    def _moved(self, run: Run, item: NewItem, moves: "_Moves", known: dict[str, Known]) -> NewItem:
        found = moves.take(item.content_sha256 or "")
        if found is None:
            return item
        document_id, old_uri = found
        if not self.catalog.move(document_id, item.uri):
            # Another run has begun to take it in under its new name; the old one is deleted as what is gone.
            moves.taken.discard(old_uri)
            return item
        known |= self.catalog.known(run.collection, [item.uri])
        before = known.get(item.uri)
        if before is not None and _last(old_uri) == _last(item.uri) and _as_wanted(run.spec, before):
            return NewItem(
                item.uri, item.name, item.content_sha256, item.size_bytes, item.source_version, "done", "moved"
            )
        # Under another name it may have another title: read again, its vectors taken along.
        return NewItem(item.uri, item.name, item.content_sha256, item.size_bytes, item.source_version, outcome="moved")


def items_of(
    uploads: Sequence[tuple[str, str, str, int]], known: Mapping[str, Known], spec: Mapping[str, Any]
) -> list[NewItem]:
    """Return what a run has to do about documents whose bytes are originals already.

    Args:
        uploads: uri, name, SHA-256 and size of each; of one uri the first counts, and the others are told so.
        known: What is known of them, by uri.
        spec: As a run has it.
    """
    items: dict[str, NewItem] = {}
    for uri, name, sha256, size_bytes in uploads:
        first = items.get(uri)
        if first is None:
            items[uri] = _item(spec, Entry(uri, name), (sha256, size_bytes), known.get(uri))
        elif first.content_sha256 != sha256:
            # One would replace the other, and nobody would be told.
            second = f"{uri} ({len(items) + 1})"
            items[second] = NewItem(second, name, sha256, size_bytes, None, "failed", None, _TWICE, "same_name")
    return list(items.values())


def readers_meanwhile(spec: Mapping[str, Any], item: NewItem, before: Known) -> dict[str, frozenset[str]]:
    """Return who is to read a known document from now on, by its id; empty where that stays.

    Nothing of a document has to be read again for it. One that will be, or cannot be, is at once read by nobody whom
    the run does not let in; whom it lets in besides, its new state lets in.
    """
    wanted = acl_of(spec, item.uri)
    if wanted is None or before.acl_is_kept:
        return {}
    acl = wanted if item.state == "done" else narrowed(before.acl, wanted)
    return {} if acl == before.acl else {before.document_id: acl}


@dataclass(slots=True)
class _Moves:
    """Documents that are gone, by what they held; each may turn up again once."""

    gone: dict[str, tuple[str, str]]
    taken: set[str] = field(default_factory=set)

    def take(self, sha256: str) -> tuple[str, str] | None:
        found = self.gone.pop(sha256, None)
        if found is not None:
            self.taken.add(found[1])
        return found


def _item(spec: Mapping[str, Any], entry: Entry, kept: tuple[str, int], before: Known | None) -> NewItem:
    sha256, size_bytes = kept
    if before is not None and before.content_sha256 == sha256 and _as_wanted(spec, before):
        return NewItem(entry.uri, entry.name, sha256, size_bytes, entry.version, "done", "unchanged")
    return NewItem(entry.uri, entry.name, sha256, size_bytes, entry.version)


def _as_wanted(spec: Mapping[str, Any], before: Known) -> bool:
    """Tell whether a revision was made the way this run would make it."""
    recipe = before.recipe
    if recipe.endswith(WITHOUT_OCR) and not ocr_available():
        recipe = recipe.removesuffix(WITHOUT_OCR)
    return recipe == spec["recipe"] and spec.get("metadata") in (None, before.metadata)


def _emptied(where: str, count: int) -> str:
    return (
        f"{where} is empty now, but {count} documents came from it; nothing was changed. To drop them, delete them one "
        "by one; to keep them, say --keep-missing"
    )


def _last(uri: str) -> str:
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(uri).path.rstrip("/").rpartition("/")[2]) or uri
