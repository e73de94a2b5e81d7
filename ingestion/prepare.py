"""Bytes -> prepared document: parsed and chunked in threads, ahead of the embedder."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ingestion.chunk import TokenSpans, chunk
from ingestion.examiner import Examiner, Origin
from ingestion.quality import Examined
from ingestion.report import Incoming, Refused, Terms
from ingestion.types import ParsedDocument, SourceFile
from ingestion.write import Prepared
from retrieval.errors import DocumentError, EmptyDocumentError, QuarantinedError, UnreadableError

PARSER_VERSION = "3"
CHUNKER_VERSION = "2"
WITHOUT_OCR = "-without-ocr"
"""Ends the recipe of a revision with pages that nobody could read for want of language data."""

Parse = Callable[[SourceFile], ParsedDocument]
T = TypeVar("T")
R = TypeVar("R")


def recipe_of(*, chunk_tokens: int, fingerprint: str, edition: str = "") -> str:
    """Say what a revision is made with; a change of any part takes the same bytes in again.

    Args:
        chunk_tokens: Most tokens of a chunk.
        fingerprint: Of the embedder.
        edition: What the collection's policy changes, see ``Policy.edition``.

    Returns:
        Words that are equal for equal recipes.
    """
    changed = f"-{edition}" if edition else ""
    return f"parser{PARSER_VERSION}-chunker{CHUNKER_VERSION}:{chunk_tokens}-{fingerprint}{changed}"


@dataclass(frozen=True, slots=True)
class Preparer:
    """Does everything to a document that needs no model.

    Attributes:
        examiner: Looks for what somebody should know; None looks for nothing.
        workers: Documents under way at the same time.
    """

    parse: Parse
    token_spans: TokenSpans
    chunk_tokens: int
    examiner: Examiner | None
    workers: int

    def prepare(self, incoming: Sequence[Incoming], terms: Terms) -> Iterator[Prepared | Refused]:
        """Prepare documents in order, a few ahead of the caller, so that memory stays bounded.

        Yields:
            For each document what is to be written, or why it is refused.
        """

        def one(document: Incoming) -> Prepared | Refused:
            return self._prepared(document, terms)

        with ThreadPoolExecutor(self.workers, thread_name_prefix="parse") as pool:
            yield from _ahead(pool, one, incoming, depth=4 * self.workers)

    def _prepared(self, incoming: Incoming, terms: Terms) -> Prepared | Refused:
        clock = _Clock()
        examined: Examined | None = None
        try:
            document = self.parse(incoming.file)
            clock.note("parse")
            if self.examiner is not None:
                examined = self.examiner.examine(document, origin_of(incoming, terms.collection))
                clock.note("examine")
                if examined.reason is not None:
                    raise QuarantinedError(examined.reason)
                document = examined.document
            drafts = chunk(document, self.token_spans, max_tokens=self.chunk_tokens)
            clock.note("chunk")
            if not drafts:
                raise EmptyDocumentError("holds no text that a reader can see")
        except DocumentError as error:
            return Refused(incoming, error, clock.times, examined)
        return Prepared(
            file=incoming.file,
            document=document,
            drafts=drafts,
            collection=terms.collection,
            acl=terms.acl_of(incoming.file.uri),
            content_sha256=incoming.content_sha256,
            size_bytes=incoming.size_bytes,
            recipe=terms.recipe + (WITHOUT_OCR if document.unread_pages else ""),
            source_id=incoming.source_id,
            source_version=incoming.source_version,
            metadata=terms.metadata,
            timings=clock.times,
            examined=examined,
        )


def origin_of(incoming: Incoming, collection: str) -> Origin:
    """Return a document as the examiner knows it."""
    return Origin(collection, incoming.file.uri, incoming.file.name, incoming.content_sha256)


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


class _Clock:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self._since = time.perf_counter()

    def note(self, stage: str) -> None:
        now = time.perf_counter()
        self.times[stage] = round((now - self._since) * 1000, 1)
        self._since = now


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
