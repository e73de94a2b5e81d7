"""Passages that speak to a model are labelled and ranked lower; they are never left out without a word."""

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from retrieval.types import Passage

Suspects = Callable[[Sequence[str]], AbstractSet[str]]
"""Chunk ids -> those in which something speaks to a model."""

SUSPECT_SHARE = 0.5
"""Of its score, what such a passage keeps: another that says the same stands before it, others hardly do."""


def nobody(_chunk_ids: Sequence[str]) -> AbstractSet[str]:
    """Suspect nothing."""
    return frozenset()


def lowered(passages: Sequence[Passage], suspects: Suspects) -> list[Passage]:
    """Label the passages in which something speaks to a model, and give them half their score.

    Args:
        passages: Best first.
        suspects: Asked once for all.

    Returns:
        All of them, best first.
    """
    found = suspects([passage.chunk.id for passage in passages])
    if not found:
        return list(passages)
    labelled = [
        # Scores of some rerankers lie below 0, where half would be more.
        replace(p, suspect=True, score=p.score - (1 - SUSPECT_SHARE) * abs(p.score)) if p.chunk.id in found else p
        for p in passages
    ]
    return sorted(labelled, key=lambda passage: -passage.score)


class WhereAny:
    """Asks about chunks only while there is anything to be found at all, which is looked up every few seconds.

    Args:
        suspects: The lookup.
        any_at_all: Says whether it could find anything; cheap.
        every_s: Time between two looks.
    """

    def __init__(self, suspects: Suspects, any_at_all: Callable[[], bool], *, every_s: float = 2.0) -> None:
        self._suspects = suspects
        self._any_at_all = any_at_all
        self._every_s = every_s
        self._looked_at = float("-inf")
        self._any = False

    def __call__(self, chunk_ids: Sequence[str]) -> AbstractSet[str]:
        """Return those of the chunks in which something speaks to a model."""
        now = time.monotonic()
        if now - self._looked_at > self._every_s:
            self._any, self._looked_at = self._any_at_all(), now
        return self._suspects(chunk_ids) if self._any else frozenset()
