"""Pieces from the thread that makes them to the thread that waits for them, within a deadline."""

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import aclosing
from queue import Empty, Queue
from threading import Thread
from typing import Any, TypeVar

from retrieval.deadline import Deadline
from retrieval.errors import ModelError

T = TypeVar("T")

_POLL_S = 0.05
_END = object()


def follow(work: "Future[None]", arrived: "Queue[Any]", *, deadline: Deadline) -> Iterator[Any]:
    """Give what work puts into a queue, as it arrives; the work is cancelled when nobody takes more.

    Args:
        work: Fills the queue, in another thread.
        arrived: Filled by the work alone.
        deadline: Looked at twenty times a second, however silent the work is.

    Yields:
        Every item in order; after the last one the work is done.

    Raises:
        ModelError: The work was not done by the deadline, or failed with this.
        CancelledError: Whoever asked left.
    """
    work.add_done_callback(lambda _: arrived.put(_END))
    try:
        while True:
            deadline.check()
            if not deadline.remaining_s:
                raise ModelError("the language model was not done in time")
            try:
                item = arrived.get(timeout=min(_POLL_S, deadline.remaining_s))
            except Empty:
                continue
            if item is _END:
                break
            yield item
        work.result()
    finally:
        work.cancel()


class EventLoop:
    """An event loop in a thread of its own: network work in it can be given up at any moment, however silent it is.

    The thread ends when this is no longer used.

    Args:
        at_end: Awaited in the loop before it closes.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]]) -> None:
        self._loop = asyncio.new_event_loop()
        Thread(target=_run, args=(self._loop, at_end), name="language-model", daemon=True).start()
        weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)

    def iterate(self, items: AsyncGenerator[T], *, deadline: Deadline) -> Iterator[T]:
        """Give what an asynchronous generator yields in the loop, as it comes; see ``follow``.

        Returns:
            An iterator that raises what the generator raises.
        """
        arrived: Queue[Any] = Queue()
        return follow(asyncio.run_coroutine_threadsafe(_pump(items, arrived), self._loop), arrived, deadline=deadline)


async def _pump(items: AsyncGenerator[T], arrived: "Queue[Any]") -> None:
    async with aclosing(items):
        async for item in items:
            arrived.put(item)


def _run(loop: asyncio.AbstractEventLoop, at_end: Callable[[], Awaitable[None]]) -> None:
    async def end() -> None:
        await at_end()

    loop.run_forever()
    loop.run_until_complete(end())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
