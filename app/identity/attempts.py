"""Failed sign-ins, counted by name and by address: guessing gets slower, and waits its turn in memory."""

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often something may fail.

    Attributes:
        at_once: So many times one after the other.
        every_s: Then once more each time so much has passed.
    """

    at_once: int
    every_s: float


BY_NAME = Allowance(10, 60.0)
BY_ADDRESS = Allowance(30, 10.0)


class Attempts:
    """Attempts of late; of the process, bounded, forgotten at a restart.

    An attempt counts from its beginning, so that many at once are no way around; what succeeds is given back.

    Args:
        clock: Monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._paid_off: OrderedDict[str, float] = OrderedDict()  # the moment at which nothing is held against it

    @property
    def kept(self) -> int:
        """How many names and addresses are remembered."""
        return len(self._paid_off)

    def begin(self, name: str, address: str) -> int:
        """Count an attempt, unless there were too many.

        Args:
            name: Whom somebody wants to sign in as, in its normal form.
            address: From where; all of an IPv6 network of 64 bits counts as one.

        Returns:
            How many seconds it is to wait, and then it was not counted; 0 for one that may go on.
        """
        with self._lock:
            now = self._clock()
            counted = [(_of_name(name), BY_NAME), (_of_address(address), BY_ADDRESS)]
            due = [(key, max(self._paid_off.get(key, now), now) + each.every_s, each) for key, each in counted]
            wait_s = max(moment - now - each.at_once * each.every_s for _, moment, each in due)
            if wait_s > 0:
                return math.ceil(wait_s)
            for key, moment, _ in due:
                self._paid_off[key] = moment
                self._paid_off.move_to_end(key)
            while len(self._paid_off) > MOST_KEPT:
                self._paid_off.popitem(last=False)
            return 0

    def succeeded(self, name: str, address: str) -> None:
        """Forget what failed under a name, and this one attempt from the address."""
        with self._lock:
            self._paid_off.pop(_of_name(name), None)
            key = _of_address(address)
            if key in self._paid_off:
                self._paid_off[key] -= BY_ADDRESS.every_s


def _of_name(name: str) -> str:
    return f"name {name}"


def _of_address(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address}"
    if isinstance(known, ipaddress.IPv6Address):
        known = known.ipv4_mapped or ipaddress.IPv6Network((known, 64), strict=False).network_address
    return f"address {known}"
