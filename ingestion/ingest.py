"""The path of a document: load -> parse -> chunk -> embed -> stage -> publish. The front door of this package."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingestion.load import Collected
from ingestion.prepare import CHUNKER_VERSION, PARSER_VERSION, Parse, Preparer
from ingestion.report import Progress, Report
from ingestion.write import Prepared, Writer
from retrieval.embed import Embedder
from retrieval.errors import AttuneError, ConflictError
from retrieval.types import EVERYONE

BATCH_CHUNKS = 64  # enough to fill the embedder's batches, few enough that a stop loses little


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
        for prepared in self._preparer().prepare(unique, known, collection=collection, acl=acl):
            if isinstance(prepared, Prepared):
                batch.append(prepared)
            else:
                progress(report.note(prepared.file.label, prepared.outcome, prepared.reason))
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

    def _preparer(self) -> Preparer:
        return Preparer(self.parse, self.embedder.token_spans, self.chunk_tokens, self.recipe, self.parse_workers)

    def _flush(self, batch: list[Prepared], report: Report, progress: Callable[[Progress], None]) -> None:
        for prepared, outcome in zip(batch, self.writer.write(batch, self.embedder), strict=True):
            if isinstance(outcome, AttuneError):
                progress(report.note(prepared.file.label, "failed", str(outcome)))
            else:
                report.chunks += len(prepared.drafts)
                progress(report.note(prepared.file.label, "added" if prepared.new else "updated"))
        batch.clear()
