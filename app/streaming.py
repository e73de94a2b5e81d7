"""Long work in a thread of its own, its progress handed out as it happens."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from retrieval.errors import AttuneError


class StoppedError(AttuneError):
    """Whoever asked for the work went away; what was finished by then stays."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The work is done; ``result`` is what it gave."""

    result: Any


def streamed(work: Callable[[Callable[[Any], None]], Any], *, name: str) -> Iterator[Any]:
    """Run work that reports its progress; closing the iterator stops it at its next report.

    Args:
        work: Called in a thread of its own with a function that takes news of any kind.
        name: Of the thread.

    Yields:
        The news as they come; last ``Ended``, or the error that ended the work.
    """
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    stopped = threading.Event()

    def tell(news: Any) -> None:
        if stopped.is_set():
            raise StoppedError("the work was stopped")
        events.put(news)

    def run() -> None:
        try:
            events.put(Ended(work(tell)))
        except AttuneError as error:
            events.put(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        while True:
            event = events.get()
            yield event
            if isinstance(event, Ended | AttuneError):
                return
    finally:
        stopped.set()
        thread.join()
