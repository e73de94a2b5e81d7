"""Audit: what the doctor reads in the catalog, on nobody's behalf, and the few rows that it sets right there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, or_, select, text, union, update

from ingestion.audit_chunks import ChunkAudit
from ingestion.run_rows import OPEN
from ingestion.tables import ingest_items, ingest_runs, workers
from retrieval.document_labels import DocumentLabels
from retrieval.errors import ConflictError
from retrieval.store import listed, one_of
from retrieval.tables import chunks, documents, index_pointers, revisions

# Whoever has one of these states never asks for its original again.
_SETTLED_WELL = ("done", "cancelled")


class Audit(ChunkAudit, DocumentLabels):
    """The whole catalog: chunks, documents, revisions, originals, runs, pointers."""

    def revisionless(self, before: datetime) -> dict[str, str | None]:
        """Return documents that show no revision, or one that is not live, and what they could show instead.

        Args:
            before: One that waits for its first revision is not amiss if it was made later.

        Returns:
            By document: a revision; empty where there never was any; None where there is none with chunks.
        """
        mine = revisions.c.document_id == documents.c.id
        shown = exists().where(revisions.c.id == documents.c.live_revision_id, mine, revisions.c.state == "live")
        staged = exists().where(mine, revisions.c.state == "staged")
        waits = and_(documents.c.live_revision_id.is_(None), or_(staged, documents.c.created_at >= before))
        statement = select(documents.c.id).where(documents.c.deleted_at.is_(None), ~shown, ~waits)
        with self._reading() as connection:
            ids = list(connection.scalars(statement))
            return {key: _substitute(connection.execute(_revisions_of(key)).all()) for key in ids}

    def show(self, document_id: str, revision_id: str) -> None:
        """Make a revision the one that its document shows."""
        with self._writing() as connection:
            others = (revisions.c.document_id == document_id, revisions.c.state == "live")
            retired = {"state": "retired", "retired_at": datetime.now(UTC)}
            connection.execute(update(revisions).where(*others, revisions.c.id != revision_id).values(retired))
            shown = update(revisions).where(revisions.c.id == revision_id)
            connection.execute(shown.values(state="live", retired_at=None))
            connection.execute(
                update(documents).where(documents.c.id == document_id).values(live_revision_id=revision_id)
            )

    def second_lives(self) -> list[str]:
        """Return revisions that are live beside the one their document shows."""
        other = documents.join(revisions, revisions.c.document_id == documents.c.id)
        shown = revisions.alias()
        has_other = exists().where(shown.c.id == documents.c.live_revision_id, shown.c.state == "live")
        statement = (
            select(revisions.c.id)
            .select_from(other)
            .where(revisions.c.state == "live", revisions.c.id != documents.c.live_revision_id, has_other)
        )
        with self._reading() as connection:
            return list(connection.scalars(statement))

    def retire(self, revision_ids: Sequence[str]) -> None:
        """Make revisions retired ones, to be collected."""
        values = {"state": "retired", "retired_at": datetime.now(UTC)}
        with self._writing() as connection:
            statement = update(revisions).where(one_of(revisions.c.id, "ids")).values(values)
            connection.execute(statement, {"ids": listed(revision_ids)})

    def stuck(self, before: datetime) -> list[str]:
        """Return revisions that were begun before a moment, are not ready, and that no document of a run waits for."""
        wanted = exists().where(ingest_items.c.revision_id == revisions.c.id, ingest_items.c.state.in_(OPEN))
        begun = (revisions.c.state == "staged", ~revisions.c.ready, revisions.c.created_at < before)
        with self._reading() as connection:
            return list(connection.scalars(select(revisions.c.id).where(*begun, ~wanted)))

    def waiting(self, before: datetime) -> list[str]:
        """Return revisions that were whole before a moment and are not published."""
        whole = (revisions.c.state == "staged", revisions.c.ready, revisions.c.created_at < before)
        with self._reading() as connection:
            return list(connection.scalars(select(revisions.c.id).where(*whole)))

    def uncollected(self, before: datetime) -> tuple[list[str], list[str]]:
        """Return the revisions that were retired, and the documents that were deleted, before a moment and still lie.

        A revision that its document shows is not among them, whatever its state says.

        Returns:
            Ids of revisions with chunks, ids of documents.
        """
        has_chunks = exists().where(chunks.c.revision_id == revisions.c.id)
        since = or_(revisions.c.retired_at.is_(None), revisions.c.retired_at < before)
        shown = exists().where(documents.c.live_revision_id == revisions.c.id)
        retired = select(revisions.c.id).where(revisions.c.state == "retired", since, has_chunks, ~shown)
        deleted = select(documents.c.id).where(documents.c.deleted_at < before)
        with self._reading() as connection:
            return list(connection.scalars(retired)), list(connection.scalars(deleted))

    def live_originals(self) -> dict[str, str]:
        """Return the SHA-256 of the original of every live document, with a uri it came from."""
        statement = (
            select(revisions.c.content_sha256, documents.c.uri)
            .join(documents, documents.c.live_revision_id == revisions.c.id)
            .where(documents.c.deleted_at.is_(None))
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}

    def wanted_originals(self) -> set[str]:
        """Return the SHA-256 of every original that a revision, or a document of a run, may still ask for."""
        of_items = select(ingest_items.c.content_sha256).where(
            ingest_items.c.content_sha256.is_not(None), ingest_items.c.state.not_in(_SETTLED_WELL)
        )
        with self._reading() as connection:
            return set(connection.scalars(union(select(revisions.c.content_sha256), of_items)))

    def workers_seen(self, since: datetime) -> set[str]:
        """Return the workers that gave a sign of life since a moment."""
        with self._reading() as connection:
            return set(connection.scalars(select(workers.c.id).where(workers.c.seen_at >= since)))

    def running_runs(self, before: datetime) -> list[str]:
        """Return the runs that were begun before a moment and are under way."""
        under_way = ingest_runs.c.state.in_(("queued", "running"))
        with self._reading() as connection:
            return list(
                connection.scalars(select(ingest_runs.c.id).where(under_way, ingest_runs.c.created_at < before))
            )

    def working_items(self, before: datetime) -> dict[str, str | None]:
        """Return the documents that a worker took up before a moment, with the worker."""
        taken = (ingest_items.c.state == "working", ingest_items.c.started_at < before)
        with self._reading() as connection:
            return {
                row[0]: row[1]
                for row in connection.execute(select(ingest_items.c.id, ingest_items.c.worker).where(*taken))
            }

    def requeue(self, item_ids: Sequence[str]) -> None:
        """Let documents whose worker is gone wait for another; a job is made for them as for new ones."""
        mine = (one_of(ingest_items.c.id, "ids"), ingest_items.c.state == "working")
        with self._writing() as connection:
            statement = update(ingest_items).where(*mine).values(state="queued", batch=None, worker=None)
            connection.execute(statement, {"ids": listed(item_ids)})

    def pointers(self) -> dict[str, str]:
        """Return the index pointers: target by name."""
        with self._reading() as connection:
            return {
                row[0]: row[1] for row in connection.execute(select(index_pointers.c.name, index_pointers.c.target))
            }

    def forget_pointers(self, names: Sequence[str]) -> None:
        """Remove index pointers."""
        with self._writing() as connection:
            connection.execute(
                delete(index_pointers).where(one_of(index_pointers.c.name, "ids")), {"ids": listed(names)}
            )

    def compact(self) -> int:
        """Have SQLite write its file anew, so that nothing deleted lies in it or in its log any more.

        It holds the writer's lock meanwhile, about a second for 200 MB, and needs as much room again. On PostgreSQL
        it does nothing: there autovacuum gives room free, and ``VACUUM FULL`` is for its administrator.

        Returns:
            How many bytes the file has become smaller by.

        Raises:
            ConflictError: Somebody writes for so long that it could not begin, or reads what was before.
        """
        if self._engine.dialect.name != "sqlite":
            return 0
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            before = _file_bytes(cursor)
            cursor.execute("VACUUM")
            # The log holds pages as they were: it is written back and cut to nothing.
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            after = _file_bytes(cursor)
        except OperationalError as error:
            raise ConflictError(f"the catalog could not be compacted ({error}); try again when it is quiet") from error
        finally:
            raw.close()
        if busy:
            raise ConflictError("the catalog was compacted, but somebody still reads its log; do it once more")
        return before - after

    def faults(self) -> list[str]:
        """Have SQLite look through its file for damage; takes about a second for 500 MB.

        Returns:
            Its words, at most 100 faults; empty when it is sound, and on PostgreSQL, which checks pages as it reads.
        """
        if self._engine.dialect.name != "sqlite":
            return []
        with self._reading() as connection:
            found = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check(100)"))]
            found += [
                f"{row[0]} row {row[1]}: no {row[2]}" for row in connection.execute(text("PRAGMA foreign_key_check"))
            ]
        return [words for words in found if words != "ok"][:100]


def _file_bytes(cursor: Any) -> int:
    pages, page_bytes = (cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(page_bytes)


def _revisions_of(document_id: str) -> Select[Any]:
    size = select(func.count()).where(chunks.c.revision_id == revisions.c.id).scalar_subquery()
    return (
        select(revisions.c.id, revisions.c.state, size)
        .where(revisions.c.document_id == document_id)
        .order_by(revisions.c.number.desc())
    )


def _substitute(rows: Sequence[Sequence[Any]]) -> str | None:
    if not rows:
        return ""
    live = [row[0] for row in rows if row[1] == "live"]
    kept = [row[0] for row in rows if row[1] == "retired" and row[2]]
    return next(iter([*live, *kept]), None)
