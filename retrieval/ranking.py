"""Ranking: what the search knows of its candidates, weighed as feedback says; pure.

It looks last, at what the reranker saw. All it goes by is what the reader may read: each number is one of these
candidates, held against the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Passage

FloatArray = NDArray[np.float64]

RANKING = "ranking"
"""Name of its contribution."""

FEATURES = ("dense", "sparse", "sentence", "coverage", "pairs")
"""Of a candidate: where its cosine similarity lies between those of the others, 0 to 1; its share of the best BM25
score; and what the sentence reranker read, 0 where another one looked."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """A linear function of features, on the scale of the scores it adds to.

    Attributes:
        reranker: Identity of the one behind which it was learned; see ``retrieval.rerank.identity_of``.
        means: Of each feature.
        scales: Standard deviation of each, above 0.
        weights: What one standard deviation of each adds to a score.
    """

    reranker: str
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]

    def added(self, passages: Sequence[Passage]) -> FloatArray:
        """Return what is added to the score of each of the candidates of one search, shape (len(passages),)."""
        added: FloatArray = (features(passages) - self.means) / self.scales @ np.array(self.weights)
        return added


def features(passages: Sequence[Passage]) -> FloatArray:
    """Return what is known of the candidates of one search, shape (len(passages), len(FEATURES)), about 0 to 1."""
    if not passages:
        return np.zeros((0, len(FEATURES)))
    known = [passage.dense for passage in passages if passage.dense is not None]
    lowest, highest = min(known, default=0.0), max(known, default=0.0)
    dense = [lowest if passage.dense is None else passage.dense for passage in passages]
    best = max(passage.sparse or 0.0 for passage in passages)
    columns = [
        (np.array(dense) - lowest) / (highest - lowest or 1.0),
        np.array([passage.sparse or 0.0 for passage in passages]) / (best or 1.0),
        *np.array([passage.sentences or (0.0, 0.0, 0.0) for passage in passages]).T,
    ]
    return np.stack(columns, axis=1)


def ranked(passages: Sequence[Passage], ranking: Ranking) -> list[Passage]:
    """Add what a ranking says to the score of each candidate.

    Args:
        passages: Of one search, that a reranker saw; best first.
        ranking: Learned behind that reranker.

    Returns:
        All of them, best first; what was added stands among what learning did for each.
    """
    added = ranking.added(passages)
    scored = [_with(passage, float(more)) for passage, more in zip(passages, added, strict=True)]
    return sorted(scored, key=lambda passage: -passage.score)


def _with(passage: Passage, more: float) -> Passage:
    learnt = passage.learnt
    if learnt is not None:
        learnt = replace(learnt, contributions=(*learnt.contributions, (RANKING, more)))
    return replace(passage, score=passage.score + more, learnt=learnt)
