"""Questions that wait beside each other -> one forward pass."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import lru_cache

from retrieval.embed import Embedded, Embedder, FloatArray, Span
from retrieval.errors import ModelError


class QueryBatcher:
    """Wraps an embedder so that questions asked at the same time are encoded in one forward pass.

    The last thousand questions are remembered: one answer needs its vector twice, and people repeat themselves.
    """

    def __init__(self, embedder: Embedder, *, max_batch: int = 32, remembered: int = 1000) -> None:
        self._embedder = embedder
        self._max_batch = max_batch
        self._remembered = lru_cache(maxsize=remembered)(self._encode)
        self._waiting: queue.SimpleQueue[tuple[str, Future[FloatArray]]] = queue.SimpleQueue()
        self.dim, self.fingerprint, self.max_tokens = embedder.dim, embedder.fingerprint, embedder.max_tokens
        threading.Thread(target=self._run, name="embed-queries", daemon=True).start()

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Embed texts; see ``Embedder``."""
        return self._embedder.embed_documents(texts, spans)

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of tokens; see ``Embedder``."""
        return self._embedder.token_spans(texts)

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question together with those that wait beside it; shape (dim,), L2 norm 1."""
        return self._remembered(text)

    def _encode(self, text: str) -> FloatArray:
        future: Future[FloatArray] = Future()
        self._waiting.put((text, future))
        vector = future.result()
        vector.setflags(write=False)  # shared with whoever asks the same
        return vector

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < self._max_batch and not self._waiting.empty():
                batch.append(self._waiting.get())
            try:
                vectors = self._embedder.embed_documents([text for text, _ in batch]).vectors
            except (ModelError, RuntimeError) as error:
                for _, future in batch:
                    future.set_exception(error)
                continue
            for (_, future), vector in zip(batch, vectors, strict=True):
                future.set_result(vector)
