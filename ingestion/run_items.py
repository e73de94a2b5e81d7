"""The documents of a run: queued, worked on, staged, settled."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, exists, func, insert, select, update

from ingestion.run_rows import OPEN, Item, ItemState, NewItem, Outcome, RunProgress, item_row, to_item
from ingestion.tables import DELETIONS, ingest_items, ingest_runs
from retrieval.store import Store, listed, one_of
from retrieval.tables import revisions

MAX_PAGE_ITEMS = 1_000
_SUPERSEDED = "a newer state of the document came in meanwhile"
_RATE_OVER = timedelta(seconds=30)


class RunItems(Store):
    """The documents of runs; every method is one transaction."""

    def add_items(self, run_id: str, items: Sequence[NewItem]) -> int:
        """Add documents to a run; those whose uri it has already are passed over, so that a scan can be repeated.

        Returns:
            How many were added.
        """
        with self._writing() as connection:
            return self.insert_items(connection, run_id, items)

    def insert_items(self, connection: Connection, run_id: str, items: Sequence[NewItem]) -> int:
        """Add documents to a run as a part of a transaction, see ``add_items``."""
        uris = {"ids": listed(item.uri for item in items)}
        known = select(ingest_items.c.uri).where(ingest_items.c.run_id == run_id, one_of(ingest_items.c.uri, "ids"))
        seen = set(connection.scalars(known, uris))
        last = connection.scalar(select(func.max(ingest_items.c.ordinal)).where(ingest_items.c.run_id == run_id))
        first, now = 0 if last is None else last + 1, datetime.now(UTC)
        fresh = [item for item in items if item.uri not in seen]
        rows = [item_row(run_id, number, item, now) for number, item in enumerate(fresh, start=first)]
        if rows:
            connection.execute(insert(ingest_items), rows)
        return len(rows)

    def items(
        self, run_id: str, *, states: Sequence[str] | None = None, after: int = -1, limit: int = MAX_PAGE_ITEMS
    ) -> list[Item]:
        """Return documents of a run in order.

        Args:
            run_id: The run.
            states: Only those in one of these states.
            after: Ordinal of the last one of the page before.
            limit: Most of them, 1,000 at most.
        """
        statement = select(ingest_items).where(ingest_items.c.run_id == run_id, ingest_items.c.ordinal > after)
        if states is not None:
            statement = statement.where(ingest_items.c.state.in_(list(states)))
        statement = statement.order_by(ingest_items.c.ordinal).limit(min(limit, MAX_PAGE_ITEMS))
        with self._reading() as connection:
            return [to_item(row) for row in connection.execute(statement)]

    def settled_since(self, run_id: str, since: datetime, *, limit: int = MAX_PAGE_ITEMS) -> list[Item]:
        """Return documents of a run that were settled at a moment or after it, in the order in which they were."""
        later = ingest_items.c.run_id == run_id, ingest_items.c.finished_at >= since
        order = (ingest_items.c.finished_at, ingest_items.c.ordinal)
        with self._reading() as connection:
            rows = connection.execute(select(ingest_items).where(*later).order_by(*order).limit(limit))
            return [to_item(row) for row in rows]

    def claim(self, run_id: str, batch: int, worker: str) -> list[Item]:
        """Take up the documents of a batch that nobody has finished; those that a later run took up are settled.

        Returns:
            Those; empty when the run is paused or has ended, or the batch was given to others.
        """
        mine = (
            ingest_items.c.run_id == run_id,
            ingest_items.c.batch == batch,
            ingest_items.c.state.in_(("queued", "working")),
        )
        values = {"state": "working", "worker": worker, "attempts": ingest_items.c.attempts + 1}
        with self._writing() as connection:
            running = select(ingest_runs.c.state).where(ingest_runs.c.id == run_id).with_for_update(read=True)
            if connection.scalar(running) != "running":
                return []
            connection.execute(update(ingest_items).where(*mine, _superseded()).values(_superseded_now()))
            connection.execute(update(ingest_items).where(*mine).values({**values, "started_at": datetime.now(UTC)}))
            rows = connection.execute(select(ingest_items).where(*mine).order_by(ingest_items.c.ordinal))
            return [to_item(row) for row in rows]

    def release(self, ids: Sequence[str], worker: str, *, failed: bool = False) -> None:
        """Give documents back that a worker took up and did not finish.

        Args:
            ids: Of the documents.
            worker: Who has them.
            failed: Something went wrong; otherwise the run is paused, or the worker stops.
        """
        values: dict[str, Any] = {"state": "queued", "batch": None, "worker": None}
        if failed:
            values["failures"] = ingest_items.c.failures + 1
        self._update(ids, ("working",), worker=worker, values=values)

    def staged(
        self, item: Item, *, revision_id: str, outcome: Outcome, counts: tuple[int, int], timings: Mapping[str, float]
    ) -> bool:
        """Note that a document is staged and waits to be published.

        Args:
            item: The document, as it was claimed.
            revision_id: What will be published.
            outcome: What it will have been then.
            counts: Chunks, and for how many of them a vector was made.
            timings: Milliseconds by stage.

        Returns:
            False when it is not to be published: the run was cancelled, the worker was given up, or a later run has a
            newer state of the document, which this one would overwrite.
        """
        chunks, embedded = counts
        values: dict[str, Any] = {"state": "staged", "outcome": outcome, "revision_id": revision_id}
        values |= {"chunks": chunks, "embedded": embedded, "timings": dict(timings)}
        mine = ingest_items.c.id == item.id, ingest_items.c.state == "working", ingest_items.c.worker == item.worker
        with self._writing() as connection:
            return connection.execute(update(ingest_items).where(*mine, ~_superseded()).values(values)).rowcount == 1

    def settle(self, ids: Sequence[str], *, state: ItemState, among: Sequence[ItemState] = OPEN, **values: Any) -> None:
        """Note what became of documents.

        Args:
            ids: Of the documents.
            state: What they are now.
            among: Only those that are in one of these states.
            values: ``outcome``, ``reason``, ``kind``, ``timings``.
        """
        self._update(ids, among, values={"state": state, "finished_at": datetime.now(UTC), **values})

    def superseded(self, ids: Sequence[str]) -> set[str]:
        """Return those of some documents that a later run took up."""
        chosen = select(ingest_items.c.id).where(one_of(ingest_items.c.id, "ids"), _superseded())
        with self._reading() as connection:
            return set(connection.scalars(chosen, {"ids": listed(ids)})) if ids else set()

    def settle_published(self) -> int:
        """Settle every staged document whose revision was published, or was discarded for a newer one.

        Returns:
            How many.
        """
        staged = select(ingest_items.c.id, ingest_items.c.revision_id, revisions.c.state).select_from(
            ingest_items.outerjoin(revisions, revisions.c.id == ingest_items.c.revision_id)
        )
        waiting = ingest_items.c.state == "staged", revisions.c.state.is_distinct_from("staged")
        with self._reading() as connection:
            rows = connection.execute(staged.where(*waiting)).all()
        for superseded in (False, True):
            ids = [row.id for row in rows if (row.state is None) is superseded]
            more = {"reason": _SUPERSEDED, "outcome": None} if superseded else {}
            self._update(ids, ("staged",), values={"state": "done", "finished_at": datetime.now(UTC), **more})
        return len(rows)

    def adopt_staged(self) -> int:
        """Let revisions be published that were staged whole by a worker which died before it could say so.

        Returns:
            How many.
        """
        waiting = select(ingest_items.c.revision_id).where(ingest_items.c.state == "staged")
        unsaid = revisions.c.id.in_(waiting), revisions.c.state == "staged", ~revisions.c.ready
        with self._writing() as connection:
            return int(connection.execute(update(revisions).where(*unsaid).values(ready=True)).rowcount)

    def cancel_open(self, run_id: str) -> None:
        """Settle what is queued or worked on as cancelled; what is staged is published all the same."""
        open_ones = ingest_items.c.run_id == run_id, ingest_items.c.state.in_(("queued", "working"))
        values = {"state": "cancelled", "finished_at": datetime.now(UTC), "worker": None}
        with self._writing() as connection:
            connection.execute(update(ingest_items).where(*open_ones).values(values))

    def requeue(
        self,
        run_id: str,
        *,
        states: Sequence[str],
        kinds: Sequence[str] | None = None,
        ordinals: Sequence[int] | None = None,
    ) -> int:
        """Queue settled documents of a run again.

        Args:
            run_id: The run.
            states: Only those in one of these states.
            kinds: Only those that failed for one of these reasons; None is all.
            ordinals: Only these; None is all.

        Returns:
            How many.
        """
        chosen = [ingest_items.c.run_id == run_id, ingest_items.c.state.in_(list(states))]
        if kinds is not None:
            chosen.append(ingest_items.c.kind.in_(list(kinds)))
        if ordinals is not None:
            chosen.append(ingest_items.c.ordinal.in_(list(ordinals)))
        batch = case((ingest_items.c.outcome == "deleted", DELETIONS), else_=None)
        values = {"state": "queued", "batch": batch, "worker": None, "reason": None, "kind": None, "finished_at": None}
        with self._writing() as connection:
            return int(connection.execute(update(ingest_items).where(*chosen).values(values)).rowcount)

    def progress(self, run_id: str) -> RunProgress:
        """Return how far a run is."""
        states: dict[str, int] = {}
        outcomes: dict[str, int] = {}
        kinds: dict[str, int] = {}
        total = chunks = embedded = size_bytes = 0
        columns = (ingest_items.c.state, ingest_items.c.outcome, ingest_items.c.kind)
        sums = [func.sum(c) for c in (ingest_items.c.chunks, ingest_items.c.embedded, ingest_items.c.size_bytes)]
        of_run = ingest_items.c.run_id == run_id
        with self._reading() as connection:
            rows = connection.execute(select(*columns, func.count(), *sums).where(of_run).group_by(*columns)).all()
            rate = _rate(connection, of_run)
        for state, outcome, kind, count, *amounts in rows:
            total += count
            states[state] = states.get(state, 0) + count
            if state == "done" and outcome:
                outcomes[outcome] = outcomes.get(outcome, 0) + count
            if state in {"failed", "quarantined"} and kind:
                kinds[kind] = kinds.get(kind, 0) + count
            chunks, embedded, size_bytes = (
                had + int(more or 0) for had, more in zip((chunks, embedded, size_bytes), amounts, strict=True)
            )
        left = sum(states.get(state, 0) for state in OPEN)
        eta_s = (left / rate if rate else None) if left else 0.0
        return RunProgress(total, states, outcomes, chunks, embedded, rate, eta_s, size_bytes, kinds)

    def _update(
        self, ids: Sequence[str], states: Sequence[str], *, values: Mapping[str, Any], worker: str | None = None
    ) -> int:
        if not ids:
            return 0
        chosen = [one_of(ingest_items.c.id, "ids"), ingest_items.c.state.in_(list(states))]
        if worker is not None:
            chosen.append(ingest_items.c.worker == worker)
        with self._writing() as connection:
            done = connection.execute(update(ingest_items).where(*chosen).values(values), {"ids": listed(ids)})
            return int(done.rowcount)


def _superseded() -> ColumnElement[bool]:
    """A later run of the collection has the document: an interrupted run that goes on must not undo what came since."""
    later, later_run, own_run = ingest_items.alias(), ingest_runs.alias(), ingest_runs.alias()
    return exists().where(
        later.c.uri == ingest_items.c.uri,
        later.c.state.in_(("queued", "working", "staged", "done")),
        later.c.run_id == later_run.c.id,
        own_run.c.id == ingest_items.c.run_id,
        later_run.c.collection == own_run.c.collection,
        later_run.c.created_at > own_run.c.created_at,
    )


def _superseded_now() -> dict[str, Any]:
    return {"state": "done", "outcome": None, "reason": _SUPERSEDED, "finished_at": datetime.now(UTC)}


def _rate(connection: Connection, of_run: ColumnElement[bool]) -> float:
    newest: datetime | None = connection.scalar(select(func.max(ingest_items.c.finished_at)).where(of_run))
    if newest is None:
        return 0.0
    newest = newest if newest.tzinfo else newest.replace(tzinfo=UTC)
    window = of_run, ingest_items.c.finished_at > newest - _RATE_OVER
    worked = case((ingest_items.c.attempts > 0, 1), else_=0)
    count, first = connection.execute(
        select(func.sum(worked), func.min(ingest_items.c.started_at)).where(*window)
    ).one()
    if not count or first is None:
        return 0.0
    first = first if first.tzinfo else first.replace(tzinfo=UTC)
    seconds: float = min((newest - first).total_seconds(), _RATE_OVER.total_seconds())
    return round(float(count) / max(seconds, 0.1), 2)
