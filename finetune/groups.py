"""Questions -> groups that are never split between training and measuring; pure."""

from collections.abc import Hashable, Iterable
from hashlib import sha256

import numpy as np

from finetune.types import FloatArray

NEAR = 0.9
"""Cosine similarity above which two questions are one."""

_BLOCK = 1024  # rows compared at a time: a block of 1,024 by 10,000 takes 40 MB


class Groups:
    """Things joined into groups (union-find).

    Args:
        things: What there is.
    """

    def __init__(self, things: Iterable[str]) -> None:
        self._parents = {thing: thing for thing in things}

    def join(self, first: str, second: str) -> None:
        """Make one group of the groups of two things."""
        a, b = self._root(first), self._root(second)
        if a != b:
            # The smaller name stands for both, so that the order of joining does not matter.
            self._parents[max(a, b)] = min(a, b)

    def join_by(self, keys: Iterable[tuple[Hashable, str]]) -> None:
        """Make one group of all things that share a key."""
        first: dict[Hashable, str] = {}
        for key, thing in keys:
            self.join(first.setdefault(key, thing), thing)

    def name(self, thing: str) -> str:
        """Return the name of a thing's group: 32 hex digits, the same in whatever order it was joined."""
        return sha256(self._root(thing).encode(errors="surrogatepass")).hexdigest()[:32]

    def _root(self, thing: str) -> str:
        while self._parents[thing] != thing:
            self._parents[thing] = self._parents[self._parents[thing]]
            thing = self._parents[thing]
        return thing


def near_duplicates(vectors: FloatArray, *, above: float = NEAR) -> list[int]:
    """Find which questions are nearly the same, or lead to each other over questions that are.

    Args:
        vectors: Shape (n, dim), L2 norm 1.
        above: Cosine similarity.

    Returns:
        For each the smallest row of its component, n of them.
    """
    smallest = np.arange(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        near = vectors[start : start + _BLOCK] @ vectors.T > above
        # Not pair by pair: ten thousand questions that are all alike have fifty million pairs.
        for row in range(len(near)):
            components = np.unique(smallest[near[row]])
            if len(components) > 1:
                smallest[np.isin(smallest, components)] = components[0]
    return [int(row) for row in smallest]
