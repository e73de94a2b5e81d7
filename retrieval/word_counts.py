"""How many of the chunks that a reader may read hold a word.

The engine can count that itself, at 90 ns a readable chunk for each search, and three times that where collections are
named: more than all else of a search takes at 100,000 chunks.
"""

import math
import threading
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from retrieval.index_plan import SearchPlan, Words
from retrieval.labels import AnyOf, Condition

Counted = tuple[str, Sequence[float], Words | None, Mapping[str, Any]]
"""A point as it is put in: point id, dense vector (not looked at), words if any, payload."""

_GONE = 0  # class of points that are no longer there
_CARRIED = 10_000  # so many of those are carried along, or as many as are there
_KEPT = 64  # readers whose share of the points is remembered, at a byte a point each
_EMPTY_IDF = math.log(2)  # what an engine gives each term over a corpus of nothing


class WordCounts:
    """Which points hold which terms, and who may read them; in memory, some 0.5 KB a chunk. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._filled = False
        self._ordinals: dict[str, int] = {}
        self._class_of = array("I")
        # Points of one access list in one collection are a class: whether it may be read is decided once a search.
        self._classes: dict[tuple[str, frozenset[str]], int] = {("", frozenset()): _GONE}
        self._postings: dict[int, array[int]] = {}
        # What was found for the conditions that were asked for last; of no use once anything changes.
        self._kept: dict[tuple[Condition, ...], tuple[np.ndarray, int]] = {}

    @property
    def whole(self) -> bool:
        """Whether every point of the index is in it, and not too much that is gone."""
        gone = len(self._class_of) - len(self._ordinals)
        return self._filled and gone <= max(_CARRIED, len(self._ordinals))

    def put(self, points: Iterable[Counted]) -> None:
        """Count points, each in the place of what it was before; one without a word counts for nothing."""
        with self._lock:
            self._kept.clear()
            for point_id, _, words, payload in points:
                self._forget(point_id)
                if words:
                    number = self._class(payload.get("collection", ""), frozenset(payload.get("acl", ())))
                    self._add(point_id, number, words[0])

    def drop(self, point_ids: Iterable[str]) -> None:
        """Count points no longer; unknown ones are passed over."""
        with self._lock:
            self._kept.clear()
            for point_id in point_ids:
                self._forget(point_id)

    def open(self, point_ids: Iterable[str], acl: frozenset[str]) -> None:
        """Change who may read points; unknown ones are passed over."""
        with self._lock:
            self._kept.clear()
            collections = [collection for collection, _ in self._classes]
            for point_id in point_ids:
                ordinal = self._ordinals.get(point_id)
                if ordinal is not None:
                    collection = collections[self._class_of[ordinal]]
                    self._class_of[ordinal] = number = self._class(collection, acl)
                    if number == len(collections):
                        collections.append(collection)

    def weigh(self, plan: SearchPlan) -> SearchPlan:
        """Give the words of a plan their inverse document frequencies over what may be read, as the engine has them.

        That is ln((n - df + 0.5) / (df + 0.5) + 1), n being the points that may be read and hold any word.

        Returns:
            The plan, weighed.
        """
        terms, weights = plan.sparse or ([], [])
        with self._lock:
            readable, n = self._readable(plan.corpus)
            counts = [self._count(term, readable) for term in terms]
        idf = [math.log((n - df + 0.5) / (df + 0.5) + 1) / _EMPTY_IDF for df in counts]
        return replace(plan, sparse=(terms, [w * i for w, i in zip(weights, idf, strict=True)]), weighed=True)

    def _readable(self, corpus: tuple[Condition, ...]) -> tuple[np.ndarray, int]:
        """For each point, also those that are gone, whether it fulfils the conditions, shape (points,); how many do."""
        if corpus not in self._kept:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            found = self._found(corpus)
            self._kept[corpus] = (found, int(np.count_nonzero(found)))
        return self._kept[corpus]

    def _found(self, corpus: Sequence[Condition]) -> np.ndarray:
        """For each point, also those that are gone, whether it fulfils the conditions; shape (points,)."""
        wanted = {condition.field: frozenset(condition.values) for condition in corpus if isinstance(condition, AnyOf)}
        keys, within = wanted["acl"], wanted.get("collection")
        may = [
            not keys.isdisjoint(acl) and (within is None or collection in within) for collection, acl in self._classes
        ]
        return np.array(may)[np.frombuffer(self._class_of, dtype=np.uint32)] if self._class_of else np.zeros(0, bool)

    def _count(self, term: int, readable: np.ndarray) -> int:
        postings = self._postings.get(term)
        return 0 if postings is None else int(np.count_nonzero(readable[np.frombuffer(postings, dtype=np.uint32)]))

    def _add(self, point_id: str, number: int, terms: Sequence[int]) -> None:
        ordinal = self._ordinals[point_id] = len(self._class_of)
        self._class_of.append(number)
        for term in terms:
            postings = self._postings.get(term)
            if postings is None:
                postings = self._postings[term] = array("I")
            postings.append(ordinal)

    def _forget(self, point_id: str) -> None:
        ordinal = self._ordinals.pop(point_id, None)
        if ordinal is not None:
            self._class_of[ordinal] = _GONE

    def _class(self, collection: str, acl: frozenset[str]) -> int:
        return self._classes.setdefault((collection, acl), len(self._classes))


def count_words(pages: Iterable[Iterable[Counted]]) -> WordCounts:
    """Count the words of all points of an index; some 4 s for 100,000 chunks."""
    counts = WordCounts()
    for page in pages:
        counts.put(page)
    counts._filled = True  # noqa: SLF001 - made here
    return counts
