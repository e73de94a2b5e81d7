"""What the catalog keeps for a while and then forgets: superseded texts, and what died workers left half done."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, select

from retrieval.rows import RevisionKey
from retrieval.store import Store
from retrieval.tables import chunks, collections, documents, revisions


@dataclass(frozen=True, slots=True)
class WholeDocument:
    """All that the catalog knows a document by, deleted or not; for forgetting it.

    Attributes:
        texts: Of all its revisions, and their titles.
    """

    id: str
    collection: str
    uri: str
    source_id: str | None
    created_at: datetime  # UTC
    revision_ids: tuple[str, ...]
    content_sha256: tuple[str, ...]
    chunk_ids: tuple[str, ...]
    texts: tuple[str, ...]


class Retention(Store):
    """The part of the catalog that forgets."""

    def whole(self, document_id: str) -> WholeDocument | None:
        """Return what a document is known by; None when there is none of this id any more."""
        named = select(documents, collections.c.name.label("collection")).join(collections)
        of_document = select(revisions).where(revisions.c.document_id == document_id).order_by(revisions.c.number)
        with self._reading() as connection:
            row = connection.execute(named.where(documents.c.id == document_id)).one_or_none()
            if row is None:
                return None
            known = connection.execute(of_document).all()
            ids = list(connection.scalars(select(chunks.c.id).where(chunks.c.document_id == document_id)))
        return WholeDocument(
            id=row.id,
            collection=row.collection,
            uri=row.uri,
            source_id=row.source_id,
            created_at=row.created_at,
            revision_ids=tuple(revision.id for revision in known),
            content_sha256=tuple(dict.fromkeys(revision.content_sha256 for revision in known)),
            chunk_ids=tuple(ids),
            texts=tuple(dict.fromkeys(text for revision in known for text in (revision.text, revision.title))),
        )

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
