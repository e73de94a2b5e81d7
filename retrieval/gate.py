"""The second gate: which passages a reader may see, decided in the statement that reads them, on every question."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, FromClause, String, and_, bindparam, exists, func, not_, select, type_coerce

from retrieval.access import readable_keys
from retrieval.access_tables import collection_access, document_origins
from retrieval.document_labels import narrowed
from retrieval.rows import PassageRow, to_chunks
from retrieval.store import CHUNK_COLUMNS, Store, listed, one_of
from retrieval.tables import chunks, collections, document_access, documents, revisions
from retrieval.types import Chunk, Filters, Principal


def _live(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.deleted_at.is_(None), table.c.live_revision_id.is_not(None))


def _let_in(table: FromClause) -> ColumnElement[bool]:
    return and_(
        exists().where(
            collection_access.c.collection_id == table.c.collection_id,
            collection_access.c.right == "read",
            one_of(collection_access.c.principal_key, "keys", indexed=False),
        ),
        exists().where(
            document_access.c.document_id == table.c.id,
            one_of(document_access.c.principal_key, "keys", indexed=False),
        ),
    )


# The second gate, and the only one that correctness rests on: published, not deleted, and an access row of the document
# as well as one of its collection that is one of the reader's keys. Without such rows it is read by nobody. What was
# made of other documents is read by who may read each of those.
_LIVE = _live(documents)
_ORIGINS = documents.alias("origins")
_UNREAD_ORIGIN = exists().where(
    document_origins.c.document_id == documents.c.id,
    not_(exists().where(_ORIGINS.c.id == document_origins.c.origin_id, _live(_ORIGINS), _let_in(_ORIGINS))),
)
_LET_IN = and_(_let_in(documents), not_(_UNREAD_ORIGIN))
READABLE = and_(_LIVE, _LET_IN)
_PASSAGES = (
    # The moment as the database gives it: to make 200 of them takes longer than all else of a look-up but the look-up.
    select(*CHUNK_COLUMNS, collections.c.name, documents.c.title, documents.c.uri)
    .add_columns(type_coerce(documents.c.updated_at, String))
    .join(documents, and_(documents.c.id == chunks.c.document_id, documents.c.live_revision_id == chunks.c.revision_id))
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(one_of(chunks.c.id, "ids"), READABLE)
)
_PASSAGES_OF_COLLECTION = _PASSAGES.where(collections.c.name == bindparam("collection"))
GAP_CHARS = 4
"""How much may stand between two chunks that are read as one: what parts paragraphs, not hidden text."""

_FOUND = chunks.alias("found")
_AROUND = (
    select(*CHUNK_COLUMNS, func.substr(revisions.c.text, chunks.c.end + 1, GAP_CHARS))
    .select_from(_FOUND)
    .join(documents, and_(documents.c.id == _FOUND.c.document_id, documents.c.live_revision_id == _FOUND.c.revision_id))
    .join(revisions, revisions.c.id == _FOUND.c.revision_id)
    .join(
        chunks,
        and_(
            chunks.c.revision_id == _FOUND.c.revision_id,
            chunks.c.ordinal.between(_FOUND.c.ordinal - bindparam("reach"), _FOUND.c.ordinal + bindparam("reach")),
        ),
    )
    .where(one_of(_FOUND.c.id, "ids"), READABLE)
)
_DOCUMENTS = select(documents.c.id).where(one_of(documents.c.id, "ids"), READABLE)
_HIDDEN = select(documents.c.id, documents.c.uri).where(_LIVE, not_(_LET_IN))


class Gate(Store):
    """The part of the catalog that questions go through."""

    def passages_for(
        self,
        chunk_ids: Sequence[str],
        *,
        principal: Principal,
        collection: str | None = None,
        filters: Filters | None = None,
    ) -> dict[str, PassageRow]:
        """Return those of the chunks that stand in a live revision which the principal may read at this moment.

        One statement for all of them, so that of any document they show one revision whole.

        Args:
            chunk_ids: What the index found.
            principal: Who asks.
            collection: Name of the one collection to read from; None reads from all.
            filters: Which documents, as ``checked_filters`` returns them; None is all of them.

        Returns:
            By chunk id; what is missing, retired, deleted or forbidden is left out, all alike.
        """
        keys = readable_keys(principal)
        if not keys or not chunk_ids:
            return {}
        values = {"ids": listed(chunk_ids), "keys": listed(keys)}
        statement = _PASSAGES
        if collection is not None:
            statement, values["collection"] = _PASSAGES_OF_COLLECTION, collection
        if filters is not None:
            statement, more = narrowed(statement, filters)
            values |= more
        with self._reading() as connection:
            return {row[0]: PassageRow(row) for row in connection.execute(statement, values)}

    def around(self, chunk_ids: Sequence[str], *, principal: Principal, reach: int) -> dict[str, tuple[Chunk, str]]:
        """Return chunks with those before and behind them, as far as the principal may read them at this moment.

        Args:
            chunk_ids: As ``passages_for`` let through.
            principal: Who asks.
            reach: How many to either side, in reading order.

        Returns:
            By chunk id: the chunk, and the first characters behind it in its revision, ``GAP_CHARS`` at most. What is
            retired, deleted or forbidden by now is left out with all around it.
        """
        keys = readable_keys(principal)
        if not keys or not chunk_ids:
            return {}
        values = {"ids": listed(chunk_ids), "keys": listed(keys), "reach": reach}
        with self._reading() as connection:
            rows = {row[0]: row for row in connection.execute(_AROUND, values)}
        found = zip(to_chunks(list(rows.values())), rows.values(), strict=True)
        return {chunk.id: (chunk, row[-1]) for chunk, row in found}

    def readable_documents(self, document_ids: Iterable[str], *, principal: Principal) -> set[str]:
        """Return those of the documents that the principal may read at this moment."""
        keys = readable_keys(principal)
        if not keys:
            return set()
        with self._reading() as connection:
            rows = connection.execute(_DOCUMENTS, {"keys": listed(keys), "ids": listed(document_ids)})
            return {row.id for row in rows}

    def hidden_documents(self, *, principal: Principal) -> list[tuple[str, str]]:
        """Return the published documents that the principal may not read: for leaving out what quotes them.

        Returns:
            Id and uri of each; not to be shown to the principal.
        """
        with self._reading() as connection:
            rows = connection.execute(_HIDDEN, {"keys": listed(readable_keys(principal))})
            return [(row.id, row.uri) for row in rows]
