"""File -> prepared document: hashed, parsed and chunked in threads, ahead of the embedder."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ingestion.chunk import TokenSpans, chunk
from ingestion.report import Outcome
from ingestion.types import ParsedDocument, SourceFile
from ingestion.write import Prepared
from retrieval.errors import DocumentError, EmptyDocumentError, UnreadableError
from retrieval.rows import Known

PARSER_VERSION = "2"
CHUNKER_VERSION = "1"

Parse = Callable[[SourceFile], ParsedDocument]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Settled:
    """A file that needs no writing: it did not change, or it cannot be read."""

    file: SourceFile
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Preparer:
    """Does everything to a document that needs no model.

    Attributes:
        recipe: What a revision is made with; a file is unchanged only if bytes, readers and recipe are the same.
        workers: Documents under way at the same time.
    """

    parse: Parse
    token_spans: TokenSpans
    chunk_tokens: int
    recipe: str
    workers: int

    def prepare(
        self, files: Sequence[SourceFile], known: Mapping[str, Known], *, collection: str, acl: frozenset[str]
    ) -> Iterator[Prepared | Settled]:
        """Prepare files in order, a few ahead of the caller, so that memory stays bounded.

        Yields:
            A document to be written, or a file that is settled.
        """

        def one(file: SourceFile) -> Prepared | Settled:
            before = known.get(file.uri)
            try:
                digest, size = _digest(file)
                if before and (before.content_sha256, before.recipe, before.acl) == (digest, self.recipe, acl):
                    return Settled(file, "unchanged")
                document = self.parse(file)
                drafts = chunk(document, self.token_spans, max_tokens=self.chunk_tokens)
                if not drafts:
                    raise EmptyDocumentError("holds no text that a reader can see")
            except DocumentError as error:
                return Settled(file, "failed", str(error))
            return Prepared(file, document, drafts, collection, acl, digest, size, self.recipe, new=before is None)

        with ThreadPoolExecutor(self.workers, thread_name_prefix="parse") as pool:
            yield from _ahead(pool, one, files, depth=4 * self.workers)


def _digest(file: SourceFile) -> tuple[str, int]:
    try:
        with file.path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
            return digest, opened.tell()
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error


def _ahead(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], *, depth: int) -> Iterator[R]:
    """Results in order, with at most ``depth`` items under way: memory stays bounded whatever the folder's size."""
    waiting: list[Future[R]] = []
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= depth:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()
