"""Failed sign-ins, counted by name and by address: guessing gets slower."""

import threading
import time

from app.limits import Buckets, Clock, LimitedError, network_of

BY_NAME, BY_ADDRESS = 10, 30
"""So many in a row may fail."""

_NAME_PERIOD_S, _ADDRESS_PERIOD_S = 600.0, 300.0


class Attempts:
    """Attempts of late, in the memory of this process: bounded, forgotten at a restart.

    An attempt counts from its beginning, so that many at once are no way around; what succeeds is given back.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._by_name = Buckets(BY_NAME, _NAME_PERIOD_S, clock=clock)
        self._by_address = Buckets(BY_ADDRESS, _ADDRESS_PERIOD_S, clock=clock)
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> None:
        """Count an attempt.

        Args:
            name: Whom somebody wants to sign in as, in its normal form.
            address: From where.

        Raises:
            LimitedError: It is to wait; then it is not counted.
        """
        network = network_of(address)
        with self._lock:
            wait_s = max(self._by_name.wait_s(name), self._by_address.wait_s(network))
            if wait_s:
                raise LimitedError("too many sign-ins failed", wait_s=wait_s)
            self._by_name.take(name)
            self._by_address.take(network)

    def succeeded(self, name: str, address: str) -> None:
        """Forget what failed under a name, and this one attempt from the address."""
        with self._lock:
            self._by_name.take(name, -BY_NAME)
            self._by_address.take(network_of(address), -1)
