"""Rerankers: adapted cross-encoders that serve or did so last; each is loaded once, and gone with what it serves in."""

import threading
from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

from finetune.lora import fingerprint_of
from retrieval.errors import ModelError
from retrieval.rerank import Reranker


def _unchecked() -> None:
    pass


class Rerankers:
    """The adapted cross-encoders of a server; safe from any thread.

    Args:
        base: Fingerprint of the server's cross-encoder; None where it has none, and no adapter fits.
        load: Loads an adapter from its folder; None likewise.
    """

    def __init__(self, base: str | None, load: Callable[[Path], Reranker] | None = None) -> None:
        self._base = base
        self._load = load
        self._known: WeakValueDictionary[str, Reranker] = WeakValueDictionary()
        self._loaded: WeakValueDictionary[Path, Reranker] = WeakValueDictionary()
        self._newest: Reranker | None = None  # what was loaded to be looked at serves next, as a rule
        self._lock = threading.Lock()

    def check(self, adapter: Path, checked: Callable[[], object] = _unchecked) -> None:
        """Say nothing about an adapted cross-encoder that is loaded or can be; see ``reranker``.

        Raises:
            ModelError: The adapter cannot be read, or was made for another cross-encoder than this server has.
        """
        if adapter not in self._loaded:
            checked()
            self._fitting(adapter)

    def reranker(self, adapter: Path, checked: Callable[[], object] = _unchecked) -> Reranker:
        """Return an adapted cross-encoder; of one that is loaded no file is looked at again.

        Args:
            adapter: Its folder, whose name stands for what is in it.
            checked: Called before it is loaded; raises where a file is not what was written.

        Returns:
            It.

        Raises:
            ModelError: See ``check``; or the adapter does not fit, or there is no memory for it.
        """
        with self._lock:
            reranker = self._loaded.get(adapter)
            if reranker is None:
                checked()
                fingerprint, load = self._fitting(adapter)
                reranker = self._known.get(fingerprint) or _loaded(adapter, load)
                self._known[fingerprint] = self._loaded[adapter] = reranker
            self._newest = reranker
            return reranker

    def forget(self) -> None:
        """Let go of what serves in nothing."""
        with self._lock:
            self._newest = None

    def _fitting(self, adapter: Path) -> tuple[str, Callable[[Path], Reranker]]:
        if self._base is None or self._load is None:
            raise ModelError("it reranks by an adapted cross-encoder, and this server has none in ATTUNE_RERANK")
        return fingerprint_of(adapter, base=self._base), self._load


def _loaded(adapter: Path, load: Callable[[Path], Reranker]) -> Reranker:
    try:
        return load(adapter)
    except (MemoryError, RuntimeError) as error:
        # torch says so where a device is full; what looks after the pointer must outlive it.
        raise ModelError(f"the adapted cross-encoder cannot be loaded: {error}") from error
