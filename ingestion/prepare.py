"""Bytes -> prepared document: parsed and chunked in threads, ahead of the embedder."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ingestion.chunk import TokenSpans, chunk
from ingestion.report import Incoming, Refused
from ingestion.types import ParsedDocument, SourceFile
from ingestion.write import Prepared
from retrieval.errors import DocumentError, EmptyDocumentError, UnreadableError

PARSER_VERSION = "3"
CHUNKER_VERSION = "2"
WITHOUT_OCR = "-without-ocr"
"""Ends the recipe of a revision with pages that nobody could read for want of language data."""

Parse = Callable[[SourceFile], ParsedDocument]
T = TypeVar("T")
R = TypeVar("R")


def recipe_of(*, chunk_tokens: int, fingerprint: str) -> str:
    """Say what a revision is made with; a change of any part takes the same bytes in again.

    Args:
        chunk_tokens: Most tokens of a chunk.
        fingerprint: Of the embedder.

    Returns:
        Words that are equal for equal recipes.
    """
    return f"parser{PARSER_VERSION}-chunker{CHUNKER_VERSION}:{chunk_tokens}-{fingerprint}"


@dataclass(frozen=True, slots=True)
class Preparer:
    """Does everything to a document that needs no model.

    Attributes:
        recipe: What its revision is made with.
        workers: Documents under way at the same time.
    """

    parse: Parse
    token_spans: TokenSpans
    chunk_tokens: int
    recipe: str
    workers: int

    def prepare(
        self, incoming: Sequence[Incoming], *, collection: str, acl: frozenset[str]
    ) -> Iterator[Prepared | Refused]:
        """Prepare documents in order, a few ahead of the caller, so that memory stays bounded.

        Yields:
            For each document what is to be written, or why it is refused.
        """

        def one(document: Incoming) -> Prepared | Refused:
            return self._prepared(document, collection, acl)

        with ThreadPoolExecutor(self.workers, thread_name_prefix="parse") as pool:
            yield from _ahead(pool, one, incoming, depth=4 * self.workers)

    def _prepared(self, incoming: Incoming, collection: str, acl: frozenset[str]) -> Prepared | Refused:
        started = time.perf_counter()
        parsed = started
        try:
            document = self.parse(incoming.file)
            parsed = time.perf_counter()
            drafts = chunk(document, self.token_spans, max_tokens=self.chunk_tokens)
            if not drafts:
                raise EmptyDocumentError("holds no text that a reader can see")
        except DocumentError as error:
            return Refused(incoming, error, {"parse": _ms(time.perf_counter() - started)})
        return Prepared(
            file=incoming.file,
            document=document,
            drafts=drafts,
            collection=collection,
            acl=acl,
            content_sha256=incoming.content_sha256,
            size_bytes=incoming.size_bytes,
            recipe=self.recipe + (WITHOUT_OCR if document.unread_pages else ""),
            source_id=incoming.source_id,
            source_version=incoming.source_version,
            timings={"parse": _ms(parsed - started), "chunk": _ms(time.perf_counter() - parsed)},
        )


def incoming_of(file: SourceFile) -> Incoming:
    """Hash a file.

    Returns:
        It with its hash and size.

    Raises:
        UnreadableError: It cannot be read.
    """
    try:
        with file.path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
            return Incoming(file, digest, opened.tell())
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _ahead(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], *, depth: int) -> Iterator[R]:
    """Results in order, with at most ``depth`` items under way: memory stays bounded whatever their number."""
    waiting: list[Future[R]] = []
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= depth:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        # Whoever closes this early waits for what is under way only, not for what waits behind it.
        for future in waiting:
            future.cancel()
