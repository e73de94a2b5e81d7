"""Which questions are learned from and which are measured; pure, seeded. Never splits a group."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import InvalidInputError

FOLDS = 5

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def folds_of(groups: Sequence[str], *, folds: int = FOLDS, seed: int) -> IntArray:
    """Deal groups out to folds that hold about as many questions each.

    Args:
        groups: Of each question.
        folds: At least 2; where there are fewer groups, as many folds as groups are used.
        seed: The same seed deals the same groups the same way, in whatever order the questions come.

    Returns:
        The fold of each question, shape (questions,), from 0.

    Raises:
        InvalidInputError: Fewer than two folds are asked for.
    """
    if folds < 2:
        raise InvalidInputError("what is learned can only be measured with two folds or more")
    sizes = Counter(groups)
    filled, fold_of = [0] * folds, {}
    # The largest first, so that the small ones even out what those leave uneven.
    for group in sorted(sizes, key=lambda group: (-sizes[group], _shuffled(group, seed))):
        fold_of[group] = filled.index(min(filled))
        filled[fold_of[group]] += sizes[group]
    return np.array([fold_of[group] for group in groups], dtype=np.int64)


def newest(groups: Sequence[str], moments: Sequence[datetime], *, share: float) -> BoolArray:
    """Choose the newest questions, whole groups of them.

    Args:
        groups: Of each question.
        moments: When each was labelled; a group is as new as its newest question.
        share: Of the questions, in [0, 1]; a group that would exceed it is passed over.

    Returns:
        Whether each question is among them, shape (questions,).
    """
    sizes, latest = Counter(groups), dict[str, datetime]()
    for group, moment in zip(groups, moments, strict=True):
        latest[group] = max(moment, latest.get(group, moment))
    room, chosen = int(share * len(groups)), set[str]()
    for group in sorted(sizes, key=lambda group: (latest[group], group), reverse=True):
        if sizes[group] <= room:
            chosen.add(group)
            room -= sizes[group]
    return np.array([group in chosen for group in groups], dtype=np.bool_)


def _shuffled(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{group}".encode()).digest()
