"""What is live, made anew of more examples by the same recipe -> whether that is better than as it is."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from finetune.costs import Sides
from finetune.folds import folds_of
from finetune.gate import Terms, examine_artifact, with_costs
from finetune.instruments import Instruments, Recipe
from finetune.leaks import leaks, untold
from finetune.questions import questions_of
from finetune.types import Example
from finetune.verdict import LEAST_QUESTIONS, GateReport, too_few
from retrieval.learned import Learned


def refresh(
    recipe: Recipe,
    live: tuple[Learned, Sequence[Example]],
    examples: Sequence[Example],
    instruments: Instruments,
    terms: Terms,
) -> GateReport:
    """Judge a recipe made anew, by questions that what is live did not learn from.

    By recipes alone both sides would be the same. So what is live is asked as it is, and the recipe is made anew for
    every fold without the questions of that.

    Args:
        recipe: Of what is live.
        live: As it serves, and what it learned from.
        examples: The whole training set of now.
        instruments: Learn and rank.
        terms: What else counts.

    Returns:
        The report; not enough data until enough questions are new.
    """
    learned, learned_from = live
    fresh = untold(questions_of(examples, slices=terms.slices), learned_from, vectors=instruments.vectors)
    groups = [question.group for question in fresh]
    if len(set(groups)) < LEAST_QUESTIONS:
        return too_few(recipe, recipe, len(set(groups)), seed=terms.seed)
    before, after = instruments.score(learned, fresh), np.zeros(len(fresh))
    folds = folds_of(groups, seed=terms.seed)
    for fold in range(int(folds.max()) + 1):
        places = np.flatnonzero(folds == fold)
        held = [fresh[place] for place in places]
        told = {leak.example for leak in leaks(examples, held, vectors=instruments.vectors)}
        anew = instruments.fit(recipe, [example for example in examples if example.id not in told])
        after[places] = instruments.score(anew, held)
    report = examine_artifact(recipe, (before, after), fresh, learned_from, vectors=instruments.vectors, terms=terms)
    report = replace(report, against=recipe)
    if not report.passed:
        return report
    make = partial(instruments.fit, recipe)
    return with_costs(report, Sides(learned, make(examples), examples, make), fresh, instruments, terms)
