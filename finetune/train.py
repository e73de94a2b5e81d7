"""train(): feedback -> labels -> examples -> training set -> gate -> candidates; never into production."""

from collections.abc import Sequence

from finetune.course import Course, Kept, Means
from finetune.examples import build_examples
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
    course = _begun(kept.runs.get(run_id), kept, means)
    tried = steps(course.run.rungs, course.rungs, questions=course.training_set.questions)
    _say_what_is_missing(course, tried)
    if tried:
        course.tell("opening the laboratory", 0.1)
        with means.lab() as lab:
            for place, (step, report) in enumerate(measure(course, tried, lab)):
                means.reporter.scalars(step.rung, figures_of(report), place)
                if report.passed:
                    course.tell("making", 0.85 + 0.15 * place / len(tried), step.rung)
                    make(course, step, report, lab)
    kept.runs.finish(run_id, "done")
    return kept.runs.get(run_id)


def _begun(run: TrainingRun, kept: Kept, means: Means) -> Course:
    kept.runs.tell(run.id, Progress("gathering", 0.0))
    labels = means.gather()
    training_set = kept.sets.read(run.set_id) if run.set_id is not None else _frozen(run, labels, kept, means)
    live = kept.registry.live()
    rungs: tuple[RungName, ...] = () if live is None else tuple(kept.artifacts.manifest(live)["rungs"])
    return Course(run, kept, means, labels, training_set, live, rungs)


def _frozen(run: TrainingRun, labels: Sequence[Label], kept: Kept, means: Means) -> TrainingSet:
    """Freeze what is learned from; a run that is taken up again learns from the same."""
    kept.runs.tell(run.id, Progress("making examples", 0.05, f"{len(labels)} labels"))
    built = build_examples(labels, means.context)
    training_set = kept.sets.freeze(built.examples, means.manifest(built))
    kept.runs.froze(run.id, training_set.id)
    return training_set


def _say_what_is_missing(course: Course, tried: Sequence[Step]) -> None:
    open_ = {step.rung for step in tried}
    for need in needs(course.training_set.questions):
        wanted = not course.run.rungs or need.rung in course.run.rungs
        if need.missing and wanted and need.rung not in open_:
            course.conclude(Outcome(need.rung, "closed", None, f"{need.rung}: {need.summary}"))
