"""How sure we are that the passages answer the question; pure.

A logistic score over three measures that any generator can be asked behind, fitted on answerable and unanswerable
questions, and on answerable ones whose documents were taken away: ``bench/abstention.py`` fits and measures it
(docs/decisions/0005-extractive-answers.md).
"""

import math
from dataclasses import dataclass

BIAS, SENTENCE, PASSAGE, COVERAGE = -6.2, 5.0, 4.0, 3.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for an answer among some passages.

    Attributes:
        sentence: How well the best sentence answers by itself (``Sentence.answers``): similarity and shared terms.
        passage: Best cosine similarity of a passage, in [-1, 1].
        coverage: Best share of the question's weighted terms in one passage, in [0, 1].
    """

    sentence: float
    passage: float
    coverage: float


def confidence(signs: Signs) -> float:
    """Estimate the probability that the passages answer the question.

    Returns:
        A probability in (0, 1).
    """
    z = BIAS + SENTENCE * signs.sentence + PASSAGE * signs.passage + COVERAGE * signs.coverage
    return 1 / (1 + math.exp(-z))
