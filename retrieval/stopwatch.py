"""How long each stage took."""

import time


class Stopwatch:
    """Counts from when it is made."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self._laps[name] = round((now - self._last) * 1000, 3)
        self._last = now

    def total(self) -> dict[str, float]:
        """Return the milliseconds of each stage, and ``total``."""
        return {**self._laps, "total": round((self._last - self._started) * 1000, 3)}
