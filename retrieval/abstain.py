"""How sure we are that the passages answer the question; pure.

A logistic score over three measures, fitted on answerable and unanswerable questions of two public sets and on
answerable ones whose documents were taken away; half of the errors on either side lie at 0.5
(docs/decisions/0005-extractive-answers.md).
"""

import math

BIAS, SENTENCE, PASSAGE, COVERAGE = -5.8, 7.9, 1.7, 1.9


def confidence(*, sentence: float, passage: float, coverage: float) -> float:
    """Estimate the probability that the passages answer the question.

    Args:
        sentence: Best cosine similarity of a sentence to the question, in [-1, 1].
        passage: Best cosine similarity of a passage, in [-1, 1].
        coverage: Best share of the question's weighted terms in one passage, in [0, 1].

    Returns:
        A probability in (0, 1).
    """
    z = BIAS + SENTENCE * sentence + PASSAGE * passage + COVERAGE * coverage
    return 1 / (1 + math.exp(-z))
