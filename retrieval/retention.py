"""What the catalog keeps for a while and then forgets: superseded texts, and what died workers left half done."""

from datetime import datetime

from sqlalchemy import delete, exists, func, select

from retrieval.rows import RevisionKey
from retrieval.store import Store
from retrieval.tables import chunks, documents, revisions


class Retention(Store):
    """The part of the catalog that forgets."""

    def forget_retired(self, before: datetime) -> int:
        """Remove revisions that were retired before a moment, with their texts; citations of them open no more.

        One whose points may still be in the index stays until they are taken out.

        Returns:
            How many.
        """
        in_index = exists().where(chunks.c.revision_id == revisions.c.id)
        old = revisions.c.state == "retired", revisions.c.retired_at < before, ~in_index
        with self._writing() as connection:
            return int(connection.execute(delete(revisions).where(*old)).rowcount)

    def abandoned(self, before: datetime) -> list[RevisionKey]:
        """Return revisions whose staging began before a moment and was never finished, the oldest first."""
        left = revisions.c.state == "staged", ~revisions.c.ready, revisions.c.created_at < before
        columns = (revisions.c.id, revisions.c.document_id, revisions.c.created_at)
        with self._reading() as connection:
            rows = connection.execute(select(*columns).where(*left).order_by(revisions.c.created_at))
            return [RevisionKey(*row) for row in rows]

    def originals(self) -> set[str]:
        """Return the SHA-256 of every original that a revision was made from, in whatever state it is."""
        kept = documents.c.deleted_at.is_(None)
        statement = (
            select(revisions.c.content_sha256).distinct().join(documents, documents.c.id == revisions.c.document_id)
        )
        with self._reading() as connection:
            return set(connection.scalars(statement.where(kept)))

    def originals_of(self, document_id: str) -> list[str]:
        """Return the SHA-256 of the originals of all revisions of a document, deleted or not."""
        statement = select(revisions.c.content_sha256).distinct().where(revisions.c.document_id == document_id)
        with self._reading() as connection:
            return list(connection.scalars(statement))

    def uses_original(self, content_sha256: str) -> bool:
        """Say whether any revision of a document that was not deleted was made from an original."""
        statement = (
            select(func.count())
            .select_from(revisions.join(documents, documents.c.id == revisions.c.document_id))
            .where(revisions.c.content_sha256 == content_sha256, documents.c.deleted_at.is_(None))
        )
        with self._reading() as connection:
            return bool(connection.scalar(statement))
