"""The first rung: remembers which chunks answered which questions; nothing is trained."""

from collections.abc import Sequence
from dataclasses import replace

from finetune.lab import Lab
from finetune.types import Example, MemoryRow, Parts, RungName

REACH = 0.5
SIMILAR = 0.1


class FeedbackMemory:
    """Every example becomes a row of memory: what was right moves and rises, what was wrong sinks.

    Args:
        reach: How far chunks move towards their questions.
        similar: What the same question, asked again, adds to the score of what answered it.
    """

    name: RungName = "memory"
    least = 1

    def __init__(self, *, reach: float = REACH, similar: float = SIMILAR) -> None:
        self._reach = reach
        self._similar = similar

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Remember the examples; see ``Rung``. Nothing is drawn by chance."""
        del seed
        rows = tuple(MemoryRow(one.id, one.anchor, one.label * one.weight) for one in examples)
        return replace(
            before,
            memory=rows,
            questions=lab.encode([one.question for one in examples]),
            reach=self._reach,
            weights=replace(before.weights, similar=self._similar),
        )
