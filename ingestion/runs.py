"""Runs of ingestion: what was asked for, how far it is, and what became of each document."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, delete, exists, insert, select, update

from ingestion.run_batches import RunBatches
from ingestion.run_failures import RunFailures
from ingestion.run_items import RunItems
from ingestion.run_rows import ENDED, OPEN, NewItem, Run, RunState, to_run
from ingestion.tables import ingest_items, ingest_runs, sources
from retrieval.errors import ConflictError, NotFoundError

__all__ = ["IngestRuns", "Run", "RunState"]

MAX_PAGE_RUNS = 1_000


class IngestRuns(RunItems, RunBatches, RunFailures):
    """The record of all runs, on SQLite or PostgreSQL; the truth about what is still to be done.

    Durable jobs only carry ids of what is written here, so that they can be made again from it.
    """

    def create(
        self,
        collection: str,
        *,
        label: str,
        spec: Mapping[str, Any],
        created_by: str,
        source_id: str | None = None,
        items: Sequence[NewItem] | None = None,
    ) -> Run:
        """Begin a run.

        Args:
            collection: Name of an existing collection.
            label: What it takes in, in words for people.
            spec: What was asked for.
            created_by: Who asked.
            source_id: The source that is brought up to date.
            items: Its documents, where they are known; None leaves them to a scan.

        Returns:
            The run, queued.

        Raises:
            ConflictError: The source has a run that has not ended.
        """
        run_id, now = uuid4().hex, datetime.now(UTC)
        values = {
            "id": run_id,
            "collection": collection,
            "source_id": source_id,
            "label": label,
            "state": "queued",
            "scanned": items is not None,
            "batches": 0,
            "spec": dict(spec),
            "created_by": created_by,
            "created_at": now,
        }
        with self._writing() as connection:
            if source_id is not None:
                # Whoever is second waits for the source's row, and then sees the run of the first.
                connection.execute(select(sources.c.id).where(sources.c.id == source_id).with_for_update())
                at_work = ingest_runs.c.source_id == source_id, ingest_runs.c.state.in_(("queued", "running", "paused"))
                if connection.execute(select(ingest_runs.c.id).where(*at_work)).first():
                    raise ConflictError("this source is being synced; try again when that run has ended")
                connection.execute(update(sources).where(sources.c.id == source_id).values(last_run_id=run_id))
            connection.execute(insert(ingest_runs).values(values))
            self.insert_items(connection, run_id, items or ())
        return self.get(run_id)

    def get(self, run_id: str) -> Run:
        """Return a run.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = self._runs(select(ingest_runs).where(ingest_runs.c.id == run_id))
        if not found:
            raise NotFoundError(f"no run {run_id}")
        return found[0]

    def recent(
        self,
        *,
        limit: int,
        before: str | None = None,
        source_id: str | None = None,
        collections: Collection[str] | None = None,
    ) -> list[Run]:
        """Return runs, the newest first.

        Args:
            limit: Most runs, 1 to 1,000.
            before: Id of the last run of the page before.
            source_id: Only those of this source.
            collections: Only those into one of these; None is all.
        """
        statement = select(ingest_runs).order_by(ingest_runs.c.created_at.desc(), ingest_runs.c.id.desc())
        if source_id is not None:
            statement = statement.where(ingest_runs.c.source_id == source_id)
        if collections is not None:
            statement = statement.where(ingest_runs.c.collection.in_(list(collections)))
        if before is not None:
            last = self.get(before)
            older = (ingest_runs.c.created_at < last.created_at) | (
                (ingest_runs.c.created_at == last.created_at) & (ingest_runs.c.id < last.id)
            )
            statement = statement.where(older)
        return self._runs(statement.limit(min(limit, MAX_PAGE_RUNS)))

    def at_work(self) -> list[Run]:
        """Return the runs that have something to do now, the oldest first."""
        statement = select(ingest_runs).where(ingest_runs.c.state.in_(("queued", "running")))
        return self._runs(statement.order_by(ingest_runs.c.created_at, ingest_runs.c.id))

    def start(self, run_id: str) -> bool:
        """Have a queued run run.

        Returns:
            Whether it runs now; not when it was paused or has ended.
        """
        values = {"state": "running", "started_at": datetime.now(UTC)}
        queued = ingest_runs.c.id == run_id, ingest_runs.c.state == "queued"
        with self._writing() as connection:
            connection.execute(update(ingest_runs).where(*queued).values(values))
            return connection.scalar(select(ingest_runs.c.state).where(ingest_runs.c.id == run_id)) == "running"

    def scanned(self, run_id: str) -> None:
        """Note that every document of the run has its row."""
        with self._writing() as connection:
            connection.execute(update(ingest_runs).where(ingest_runs.c.id == run_id).values(scanned=True))

    def fail(self, run_id: str, reason: str) -> None:
        """End a run that could not find out what to do; documents that were taken in stay."""
        self._end(run_id, "failed", reason=reason)

    def pause(self, run_id: str) -> Run:
        """Stop after the documents that are being worked on.

        Returns:
            The run.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: It has ended.
        """
        return self._turn(run_id, "paused", allowed=("queued", "running", "paused"))

    def resume(self, run_id: str) -> Run:
        """Go on with a paused run.

        Returns:
            The run.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: It has ended.
        """
        run = self.get(run_id)
        return self._turn(run_id, "running" if run.started_at else "queued", allowed=("queued", "running", "paused"))

    def cancel(self, run_id: str) -> Run:
        """End a run; documents that were taken in stay, those waiting are cancelled.

        Returns:
            The run.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: It has ended.
        """
        run = self._turn(run_id, "cancelled", allowed=("queued", "running", "paused", "cancelled"))
        self.cancel_open(run_id)
        return run

    def retry(
        self,
        run_id: str,
        *,
        states: Sequence[str] = ("failed", "quarantined", "cancelled"),
        ordinals: Sequence[int] | None = None,
    ) -> int:
        """Have documents of a run tried again, those that failed and those that were cancelled.

        Args:
            run_id: The run.
            states: Only those in one of these states.
            ordinals: Only these; None is all.

        Returns:
            How many; the run goes on when there are some.

        Raises:
            NotFoundError: There is no such run.
        """
        self.get(run_id)
        count = self.requeue(run_id, states=states, ordinals=ordinals)
        if count:
            self._go_on([run_id])
        return count

    def finish(self, run_id: str) -> bool:
        """End a run of which nothing is open.

        Returns:
            Whether it ended just now.
        """
        with self._writing() as connection:
            still = select(ingest_items.c.id).where(ingest_items.c.run_id == run_id, ingest_items.c.state.in_(OPEN))
            if connection.execute(still.limit(1)).first():
                return False
            ended = update(ingest_runs).where(
                ingest_runs.c.id == run_id, ingest_runs.c.state == "running", ingest_runs.c.scanned
            )
            return connection.execute(ended.values(state="done", finished_at=datetime.now(UTC))).rowcount == 1

    def requeue_kind(self, kind: str) -> int:
        """Queue again what failed for one kind of reason, in every run that is kept, unless a later run has the uri.

        Returns:
            How many documents.
        """
        later = ingest_items.alias()
        newer = exists().where(later.c.uri == ingest_items.c.uri, later.c.started_at > ingest_items.c.started_at)
        failed = select(ingest_items.c.run_id).where(
            ingest_items.c.kind == kind, ingest_items.c.state == "failed", ~newer
        )
        with self._reading() as connection:
            runs = list(connection.scalars(failed.distinct()))
        count = sum(self.requeue(run_id, states=("failed",), kinds=(kind,)) for run_id in runs)
        self._go_on(runs)
        return count

    def forget_before(self, moment: datetime) -> int:
        """Remove the record of runs that ended before a moment.

        Returns:
            How many.
        """
        old = ingest_runs.c.finished_at < moment, ingest_runs.c.state.in_(ENDED)
        with self._writing() as connection:
            return int(connection.execute(delete(ingest_runs).where(*old)).rowcount)

    def originals(self) -> set[str]:
        """Return the SHA-256 of every original that a run has to read yet, or may be asked to read again."""
        kept = ingest_items.c.state != "done", ingest_items.c.content_sha256.is_not(None)
        with self._reading() as connection:
            return set(connection.scalars(select(ingest_items.c.content_sha256).distinct().where(*kept)))

    def _go_on(self, run_ids: Sequence[str]) -> None:
        values = {"state": "running", "finished_at": None}
        with self._writing() as connection:
            connection.execute(update(ingest_runs).where(ingest_runs.c.id.in_(list(run_ids))).values(values))

    def _turn(self, run_id: str, state: RunState, *, allowed: Iterable[RunState]) -> Run:
        values: dict[str, Any] = {"state": state}
        if state in ENDED:
            values["finished_at"] = datetime.now(UTC)
        fitting = ingest_runs.c.id == run_id, ingest_runs.c.state.in_(list(allowed))
        with self._writing() as connection:
            turned = connection.execute(update(ingest_runs).where(*fitting).values(values)).rowcount
        run = self.get(run_id)
        if not turned:
            raise ConflictError(f"the run is {run.state}; it cannot be {state} any more")
        return run

    def _end(self, run_id: str, state: RunState, *, reason: str | None = None) -> None:
        values = {"state": state, "reason": reason, "finished_at": datetime.now(UTC)}
        with self._writing() as connection:
            connection.execute(update(ingest_runs).where(ingest_runs.c.id == run_id).values(values))

    def _runs(self, statement: Select[Any]) -> list[Run]:
        with self._reading() as connection:
            return [to_run(row) for row in connection.execute(statement)]
