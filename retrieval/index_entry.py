"""IndexEntry: a point as it is found in an index, and the id that a chunk's point has."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

# Fixed for ever: another value would give every stored point another id.
_NAMESPACE = uuid.UUID("6d0c2f0e-1b0a-5d0c-9a52-6f1d6b0b7a11")


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A point as it is found in the index, for a comparison with the catalog; what it does not say is empty.

    Attributes:
        point_id: Under which the engine keeps it.
        labels: As ``Labels.payload`` has them, and so ``updated``.
        owned: Whether that is the id which its chunk gives; False for a second point of a chunk, and a foreign one.
    """

    point_id: str
    owned: bool
    chunk_id: str
    document_id: str
    revision_id: str
    collection: str
    acl: frozenset[str]
    labels: tuple[str, ...] = ()
    updated: int = 0


@lru_cache(maxsize=50_000)  # About 12 MB; a search asks for a hundred, most of them again and again.
def point_id(chunk_id: str, fingerprint: str) -> str:
    """Return the id under which an engine keeps a chunk, so that every upsert can be repeated."""
    return str(uuid.uuid5(_NAMESPACE, f"{chunk_id}:{fingerprint}"))


def to_entry(stored_id: object, payload: Mapping[str, object], fingerprint: str) -> IndexEntry:
    """Return a stored point as an entry, whatever its payload holds."""
    found = str(stored_id)
    chunk, document, revision, collection = (
        str(payload.get(name) or "") for name in ("chunk", "document", "revision", "collection")
    )
    acl, labels, updated = (payload.get(name) for name in ("acl", "labels", "updated"))
    return IndexEntry(
        point_id=found,
        owned=found == point_id(chunk, fingerprint),
        chunk_id=chunk,
        document_id=document,
        revision_id=revision,
        collection=collection,
        acl=frozenset(str(key) for key in acl) if isinstance(acl, list) else frozenset(),
        labels=tuple(str(label) for label in labels) if isinstance(labels, list) else (),
        updated=updated if isinstance(updated, int) else 0,
    )
