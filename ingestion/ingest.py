"""The path of a document: load -> parse -> chunk -> embed -> stage -> publish. The front door of this package."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from ingestion.chunk import ChunkDraft, chunk
from ingestion.load import Collected
from ingestion.types import ParsedDocument, SourceFile
from ingestion.write import Prepared, Writer
from retrieval.embed import Embedder
from retrieval.errors import AttuneError, ConflictError, DocumentError, EmptyDocumentError, UnreadableError
from retrieval.rows import Known
from retrieval.types import EVERYONE

PARSER_VERSION = "1"
CHUNKER_VERSION = "1"
BATCH_CHUNKS = 64  # enough to fill the embedder's batches, few enough that a stop loses little

Parse = Callable[[SourceFile], ParsedDocument]
T = TypeVar("T")
R = TypeVar("R")
Outcome = Literal["added", "updated", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not ingested, and why, in words for people."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What just happened to one document."""

    done: int
    total: int
    name: str
    outcome: Outcome
    reason: str | None = None


@dataclass(slots=True)
class Report:
    """Counts of one ingest; ``chunks`` are those written in it. Filled in while it runs."""

    documents: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: list[Failure] = field(default_factory=list)
    chunks: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ingestor:
    """Takes files into the knowledge base; running it again changes nothing."""

    parse: Parse
    embedder: Embedder
    writer: Writer
    chunk_tokens: int
    parse_workers: int = 2

    @property
    def recipe(self) -> str:
        """What a revision is made with; a change of any part ingests the same bytes again."""
        return f"parser{PARSER_VERSION}-chunker{CHUNKER_VERSION}:{self.chunk_tokens}-{self.embedder.fingerprint}"

    def ingest(
        self,
        collected: Collected,
        *,
        collection: str,
        acl: frozenset[str] = frozenset({EVERYONE}),
        keep_missing: bool = False,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> Report:
        """Ingest files, and delete what is gone from the folders they came from.

        Args:
            collected: Files, and the folders that were walked to find them; a uri given twice is taken once.
            collection: Name of an existing collection.
            acl: Who may read the documents.
            keep_missing: Keep documents whose files are gone from a folder that was walked.
            progress: Called after each document, from the calling thread.

        Returns:
            What happened. A file that fails is in ``failed``; what was known of it before stays as it was.

        Raises:
            NotFoundError: There is no such collection.
            ConflictError: A folder that documents came from is empty now, and they would all be deleted.
        """
        started = time.perf_counter()
        unique = list({file.uri: file for file in collected.files}.values())
        report = Report(documents=len(unique))
        known = self.writer.known(collection, [file.uri for file in unique])
        gone = [] if keep_missing else self._gone(collected, collection)
        batch: list[Prepared] = []
        for prepared in self._prepared(unique, known, collection, acl):
            if isinstance(prepared, Prepared):
                batch.append(prepared)
            else:
                _note(report, prepared, progress)
            if sum(len(p.drafts) for p in batch) >= BATCH_CHUNKS:
                self._flush(batch, report, progress)
        self._flush(batch, report, progress)
        for document_id in gone:
            self.writer.delete(document_id)
        report.deleted = len(gone)
        report.seconds = round(time.perf_counter() - started, 3)
        return report

    def _gone(self, collected: Collected, collection: str) -> list[str]:
        present = {file.uri for file in collected.files}
        unknown = tuple(f"{folder.as_uri()}/" for folder in collected.unreadable)
        gone: list[str] = []
        for folder in collected.folders:
            prefix = f"{folder.as_uri().rstrip('/')}/"
            under = self.writer.known_under(collection, prefix)
            if under and not any(uri.startswith(prefix) for uri in present):
                # An unmounted share looks like this; nobody empties a knowledge base by emptying a folder.
                raise ConflictError(
                    f"{folder} is empty now, but {len(under)} documents came from it; nothing was changed. To drop "
                    "them, delete them one by one; to keep them, say --keep-missing"
                )
            gone += [document_id for document_id, uri in under if uri not in present and not uri.startswith(unknown)]
        return list(dict.fromkeys(gone))

    def _prepared(
        self, files: Sequence[SourceFile], known: Mapping[str, Known], collection: str, acl: frozenset[str]
    ) -> Iterator["Prepared | _Done"]:
        def prepare(file: SourceFile) -> Prepared | _Done:
            before = known.get(file.uri)
            try:
                digest, size = _digest(file)
                if before and (before.content_sha256, before.recipe, before.acl) == (digest, self.recipe, acl):
                    return _Done(file, "unchanged")
                document = self.parse(file)
                drafts = self._chunks(document)
                if not drafts:
                    raise EmptyDocumentError("holds no text that a reader can see")
            except DocumentError as error:
                return _Done(file, "failed", str(error))
            return Prepared(file, document, drafts, collection, acl, digest, size, self.recipe, new=before is None)

        with ThreadPoolExecutor(self.parse_workers, thread_name_prefix="parse") as pool:
            yield from _ahead(pool, prepare, files, depth=4 * self.parse_workers)

    def _chunks(self, document: ParsedDocument) -> list[ChunkDraft]:
        return chunk(document, self.embedder.token_spans, max_tokens=self.chunk_tokens)

    def _flush(self, batch: list[Prepared], report: Report, progress: Callable[[Progress], None]) -> None:
        for prepared, outcome in zip(batch, self.writer.write(batch, self.embedder), strict=True):
            if isinstance(outcome, AttuneError):
                _note(report, _Done(prepared.file, "failed", str(outcome)), progress)
            else:
                report.chunks += len(prepared.drafts)
                _note(report, _Done(prepared.file, "added" if prepared.new else "updated"), progress)
        batch.clear()


@dataclass(frozen=True, slots=True)
class _Done:
    file: SourceFile
    outcome: Outcome
    reason: str | None = None


def _digest(file: SourceFile) -> tuple[str, int]:
    try:
        with file.path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
            return digest, opened.tell()
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error


def _note(report: Report, done: _Done, progress: Callable[[Progress], None]) -> None:
    if done.outcome == "failed":
        report.failed.append(Failure(done.file.label, done.reason or ""))
    else:
        setattr(report, done.outcome, getattr(report, done.outcome) + 1)
    count = report.added + report.updated + report.unchanged + len(report.failed)
    progress(Progress(count, report.documents, done.file.label, done.outcome, done.reason))


def _ahead(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], *, depth: int) -> Iterator[R]:
    """Results in order, with at most ``depth`` items under way: memory stays bounded whatever the folder's size."""
    waiting: list[Future[R]] = []
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= depth:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()
