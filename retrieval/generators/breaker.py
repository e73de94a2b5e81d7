"""A circuit breaker: a server that failed again and again is left alone for a while, and nobody waits for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Literal

from retrieval.errors import ModelError

BreakerState = Literal["closed", "open", "half_open"]
"""Calls pass; none does; one may try whether the server is back."""


class Breaker:
    """Counts failures in a row and says when not to call at all; safe from any thread.

    Args:
        failures: So many in a row open it, >= 1.
        pause_s: So long it stays open before one call may try.
        clock: Seconds that never run backwards.
    """

    def __init__(
        self, *, failures: int = 5, pause_s: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = Lock()
        self._failed = 0  # in a row
        self._open_until: float | None = None  # None while calls pass
        self._trying = False

    @property
    def state(self) -> BreakerState:
        """What would become of a call now; half open also while one call tries."""
        with self._lock:
            if self._open_until is None:
                return "closed"
            return "open" if self._clock() < self._open_until else "half_open"

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Stand around one call: a ``ModelError`` is a failure, its end without an error a success.

        Any other error says nothing about the server, such as that whoever asked has left.

        Raises:
            ModelError: The server is left alone now, or another call tries whether it is back.
        """
        trying = self._admit()
        try:
            yield
        except ModelError:
            self._count_failure()
            raise
        else:
            with self._lock:
                self._failed, self._open_until = 0, None
        finally:
            if trying:
                with self._lock:
                    self._trying = False

    def _admit(self) -> bool:
        """Let a call pass; gives whether it is the one that tries."""
        with self._lock:
            if self._open_until is None:
                return False
            wait_s = self._open_until - self._clock()
            if wait_s > 0 or self._trying:
                after = f"is tried again in {wait_s:.0f} s" if wait_s > 0 else "is being tried"
                raise ModelError(f"the language model failed {self._failed} times in a row and {after}")
            self._trying = True
            return True

    def _count_failure(self) -> None:
        with self._lock:
            self._failed += 1
            if self._failed >= self._limit:
                self._open_until = self._clock() + self._pause_s
