"""Serving: what is learned, held in memory for every request, and exchanged while they go on."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from finetune.artifact import EMBEDDER, RERANKER, Artifacts
from finetune.engines import Engines
from finetune.interleaving import in_share
from finetune.registry import POINTER
from finetune.rerankers import Rerankers
from finetune.resolve import located, to_learned
from finetune.trials import Trial, Trials
from finetune.types import Parts
from retrieval.catalog import Catalog
from retrieval.embed import Embedder
from retrieval.errors import AttuneError, ConflictError, ModelError, NotFoundError
from retrieval.learned import NOTHING, Engine, Learned, Serving
from retrieval.rerank import Reranker
from retrieval.store import reachable
from retrieval.types import Principal

LOOKED_S = 0.5
"""Time between two looks at the pointer, which another process may have switched."""

_AGAIN_S = 30.0  # until what could not be loaded is tried again
_EASE = 10  # while documents are published without pause, a tenth of one processor at most follows them
_KEPT = 4  # candidates whose files were read and checked: what is live, what is tried, and what was before
_STOP_S = 10.0
_DRAWN = 2**32

_log = logging.getLogger(__name__)

Failed = Callable[[Trial, Exception], None]
"""Hears in which trial a candidate failed at a request, and with what; the request was served without it."""


def failed(trial: Trial, error: Exception) -> None:
    """Say that a candidate failed at a request."""
    _log.warning("candidate %s failed at a request: %s", trial.candidate_id[:12], error)


@dataclass(frozen=True, slots=True, eq=False)
class Now:
    """What serves at a moment, with what it was made of; exchanged as a whole.

    Attributes:
        live: What is learned.
        challenger: What is tried; None where nothing is.
        trial: In which it is.
        pointer: Id of the candidate that should be live; empty where none is.
        epoch: Of the corpus when chunks were found again.
        trouble: Why the candidate that should be live does not serve; empty when it does.
    """

    live: Learned = NOTHING
    challenger: Learned | None = None
    trial: Trial | None = None
    pointer: str = ""
    epoch: int = 0
    trouble: str = ""


class ServingState:
    """Says by what a request is served; what it looks at, it looks at in a thread of its own.

    Args:
        artifacts: Where candidates lie.
        catalog: Holds the pointer, and the chunks that memory means.
        embedder: Whose vectors are searched.
        trials: Of candidates.
        engines: Of candidates with an embedder of their own; None where they cannot be served.
        rerankers: Likewise of those with a cross-encoder of their own.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        catalog: Catalog,
        embedder: Embedder,
        trials: Trials,
        *,
        engines: Engines | None = None,
        rerankers: Rerankers | None = None,
    ) -> None:
        self.failed: Failed = failed  # whoever measures trials takes its place
        self._engines = engines
        self._rerankers = rerankers or Rerankers(None)
        self._artifacts = artifacts
        self._catalog = catalog
        self._base, self._dim = embedder.fingerprint, embedder.dim
        self._trials = trials
        self._read: dict[str, Parts] = {}
        self._served: dict[str, Now] = {}  # what was live last and before it: going back waits for nothing
        self._refreshing = threading.Lock()
        self._stopping = threading.Event()
        self._not_before = 0.0  # monotonic time before which a new epoch is not followed
        self._thread = threading.Thread(target=self._watch, name="learned", daemon=True)
        self.now = Now()

    def __call__(self, principal: Principal) -> Serving:
        """Say by what a request of somebody is served.

        Returns:
            One whole: whoever asks keeps it to the end of the request.
        """
        now = self.now
        trial, challenger = now.trial, now.challenger
        if trial is None or challenger is None:
            return Serving(now.live)

        def told(_: str, error: Exception) -> None:
            self.failed(trial, error)

        if trial.kind == "interleave" and secrets.randbelow(_DRAWN) < trial.share * _DRAWN:
            return Serving(now.live, challenger, seed=secrets.randbelow(_DRAWN), failed=told)
        if trial.kind == "share" and in_share(trial.id, principal.id, trial.share):
            return Serving(challenger, instead=now.live, failed=told)
        return Serving(now.live)

    def start(self) -> None:
        """Load what is live, and keep looking whether it changed; what cannot be loaded does not keep it from that."""
        try:
            self.refresh()
        except AttuneError as error:
            _log.warning("what is learned is not known yet: %s", error)
        self._thread.start()

    def close(self) -> None:
        """Stop looking; what serves goes on serving."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def refresh(self) -> Now:
        """Look at pointer, corpus and trial, and exchange what serves where one of them changed.

        Returns:
            What serves now.

        Raises:
            DataDirectoryError: The database does not answer; what served goes on.
            VectorIndexError: An index does not; likewise.
        """
        with self._refreshing:
            before = self.now
            with reachable():
                pointer = self._catalog.index_pointer(POINTER) or ""
                trial = self._trials.running()
                epoch = self._catalog.corpus_epoch()
                due = time.monotonic() >= self._not_before
                again = pointer != before.pointer or (due and (epoch != before.epoch or bool(before.trouble)))
                now = self._lived(before, pointer, epoch) if again else before
                self.now = now = self._tried(now, trial, again=again)
                if self._engines is not None:
                    self._engines.shed(keep=[one.engine for one in (now.live, now.challenger) if one is not None])
            return now

    def load(self, candidate_id: str) -> Learned:
        """Return what would serve if a candidate were live, every file of it checked.

        Raises:
            NotFoundError: There are no files of it.
            ModelError: They are not what was written, or were made for another embedder.
            ConflictError: All documents are being embedded by its own embedder.
        """
        parts = self._parts(candidate_id)
        engine = self._engine(candidate_id, parts)
        stored = partial(self._catalog.stored_vectors, fingerprint=self._base)
        vectors = stored if engine is None else engine.index.vectors
        chunks = located((row.anchor for row in parts.memory), self._catalog, vectors=vectors)
        return replace(to_learned(candidate_id, parts, chunks, engine), reranker=self._reranker(candidate_id, parts))

    def usable(self, candidate_id: str) -> bool:
        """Say whether a candidate can be served at once."""
        try:
            parts = self._parts(candidate_id)
            if parts.reranker is not None:
                self._rerankers.check(*self._judging(candidate_id))
            return parts.embedder is None or self._engines_of().ready(self._adapter(candidate_id)) is not None
        except (ModelError, NotFoundError) as error:
            _log.warning("candidate %s cannot be served: %s", candidate_id[:12], error)
            return False

    def check(self, candidate_id: str) -> None:
        """Read the files of a candidate anew, and have models of its own prepared.

        Raises:
            NotFoundError: There are none.
            ModelError: They are not what was written, or were made for another embedder.
            ConflictError: All documents are being embedded by its own embedder: ask again.
        """
        self._read.pop(candidate_id, None)
        parts = self._parts(candidate_id)
        self._reranker(candidate_id, parts)
        self._engine(candidate_id, parts)

    def forget(self, candidate_ids: Collection[str]) -> None:
        """Let go of what is held of candidates that never serve again."""
        with self._refreshing:
            self._read = {key: parts for key, parts in self._read.items() if key not in candidate_ids}
            self._served = {key: kept for key, kept in self._served.items() if key not in candidate_ids}
            for candidate_id in candidate_ids:
                with suppress(NotFoundError):
                    if self._engines is not None:
                        self._engines.drop(self._adapter(candidate_id))
            self._rerankers.forget()

    def _engine(self, candidate_id: str, parts: Parts) -> Engine | None:
        if parts.embedder is None:
            return None
        try:
            return self._engines_of().engine(self._adapter(candidate_id))
        except ConflictError as error:
            raise ConflictError(f"candidate {candidate_id[:12]}: {error}") from error

    def _engines_of(self) -> Engines:
        if self._engines is None:
            raise ModelError("a candidate with an embedder of its own is not served here")
        return self._engines

    def _reranker(self, candidate_id: str, parts: Parts) -> Reranker | None:
        return None if parts.reranker is None else self._rerankers.reranker(*self._judging(candidate_id))

    def _judging(self, candidate_id: str) -> tuple[Path, Callable[[], object]]:
        checked = partial(self._artifacts.read, candidate_id, base=self._base, dim=self._dim)
        return self._artifacts.path(candidate_id) / RERANKER, checked

    def _adapter(self, candidate_id: str) -> Path:
        return self._artifacts.path(candidate_id) / EMBEDDER

    def _lived(self, before: Now, pointer: str, epoch: int) -> Now:
        began = time.monotonic()
        if not pointer:
            return replace(before, live=NOTHING, pointer="", epoch=epoch, trouble="")
        if pointer != before.pointer and pointer in self._served and self._held(self._served[pointer].live):
            # With the epoch of then: if documents changed since, the next look follows them.
            self._not_before = 0.0
            return replace(
                before, live=self._served[pointer].live, pointer=pointer, epoch=self._served[pointer].epoch, trouble=""
            )
        again_s = _AGAIN_S
        try:
            live, trouble = self.load(pointer), ""
            again_s = _EASE * (time.monotonic() - began)
        except ConflictError as error:
            live, trouble, again_s = NOTHING, str(error), LOOKED_S
        except (ModelError, NotFoundError) as error:
            live, trouble = NOTHING, str(error)
            if trouble != before.trouble:
                _log.error("nothing learned serves: %s", trouble)
        self._not_before = time.monotonic() + again_s
        now = replace(before, live=live, pointer=pointer, epoch=epoch, trouble=trouble)
        if not trouble:
            others = [(key, kept) for key, kept in self._served.items() if key != pointer]
            self._served = {**dict(others[-1:]), pointer: now}
        return now

    def _held(self, learned: Learned) -> bool:
        return learned.engine is None or self._engines is None or self._engines.holds(learned.engine)

    def _tried(self, now: Now, trial: Trial | None, *, again: bool) -> Now:
        if trial is None:
            return replace(now, challenger=None, trial=None) if now.trial is not None else now
        known = now.challenger if now.challenger is not None and now.challenger.id == trial.candidate_id else None
        if known is not None and not again:
            return replace(now, trial=trial)
        try:
            return replace(now, challenger=self.load(trial.candidate_id), trial=trial)
        except (ModelError, NotFoundError) as error:
            self._trials.end(trial.id, "lost", reason=str(error))
            return replace(now, challenger=None, trial=None)
        except ConflictError:
            return replace(now, challenger=None, trial=trial)  # it goes on when all is embedded

    def _parts(self, candidate_id: str) -> Parts:
        parts = self._read.get(candidate_id)
        if parts is None:
            parts = self._artifacts.read(candidate_id, base=self._base, dim=self._dim)
            kept = list(self._read.items())[-_KEPT + 1 :]
            self._read = {**dict(kept), candidate_id: parts}
        return parts

    def _watch(self) -> None:
        reached = True
        while not self._stopping.wait(LOOKED_S):
            try:
                self.refresh()
            except AttuneError as error:
                if reached:
                    _log.warning("it is not known whether what is learned changed: %s", error)
                reached = False
            else:
                reached = True
