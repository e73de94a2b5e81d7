"""Headings of documents that somebody may read: a few of many, for what one might ask about them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select

from retrieval.access import readable_keys
from retrieval.finding_tables import document_profiles
from retrieval.gate import READABLE
from retrieval.store import Store, listed, one_of
from retrieval.tables import chunks, collections, documents
from retrieval.types import Principal

CHUNKS_LOOKED_AT = 24
"""Of each document, from its beginning: a handbook of a thousand pages costs no more than a leaflet."""


@dataclass(frozen=True, slots=True)
class Headings:
    """A document and its headings.

    Attributes:
        language: ISO 639 code of the document, ``unknown`` where it could not be told.
        sections: Paths of headings, outermost first, in reading order, each once.
    """

    document_id: str
    title: str
    language: str
    sections: tuple[tuple[str, ...], ...]


_PAGE = (
    select(documents.c.id, documents.c.title, documents.c.live_revision_id)
    # What was made of approved answers has a question as its title and no headings.
    .where(READABLE, documents.c.uri.not_like("answer:%"))
    .order_by(documents.c.id)
    .limit(bindparam("limit"))
)
_IN = (
    documents.c.collection_id
    == select(collections.c.id).where(collections.c.name == bindparam("collection")).scalar_subquery()
)
_SECTIONS = (
    select(chunks.c.document_id, chunks.c.section)
    .where(one_of(chunks.c.revision_id, "revisions"), chunks.c.ordinal < CHUNKS_LOOKED_AT)
    .order_by(chunks.c.document_id, chunks.c.ordinal)
)
_LANGUAGES = select(document_profiles.c.revision_id, document_profiles.c.language).where(
    one_of(document_profiles.c.revision_id, "revisions")
)


class HeadingsOfDocuments(Store):
    """Reads headings through the gate.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def some(self, start: str, *, principal: Principal, collection: str | None = None, limit: int) -> list[Headings]:
        """Return some documents that the principal may read, with their headings.

        Args:
            start: From which id on they are taken; behind the last one it goes on with the first.
            principal: Who reads.
            collection: Name of the one collection to take them from; None takes them from all.
            limit: Most documents.

        Returns:
            The same for the same start, as long as the documents and the rights stay.
        """
        values: dict[str, Any] = {"keys": listed(readable_keys(principal)), "limit": limit}
        pages: list[Select[Any]] = [_PAGE.where(documents.c.id >= start), _PAGE.where(documents.c.id < start)]
        if collection is not None:
            pages, values["collection"] = [page.where(_IN) for page in pages], collection
        with self._reading() as connection:
            rows = list(connection.execute(pages[0], values))
            if len(rows) < limit:
                rows += connection.execute(pages[1], values | {"limit": limit - len(rows)})
            revisions = {"revisions": listed(row.live_revision_id for row in rows)}
            sections: dict[str, dict[tuple[str, ...], None]] = {}
            for document_id, section in connection.execute(_SECTIONS, revisions):
                sections.setdefault(document_id, {})[tuple(section)] = None
            languages = {row[0]: row[1] for row in connection.execute(_LANGUAGES, revisions)}
        return [
            Headings(row.id, row.title, languages.get(row.live_revision_id, "unknown"), tuple(sections.get(row.id, {})))
            for row in rows
        ]
