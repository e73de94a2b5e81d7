"""Recipes with an adapted embedder or cross-encoder -> what the gate says of each, by the newest questions.

It takes too long to train either anew in every fold: it is trained once without the newest questions, and these are
asked of it and of what is live. What is live and has no adapter is made anew of the same examples; what has one is
asked as it serves, and then only what it did not learn from.
"""

from collections.abc import Sequence
from dataclasses import replace

from finetune.costs import Sides
from finetune.course import SEED, Course
from finetune.gate import Terms, examine_artifact, with_costs
from finetune.instruments import Instruments
from finetune.labs import Labs
from finetune.ladder import Step
from finetune.recipe import TRAINED_ONCE, fit
from finetune.runs import Outcome
from finetune.types import Example
from finetune.verdict import LEAST_QUESTIONS, GateReport, too_few
from retrieval.errors import DataDirectoryError, ModelError, NotFoundError
from retrieval.learned import Learned

_Asked = tuple[Instruments, Terms]


def measure_adapted(course: Course, tried: Sequence[Step], labs: Labs, asked: _Asked) -> dict[Step, GateReport]:
    """Measure what is made with adapters that take too long to be trained anew.

    Args:
        course: Of the run.
        tried: Candidates, with an adapter each.
        labs: Where they are made and asked.
        asked: What is measured with, and what else counts.

    Returns:
        A report each; none, which is said, where what is live cannot be read any more.
    """
    try:
        groups = len({question.group for question in labs.held_out})
        if groups < LEAST_QUESTIONS:
            return {step: too_few(step.recipe, course.rungs, groups, seed=SEED) for step in tried}
        live = _live(course, labs)
    except (DataDirectoryError, ModelError, NotFoundError) as error:
        for step in tried:
            course.conclude(Outcome(step.rung, "refused", None, f"what is live cannot be asked any more: {error}"))
        return {}
    reports = {}
    for step in tried:
        try:
            nothing = labs.folders(step.recipe) is None
            few = too_few(step.recipe, course.rungs, groups, seed=SEED)
            reports[step] = few if nothing else _report(course, step, labs, live, asked)
        except ModelError as error:  # a model that takes no adapter keeps no other candidate from being made
            course.conclude(Outcome(step.rung, "refused", None, f"{step.rung}: {error}"))
    return reports


def _live(course: Course, labs: Labs) -> Learned:
    if set(TRAINED_ONCE) & set(course.rungs):
        return labs.live
    return labs.base.learned(fit(course.rungs, labs.training, labs.base, seed=SEED), "live")


def _report(course: Course, step: Step, labs: Labs, live: Learned, asked: _Asked) -> GateReport:
    questions, training, (instruments, terms) = labs.held_out, labs.training, asked
    lab, once = labs.of(step.recipe), [name for name in TRAINED_ONCE if name in step.recipe]

    def make(examples: Sequence[Example]) -> Learned:
        return lab.learned(fit(step.recipe, examples, lab, seed=SEED), " + ".join(step.recipe))

    new = make(training)
    course.tell("measuring", 0.8, step.rung)
    scores = instruments.score(live, questions), instruments.score(new, questions)
    report = examine_artifact(step.recipe, scores, questions, training, vectors=labs.base.encode, terms=terms)
    report = replace(report, against=course.rungs)
    # Alone it holds nothing that planted votes could reach without training it again.
    remade = make if len(step.recipe) > len(once) else None
    examples = course.training_set.examples
    kept = f"the {' and the '.join(once)}, which takes too long to train again,"
    sides = Sides(live, new, examples, remade, kept=kept)
    return with_costs(report, sides, questions, instruments, terms)
