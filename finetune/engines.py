"""Engines: adapted embedders with an index each, filled in the background, kept for the way back, removed at last.

What is whole is written to together with the server's own index, from before the first write after a start: so it stays
whole. It is filled in a thread of the server, for an index has one owner, and rests after each small batch for as long
as that took: questions keep at least half of what one processor can do.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from finetune.blue_green import fill
from finetune.lora import fingerprint_of
from finetune.twin_index import TwinIndex
from retrieval.catalog import Catalog
from retrieval.embed import Embedder
from retrieval.errors import AttuneError, CancelledError, ConflictError, ModelError
from retrieval.index import VectorIndex, short_name
from retrieval.learned import Engine

_MOST = 2  # what is live or tried, and what was before it: each takes a document's embedding once more
_LET_GO_S = 1.0  # searches that have begun end before their index is closed
_LONGEST_REST_S = 2.0
_STOP_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Making:
    """How an engine is made and removed.

    Attributes:
        base: Fingerprint of the server's embedder.
        embedder: Loads an adapter from its folder.
        index: Opens the index of an embedder, or makes an empty one.
        remove: Deletes the index of a fingerprint, which is closed.
        graph_from: Chunks from which a graph is built.
    """

    base: str
    embedder: Callable[[Path], Embedder]
    index: Callable[[Embedder], VectorIndex]
    remove: Callable[[str], None]
    graph_from: int


class Engines:
    """The engines of a server; safe from any thread. One is prepared at a time.

    Args:
        twin: The server's index.
        catalog: Says what is live, and remembers which indexes are whole.
        making: How they are made.
    """

    def __init__(self, twin: TwinIndex, catalog: Catalog, making: Making) -> None:
        self._twin = twin
        self._catalog = catalog
        self._making = making
        self._ready: dict[str, Engine] = {}  # by fingerprint, the newest last
        self._failed: dict[str, str] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._prepared = ""  # fingerprint of what is being prepared
        self._share = 0.0

    def reopen(self, adapters: Iterable[Path]) -> None:
        """Open again those that were whole; before anything is written. One that cannot be is prepared when asked for.

        Args:
            adapters: Folders, the most wanted first.
        """
        adapters = list(adapters)
        for adapter in adapters:
            try:
                fingerprint = fingerprint_of(adapter, base=self._making.base)
                whole = self._catalog.index_pointer(_marker(fingerprint)) and fingerprint not in self._ready
                if whole and len(self._ready) < _MOST:
                    engine = self._open(adapter)
                    self._twin.attach(engine)
                    self._ready = {fingerprint: engine, **self._ready}
            except AttuneError as error:
                _log.warning("the index of adapter %s cannot be opened: %s", adapter.parent.name[:12], error)
        self._unmark(adapters)

    def ready(self, adapter: Path) -> Engine | None:
        """Return the engine of an adapter; None while there is none.

        Raises:
            ModelError: The adapter cannot be read, or was made for another embedder.
        """
        return self._ready.get(fingerprint_of(adapter, base=self._making.base))

    def holds(self, engine: Engine) -> bool:
        """Say whether an engine is one of these, and whole."""
        return engine in self._ready.values()

    def engine(self, adapter: Path) -> Engine:
        """Return the engine of an adapter, or begin to prepare it.

        Raises:
            ConflictError: It is being prepared, or another is.
            ModelError: The adapter cannot be read, was made for another embedder, or could not be prepared.
        """
        with self._lock:
            fingerprint = fingerprint_of(adapter, base=self._making.base)
            if (there := self._ready.get(fingerprint)) is not None:
                return there
            if (reason := self._failed.pop(fingerprint, None)) is not None:
                raise ModelError(f"its index could not be prepared: {reason}")
            if self._thread is None or not self._thread.is_alive():
                self._prepared, self._share = fingerprint, 0.0
                self._thread = threading.Thread(
                    target=self._prepare, args=(adapter, fingerprint), name="second-index", daemon=True
                )
                self._thread.start()
            whose = "it" if self._prepared == fingerprint else "another candidate"
            raise ConflictError(
                f"{whose} is being prepared: {self._share:.0%} of all chunks are embedded by its own embedder; "
                "ask again when they all are"
            )

    def shed(self, *, keep: Iterable[Engine | None]) -> None:
        """Remove the oldest of those that are too many, but for some."""
        kept = [one for one in keep if one is not None]
        with self._lock:
            over = len(self._ready) - _MOST
            oldest = [key for key, engine in self._ready.items() if engine not in kept]
        for fingerprint in oldest[: max(0, over)]:
            self._drop(fingerprint)

    def drop(self, adapter: Path) -> None:
        """Remove what was made of an adapter; what cannot be read has nothing."""
        with suppress(ModelError):
            self._drop(fingerprint_of(adapter, base=self._making.base))

    def close(self) -> None:
        """Let go of all; what is being filled goes on when it is asked for again."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)
        for engine in self._ready.values():
            self._twin.detach(engine)
            engine.index.close()
        self._ready = {}

    def _open(self, adapter: Path) -> Engine:
        embedder = self._making.embedder(adapter)
        return Engine(self._making.index(embedder), embedder)

    def _prepare(self, adapter: Path, fingerprint: str) -> None:
        try:
            engine = self._open(adapter)
            try:
                fill(self._twin, engine, self._catalog, progress=self._resting(), cancelled=self._stopping.is_set)
                self._catalog.set_index_pointer(_marker(fingerprint), fingerprint)
            except (AttuneError, MemoryError, RuntimeError):
                self._twin.detach(engine)
                engine.index.close()
                raise
            self._ready = {**self._ready, fingerprint: engine}
            with suppress(ConflictError):  # too much was written meanwhile: it is built when more is
                if engine.index.should_build(self._making.graph_from):
                    engine.index.build()
        except CancelledError:
            return
        except (AttuneError, MemoryError, RuntimeError) as error:  # torch says the second of memory as well
            _log.error("the index of an adapter cannot be prepared: %s", error)
            self._failed[fingerprint] = str(error) or type(error).__name__

    def _resting(self) -> Callable[[float], None]:
        last = time.monotonic()

        def rest(share: float) -> None:
            nonlocal last
            self._share = share
            self._stopping.wait(min(time.monotonic() - last, _LONGEST_REST_S))
            last = time.monotonic()

        return rest

    def _drop(self, fingerprint: str) -> None:
        with self._lock:
            if self._prepared == fingerprint and self._thread is not None and self._thread.is_alive():
                self._stopping.set()
                self._thread.join(_STOP_S)
                self._stopping.clear()
            self._catalog.set_index_pointer(_marker(fingerprint), "")
            engine = self._ready.get(fingerprint)
            self._ready = {key: one for key, one in self._ready.items() if key != fingerprint}
        if engine is not None:
            self._twin.detach(engine)
            time.sleep(_LET_GO_S)
            engine.index.close()
        self._making.remove(fingerprint)

    def _unmark(self, adapters: Iterable[Path]) -> None:
        """Note of those that are not written to from now on that they are whole no more."""
        for adapter in adapters:
            with suppress(ModelError):
                fingerprint = fingerprint_of(adapter, base=self._making.base)
                if fingerprint not in self._ready and self._catalog.index_pointer(_marker(fingerprint)):
                    self._catalog.set_index_pointer(_marker(fingerprint), "")


def _marker(fingerprint: str) -> str:
    """Return the pointer that says an index is whole."""
    return f"engine:{short_name(fingerprint)}"
