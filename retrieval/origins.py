"""What documents were made of: who may read one that stands on others follows from who may read those."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, select, update

from retrieval.access_lists import replace_access
from retrieval.access_tables import document_origins
from retrieval.errors import NotFoundError
from retrieval.store import Store, insert_rows, listed, one_of
from retrieval.tables import document_access, documents, revisions
from retrieval.types import EVERYONE


class Origins(Store):
    """The part of the catalog that knows which documents were made of which.

    The gate asks on every question whether a reader may read all that a document was made of. The document's own list
    is kept in step besides, because the index and its word statistics go by that.
    """

    def set_origins(self, document_id: str, origin_ids: Iterable[str]) -> None:
        """Say what a document was made of, in the place of what was said before; nothing means it stands alone.

        What was itself made of others counts with all of those: the gate looks one step back.
        """
        named = set(origin_ids)
        of_origins = select(document_origins.c.origin_id).where(one_of(document_origins.c.document_id, "ids"))
        with self._writing() as connection:
            named |= set(connection.scalars(of_origins, {"ids": listed(sorted(named))}))
            rows = [{"document_id": document_id, "origin_id": origin_id} for origin_id in sorted(named - {document_id})]
            connection.execute(delete(document_origins).where(document_origins.c.document_id == document_id))
            insert_rows(connection, document_origins, rows)

    def set_origins_of_revision(self, revision_id: str, origin_ids: Iterable[str]) -> None:
        """Say what the document of a revision was made of, before anybody is shown it.

        Raises:
            NotFoundError: There is no such revision.
        """
        with self._reading() as connection:
            document_id = connection.scalar(select(revisions.c.document_id).where(revisions.c.id == revision_id))
        if document_id is None:
            raise NotFoundError(f"no revision {revision_id}")
        self.set_origins(document_id, origin_ids)

    def made_of(self, origin_ids: Sequence[str]) -> set[str]:
        """Return the documents that were made of any of these."""
        statement = select(document_origins.c.document_id).where(one_of(document_origins.c.origin_id, "ids"))
        with self._reading() as connection:
            return set(connection.scalars(statement, {"ids": listed(origin_ids)}))

    def follow_origins(self) -> int:
        """Bring the lists of documents that were made of others in step with theirs.

        Returns:
            How many changed; the index is to be told of them, see ``relabelled``.
        """
        with self._reading() as connection:
            if connection.execute(select(document_origins.c.document_id).limit(1)).first() is None:
                return 0
        changed = 0
        with self._writing() as connection:
            made_of: dict[str, list[str]] = {}
            # A list that was set by hand stays; it can only narrow, because the gate asks for the origins too.
            kept_in_step = select(document_origins).join(documents, documents.c.id == document_origins.c.document_id)
            statement = kept_in_step.where(documents.c.access_set_by.is_(None), documents.c.deleted_at.is_(None))
            for document_id, origin_id in connection.execute(statement).all():
                made_of.setdefault(document_id, []).append(origin_id)
            named = [*made_of, *(origin for origins in made_of.values() for origin in origins)]
            lists = _lists(
                connection.execute(
                    select(document_access.c.document_id, document_access.c.principal_key).where(
                        one_of(document_access.c.document_id, "ids")
                    ),
                    {"ids": listed(named)},
                ).all()
            )
            for document_id, origins in made_of.items():
                wanted = common_access([lists.get(origin, frozenset()) for origin in origins])
                if wanted != lists.get(document_id, frozenset()):
                    replace_access(connection, document_id, wanted)
                    told = update(documents).where(documents.c.id == document_id)
                    connection.execute(told.values(relabel=documents.c.relabel + 1))
                    changed += 1
        return changed


def common_access(lists: Sequence[frozenset[str]]) -> frozenset[str]:
    """Return the keys that all lists hold; everybody stands for any key, and no list for everybody."""
    named = [keys for keys in lists if EVERYONE not in keys]
    return frozenset.intersection(*named) if named else frozenset({EVERYONE})


def _lists(rows: Iterable[Sequence[str]]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for document_id, key in rows:
        found.setdefault(document_id, set()).add(key)
    return {document_id: frozenset(keys) for document_id, keys in found.items()}
