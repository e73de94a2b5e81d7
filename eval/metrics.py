"""Rankings and confidences -> figures; pure, and defined as trec_eval defines them."""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

Relevance = Mapping[str, float] | AbstractSet[str]
"""Relevant document -> grade above 0; a set means grade 1 each. What it lacks is not relevant."""


def ndcg_at_k(ranking: Sequence[str], relevant: Relevance, *, k: int) -> float:
    """Score how early the relevant documents stand, higher grades counting more (Järvelin & Kekäläinen 2002).

    The gain of a document is its grade, as in trec_eval (not 2^grade - 1), divided by log2(1 + rank).

    Args:
        ranking: Distinct documents, best first.
        relevant: At least one document with a grade above 0.
        k: Ranks that count, from 1.

    Returns:
        In [0, 1]; 1 when no order of the documents could be better.

    Raises:
        ValueError: Nothing is relevant, the ranking repeats a document, or ``k`` is below 1.
    """
    grades = _checked(ranking, relevant, k)
    best = sorted(grades.values(), reverse=True)
    # Of the largest grade, so that no sum overflows.
    gains = [grades.get(document, 0.0) / best[0] for document in ranking[:k]]
    return _dcg(gains) / _dcg([grade / best[0] for grade in best[:k]])


def recall_at_k(ranking: Sequence[str], relevant: Relevance, *, k: int) -> float:
    """Return the share of the relevant documents that stand in the first k.

    Args:
        ranking: Distinct documents, best first.
        relevant: At least one document with a grade above 0.
        k: Ranks that count, from 1.

    Returns:
        In [0, 1]; below 1 for every ranking when more than k documents are relevant.

    Raises:
        ValueError: Nothing is relevant, the ranking repeats a document, or ``k`` is below 1.
    """
    grades = _checked(ranking, relevant, k)
    return sum(document in grades for document in ranking[:k]) / len(grades)


def precision_at_k(ranking: Sequence[str], relevant: Relevance, *, k: int) -> float:
    """Return the share of the first k ranks that hold relevant documents.

    Args:
        ranking: Distinct documents, best first.
        relevant: At least one document with a grade above 0.
        k: Ranks that count, from 1; ranks that a short ranking leaves empty count as misses.

    Returns:
        In [0, 1]; below 1 for every ranking when fewer than k documents are relevant.

    Raises:
        ValueError: Nothing is relevant, the ranking repeats a document, or ``k`` is below 1.
    """
    grades = _checked(ranking, relevant, k)
    return sum(document in grades for document in ranking[:k]) / k


def average_precision_at_k(ranking: Sequence[str], relevant: Relevance, *, k: int) -> float:
    """Return the mean of the precisions at the relevant documents; the mean over questions is MAP.

    All relevant documents divide, found or not, as in trec_eval's ``map_cut`` (others divide by at most k).

    Args:
        ranking: Distinct documents, best first.
        relevant: At least one document with a grade above 0.
        k: Ranks that count, from 1.

    Returns:
        In [0, 1]; below 1 for every ranking when more than k documents are relevant.

    Raises:
        ValueError: Nothing is relevant, the ranking repeats a document, or ``k`` is below 1.
    """
    grades = _checked(ranking, relevant, k)
    ranks = [rank for rank, document in enumerate(ranking[:k], start=1) if document in grades]
    return sum(found / rank for found, rank in enumerate(ranks, start=1)) / len(grades)


def mrr_at_k(ranking: Sequence[str], relevant: Relevance, *, k: int) -> float:
    """Return 1 / rank of the first relevant document; the mean over questions is the mean reciprocal rank.

    Args:
        ranking: Distinct documents, best first.
        relevant: At least one document with a grade above 0.
        k: Ranks that count, from 1.

    Returns:
        In [0, 1]; 0 when none of the first k is relevant.

    Raises:
        ValueError: Nothing is relevant, the ranking repeats a document, or ``k`` is below 1.
    """
    grades = _checked(ranking, relevant, k)
    return next((1 / rank for rank, document in enumerate(ranking[:k], start=1) if document in grades), 0.0)


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the chance that a random positive scores above a random negative, ties counting one half.

    Args:
        positive: Scores that should be high, finite, in any order.
        negative: Scores that should be low, finite, in any order.

    Returns:
        In [0, 1]; 0.5 is what chance gives.

    Raises:
        ValueError: One of them is empty.
    """
    if not positive or not negative:
        raise ValueError("the area under the ROC curve needs both positive and negative scores")
    marked = sorted([(score, True) for score in positive] + [(score, False) for score in negative])
    below, wins, start = 0, 0.0, 0
    while start < len(marked):
        end = start
        while end < len(marked) and marked[end][0] == marked[start][0]:
            end += 1
        ups = sum(is_positive for _, is_positive in marked[start:end])
        downs = end - start - ups
        wins += ups * (below + downs / 2)
        below, start = below + downs, end
    return wins / (len(positive) * len(negative))


def percentile(values: Sequence[float], q: float) -> float:
    """Return the value below which q percent of the values lie, interpolated between neighbours.

    Args:
        values: At least one, in any order.
        q: In [0, 100]; 50 is the median.

    Returns:
        Between the least and the greatest value.

    Raises:
        ValueError: There are no values, or ``q`` is out of range.
    """
    if not values or not 0 <= q <= 100:
        raise ValueError(f"the percentile {q} of {len(values)} values is not defined")
    ordered = sorted(values)
    place = (len(ordered) - 1) * q / 100
    low = math.floor(place)
    high = math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _checked(ranking: Sequence[str], relevant: Relevance, k: int) -> dict[str, float]:
    graded = relevant.items() if isinstance(relevant, Mapping) else ((document, 1.0) for document in relevant)
    grades = {document: float(grade) for document, grade in graded if grade > 0}
    # 0 would be a lie: no ranking could do better, and a mean over questions would hide it.
    if not grades:
        raise ValueError("nothing is relevant, so no ranking can be scored")
    if k < 1:
        raise ValueError(f"k is {k}; it is at least 1")
    if len(set(ranking)) != len(ranking):
        raise ValueError("the ranking names a document twice")
    return grades
