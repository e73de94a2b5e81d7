"""Questions -> groups of those that ask for the same thing; pure.

Average linkage: a question joins a group by its mean similarity to all that is in it. Single linkage would chain unlike
questions together over those between them, and complete linkage parts long questions that differ in one word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

ALIKE = 0.7
"""Mean cosine similarity from which questions are of one group: where pairs are told best, for the bundled embedder, of
questions that people asked about passages (``bench/question_groups.py``)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that ask for the same thing.

    Attributes:
        rows: Places of its questions, ascending.
        middle: The one that is nearest to all of them: its words stand for the group.
    """

    rows: tuple[int, ...]
    middle: int


def grouped(vectors: FloatArray, *, above: float = ALIKE) -> list[Group]:
    """Group questions by meaning.

    Args:
        vectors: Shape (n, dim), L2 norm 1; equal rows are one group whatever ``above`` is.
        above: Mean cosine similarity, in (0, 1).

    Returns:
        The groups in the order of their first questions; the same for the same rows in the same order.
    """
    if not len(vectors):
        return []
    different, of_row = np.unique(vectors, axis=0, return_inverse=True)
    names = _linked(different, above)[of_row.ravel()]
    rows: dict[int, list[int]] = {}
    for row, name in enumerate(names.tolist()):
        rows.setdefault(name, []).append(row)
    return [Group(tuple(of), _middle(vectors, of)) for of in rows.values()]


def _linked(vectors: FloatArray, above: float) -> NDArray[np.int64]:
    """Name the group of each of some different vectors, n of them."""
    if len(vectors) < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distances = np.clip(1.0 - vectors.astype(np.float64) @ vectors.T.astype(np.float64), 0.0, None)
    distances = (distances + distances.T) / 2  # rounding differs between the two halves
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), method="average")
    return np.asarray(fcluster(tree, t=1.0 - above, criterion="distance"), dtype=np.int64)


def _middle(vectors: FloatArray, rows: Sequence[int]) -> int:
    own = vectors[list(rows)]
    return rows[int(np.argmax((own @ own.mean(axis=0)).round(6)))]
