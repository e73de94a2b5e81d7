"""The path of a document: bytes -> parse -> chunk -> embed -> stage. The front door of this package.

What comes before is in ``scan`` (which documents there are, and which of them changed), what comes after in ``publish``
(readers see the new revision). In between nothing is seen by anybody, so that it may be killed and repeated anywhere.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from ingestion.examiner import Examiner
from ingestion.prepare import Parse, Preparer, recipe_of
from ingestion.report import Incoming, Ingested, Refused, Terms
from ingestion.write import Prepared, Staged, Writer
from retrieval.embed import Embedder

BATCH_CHUNKS = 64  # enough to fill the embedder's batches, few enough that a stop loses little


@dataclass(frozen=True, slots=True)
class Ingestor:
    """Takes documents in as far as they can go without the index.

    Attributes:
        parse: Reads one file, see ``ingestion.parse``; in the server a sandbox.
        chunk_tokens: Most tokens of a chunk, context included.
        parse_workers: Documents parsed at the same time.
        examiner: Looks for what somebody should know; None looks for nothing.
    """

    parse: Parse
    embedder: Embedder
    writer: Writer
    chunk_tokens: int
    parse_workers: int = 2
    examiner: Examiner | None = None

    @property
    def recipe(self) -> str:
        """What a revision is made with; a change of any part takes the same bytes in again."""
        return recipe_of(chunk_tokens=self.chunk_tokens, fingerprint=self.embedder.fingerprint)

    def ingest(self, documents: Sequence[Incoming], terms: Terms) -> Generator[Ingested | Refused]:
        """Stage a new revision of each document; closing the iterator stops after what is being written.

        Args:
            documents: What to take in; each uri once.
            terms: How.

        Yields:
            What became of each document, roughly in order.

        Raises:
            NotFoundError: There is no such collection.
        """
        preparer = Preparer(self.parse, self.embedder.token_spans, self.chunk_tokens, self.examiner, self.parse_workers)
        by_uri = {document.file.uri: document for document in documents}
        batch: list[Prepared] = []
        for prepared in preparer.prepare(list(by_uri.values()), terms):
            if isinstance(prepared, Refused):
                yield prepared
                continue
            batch.append(prepared)
            if sum(len(p.drafts) for p in batch) >= BATCH_CHUNKS:
                yield from self._written(batch, by_uri, ready=terms.ready)
                batch = []
        yield from self._written(batch, by_uri, ready=terms.ready)

    def _written(
        self, batch: Sequence[Prepared], by_uri: dict[str, Incoming], *, ready: bool
    ) -> Iterator[Ingested | Refused]:
        started = time.perf_counter()
        results = self.writer.stage(batch, self.embedder, ready=ready)
        # Embedded together, so each is told its share by chunks.
        per_chunk_ms = (time.perf_counter() - started) * 1000 / max(1, sum(len(p.drafts) for p in batch))
        for prepared, result in zip(batch, results, strict=True):
            incoming = by_uri[prepared.file.uri]
            timings = {**prepared.timings, "embed": round(per_chunk_ms * len(prepared.drafts), 1)}
            if isinstance(result, Staged):
                yield Ingested(incoming, result, timings, prepared.examined)
            else:
                yield Refused(incoming, result, timings)
