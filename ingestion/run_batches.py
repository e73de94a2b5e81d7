"""Documents that wait for a worker, put together into batches: one durable job each."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from sqlalchemy import func, select, update

from ingestion.run_rows import Item, to_item
from ingestion.tables import DELETIONS, ingest_items, ingest_runs
from retrieval.store import Store, listed, one_of

MAX_BATCH_ITEMS = 32
MAX_BATCH_BYTES = 4 * 2**20
_MAX_WAITING = 2_000


class RunBatches(Store):
    """Which documents of a run go to which job. A document without a batch waits to be given one."""

    def assign(self, run_id: str, *, lone: bool = False) -> list[int]:
        """Give waiting documents batches, small ones together; some 2,000 at a time.

        Args:
            run_id: A run.
            lone: Give each a batch of its own, so that one that kills its worker is found out.

        Returns:
            The numbers of the new batches.
        """
        columns = (ingest_items.c.id, ingest_items.c.size_bytes)
        waiting = (
            select(*columns)
            .where(
                ingest_items.c.run_id == run_id,
                ingest_items.c.state == "queued",
                ingest_items.c.batch.is_(None),
            )
            .order_by(ingest_items.c.ordinal)
            .limit(_MAX_WAITING)
        )
        with self._writing() as connection:
            run = select(ingest_runs.c.batches).where(ingest_runs.c.id == run_id).with_for_update()
            first = connection.scalar(run)
            rows = [(row[0], row[1]) for row in connection.execute(waiting)]
            if first is None or not rows:
                return []
            cuts = range(len(rows) + 1) if lone else _cuts([size for _, size in rows])
            groups = [[key for key, _ in rows[a:b]] for a, b in pairwise(cuts)]
            for number, ids in enumerate(groups, start=first):
                mine = one_of(ingest_items.c.id, "ids")
                connection.execute(update(ingest_items).where(mine).values(batch=number), {"ids": listed(ids)})
            connection.execute(
                update(ingest_runs).where(ingest_runs.c.id == run_id).values(batches=first + len(groups))
            )
        return list(range(first, first + len(groups)))

    def open_batches(self, run_id: str) -> Mapping[int, int]:
        """Return the batches of a run with documents that are queued or worked on, and how many those are."""
        statement = (
            select(ingest_items.c.batch, func.count())
            .where(
                ingest_items.c.run_id == run_id,
                ingest_items.c.state.in_(("queued", "working")),
                ingest_items.c.batch >= 0,
            )
            .group_by(ingest_items.c.batch)
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}

    def of_batches(self, run_id: str, batches: Sequence[int]) -> list[Item]:
        """Return the documents of batches that are queued or worked on."""
        chosen = (
            ingest_items.c.run_id == run_id,
            ingest_items.c.batch.in_(list(batches)),
            ingest_items.c.state.in_(("queued", "working")),
        )
        with self._reading() as connection:
            return [to_item(row) for row in connection.execute(select(ingest_items).where(*chosen))]

    def deletions(self, run_id: str, *, limit: int) -> list[Item]:
        """Return documents that a run is to delete."""
        chosen = (
            ingest_items.c.run_id == run_id,
            ingest_items.c.batch == DELETIONS,
            ingest_items.c.state == "queued",
        )
        with self._reading() as connection:
            rows = connection.execute(select(ingest_items).where(*chosen).order_by(ingest_items.c.ordinal).limit(limit))
            return [to_item(row) for row in rows]

    def unassign(self, run_id: str, batches: Sequence[int]) -> None:
        """Take batches apart whose jobs are gone; their documents wait for others."""
        lost = (
            ingest_items.c.run_id == run_id,
            ingest_items.c.batch.in_(list(batches)),
            ingest_items.c.state.in_(("queued", "working")),
        )
        values = {"batch": None, "state": "queued", "worker": None}
        with self._writing() as connection:
            connection.execute(update(ingest_items).where(*lost).values(values))


def _cuts(sizes: Sequence[int]) -> list[int]:
    cuts, start, in_batch = [0], 0, 0
    for number, size in enumerate(sizes):
        if number > start and (number - start >= MAX_BATCH_ITEMS or in_batch + size > MAX_BATCH_BYTES):
            cuts.append(number)
            start, in_batch = number, 0
        in_batch += size
    return [*cuts, len(sizes)]
