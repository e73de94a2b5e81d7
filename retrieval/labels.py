"""Labels: what searches are narrowed by; of a document, kept beside each of its chunks, asked for in neutral terms."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from retrieval.types import Filters


@dataclass(frozen=True, slots=True)
class Labels:
    """What filters look at; the same for all chunks of a document.

    Attributes:
        source_id: The source that keeps the document in step; None for uploads and paths given once.
        updated_at: When its live revision was published (UTC); None in an index that was filled without labels.
        metadata: Keys and values that people gave it.
    """

    source_id: str | None = None
    media_type: str = ""
    updated_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> dict[str, int | list[str]]:
        """What is stored beside the vectors: the moment in whole seconds, all else in one field, for one index."""
        types = [] if not self.media_type else [_type(self.media_type), _type(family_of(self.media_type))]
        source = [] if self.source_id is None else [_source(self.source_id)]
        return {
            "updated": 0 if self.updated_at is None else math.floor(self.updated_at.timestamp()),
            "labels": sorted([*source, *types, *(_pair(*pair) for pair in self.metadata.items())]),
        }


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field holds at least one of these values; there is at least one."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """The field is a number from ``at_least`` up to but not including ``below``; None is no limit."""

    field: str
    at_least: int | None
    below: int | None


Condition = AnyOf | Within


def conditions_of(filters: Filters) -> tuple[Condition, ...]:
    """Return what the payload of a point must fulfil, all of it.

    Moments are compared in whole seconds, so a point at the edge may pass that the catalog then refuses, never the
    other way round.
    """
    found: list[Condition] = []
    if filters.sources:
        found.append(AnyOf("labels", tuple(_source(source) for source in filters.sources)))
    if filters.media_types:
        found.append(AnyOf("labels", tuple(_type(media_type) for media_type in filters.media_types)))
    if filters.updated_from is not None or filters.updated_until is not None:
        at_least = None if filters.updated_from is None else math.floor(filters.updated_from.timestamp())
        below = None if filters.updated_until is None else math.ceil(filters.updated_until.timestamp())
        found.append(Within("updated", at_least, below))
    found += [AnyOf("labels", (_pair(*pair),)) for pair in filters.metadata]
    return tuple(found)


def family_of(media_type: str) -> str:
    """Return the family of a media type, as filters name it: ``image/*`` for ``image/png``."""
    return f"{media_type.partition('/')[0]}/*"


def _source(source_id: str) -> str:
    return f"source:{source_id}"


def _type(media_type: str) -> str:
    return f"type:{media_type}"


def _pair(key: str, value: str) -> str:
    return f"meta:{key}={value}"
