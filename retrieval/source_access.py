"""The access lists that sources and uploads say, given to documents that are there already: nothing is read again."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, exists, or_, select, update

from retrieval.access import checked_acl
from retrieval.access_lists import replace_access
from retrieval.store import Store, listed, one_of
from retrieval.tables import document_access, documents, revisions

_AT_ONCE = 500


class SourceAccess(Store):
    """The part of the catalog that follows what a source says about its readers."""

    def follow_access(self, wanted: Mapping[str, frozenset[str]]) -> int:
        """Give documents the lists that their source says; a list that was set by hand stays as it is.

        What is staged already gets them as well, or publishing it would bring the old list back. The index is to be
        told, see ``relabelled``.

        Args:
            wanted: By document id.

        Returns:
            How many lists changed.

        Raises:
            InvalidInputError: A key is malformed, or there are too many.
        """
        for keys in wanted.values():
            checked_acl(keys)
        ids = sorted(wanted)
        changed = 0
        for start in range(0, len(ids), _AT_ONCE):
            with self._writing() as connection:
                changed += _follow(connection, ids[start : start + _AT_ONCE], wanted)
        return changed

    def of_source(self, source_id: str) -> dict[str, str]:
        """Return the documents that a source keeps in step or has staged, by id: their uris."""
        staged = exists().where(
            revisions.c.document_id == documents.c.id,
            revisions.c.source_id == source_id,
            revisions.c.state == "staged",
        )
        kept = or_(documents.c.source_id == source_id, staged)
        statement = select(documents.c.id, documents.c.uri).where(documents.c.deleted_at.is_(None), kept)
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}


def _follow(connection: Connection, ids: Sequence[str], wanted: Mapping[str, frozenset[str]]) -> int:
    mine = one_of(documents.c.id, "ids"), documents.c.deleted_at.is_(None), documents.c.access_set_by.is_(None)
    locked = select(documents.c.id).where(*mine).order_by(documents.c.id).with_for_update()
    free = list(connection.scalars(locked, {"ids": listed(ids)}))
    had: dict[str, set[str]] = {key: set() for key in free}
    for document_id, key in connection.execute(
        select(document_access).where(one_of(document_access.c.document_id, "ids")), {"ids": listed(free)}
    ):
        had[document_id].add(key)
    for document_id in free:
        acl = sorted(wanted[document_id])
        staged = revisions.c.document_id == document_id, revisions.c.state == "staged"
        connection.execute(update(revisions).where(*staged).values(acl=acl))
    other = [document_id for document_id in free if had[document_id] != wanted[document_id]]
    for document_id in other:
        replace_access(connection, document_id, wanted[document_id])
    due = update(documents).where(one_of(documents.c.id, "ids")).values(relabel=documents.c.relabel + 1)
    connection.execute(due, {"ids": listed(other)})
    return len(other)
