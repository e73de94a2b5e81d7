"""Shadow: a candidate ranks beside what is live, for nobody to see, in a thread that no question waits for."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from finetune.rollout import MOST_ERRORS, MOST_TIMES, beside, p95, slower
from finetune.trials import Trial, Trials
from retrieval.compare import FAILURES
from retrieval.errors import AttuneError, InvalidInputError, NotFoundError
from retrieval.learned import Learned, Serving
from retrieval.retrieve import Retriever
from retrieval.search_question import SearchQuestion
from retrieval.store import reachable
from retrieval.types import Filters, Principal

MOST_WAITING = 32
"""Questions that wait for the candidate; further ones are left out, so that it never holds up the server."""

_TOLD_EVERY = 10
_STOP_S = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that was asked, and what was shown.

    Attributes:
        shown: Chunk ids, best first.
        took_ms: Of the search by what is live.
    """

    searched: SearchQuestion
    principal: Principal
    collection: str | None
    filters: Filters
    shown: Sequence[str]
    took_ms: float


@dataclass(slots=True)
class _Measured:
    """Of one trial so far."""

    questions: int = 0
    left_out: int = 0
    errors: int = 0
    overlaps: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TIMES))
    displacements: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TIMES))
    candidate_ms: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TIMES))
    live_ms: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TIMES))

    def figures(self) -> Mapping[str, Any]:
        found: dict[str, Any] = {"questions": self.questions, "left_out": self.left_out, "errors": self.errors}
        if self.overlaps:
            found |= {"overlap": round(fmean(self.overlaps), 4), "displacement": round(fmean(self.displacements), 4)}
        if min(len(self.candidate_ms), len(self.live_ms)) > 1:
            times = {"candidate_p95_ms": p95(self.candidate_ms), "live_p95_ms": p95(self.live_ms)}
            found |= {name: round(value, 3) for name, value in times.items()}
        return found


class Shadow:
    """Measures the candidate of a trial beside what is live; whatever happens here, questions go on.

    Args:
        retriever: As it serves.
        trials: Where figures are kept, and trials end.
    """

    def __init__(self, retriever: Retriever, trials: Trials) -> None:
        self._retriever = retriever
        self._trials = trials
        self._waiting: queue.Queue[tuple[Trial, Learned, Question] | None] = queue.Queue(MOST_WAITING)
        self._measured: tuple[str, _Measured] = ("", _Measured())
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; questions that wait are forgotten."""
        while True:
            try:
                self._waiting.put_nowait(None)
                break
            except queue.Full:
                self._waiting.get()
        self._thread.join(_STOP_S)

    def offer(self, trial: Trial, candidate: Learned, question: Question) -> None:
        """Have a question ranked by the candidate too, once there is time."""
        try:
            self._waiting.put_nowait((trial, candidate, question))
        except queue.Full:
            self._of(trial).left_out += 1

    def took(self, trial: Trial, *, candidate: bool, took_ms: float) -> None:
        """Note how long a search of a trial by shares took, and end the trial where the candidate is slower."""
        measured = self._of(trial)
        with self._writing:
            (measured.candidate_ms if candidate else measured.live_ms).append(took_ms)
            measured.questions += 1
        self._noted(trial, measured)

    def failed(self, trial: Trial, error: Exception) -> None:
        """Note that the candidate failed at a request, which was served without it; with three it has lost."""
        _log.warning("candidate %s failed at a request: %s", trial.candidate_id[:12], error)
        measured = self._of(trial)
        with self._writing:
            measured.errors += 1
            measured.questions += 1
        self._noted(trial, measured)

    def _noted(self, trial: Trial, measured: _Measured) -> None:
        """Judge in a request: it has its answer, whatever the database says."""
        try:
            with reachable():
                self._judge(trial, measured)
        except AttuneError as error:
            _log.warning("what the candidate did was not noted: %s", error)

    def _of(self, trial: Trial) -> _Measured:
        with self._writing:
            if self._measured[0] != trial.id:
                self._measured = (trial.id, _Measured())
            return self._measured[1]

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            trial, candidate, question = item
            try:
                with reachable():
                    self._rank(trial, candidate, question)
            except AttuneError as error:
                # The database, most likely: what serves says so itself.
                _log.warning("what the candidate did was not noted: %s", error)

    def _rank(self, trial: Trial, candidate: Learned, question: Question) -> None:
        measured = self._of(trial)
        retriever = replace(self._retriever, learning=lambda _: Serving(candidate), strict=True)
        began = time.perf_counter()
        try:
            ranked = retriever.retrieve(
                question.searched,
                principal=question.principal,
                collection=question.collection,
                filters=question.filters,
                limit=max(1, len(question.shown)),
            )
        except (NotFoundError, InvalidInputError):
            return  # its collection was removed meanwhile
        except FAILURES as error:
            _log.warning("candidate %s failed at a question: %s", candidate.id[:12], error)
            measured.errors += 1
        else:
            # Not compared with the time of what is live: this thread waits behind every question.
            found = beside(question.shown, [passage.chunk.id for passage in ranked])
            measured.overlaps.append(found.overlap)
            measured.displacements.append(found.displacement)
            measured.candidate_ms.append((time.perf_counter() - began) * 1000)
        measured.questions += 1
        self._judge(trial, measured)

    def _judge(self, trial: Trial, measured: _Measured) -> None:
        if measured.errors >= MOST_ERRORS:
            self._trials.measured(trial.id, measured.figures())
            self._trials.end(trial.id, "lost", reason=f"it failed at {measured.errors} questions")
        elif measured.questions % _TOLD_EVERY == 0:
            self._trials.measured(trial.id, measured.figures())
            if trial.kind == "share" and slower(list(measured.candidate_ms), list(measured.live_ms)):
                self._trials.end(trial.id, "lost", reason="its p95 is beyond 1.1 times that of what is live")
