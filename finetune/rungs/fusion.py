"""The second rung: how much each score weighs, chosen on questions that what is weighed does not know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetune.lab import Judged, Lab, judged
from finetune.rungs.query_adapter import QueryAdapter
from finetune.types import Example, FloatArray, Parts, RungName
from retrieval.learned import Weights

DENSE = (0.5, 0.6, 0.7, 0.8)
SIMILAR = (0.0, 0.1, 0.2)
MOST_QUESTIONS = 200
FOLDS = 3


class FusionWeights:
    """Tries weights in the search as it serves, and leaves those it found where no others are surely better."""

    name: RungName = "fusion"
    least = 25

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Choose the weights; see ``Rung``.

        Memory and map are made anew without the questions they are tried on: on its own questions either of them
        would look as if it were always right. Weights serve everybody: what only some may read has no part in them,
        neither as a question nor as what is found.

        Returns:
            ``before`` with the weights.
        """
        examples, lab = [one for one in examples if one.open], lab.for_everybody()
        trials = list(_trials(examples, lab, before, seed))
        weights = before.weights
        if any(trial.asked for trial in trials):
            # One after the other: together they would be four times as many searches, and more chances to be lucky.
            weights = _best(weights, [replace(weights, dense=share) for share in DENSE], trials, lab)
            if before.memory:
                weights = _best(weights, [replace(weights, similar=more) for more in SIMILAR], trials, lab)
        return replace(before, weights=weights)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Questions, and the parts as they are without what is known of them."""

    asked: Sequence[Judged]
    parts: Parts


def _trials(examples: Sequence[Example], lab: Lab, before: Parts, seed: int) -> Iterator[_Trial]:
    chance = np.random.default_rng(seed)
    groups = sorted({one.group for one in examples})
    fold_of = dict(zip(groups, (int(place) % FOLDS for place in chance.permutation(len(groups))), strict=True))
    for fold in range(FOLDS):
        asked = judged(one for one in examples if fold_of[one.group] == fold and one.anchor in lab.places)
        drawn = sorted(chance.permutation(len(asked))[: MOST_QUESTIONS // FOLDS].tolist())
        known = [one for one in examples if fold_of[one.group] != fold]
        yield _Trial([asked[place] for place in drawn], _without(before, known, lab, seed))


def _without(before: Parts, known: Sequence[Example], lab: Lab, seed: int) -> Parts:
    """Return the parts as they are without the examples that are not known."""
    ids = {one.id for one in known}
    rows = [row for row, one in enumerate(before.memory) if one.example in ids]
    questions = None if before.questions is None else before.questions[rows]
    parts = replace(before, memory=tuple(before.memory[row] for row in rows), questions=questions)
    return parts if before.adapter is None else QueryAdapter().fit(known, lab, before=parts, seed=seed)


def _best(start: Weights, others: Sequence[Weights], trials: Sequence[_Trial], lab: Lab) -> Weights:
    """Return the weights that rank best, if they gain more than their standard error; those to start from otherwise."""
    before = _scores(start, trials, lab)
    gains = {weights: _scores(weights, trials, lab) - before for weights in others if weights != start}
    best = max(gains, key=lambda weights: float(gains[weights].mean()))
    error = gains[best].std() / np.sqrt(len(before))
    return best if gains[best].mean() > error else start


def _scores(weights: Weights, trials: Sequence[_Trial], lab: Lab) -> FloatArray:
    scores = [lab.ndcg(trial.asked, lab.learned(replace(trial.parts, weights=weights))) for trial in trials]
    return np.concatenate(scores)
