"""How long an answer may take, and whether anybody still waits for it."""

import time
from collections.abc import Callable

from retrieval.errors import CancelledError


def _nobody_left() -> bool:
    return False


class Deadline:
    """A moment by which work has to be done, and a way to learn that whoever asked for it left.

    Args:
        seconds: From now on, > 0.
        left: Says whether they left; asked from the thread that works, some ten times a second.
    """

    def __init__(self, seconds: float, left: Callable[[], bool] = _nobody_left) -> None:
        self._until = time.monotonic() + seconds
        self._left = left

    @property
    def remaining_s(self) -> float:
        """Seconds until the moment, 0 when it has passed."""
        return max(0.0, self._until - time.monotonic())

    def within(self, seconds: float) -> "Deadline":
        """Make one that passes after so many seconds, or with this one, whichever is sooner.

        Returns:
            It; whoever left this one has left it too.
        """
        return Deadline(min(seconds, self.remaining_s), self._left)

    def check(self) -> None:
        """Go on while somebody waits.

        Raises:
            CancelledError: They left.
        """
        if self._left():
            raise CancelledError("whoever asked has left")
