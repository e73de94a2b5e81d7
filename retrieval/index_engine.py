"""What Qdrant's embedded engine is told, in our nouns: changes, filters, payload indexes; and what it raises."""

from collections.abc import Sequence
from functools import lru_cache
from types import TracebackType

import qdrant_edge as engine

from retrieval.errors import VectorIndexError
from retrieval.index import DENSE, LABEL_INDEXES, PAYLOAD_INDEXES, SPARSE
from retrieval.index_plan import Words
from retrieval.labels import AnyOf, Condition, Labels

Change = engine.UpdateOperation
"""Something to apply to a shard; it may be applied again, and to another shard too."""


def putting(
    points: Sequence[tuple[str, list[float], Words | None, dict[str, str | int | list[str]]]],
) -> Change:
    """Return the change that puts points in: (point id, dense vector, words if any, payload) each."""
    return Change.upsert_points([
        engine.Point(
            point_id,
            {DENSE: dense} if words is None else {DENSE: dense, SPARSE: engine.SparseVector(*words)},
            dict(payload),
        )
        for point_id, dense, words, payload in points
    ])


def deleting(point_ids: Sequence[str]) -> Change:
    """Return the change that takes points out."""
    return Change.delete_points(list(point_ids))


def opening(point_ids: Sequence[str], acl: frozenset[str]) -> Change:
    """Return the change that sets who may find these points."""
    # By filter: by id, the engine stops at the first unknown one and leaves the rest as it was.
    these = engine.Filter(must=[engine.HasIdCondition(set(point_ids))])
    return Change.set_payload_by_filter(these, {"acl": sorted(acl)})


def labelling(point_ids: Sequence[str], labels: Labels) -> Change:
    """Return the change that sets what searches for these points are narrowed by."""
    these = engine.Filter(must=[engine.HasIdCondition(set(point_ids))])
    return Change.set_payload_by_filter(these, dict(labels.payload))


class Engine:
    """Turns what the engine raises into VectorIndexError, and nothing else.

    The engine has no exception class of its own: it raises ``Exception`` itself, and a panic in it arrives as a
    class that cannot be imported. So this compares types, where an ``except`` would catch everything.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing to do: only leaving matters."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None and (kind is Exception or kind.__name__ == "PanicException"):
            raise VectorIndexError(f"the vector index could not {self._doing}: {error}") from error


@lru_cache(maxsize=256)
def filter_of(conditions: tuple[Condition, ...]) -> engine.Filter:
    """Return the filter that asks for all of the conditions; to hand 200 keys to the engine takes a fifth of a ms."""
    return engine.Filter(must=[_condition(condition) for condition in conditions])


def _condition(condition: Condition) -> engine.FieldCondition:
    if isinstance(condition, AnyOf):
        return engine.FieldCondition(condition.field, match=engine.MatchAny(list(condition.values)))
    return engine.FieldCondition(condition.field, range=engine.RangeFloat(gte=condition.at_least, lt=condition.below))


def index_payload(shard: engine.EdgeShard) -> None:
    """Make the payload indexes that a shard lacks: one that an older version made lacks some."""
    lacking = [key for key in (*PAYLOAD_INDEXES, *LABEL_INDEXES) if key not in shard.info().payload_schema]
    for key in lacking:
        shard.update(Change.create_field_index(key, _schema(key)))


def _schema(key: str) -> engine.PayloadSchemaType | engine.KeywordIndexParams | engine.IntegerIndexParams:
    if key in PAYLOAD_INDEXES:
        return engine.PayloadSchemaType.Keyword
    return (
        engine.IntegerIndexParams(enable_hnsw=False)
        if key == "updated"
        else engine.KeywordIndexParams(enable_hnsw=False)
    )
