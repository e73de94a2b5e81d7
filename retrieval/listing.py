"""Lists of documents: searched by words, sorted, page by page; and how documents come out of rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, literal, or_, select

from retrieval.access import readable_keys
from retrieval.access_lists import AccessLists
from retrieval.cursor import cursor, moment_in, place_in
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.finding_tables import findings
from retrieval.gate import READABLE
from retrieval.rows import storable
from retrieval.store import listed, one_of
from retrieval.tables import chunks, collections, document_access, documents, revisions
from retrieval.types import Document, Principal

MAX_PAGE_DOCUMENTS = 1_000
DOCUMENTS = (
    select(documents, collections.c.name.label("collection"))
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(READABLE)
)
"""Those that one of the parameter ``keys`` may read."""
MANAGED = (
    select(documents, collections.c.name.label("collection"))
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(documents.c.deleted_at.is_(None), documents.c.live_revision_id.is_not(None))
)
"""All that is published, for who looks after a collection of it."""

Sort = Literal["id", "title", "newest"]
_TITLE_CHARS = 100  # by which titles are sorted; a cursor holds them
_TITLE: ColumnElement[str] = func.substr(func.lower(documents.c.title), 1, _TITLE_CHARS)
_CHUNK_COUNTS = (
    select(chunks.c.revision_id, func.count()).where(one_of(chunks.c.revision_id, "ids")).group_by(chunks.c.revision_id)
)
_REVISION_COUNTS = (
    select(revisions.c.document_id, func.count())
    .where(one_of(revisions.c.document_id, "ids"), revisions.c.state != "staged")
    .group_by(revisions.c.document_id)
)
_FINDING_COUNTS = (
    select(findings.c.revision_id, func.sum(findings.c.count))
    .where(one_of(findings.c.revision_id, "ids"))
    .group_by(findings.c.revision_id)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents are listed, and in what order.

    Attributes:
        collection: Name of the only one to list; None lists all.
        managed: All of it that the principal looks after, whether or not it may read them.
        words: Each stands in the title or the uri, in whatever case.
        sort: By ``id``, by ``title`` from A to Z, or the ``newest`` change first.
    """

    collection: str | None = None
    managed: bool = False
    words: str = ""
    sort: Sort = "id"


@dataclass(frozen=True, slots=True)
class Listed:
    """A document with the number of its chunks that are searched, of its revisions that are kept, and of findings."""

    document: Document
    chunks: int
    revisions: int
    findings: int


class Listing(AccessLists):
    """The part of the catalog that lists documents for people."""

    def listing(
        self, wanted: Wanted, *, principal: Principal, after: str | None = None, limit: int = 50
    ) -> tuple[list[Listed], str | None]:
        """Return a page of published documents.

        Args:
            wanted: Which ones.
            principal: Who asks.
            after: Second part of what was returned for the page before. What has changed since is not in the way.
            limit: Most documents to return, 1 to 1,000.

        Returns:
            The documents, and what to give as ``after`` for the next page; None on the last.

        Raises:
            InvalidInputError: The limit is out of range, or ``after`` is not of such a list.
            NotFoundError: There is no such collection, or the principal does not look after it.
        """
        if not 1 <= limit <= MAX_PAGE_DOCUMENTS:
            raise InvalidInputError(f"limit is {limit}; a page holds 1 to {MAX_PAGE_DOCUMENTS} documents")
        keys = readable_keys(principal)
        page = self._wanted(wanted, principal)
        if after is not None:
            page = page.where(_behind(wanted.sort, after))
        if not (keys or wanted.managed) or not storable(wanted.words):
            return [], None
        page = page.add_columns(_TITLE.label("sort_title")).order_by(*_order(wanted.sort, documents.c, _TITLE))
        with self._reading() as connection:
            rows = connection.execute(with_keys(page.limit(limit), wanted.sort), {"keys": listed(keys)}).all()
            found = to_documents(rows)
            live = _ids(one.live_revision_id for one in found)
            chunk_counts = _counts(connection.execute(_CHUNK_COUNTS, live))
            finding_counts = _counts(connection.execute(_FINDING_COUNTS, live))
            revision_counts = _counts(connection.execute(_REVISION_COUNTS, _ids(one.id for one in found)))
        counted = [
            Listed(
                one,
                chunks=chunk_counts.get(one.live_revision_id or "", 0),
                revisions=revision_counts.get(one.id, 0),
                findings=finding_counts.get(one.live_revision_id or "", 0),
            )
            for one in found
        ]
        return counted, _cursor(wanted.sort, rows[-1]) if len(found) == limit else None

    def _wanted(self, wanted: Wanted, principal: Principal) -> Select[Any]:
        page = MANAGED if wanted.managed else DOCUMENTS
        if wanted.managed and not self.curates(wanted.collection or "", principal=principal):
            raise NotFoundError(f"no collection {wanted.collection!r}")
        if wanted.collection is not None:
            collection_id = self.collection(wanted.collection, principal=principal).id
            page = page.where(documents.c.collection_id == collection_id)
        return page.where(*(_holds(word) for word in dict.fromkeys(wanted.words.split())))


def with_keys(page: Select[Any], sort: Sort = "id") -> Select[Any]:
    """Return a statement for documents with a row for each key of their access lists.

    Page and access rows in one statement: between two, a document could change its readers.

    Args:
        page: Of ``DOCUMENTS`` or ``MANAGED``.
        sort: Its order; for ``title`` it has the column ``sort_title``.
    """
    paged = page.subquery()
    statement = select(paged, document_access.c.principal_key)
    of_document = document_access.c.document_id == paged.c.id
    by = _order(sort, paged.c, paged.c.get("sort_title"))
    return statement.outerjoin(document_access, of_document).order_by(*by)


def to_documents(rows: Sequence[Row[Any]]) -> list[Document]:
    """Return the documents in rows of ``with_keys``."""
    return [_to_document(list(of_document)) for _, of_document in groupby(rows, key=itemgetter(0))]


def _to_document(rows: Sequence[Any]) -> Document:
    row = rows[0]
    return Document(
        id=row.id,
        collection=row.collection,
        uri=row.uri,
        title=row.title,
        media_type=row.media_type,
        acl=_keys(rows),
        live_revision_id=row.live_revision_id,
        size_bytes=row.size_bytes,
        created_at=row.created_at,
        updated_at=row.updated_at,
        source_id=row.source_id,
        metadata=row.metadata,
        access_version=row.access_version,
        access_set_by=row.access_set_by,
    )


def _keys(rows: Iterable[Any]) -> frozenset[str]:
    return frozenset(row.principal_key for row in rows if row.principal_key is not None)


def _holds(word: str) -> ColumnElement[bool]:
    """A word stands in the title or the uri, in which what is no plain letter is percent-encoded."""
    encoded = {quote(form, safe="").lower() for form in (word, word.lower(), word.upper())}
    in_uri = [func.lower(documents.c.uri).contains(form, autoescape=True) for form in {word.lower(), *encoded}]
    return or_(func.lower(documents.c.title).contains(word.lower(), autoescape=True), *in_uri)


def _order(sort: Sort, columns: Any, title: Any) -> tuple[Any, ...]:
    if sort == "title":
        return title, columns.id
    return (columns.updated_at.desc(), columns.id) if sort == "newest" else (columns.id,)


def _cursor(sort: Sort, last: Row[Any]) -> str:
    if sort == "id":
        return str(last.id)
    return cursor(last.sort_title if sort == "title" else last.updated_at, last.id)


def _behind(sort: Sort, after: str) -> ColumnElement[bool]:
    """Return the condition that a document comes behind a place in the list, whoever stands there by now."""
    if sort == "id":
        return documents.c.id > after if storable(after) else false()
    if sort == "title":
        title, last_id = place_in(after)
        return or_(literal(title) < _TITLE, and_(literal(title) == _TITLE, documents.c.id > last_id))
    moment, last_id = moment_in(after)
    changed = documents.c.updated_at
    return or_(changed < moment, and_(changed == moment, documents.c.id > last_id))


def _ids(ids: Iterable[str | None]) -> dict[str, str]:
    return {"ids": listed(one for one in ids if one is not None)}


def _counts(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[str, int]:
    return {row[0]: row[1] for row in rows}
