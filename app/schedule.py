"""Begins syncs of sources: when their schedule says so, soon after a watched folder changed, and when asked to."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from app.folder_watch import FolderWatch
from ingestion.sources.store import KeptSource, SourceStore, next_sync
from retrieval.errors import AttuneError, ConflictError
from retrieval.store import reachable

if TYPE_CHECKING:
    from app.bootstrap import Services

SCHEDULE = "u:schedule"
"""Principal id of what nobody asked for by hand."""

_TICK_S = 0.5
_AGAIN_AFTER_S = 5.0
_FAILED_AGAIN_AFTER_S = 600.0
_JITTER = 0.05
_CHORES_EVERY_S = 3_600.0
_QUIET_S = 2.0
_PATIENCE_S = 30.0
_STOP_TIMEOUT_S = 1.0

Start = Callable[[KeptSource, str], str]
"""A source and the principal id of who asked -> id of the run that syncs it; raises while another one does."""


class Schedule:
    """One thread that looks at the clock, and one for each folder that is watched.

    What is due stands in the database, so that a restart goes on with it; what was missed meanwhile is done once.

    Args:
        store: The sources.
        start: Begins a sync.
        chores: Done at the beginning and every hour.
        quiet_s: How long a watched folder has to be still before it is synced.
        patience_s: How long a folder that is never still is waited for.
    """

    def __init__(
        self,
        store: SourceStore,
        start: Start,
        *,
        chores: Callable[[], None] = lambda: None,
        quiet_s: float = _QUIET_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._store = store
        self._start = start
        self._chores = chores
        self._quiet_s = quiet_s
        self._patience_s = patience_s
        self._stopping = threading.Event()
        self._watches: dict[str, FolderWatch] = {}
        self._changed_since: dict[str, float] = {}  # on the monotonic clock
        self._noting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop, within a second."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)
        for watch in self._watches.values():
            watch.stop()
        for watch in self._watches.values():
            watch.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        chores_at = time.monotonic()
        while not self._stopping.is_set():
            try:
                with reachable():
                    if time.monotonic() >= chores_at:
                        chores_at = time.monotonic() + _CHORES_EVERY_S
                        self._chores()
                    self._look()
                    self._watch()
            except AttuneError as error:
                structlog.get_logger().warning("the schedule could not look at the sources", reason=str(error))
            self._stopping.wait(_TICK_S)

    def _look(self) -> None:
        for source in self._store.due(datetime.now(UTC)):
            if self._stopping.is_set():
                return
            with self._noting:
                self._changed_since.pop(source.id, None)
            self._store.scheduled(source.id, self._begun(source))

    def _begun(self, source: KeptSource) -> datetime | None:
        """Begin a sync, or say why not.

        Returns:
            When the next one is due.
        """
        now = datetime.now(UTC)
        try:
            self._start(source, SCHEDULE)
        except ConflictError:
            # It is being synced. What changed after that began to look is not missed; a clock has its next turn.
            return now + timedelta(seconds=_AGAIN_AFTER_S) if source.watch else next_sync(source, now)
        except AttuneError as error:
            structlog.get_logger().warning("a sync was not begun", source=source.name, reason=str(error))
            return now + timedelta(seconds=min(source.every_s or _FAILED_AGAIN_AFTER_S, _FAILED_AGAIN_AFTER_S))
        # So that sources which were set up together do not come together for ever.
        return next_sync(source, now, share=secrets.SystemRandom().uniform(0, _JITTER))

    def _watch(self) -> None:
        wanted = {source.id: Path(source.arguments["path"]) for source in self._store.watched()}
        for source_id in [key for key, watch in self._watches.items() if wanted.get(key) != watch.folder]:
            self._watches.pop(source_id).stop()
        for source_id in wanted.keys() - self._watches.keys():
            watch = FolderWatch(wanted[source_id], partial(self._changed, source_id))
            self._watches[source_id] = watch
            watch.start()
            self._changed(source_id)  # nobody has watched until now

    def _changed(self, source_id: str) -> None:
        """Put the sync of a folder off until it is still, but not for ever."""
        now = time.monotonic()
        with self._noting:
            since = self._changed_since.setdefault(source_id, now)
        wait_s = max(0.0, min(self._quiet_s, since + self._patience_s - now))
        try:
            with reachable():
                self._store.scheduled(source_id, datetime.now(UTC) + timedelta(seconds=wait_s))
        except AttuneError as error:
            structlog.get_logger().warning("a change of a folder was not noted", reason=str(error))


@contextmanager
def scheduled(services: "Services") -> Iterator[Schedule]:
    """Run the schedule of a server for as long as the block lasts."""
    from app.ingesting import start_sync
    from app.training_asked import train_again, train_when_due
    from app.uploading import take_in_waiting

    def chores() -> None:
        take_in_waiting(services)
        train_again(services)
        train_when_due(services)

    schedule = Schedule(
        services.sources,
        lambda source, by: start_sync(services, source, created_by=by).id,
        chores=chores,
    )
    schedule.start()
    try:
        yield schedule
    finally:
        schedule.close()
