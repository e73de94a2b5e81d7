"""train(): feedback -> labels -> examples -> training set -> gate -> candidates; never into production."""

from collections.abc import Sequence
from contextlib import ExitStack

from finetune.carry import retrieval_rungs
from finetune.course import Course, Kept, Means
from finetune.examples import build_examples
from finetune.generator_run import train_generator
from finetune.lab import Lab
from finetune.labs import Labs
from finetune.ladder import Step, needs, steps
from finetune.make import make
from finetune.measure import measure
from finetune.reporting import figures_of
from finetune.runs import Outcome, Progress, TrainingRun
from finetune.types import Label, RungName, TrainingSet


def train(run_id: str, kept: Kept, means: Means) -> TrainingRun:
    """Do a training run, from wherever it was left: every step can be repeated, and is after a kill.

    Args:
        run_id: Of a run that is under way.
        kept: Where what it makes is kept.
        means: What it learns from, and with.

    Returns:
        The run, done, with an outcome for each rung: a candidate to promote only where the gate let one pass.

    Raises:
        StorageFullError: The disk is full; nothing half made is left.
        DataDirectoryError: Its training set was cut off or changed.
        NotFoundError: There is no such run, or its training set was erased.
    """
    run = kept.runs.get(run_id)
    if "generator" in run.rungs:
        train_generator(run, kept, means)
    else:
        kept.runs.tell(run_id, Progress("opening the laboratory", 0.0))
        with means.lab() as lab, ExitStack() as stack:
            course = _course(run, kept, means, lab)
            _train(course, Labs(course, lab, stack))
    kept.runs.finish(run_id, "done")
    return kept.runs.get(run_id)


def _train(course: Course, labs: Labs) -> None:
    labs.settle(labs.base)
    questions = course.training_set.questions
    _say_what_is_missing(course)
    lacks = course.means.lacks
    chosen = steps(course.run.rungs, course.rungs, questions=questions, lacks=lacks)
    tried = [step for step in chosen if _possible(course, step)]
    measured = measure(course, tried, labs) if tried else []
    for place, (step, report) in enumerate(measured):
        course.means.reporter.scalars(step.rung, figures_of(report), place)
        if report.passed:
            course.tell("making", 0.85 + 0.15 * place / len(tried), step.rung)
            make(course, step, report, labs)


def _possible(course: Course, step: Step) -> bool:
    """Say whether the server has what a step takes; what is live may be of a server that had more."""
    lacking = [course.means.lacks[name] for name in step.recipe if course.means.lacks.get(name)]
    if lacking:
        course.conclude(Outcome(step.rung, "closed", None, f"{step.rung}: {'; '.join(lacking)}"))
    return not lacking


def _course(run: TrainingRun, kept: Kept, means: Means, lab: Lab) -> Course:
    kept.runs.tell(run.id, Progress("gathering", 0.05))
    labels = means.gather(lab)
    kept.runs.tell(run.id, Progress("making examples", 0.1, f"{len(labels)} labels"))
    training_set = kept.sets.read(run.set_id) if run.set_id is not None else _frozen(run, labels, kept, means, lab)
    live = kept.registry.live()
    rungs: tuple[RungName, ...] = () if live is None else retrieval_rungs(kept.registry.get(live))
    return Course(run, kept, means, labels, training_set, live, rungs)


def _frozen(run: TrainingRun, labels: Sequence[Label], kept: Kept, means: Means, lab: Lab) -> TrainingSet:
    """Freeze what is learned from; a run that is taken up again learns from the same."""
    built = build_examples(labels, means.context(lab))
    training_set = kept.sets.freeze(built.examples, means.manifest(built))
    kept.runs.froze(run.id, training_set.id)
    return training_set


def _say_what_is_missing(course: Course) -> None:
    for need in needs(course.training_set.questions, course.means.lacks):
        if not need.open and need.rung in (course.run.rungs or (need.rung,)):
            course.conclude(Outcome(need.rung, "closed", None, f"{need.rung}: {need.summary}"))
