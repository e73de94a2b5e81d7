"""How much each user, key and address may ask for: token buckets in the memory of this process."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

from app.auth import Caller
from app.limit_settings import LimitSettings
from retrieval.errors import AttuneError

MAX_KEYS = 100_000
"""Buckets kept of each kind, some 20 MB; behind that those touched longest ago are forgotten."""

_MINUTE_S, _DAY_S = 60.0, 86_400.0
_SOON_S = 1.0
Clock = Callable[[], float]


class LimitedError(AttuneError):
    """A client asks for more than it may have now.

    Attributes:
        retry_after_s: Whole seconds, at least 1, until it is worth asking again.
    """

    def __init__(self, detail: str, *, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(f"{detail}; try again in {self.retry_after_s} s")


class Buckets:
    """A token bucket for each key: full at first, refilled evenly, so much in a period. Not thread-safe.

    A bucket is kept as the moment at which it will be full again: one number, and a full one need not be kept at all.

    Args:
        count: What a bucket holds; 0 is no limit.
        period_s: Time in which an empty one is full again, > 0.
        clock: Seconds that only go forward.
        max_keys: How many buckets are kept.
    """

    def __init__(self, count: int, period_s: float, *, clock: Clock = time.monotonic, max_keys: int = MAX_KEYS) -> None:
        self._count = count
        self._period_s = period_s
        self._clock = clock
        self._max_keys = max_keys
        self._full_at: dict[str, float] = {}  # touched longest ago first

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, key: str) -> float:
        """Return the seconds until one can be taken, 0 when it can be now."""
        if not self._count:
            return 0.0
        one_s = self._period_s / self._count
        until_full_s = self._full_at.get(key, 0.0) - self._clock()
        # A billionth of slack: whoever comes back after exactly the time they were told must not be told it again.
        wait_s = until_full_s - (self._period_s - one_s)
        return wait_s if wait_s > self._period_s * 1e-9 else 0.0

    def take(self, key: str, amount: int = 1) -> None:
        """Take, more than there is if need be: then the bucket is in debt, and pays it back before anything else."""
        if not self._count:
            return
        now = self._clock()
        full_at = max(self._full_at.pop(key, 0.0), now)
        self._full_at[key] = full_at + amount * self._period_s / self._count
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._full_at:
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= self._max_keys:
                return
            del self._full_at[oldest]


@dataclass(frozen=True, slots=True)
class _Ration:
    """One kind of thing, by user and by credential."""

    user: Buckets
    credential: Buckets

    def wait_s(self, caller: Caller) -> float:
        return max(self.user.wait_s(caller.principal.id), self.credential.wait_s(caller.credential))

    def take(self, caller: Caller, amount: int = 1) -> None:
        self.user.take(caller.principal.id, amount)
        self.credential.take(caller.credential, amount)


class Limits:
    """What users, credentials and addresses have left. The loopback token is not limited.

    Args:
        settings: How much there is of each.
        clock: Seconds that only go forward.
    """

    def __init__(self, settings: LimitSettings, *, clock: Clock = time.monotonic) -> None:
        def ration(user: int, credential: int, period_s: float) -> _Ration:
            return _Ration(Buckets(user, period_s, clock=clock), Buckets(credential, period_s, clock=clock))

        s = settings
        self._requests = ration(s.user_requests_per_minute, s.credential_requests_per_minute, _MINUTE_S)
        self._tokens = ration(s.user_tokens_per_day, s.credential_tokens_per_day, _DAY_S)
        self._uploads = ration(s.user_upload_bytes_per_day, s.credential_upload_bytes_per_day, _DAY_S)
        self._strangers = Buckets(s.address_requests_per_minute, _MINUTE_S, clock=clock)
        self._at_once = (s.user_answers_at_once, s.credential_answers_at_once)
        self._answering: Counter[str] = Counter()
        self._most_at_work = s.user_requests_at_once
        self._at_work: Counter[str] = Counter()
        self._lock = threading.Lock()

    def request(self, caller: Caller) -> None:
        """Count a request.

        Raises:
            LimitedError: There were too many in the last minute.
        """
        if _limited(caller):
            with self._lock:
                _check(self._requests.wait_s(caller), "too many requests")
                self._requests.take(caller)

    def working(self, caller: Caller) -> Callable[[], None]:
        """Count a request among those of its user that are at work: one user who is slow must not hold all places.

        Returns:
            To be called when it has been answered.

        Raises:
            LimitedError: There are too many.
        """
        user = caller.principal.id
        if not _limited(caller):
            return lambda: None
        with self._lock:
            if self._most_at_work and self._at_work[user] >= self._most_at_work:
                raise LimitedError("too many requests at once", wait_s=_SOON_S)
            self._at_work[user] += 1

        def ended() -> None:
            with self._lock:
                self._at_work[user] -= 1
                if not self._at_work[user]:
                    del self._at_work[user]

        return ended

    def stranger(self, address: str) -> None:
        """Count a request of somebody who did not say, or not truly, who they are.

        Raises:
            LimitedError: There were too many from this address in the last minute.
        """
        key = network_of(address)
        with self._lock:
            _check(self._strangers.wait_s(key), "too many requests without a valid credential")
            self._strangers.take(key)

    def upload(self, caller: Caller) -> None:
        """Look whether anything may be uploaded; what it is, ``uploaded`` counts as it comes.

        Raises:
            LimitedError: The day's bytes are used up.
        """
        if _limited(caller):
            with self._lock:
                _check(self._uploads.wait_s(caller), "too many bytes uploaded")

    def uploaded(self, caller: Caller, size_bytes: int) -> None:
        """Count bytes that have arrived."""
        if _limited(caller):
            with self._lock:
                self._uploads.take(caller, size_bytes)

    @contextmanager
    def answering(self, caller: Caller) -> Iterator[None]:
        """Hold one of the caller's places for an answer for as long as the block lasts.

        Raises:
            LimitedError: None is free, or the day's tokens are used up.
        """
        if not _limited(caller):
            yield
            return
        held = (caller.principal.id, caller.credential)
        with self._lock:
            _check(self._tokens.wait_s(caller), "too many tokens of the language model used")
            if any(most and self._answering[key] >= most for key, most in zip(held, self._at_once, strict=True)):
                raise LimitedError("too many answers at once", wait_s=_SOON_S)
            self._answering.update(held)
        try:
            yield
        finally:
            with self._lock:
                self._answering.subtract(held)
                for key in held:
                    if not self._answering[key]:
                        del self._answering[key]

    def answered(self, caller: Caller, tokens: int) -> None:
        """Count tokens as the language model counted them."""
        if tokens and _limited(caller):
            with self._lock:
                self._tokens.take(caller, tokens)


def network_of(address: str) -> str:
    """Return whom an address stands for: an IPv4 address for itself, an IPv6 one for its /64, which one host has whole.

    Args:
        address: As the connection has it; what is no address stands for itself.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Network((parsed.packed, 64), strict=False))
    return str(parsed)


def _limited(caller: Caller) -> bool:
    return caller.credential != "local"


def _check(wait_s: float, detail: str) -> None:
    if wait_s:
        raise LimitedError(detail, wait_s=wait_s)
