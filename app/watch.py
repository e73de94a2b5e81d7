"""Watches how questions go: every while it writes figures into the catalog, and tells people when they drift.

It runs in the serving process, in steps small enough that no question notices.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import structlog

from app.alerts import Alert, Alerts
from eval.monitoring import DRIFT, LOOKED_AT, QUESTIONS, WINDOW, MonitoringLog, Point, drift, newest_question, usage
from retrieval.embed import FloatArray
from retrieval.errors import AttuneError, ConflictError, ModelError
from retrieval.feedback import FeedbackLog
from retrieval.index import VectorIndex
from retrieval.interactions import Glance, InteractionLog
from retrieval.types import Principal

WATCHER = Principal(id="u:monitoring", groups=frozenset(), administrator=True)
"""Reads everybody's questions to measure them; its groups open no document."""

_MEANING = {
    "questions": "What is asked",
    "top_score": "How well the best passage fits",
    "score_gap": "How far the best passage stands out",
    "abstention": "How often there is no answer",
    "length": "How long questions are",
    "language": "The language of questions",
}
_GRACE_S = 30.0  # after the start: a command that is over in a second observes nothing
_ALERT, _WAITING = "alert", "waiting"
"""In a point's details: what became of its alert, ``waiting`` until somebody was told for the first time."""
_PAGE = 50
_PAUSE_S = 0.02
_STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at. ``embed`` turns a question into a vector of shape (dim,), as the search does."""

    interactions: InteractionLog
    feedback: FeedbackLog
    index: VectorIndex
    embed: Callable[[str], FloatArray]


class StoppingError(AttuneError):
    """The server stops; what was half observed is forgotten."""


class Watch:
    """Observes now and then, and when asked to.

    Args:
        watched: What is looked at.
        monitoring: Where the figures are kept; what it holds makes a restart go on where the last run was.
        alerts: Who is told.
        interval_s: Time between two observations; 0 observes only when asked to.
        told: Given the points of each observation.
    """

    def __init__(
        self,
        watched: Watched,
        monitoring: MonitoringLog,
        *,
        alerts: Alerts,
        interval_s: float,
        told: Callable[[Iterable[Point]], None] = lambda _: None,
    ) -> None:
        self._watched = watched
        self._monitoring = monitoring
        self._alerts = alerts
        self._interval_s = interval_s
        self._told = told
        self._stopping = threading.Event()
        self._observing = threading.Lock()
        self._sending = threading.Lock()
        # Held while an observation is written and while it is written what became of an alert, never longer: so one
        # that ends while an alert is sent knows of it.
        self._keeping = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to observe by itself, unless the interval is 0."""
        if self._interval_s:
            self._thread.start()

    def close(self) -> None:
        """Stop; an observation that is being made is given up."""
        self._stopping.set()
        self._alerts.close()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)

    def observe(self, *, drift_again: bool = True) -> list[Point]:
        """Look at what was asked since the last observation, keep the figures, and raise alerts.

        Args:
            drift_again: Look for drift even when less than a whole window was asked since it was looked for last.

        Returns:
            The figures that were kept. Those of drift are missing while too little was asked.

        Raises:
            ConflictError: An observation is being made already.
            StoppingError: The server stops.
        """
        if not self._observing.acquire(blocking=False):
            raise ConflictError("an observation is being made already; read it when it is done")
        try:
            points = self._observed(drift_again=drift_again)
        finally:
            self._observing.release()
        self._told(points)
        # Not before: what was kept can be told again, and nobody waits for a webhook to observe.
        known = self._send_waiting()
        return [known.get((point.name, point.at), point) for point in points]

    def _observed(self, *, drift_again: bool) -> list[Point]:
        at = datetime.now(UTC)
        before = self._monitoring.newest()
        glances = self._glances()
        points = self._usage(at, before, glances)
        if drift_again or self._asked_since(newest_question(before)) >= WINDOW:
            points += self._drift(at, glances)
        with self._keeping:
            before = self._monitoring.newest()
            points = [_with_alert(point, before.get(point.name)) for point in points]
            self._monitoring.add(points)
        return points

    def _run(self) -> None:
        wait_s, first = 0.0, True
        while not self._stopping.wait(wait_s):
            wait_s = min(_GRACE_S, self._interval_s) if first else self._interval_s
            try:
                if first:
                    wait_s = self._first_wait_s()
                    first = False
                else:
                    self.observe(drift_again=False)
            except Exception:
                # The worker loop: one bad hour, whatever was wrong with it, must not end the watch.
                if not self._stopping.is_set():
                    log = structlog.get_logger()
                    log.exception("observation failed")

    def _first_wait_s(self) -> float:
        last = self._monitoring.newest().get(QUESTIONS)
        # A clock that was set back makes the last one lie ahead.
        passed_s = max(0.0, (datetime.now(UTC) - last.at).total_seconds()) if last else self._interval_s
        return max(min(_GRACE_S, self._interval_s), self._interval_s - passed_s)

    def _glances(self) -> list[Glance]:
        found: list[Glance] = []
        while len(found) < LOOKED_AT:
            before = found[-1] if found else None
            page = self._watched.interactions.window(principal=WATCHER, before=before, limit=_PAGE)
            found += page
            if len(page) < _PAGE:
                break
            self._pause(_PAUSE_S)
        return found[:LOOKED_AT]

    def _usage(self, at: datetime, before: Mapping[str, Point], glances: Sequence[Glance]) -> list[Point]:
        last = before.get(QUESTIONS)
        since = last.at if last else at - timedelta(seconds=self._interval_s or 3600)
        return usage(
            [glance for glance in glances if glance.asked_at > since],
            at=at,
            questions=self._asked_since(since),
            feedback=self._watched.feedback.counts(principal=WATCHER, since=since),
            index_chunks=self._watched.index.count(),
        )

    def _drift(self, at: datetime, glances: Sequence[Glance]) -> list[Point]:
        try:
            return drift(glances, self._embed, at=at)
        except ModelError as error:
            structlog.get_logger().warning("drift was not looked for", reason=str(error))
            return []

    def _embed(self, questions: Sequence[str]) -> FloatArray:
        """Embed questions one after the other, leaving the model free half of the time.

        Most are remembered from when they were asked; the others wait in the same queue as the questions of people.

        Returns:
            One row a question, shape (len(questions), dim).
        """
        rows = []
        for question in questions:
            started = time.perf_counter()
            rows.append(self._watched.embed(question))
            self._pause(time.perf_counter() - started)
        return np.stack(rows)

    def _pause(self, pause_s: float) -> None:
        if self._stopping.wait(pause_s):
            raise StoppingError("the server stops")

    def _asked_since(self, moment: datetime | None) -> int:
        return self._watched.interactions.count(principal=WATCHER, since=moment or datetime.min.replace(tzinfo=UTC))

    def _send_waiting(self) -> dict[tuple[str, datetime], Point]:
        """Tell people of the newest points whose alert nobody has taken yet, those of earlier observations too.

        Returns:
            The points with what became of their alerts, by name and moment; empty when they are being sent already.
        """
        if not self._sending.acquire(blocking=False):
            return {}
        try:
            known: dict[tuple[str, datetime], Point] = {}
            for point in self._monitoring.newest().values():
                if _waits(point) and not self._stopping.is_set():
                    known |= {(p.name, p.at): p for p in self._sent(point)}
            return known
        finally:
            self._sending.release()

    def _sent(self, point: Point) -> list[Point]:
        about = _MEANING.get(point.name.removeprefix(DRIFT), point.name)
        text = f"{about} changed in the newest {point.details['window']} questions"
        p_value = point.details["p_value"]
        became = self._alerts.send(Alert("drift", point.name, point.value, p_value, point.at, text))
        with self._keeping:
            # An observation that ended meanwhile has a point of the same episode.
            newer = self._monitoring.series(point.name, since=point.at)
            known = [replace(p, details={**p.details, _ALERT: became}) for p in (point, *newer) if _waits(p)]
            self._monitoring.amend(known)
        return known


def _waits(point: Point) -> bool:
    return point.details.get(_ALERT) in {_WAITING, "failed"}


def _with_alert(point: Point, before: Point | None) -> Point:
    """Mark a point that gives alarm: people know since the point before it, or are to be told.

    Returns:
        The point.
    """
    if not point.details.get("alarm"):
        return point
    known = before.details.get(_ALERT, _WAITING) if before is not None else _WAITING
    return replace(point, details={**point.details, _ALERT: known})
