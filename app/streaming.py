"""Long work in threads of its own, its progress handed out as it happens."""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog

from retrieval.errors import AttuneError, CancelledError

_LOOK_S = 0.5
_STOP_TIMEOUT_S = 25.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The work is done; ``result`` is what it gave."""

    result: Any


@dataclass(frozen=True, slots=True)
class Works:
    """The long works of a server, so that they can be stopped together.

    Attributes:
        stopping: Set when the server stops: every work ends at its next report.
        threads: Those that were begun and may still run.
    """

    stopping: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def streamed(self, work: Callable[[Callable[[Any], None]], Any], *, name: str) -> Iterator[Any]:
        """Run work that reports its progress; closing the iterator stops it at its next report.

        Args:
            work: Called in a thread of its own with a function that takes news of any kind.
            name: Of the thread.

        Yields:
            The news as they come; last ``Ended``, or the error that ended the work.
        """
        events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        left = threading.Event()

        def tell(news: Any) -> None:
            if left.is_set() or self.stopping.is_set():
                raise CancelledError("the work was stopped")
            events.put(news)

        self._begin(lambda: events.put(_outcome(lambda: work(tell), name)), name)
        try:
            yield from self._followed(events)
        finally:
            # Not joined here: whoever drops this iterator may be the event loop, which everybody waits for.
            left.set()

    async def followed(
        self, work: Callable[[Callable[[Any], None], Callable[[], bool]], Any], *, name: str
    ) -> AsyncIterator[Any]:
        """Run work in a thread of its own and follow it from the event loop, so that waiting holds no other thread.

        Args:
            work: Called with a function that takes news, as in ``streamed``, and one that says whether nobody waits.
            name: Of the thread.

        Yields:
            The news as they come; last ``Ended``, or the error that ended the work.
        """
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Any] = asyncio.Queue()
        left = threading.Event()

        def gone() -> bool:
            return left.is_set() or self.stopping.is_set()

        def tell(news: Any) -> None:
            if gone():
                raise CancelledError("the work was stopped")
            _put(loop, events, news)

        self._begin(lambda: _put(loop, events, _outcome(lambda: work(tell, gone), name)), name)
        try:
            while True:
                event = await self._coming(events)
                if event is None:
                    continue
                yield event
                if isinstance(event, Ended | AttuneError):
                    return
        finally:
            left.set()

    async def _coming(self, events: "asyncio.Queue[Any]") -> Any:
        """Wait a moment for what comes next; None when nothing came."""
        try:
            # Not wait_for: until Python 3.12 it swallows a cancellation that comes together with an event, and a
            # client that left while a model spoke went unnoticed.
            async with asyncio.timeout(_LOOK_S):
                return await events.get()
        except TimeoutError:
            return CancelledError("the server stops") if self.stopping.is_set() else None

    def stop(self) -> None:
        """Have every work end at its next report."""
        self.stopping.set()

    def close(self) -> None:
        """Stop, and wait until every work has ended, 25 s at most."""
        self.stop()
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _begin(self, run: Callable[[], None], name: str) -> None:
        # A daemon: work that waits for a hung model must not keep the process from ending.
        thread = threading.Thread(target=run, name=name, daemon=True)
        self.threads[:] = [other for other in self.threads if other.is_alive()]
        self.threads.append(thread)
        thread.start()

    def _followed(self, events: "queue.SimpleQueue[Any]") -> Iterator[Any]:
        while True:
            try:
                event = events.get(timeout=_LOOK_S)
            except queue.Empty:
                if self.stopping.is_set():
                    yield CancelledError("the server stops")
                    return
                continue
            yield event
            if isinstance(event, Ended | AttuneError):
                return


def _put(loop: asyncio.AbstractEventLoop, events: "asyncio.Queue[Any]", news: Any) -> None:
    try:
        loop.call_soon_threadsafe(events.put_nowait, news)
    except RuntimeError:
        # The loop is closed: the server is gone, and with it whoever waited.
        structlog.get_logger().debug("nobody follows any more")


def _outcome(work: Callable[[], Any], name: str) -> Ended | AttuneError:
    try:
        return Ended(work())
    except AttuneError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the worker loop: somebody waits for the end, whatever it is
        structlog.get_logger().error("unexpected", work=name, exc_info=error)
        return AttuneError("something went wrong here; the server's log says what")
