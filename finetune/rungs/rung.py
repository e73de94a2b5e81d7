"""Rung: what every step of the ladder can do."""

from collections.abc import Sequence
from typing import Protocol

from finetune.lab import Lab
from finetune.types import Example, Parts, RungName


class Rung(Protocol):
    """Makes one part of what is learned; the same examples, parts and seed make the same part.

    Attributes:
        name: Of the rung.
        least: Labelled questions that it takes before it is worth a try.
    """

    @property
    def name(self) -> RungName:
        """Of the rung."""

    @property
    def least(self) -> int:
        """Labelled questions that it takes before it is worth a try."""

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Make this rung's part anew from examples, and leave the other parts as they are.

        Args:
            examples: Of a training set, or of a part of it.
            lab: Where it is made.
            before: What was made of the same examples by the rungs below.
            seed: Of whatever is drawn by chance.

        Returns:
            ``before`` with this rung's part.
        """
