"""Trials: questions, and what was made of all others: on its own questions whatever learned looks always right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetune.lab import Judged, Lab, judged
from finetune.rungs.query_adapter import QueryAdapter
from finetune.types import Example, Parts

FOLDS = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """Questions, and the parts as they are without what is known of them."""

    asked: Sequence[Judged]
    parts: Parts


def trials(examples: Sequence[Example], lab: Lab, before: Parts, *, most: int, seed: int) -> Iterator[Trial]:
    """Yield each fold of the questions with memory and map made anew without it.

    Args:
        examples: That the parts were made of.
        lab: Where they were made.
        before: The parts.
        most: Questions of all folds together; of more some are drawn.
        seed: Deals out and draws.

    Yields:
        ``FOLDS`` trials.
    """
    chance = np.random.default_rng(seed)
    groups = sorted({one.group for one in examples})
    fold_of = dict(zip(groups, (int(place) % FOLDS for place in chance.permutation(len(groups))), strict=True))
    for fold in range(FOLDS):
        asked = judged(one for one in examples if fold_of[one.group] == fold and one.anchor in lab.places)
        drawn = sorted(chance.permutation(len(asked))[: most // FOLDS].tolist())
        known = [one for one in examples if fold_of[one.group] != fold]
        yield Trial([asked[place] for place in drawn], _without(before, known, lab, seed))


def _without(before: Parts, known: Sequence[Example], lab: Lab, seed: int) -> Parts:
    """Return the parts as they are without the examples that are not known."""
    ids = {one.id for one in known}
    rows = [row for row, one in enumerate(before.memory) if one.example in ids]
    questions = None if before.questions is None else before.questions[rows]
    parts = replace(before, memory=tuple(before.memory[row] for row in rows), questions=questions)
    quiet = replace(lab, losses=lambda *_: None)  # the curve is that of what is kept
    return parts if before.adapter is None else QueryAdapter().fit(known, quiet, before=parts, seed=seed)
