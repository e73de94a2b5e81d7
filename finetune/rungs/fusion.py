"""The second rung: how much each score weighs, chosen on questions that what is weighed does not know."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finetune.lab import Lab
from finetune.rungs.held_out import Trial, trials
from finetune.types import Example, FloatArray, Parts, RungName
from retrieval.learned import Weights

DENSE = (0.5, 0.6, 0.7, 0.8)
SIMILAR = (0.0, 0.1, 0.2)
MOST_QUESTIONS = 200


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
        held_out = list(trials(examples, lab, before, most=MOST_QUESTIONS, seed=seed))
        weights = before.weights
        if any(trial.asked for trial in held_out):
            # One after the other: together they would be four times as many searches, and more chances to be lucky.
            weights = _best(weights, [replace(weights, dense=share) for share in DENSE], held_out, lab)
            if before.memory:
                weights = _best(weights, [replace(weights, similar=more) for more in SIMILAR], held_out, lab)
        return replace(before, weights=weights)


def _best(start: Weights, others: Sequence[Weights], trials: Sequence[Trial], lab: Lab) -> Weights:
    """Return the weights that rank best, if they gain more than their standard error; those to start from otherwise."""
    before = _scores(start, trials, lab)
    gains = {weights: _scores(weights, trials, lab) - before for weights in others if weights != start}
    best = max(gains, key=lambda weights: float(gains[weights].mean()))
    error = gains[best].std() / np.sqrt(len(before))
    return best if gains[best].mean() > error else start


def _scores(weights: Weights, trials: Sequence[Trial], lab: Lab) -> FloatArray:
    scores = [lab.ndcg(trial.asked, lab.learned(replace(trial.parts, weights=weights))) for trial in trials]
    return np.concatenate(scores)
