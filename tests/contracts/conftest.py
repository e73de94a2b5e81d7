"""A catalog with a short way to fill it."""

from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import Engine

from retrieval.catalog import Catalog, StagedRevision
from retrieval.types import Box, Chunk, Place, Principal, Revision

EVERYBODY = frozenset({"g:everyone"})


class Shelf:
    """Writes documents the way ingestion does; every chunk is one line of the text."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def staged(self, text: str, acl: frozenset[str] = EVERYBODY, title: str = "A title") -> StagedRevision:
        size = len(text.encode())
        return StagedRevision(title, "text/plain", size, sha256(text.encode()).hexdigest(), "recipe-1", text, acl)

    def chunks(self, revision: Revision) -> list[Chunk]:
        made: list[Chunk] = []
        start = 0
        for ordinal, line in enumerate(revision.text.split("\n")):
            end = start + len(line)
            places = (Place(start, end, 1, Box(72.25, 1 / 3, 500.0, 14.5)), Place(start, end, 2), Place(start, end))
            made.append(
                Chunk(
                    id=f"{revision.id}-{ordinal}",
                    document_id=revision.document_id,
                    revision_id=revision.id,
                    ordinal=ordinal,
                    start=start,
                    end=end,
                    text=line,
                    context=revision.title,
                    section=("Part “one”", f"Line {ordinal}"),
                    token_count=len(line.split()),
                    places=places[: ordinal % 4],
                )
            )
            start = end + 1
        return made

    def stage(self, uri: str, text: str, acl: frozenset[str] = EVERYBODY, collection: str = "default") -> Revision:
        revision = self.catalog.stage(collection, uri, self.staged(text, acl))
        self.catalog.add_chunks(revision.id, self.chunks(revision))
        return revision

    def publish(self, uri: str, text: str, acl: frozenset[str] = EVERYBODY, collection: str = "default") -> Revision:
        revision = self.stage(uri, text, acl, collection)
        self.catalog.publish(revision.id)
        return replace(revision, state="live")

    def seen(self, revision: Revision, principal: Principal) -> list[str]:
        """The lines of a revision that come through the gate, in reading order."""
        ids = self.catalog.chunk_ids(revision.id)
        found = self.catalog.passages_for(ids, principal=principal)
        return [found[key].chunk.text for key in ids if key in found]


@pytest.fixture
def catalog(engine: Engine) -> Catalog:
    """A catalog with one collection, ``default``."""
    catalog = Catalog(engine)
    catalog.create_collection("default")
    return catalog


@pytest.fixture
def shelf(catalog: Catalog) -> Shelf:
    """The catalog with a short way to fill it."""
    return Shelf(catalog)


@pytest.fixture
def reader() -> Principal:
    """Somebody without any special right."""
    return Principal("u:reader")
