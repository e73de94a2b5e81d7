"""Who works now: each worker says so every few seconds, so that what a dead one holds can be given to others."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select, update

from ingestion.tables import workers
from retrieval.store import Store

BEAT_S = 5.0
DEAD_AFTER = timedelta(seconds=60)
"""A worker that was not heard of for so long is not coming back, or its machine is as good as gone."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that takes documents in. ``id`` is lasting: one that is restarted goes on under it."""

    id: str
    host: str
    pid: int
    started_at: datetime  # UTC
    seen_at: datetime  # UTC

    def alive(self, now: datetime) -> bool:
        """Whether it was heard of a moment ago."""
        return now - self.seen_at < DEAD_AFTER


class Workers(Store):
    """The record of workers, on SQLite or PostgreSQL."""

    def enter(self, worker_id: str, *, host: str, pid: int) -> None:
        """Note that a worker begins; whoever had its id before is gone."""
        now = datetime.now(UTC)
        with self._writing() as connection:
            connection.execute(delete(workers).where(workers.c.id == worker_id))
            row = {"id": worker_id, "host": host, "pid": pid, "started_at": now, "seen_at": now}
            connection.execute(insert(workers).values(row))

    def beat(self, worker_id: str) -> None:
        """Note that a worker is alive."""
        with self._writing() as connection:
            connection.execute(update(workers).where(workers.c.id == worker_id).values(seen_at=datetime.now(UTC)))

    def leave(self, worker_id: str) -> None:
        """Note that a worker ends."""
        with self._writing() as connection:
            connection.execute(delete(workers).where(workers.c.id == worker_id))

    def all(self) -> list[Worker]:
        """Return every worker that did not say that it ended, by id."""
        with self._reading() as connection:
            return [Worker(*row) for row in connection.execute(select(workers).order_by(workers.c.id))]
