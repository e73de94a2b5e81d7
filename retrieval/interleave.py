"""Two rankings -> one list in which each placed what it would have shown; pure.

Team-draft interleaving (Radlinski, Kurup and Joachims 2008): of every pair of places a coin says who picks first, and
each picks its best that is not picked yet. What readers then use is credited to the team that placed it.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def team_draft(
    ours: Sequence[T], theirs: Sequence[T], *, key: Callable[[T], Hashable], seed: int, limit: int
) -> list[tuple[T, bool]]:
    """Interleave two rankings.

    Args:
        ours: Best first.
        theirs: Best first.
        key: What makes two things the same.
        seed: Of the coin.
        limit: Most things to return.

    Returns:
        Each with whether ``theirs`` placed it. Where both rankings are the same to the limit, nothing is credited: all
        are ours.
    """
    if [key(one) for one in ours[:limit]] == [key(one) for one in theirs[:limit]]:
        return [(one, False) for one in ours[:limit]]
    coin = np.random.default_rng(seed)
    placed: dict[Hashable, tuple[T, bool]] = {}
    counts = [0, 0]
    sides = (list(ours), list(theirs))
    while len(placed) < limit:
        left = [[one for one in side if key(one) not in placed] for side in sides]
        if not left[0] and not left[1]:
            break
        turn = int(coin.integers(2)) if counts[0] == counts[1] else int(counts[1] < counts[0])
        turn = turn if left[turn] else 1 - turn
        picked = left[turn][0]
        placed[key(picked)] = (picked, bool(turn))
        counts[turn] += 1
    return list(placed.values())
