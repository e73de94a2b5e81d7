"""How sure we are that the passages answer the question; pure.

A logistic score over what the extractive generator measured, fitted on answerable questions and on the same questions
with their relevant documents taken away (bench/extractive_quality.py). 0.5 is the threshold of best accuracy there.
"""

import math

BIAS, SIMILARITY, COVERAGE, PASSAGE, SCORE = -6.0, 5.0, 1.5, 4.0, 1.0


def confidence(*, similarity: float, coverage: float, passage: float, score: float) -> float:
    """Estimate the probability that the best sentences answer the question.

    Args:
        similarity: Best cosine similarity of a sentence, in [-1, 1].
        coverage: Best share of the question's weighted terms in one sentence, in [0, 1].
        passage: Best cosine similarity of a passage, in [-1, 1].
        score: The generator's score of its best sentence.

    Returns:
        A probability in (0, 1).
    """
    z = BIAS + SIMILARITY * similarity + COVERAGE * coverage + PASSAGE * passage + SCORE * score
    return 1 / (1 + math.exp(-z))
