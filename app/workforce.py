"""The workers of the server: started when there is something to do, again when one died, ended when nothing is."""

import threading
import time
from dataclasses import dataclass

import structlog

from app import children
from app.settings import Settings

_STOP_S = 28.0
_AGAIN_AFTER_S = 2.0
_MAX_AGAIN_S = 60.0


@dataclass(slots=True)
class _Seat:
    """One worker's place.

    Attributes:
        not_before: Monotonic time before which it is not started again.
        pause_s: How long the next pause is; a worker that cannot start is not started twice a second for ever.
    """

    slot: int
    process: children.Child | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    pause_s: float = _AGAIN_AFTER_S


class Workforce:
    """Child processes that take documents in; for one thread at a time, but for ``close``.

    Args:
        settings: Given to each; ``workers`` says how many, ``worker_idle_s`` how long they stay without work.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seats = [_Seat(slot) for slot in range(settings.workers)]
        self._wanted_at = time.monotonic()
        self._lock = threading.Lock()
        self._closed = False

    def want(self) -> None:
        """Have every worker run; one that died is started again after a pause."""
        self._wanted_at = time.monotonic()
        with self._lock:
            for seat in self._seats:
                self._fill(seat)

    def rest(self) -> None:
        """Nothing is to be done now: end the workers when that has been so for a while."""
        idle_s = self._settings.worker_idle_s
        if idle_s and time.monotonic() - self._wanted_at > idle_s:
            with self._lock:
                children.end((seat.process for seat in self._seats), within_s=_STOP_S)
                for seat in self._seats:
                    seat.process = None

    def close(self) -> None:
        """End the workers for good; each gives back what it has not finished, 28 s at most."""
        with self._lock:
            self._closed = True
            children.end((seat.process for seat in self._seats), within_s=_STOP_S)

    def _fill(self, seat: _Seat) -> None:
        now = time.monotonic()
        if seat.process is not None and seat.process.poll() is not None:
            ran_s = now - seat.started_at
            structlog.get_logger().warning("worker died", slot=seat.slot, status=seat.process.returncode)
            # One that did something before it died is started again at once.
            seat.pause_s = 0.0 if ran_s > _AGAIN_AFTER_S else min(max(seat.pause_s * 2, 1.0), _MAX_AGAIN_S)
            seat.not_before = now + seat.pause_s
            seat.process = None
        if seat.process is None and not self._closed and now >= seat.not_before:
            given = {"settings": self._settings.plain(), "slot": seat.slot}
            seat.process, seat.started_at = children.start(children.module("app.worker"), given), now
