"""What runs could not take in, and nobody has taken in since: for those who see to it."""

from sqlalchemy import ColumnElement, and_, exists, or_, select

from ingestion.run_rows import Item, to_item
from ingestion.tables import ingest_items, ingest_runs
from retrieval.cursor import cursor, moment_in
from retrieval.rows import storable
from retrieval.store import Store

MAX_PAGE_FAILURES = 1_000
_FAILED = ("failed", "quarantined")
_SETTLED = ("done", *_FAILED)


class RunFailures(Store):
    """The part of the record of runs that tells what is still amiss."""

    def unmended(
        self, collection: str, *, before: str | None = None, limit: int = 100
    ) -> tuple[list[Item], str | None]:
        """Return the documents of a collection whose last attempt failed, or was quarantined, the newest first.

        Args:
            collection: Its name.
            before: Second part of what was returned for the page before.
            limit: Most of them, 1,000 at most.

        Returns:
            Each document once, as it is in the run in which it failed last; and what to give as ``before`` for the next
            page, None on the last.

        Raises:
            InvalidInputError: ``before`` is not of such a list.
        """
        if not storable(collection):
            return [], None
        statement = (
            select(ingest_items)
            .join(ingest_runs, ingest_runs.c.id == ingest_items.c.run_id)
            .where(ingest_runs.c.collection == collection, ingest_items.c.state.in_(_FAILED))
            .where(ingest_items.c.finished_at.is_not(None), ~_settled_since())
            .order_by(ingest_items.c.finished_at.desc(), ingest_items.c.id)
        )
        if before is not None:
            moment, last_id = moment_in(before)
            same = and_(ingest_items.c.finished_at == moment, ingest_items.c.id > last_id)
            statement = statement.where(or_(ingest_items.c.finished_at < moment, same))
        with self._reading() as connection:
            found = [to_item(row) for row in connection.execute(statement.limit(min(limit, MAX_PAGE_FAILURES)))]
        last = found[-1] if len(found) == limit else None
        return found, cursor(last.finished_at, last.id) if last is not None and last.finished_at is not None else None


def _settled_since() -> ColumnElement[bool]:
    """Another attempt at the document, in whatever run into the collection, ended later, for better or worse."""
    later, later_run = ingest_items.alias(), ingest_runs.alias()
    newer = or_(
        later.c.finished_at > ingest_items.c.finished_at,
        and_(later.c.finished_at == ingest_items.c.finished_at, later.c.id > ingest_items.c.id),
    )
    return exists().where(
        later.c.uri == ingest_items.c.uri,
        later.c.state.in_(_SETTLED),
        newer,
        later_run.c.id == later.c.run_id,
        later_run.c.collection == ingest_runs.c.collection,
    )
