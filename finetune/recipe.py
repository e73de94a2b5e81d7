"""A recipe: the names of the rungs that make a candidate. The same recipe makes the same of the same examples."""

from collections.abc import Iterable, Sequence

from finetune.lab import Lab
from finetune.rungs.fusion import FusionWeights
from finetune.rungs.memory import FeedbackMemory
from finetune.rungs.query_adapter import QueryAdapter
from finetune.rungs.ranking import LogisticRanking
from finetune.rungs.rung import Rung
from finetune.types import Example, Parts, RungName

RUNGS: tuple[Rung, ...] = (FeedbackMemory(), QueryAdapter(), FusionWeights(), LogisticRanking())
"""In the order they are made in: weights and ranking are those of what was made before them."""

ORDER: tuple[RungName, ...] = ("embedder", *(rung.name for rung in RUNGS), "reranker")
"""An adapted embedder comes first: the others are made of its vectors, in a lab of its own (``finetune.labs``)."""

TRAINED_ONCE: tuple[RungName, ...] = ("embedder", "reranker")
"""They take too long to be made anew in every fold: a run trains each once, and it is the measured one that is kept."""


def in_order(names: Iterable[RungName]) -> tuple[RungName, ...]:
    """Return the rungs of a recipe in the order they are made in, each once."""
    asked = set(names)
    return tuple(name for name in ORDER if name in asked)


def fit(recipe: Sequence[RungName], examples: Sequence[Example], lab: Lab, *, seed: int) -> Parts:
    """Make everything that a recipe names, from nothing, but for an embedder and a reranker: the lab has them.

    Args:
        recipe: In any order.
        examples: Of a training set, or of a part of it.
        lab: Where it is made.
        seed: Of whatever is drawn by chance.

    Returns:
        The parts; a rung that finds nothing to learn from leaves its own out.
    """
    parts = Parts()
    for rung in RUNGS:
        if rung.name in recipe:
            parts = rung.fit(examples, lab, before=parts, seed=seed)
    return parts
