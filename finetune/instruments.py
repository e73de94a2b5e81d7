"""What a gate measures with: a way to learn, and the server's own search by what was learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from eval.metrics import ndcg_at_k
from eval.statistics import FloatArray
from finetune.canary import Admit
from finetune.lab import Lab
from finetune.leaks import Vectors
from finetune.questions import Question
from finetune.recipe import fit
from finetune.types import Example, RungName
from retrieval.learned import Learned

DEPTH = 10
"""Ranks that count."""

_TIMES = 3  # every question is timed so often, and its quickest counts: what else the machine does is no slowness

Recipe = tuple[RungName, ...]
"""Rungs that make a candidate; empty where nothing is learned."""

Tell = Callable[[float], object]
"""Hears the share that is done, in [0, 1]; may raise to end the work."""

Rankings = Sequence[Sequence[str]]
"""Ids of distinct documents for each question, best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What a gate measures with.

    Attributes:
        fit: Makes what a recipe makes of examples, from nothing.
        rank: Ranks documents for questions by what was learned.
        vectors: Of questions.
        admit: Adds planted labels to the training set; None where that cannot be tried.
        tell: Hears how far it is; None where nobody listens.
    """

    fit: Callable[[Recipe, Sequence[Example]], Learned]
    rank: Callable[[Learned, Sequence[str]], Rankings]
    vectors: Vectors
    admit: Admit | None = None
    tell: Tell | None = None

    def score(self, learned: Learned, questions: Sequence[Question]) -> FloatArray:
        """Return nDCG@10 of whole documents for each question, shape (len(questions),)."""
        rankings = self.rank(learned, [question.text for question in questions])
        return np.array(
            [
                ndcg_at_k(ranking, question.documents, k=DEPTH)
                for ranking, question in zip(rankings, questions, strict=True)
            ],
            dtype=np.float64,
        )

    def times_ms(self, before: Learned, after: Learned, questions: Sequence[Question]) -> tuple[FloatArray, FloatArray]:
        """Return how long each question takes by either, in turns: two arrays of shape (len(questions),)."""
        times = np.full((2, len(questions)), np.inf)
        for _ in range(_TIMES):
            for place, question in enumerate(questions):
                for side, learned in enumerate((before, after)):
                    started = perf_counter()
                    self.rank(learned, [question.text])
                    times[side, place] = min(times[side, place], (perf_counter() - started) * 1000)
        return times[0], times[1]


def of_lab(lab: Lab, *, seed: int, admit: Admit | None = None, tell: Tell | None = None) -> Instruments:
    """Measure in a lab.

    Args:
        lab: With the search as it serves.
        seed: Of what rungs draw by chance.
        admit: See ``Instruments``.
        tell: See ``Instruments``.

    Returns:
        Instruments over what the lab holds.
    """

    def learned(recipe: Recipe, examples: Sequence[Example]) -> Learned:
        return lab.learned(fit(recipe, examples, lab, seed=seed), " + ".join(recipe))

    def rank(learned: Learned, questions: Sequence[str]) -> Rankings:
        found = lab.rank(questions, learned)
        return [list(dict.fromkeys(lab.document_of.get(key, key) for key in ranking)) for ranking in found]

    return Instruments(learned, rank, lab.encode, admit, tell)
