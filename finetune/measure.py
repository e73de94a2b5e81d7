"""Candidates to be tried -> what the gate says of each; what it said of this run before is not asked again."""

from collections.abc import Sequence
from datetime import UTC, datetime

from finetune.canary import Admit
from finetune.carry import retrieval_set
from finetune.course import SEED, Course
from finetune.examples import build_examples
from finetune.gate import Terms, examine
from finetune.general import LEAST, MOST
from finetune.instruments import of_lab
from finetune.lab import Lab
from finetune.labs import Labs
from finetune.ladder import Step
from finetune.leaks import untold
from finetune.measure_adapted import measure_adapted
from finetune.questions import Question, question_id
from finetune.recipe import TRAINED_ONCE
from finetune.refresh import refresh
from finetune.runs import MAX_LISTED, Outcome
from finetune.types import Example
from finetune.verdict import GateReport, together
from retrieval.errors import DataDirectoryError, ModelError, NotFoundError
from retrieval.learned import Learned

_FROM, _BEFORE, _TO = 0.15, 0.5, 0.85  # of the whole; before an adapter is trained


def measure(course: Course, tried: Sequence[Step], labs: Labs) -> list[tuple[Step, GateReport]]:
    """Have the gate look at all that is tried, together.

    Args:
        course: Of the run.
        tried: Candidates.
        labs: Where they are made and asked.

    Returns:
        Each with its report, which stands in the record of the run from then on.
    """
    known = {rung: outcome.report for rung, outcome in course.concluded().items() if outcome.report is not None}
    before = {rung: GateReport.from_json(report) for rung, report in known.items()}
    wanted = {step.rung: (step.recipe, course.rungs) for step in tried}
    if wanted == {rung: (report.recipe, report.against) for rung, report in before.items()}:
        return [(step, before[step.rung]) for step in tried]
    course.tell("measuring", _FROM, ", ".join(step.rung for step in tried))

    adapted = [step for step in tried if set(TRAINED_ONCE) & set(step.recipe)]
    whole = (_BEFORE if adapted else _TO) - _FROM

    def tell(share: float) -> None:
        course.tell("measuring", _FROM + whole * share, ", ".join(step.rung for step in tried))

    lab = labs.base
    instruments = of_lab(lab, seed=SEED, admit=_admitting(course, lab), tell=tell)
    terms = Terms(seed=SEED, trusted=_vouched_for(course), general=_general(course, lab), opened=_opened(course))
    examples = course.training_set.examples
    new = [step for step in tried if step.recipe != course.rungs and step not in adapted]
    recipes = [step.recipe for step in new]
    found = examine(recipes, course.rungs, examples, instruments, terms) if new else ()
    reports = dict(zip(new, found, strict=True))
    for step in tried:
        if step in adapted:
            continue
        if step.recipe == course.rungs and (live := _as_it_serves(course, step, lab)) is not None:
            reports[step] = refresh(step.recipe, live, examples, instruments, terms)
    reports |= measure_adapted(course, adapted, labs, (instruments, terms)) if adapted else {}
    judged = list(zip(reports, together(list(reports.values())), strict=True))
    for step, report in judged:
        course.conclude(Outcome(step.rung, report.verdict, None, report.summary, report.as_json()))
    return judged


def _vouched_for(course: Course) -> set[str]:
    """Return the ids of questions for which a word stands that is enough: an approval is one of that alone."""
    trusted = {label.source_id for label in course.labels if label.trusted and label.label > 0}
    examples = course.training_set.examples
    return {question_id(one.question) for one in examples if one.label > 0 and not trusted.isdisjoint(one.sources)}


def _general(course: Course, lab: Lab) -> list[Question]:
    """Return golden questions that nothing is learned about; none where they are too few to say anything."""
    new = untold(course.means.general(lab), course.training_set.examples, vectors=lab.encode)
    return new[:MOST] if len(new) >= LEAST else []


def _as_it_serves(course: Course, step: Step, lab: Lab) -> tuple[Learned, tuple[Example, ...]] | None:
    """Return what is live, and what it learned from; None, which is said, where that cannot be read any more."""
    if course.live is None:
        return None
    candidate = course.kept.registry.get(course.live)
    try:
        parts = course.kept.artifacts.read(candidate.id, base=course.means.base, dim=lab.vectors.shape[1])
        return lab.learned(parts, candidate.id), course.kept.sets.read(retrieval_set(candidate) or "").examples
    except (DataDirectoryError, ModelError, NotFoundError) as error:
        # Or nothing could be trained ever again; other recipes, and a rollback, need none of it.
        course.conclude(Outcome(step.rung, "refused", None, f"what is live cannot be made anew: {error}"))
        return None


def _admitting(course: Course, lab: Lab) -> Admit:
    """Make the training set again with more labels, held to the same bounds."""
    sources = set(course.training_set.manifest.get("sources", ()))
    # What counted for nothing may count beside planted votes: a demotion that one person wanted is seconded by them.
    until = max(
        (example.given_at for example in course.training_set.examples), default=datetime.min.replace(tzinfo=UTC)
    )
    known = [label for label in course.labels if label.source_id in sources or label.given_at <= until]
    context = course.means.context(lab)
    return lambda planted: build_examples([*known, *planted], context).examples


def _opened(course: Course) -> frozenset[str]:
    """Return the seals that earlier runs opened."""
    others = (run for run in course.kept.runs.recent(limit=MAX_LISTED) if run.id != course.run.id)
    # What passed and was not made, as on a disk that was full, is made when it is asked for again.
    told = (outcome for run in others for outcome in run.outcomes if outcome.candidate or outcome.verdict != "passed")
    reports = (outcome.report for outcome in told if outcome.report is not None)
    return frozenset(seal for report in reports if (seal := report.get("seal")) is not None)
