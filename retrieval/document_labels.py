"""The labels of documents: set by people and sources, and due in the index until its owner has taken them over."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update

from retrieval.errors import NotFoundError
from retrieval.labels import Labels
from retrieval.metadata import checked_metadata
from retrieval.store import Store, listed, one_of
from retrieval.tables import chunks, document_access, documents
from retrieval.types import Filters

LABEL_COLUMNS = (documents.c.source_id, documents.c.media_type, documents.c.updated_at, documents.c.metadata)
"""What ``Labels`` is made of, in order."""


@dataclass(frozen=True, slots=True)
class Relabelling:
    """A document whose labels the index may not have yet.

    Attributes:
        due: Which change of them; a later one has a higher number.
        chunk_ids: Of all its revisions, staged ones too.
        acl: Who may read it.
    """

    document_id: str
    due: int
    labels: Labels
    chunk_ids: tuple[str, ...]
    acl: frozenset[str]


class DocumentLabels(Store):
    """The part of the catalog that says what searches are narrowed by.

    A change is noted with the document, in the same transaction, and stays noted until the owner of the index has
    taken it over: whoever is killed in between, the index is brought up to date.
    """

    def set_metadata(self, document_id: str, metadata: Mapping[str, str]) -> None:
        """Give a document other metadata, in place of what it has; its text and its revision stay.

        Raises:
            NotFoundError: There is no such document.
            InvalidInputError: A key or a value cannot be kept.
        """
        values = {"metadata": checked_metadata(metadata), "relabel": documents.c.relabel + 1}
        there = documents.c.id == document_id, documents.c.deleted_at.is_(None)
        with self._writing() as connection:
            if not connection.execute(update(documents).where(*there).values(values)).rowcount:
                raise NotFoundError(f"no document {document_id}")

    def labels(self, document_ids: Iterable[str]) -> dict[str, Labels]:
        """Return the labels of documents, by id; those that are gone are left out."""
        statement = select(documents.c.id, *LABEL_COLUMNS).where(one_of(documents.c.id, "ids"))
        with self._reading() as connection:
            rows = connection.execute(statement, {"ids": listed(document_ids)})
            return {row[0]: Labels(*row[1:]) for row in rows}

    def relabellings(self, limit: int) -> list[Relabelling]:
        """Return documents whose labels the index may not have yet, at most so many."""
        due = select(documents.c.id, documents.c.relabel, *LABEL_COLUMNS).where(documents.c.relabel > 0)
        of_documents = select(chunks.c.document_id, chunks.c.id).where(one_of(chunks.c.document_id, "ids"))
        access = document_access.c.document_id, document_access.c.principal_key
        readers = select(*access).where(one_of(document_access.c.document_id, "ids"))
        with self._reading() as connection:
            rows = connection.execute(due.order_by(documents.c.id).limit(limit)).all()
            if not rows:
                return []
            ids = {"ids": listed(row[0] for row in rows)}
            by_document, keys = (
                _grouped(connection.execute(of_documents, ids)),
                _grouped(connection.execute(readers, ids)),
            )
        return [
            Relabelling(row[0], row[1], Labels(*row[2:]), tuple(by_document[row[0]]), frozenset(keys[row[0]]))
            for row in rows
        ]

    def relabelled(self, done: Sequence[Relabelling]) -> None:
        """Note that the index has these labels; a document whose labels changed meanwhile stays due."""
        if done:
            same = documents.c.id == bindparam("document"), documents.c.relabel == bindparam("due")
            noted = update(documents).where(*same).values(relabel=0)
            with self._writing() as connection:
                connection.execute(noted, [{"document": one.document_id, "due": one.due} for one in done])


def _grouped(rows: Iterable[Any]) -> defaultdict[str, list[str]]:
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in rows:
        grouped[key].append(value)
    return grouped


def narrowed(statement: Select[Any], filters: Filters) -> tuple[Select[Any], dict[str, str]]:
    """Narrow a statement about documents by checked filters: the second gate decides, exactly.

    Returns:
        The statement, and the parameters that it needs besides its own.
    """
    values: dict[str, str] = {}
    if filters.sources:
        statement = statement.where(one_of(documents.c.source_id, "sources", indexed=False))
        values["sources"] = listed(filters.sources)
    if filters.media_types:
        statement = statement.where(or_(*(_of_type(media_type) for media_type in filters.media_types)))
    if filters.updated_from is not None:
        statement = statement.where(documents.c.updated_at >= filters.updated_from)
    if filters.updated_until is not None:
        statement = statement.where(documents.c.updated_at < filters.updated_until)
    for key, value in filters.metadata:
        statement = statement.where(documents.c.metadata[key].as_string() == value)
    return statement, values


def _of_type(media_type: str) -> ColumnElement[bool]:
    family = media_type.removesuffix("*")
    if family == media_type:
        return documents.c.media_type == media_type
    # Not LIKE: an underscore would stand for any character.
    return func.substr(documents.c.media_type, 1, len(family)) == family
