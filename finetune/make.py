"""What passed the gate -> a candidate on disk and in the registry, made of all examples.

But for an embedder and a reranker: those are the ones which were measured (``finetune.labs``).
"""

from dataclasses import replace

from finetune.artifact import EMBEDDER, RERANKER, Recipe
from finetune.carry import carried_generator
from finetune.course import SEED, Course
from finetune.labs import Labs
from finetune.ladder import Step
from finetune.recipe import fit
from finetune.registry import Made
from finetune.reporting import losses_to
from finetune.runs import Outcome
from finetune.verdict import GateReport


def make(course: Course, step: Step, report: GateReport, labs: Labs) -> str:
    """Make the candidate of a recipe that passed; the same again is the same candidate.

    Args:
        course: Of the run.
        step: What it is.
        report: Of the gate.
        labs: Where it is made.

    Returns:
        Its id.

    Raises:
        StorageFullError: The disk is full; nothing half made is left.
    """
    training_set, kept = course.training_set, course.kept
    # Of what is kept alone: what was made to be measured would be told over it.
    lab = replace(labs.of(step.recipe), losses=losses_to(course.means.reporter))
    parts = fit(step.recipe, training_set.examples, lab, seed=SEED)
    folders = labs.folders(step.recipe) or {}
    named = {name: name if name in folders else None for name in (EMBEDDER, RERANKER)}
    # What words the answers is no part of a recipe: it goes on as it is.
    voice = carried_generator(kept, course.live, base=course.means.base)
    parts = replace(parts, embedder=named[EMBEDDER], reranker=named[RERANKER], generator=voice.parts.generator)
    recipe = Recipe(
        rung=step.rung,
        rungs=(*step.recipe, *voice.rungs),
        training_set=training_set.id,
        base=course.means.base,
        seed=SEED,
        parent=course.live,
        carried=voice.sets,
        versions=training_set.manifest.get("versions", {}),
    )
    candidate_id, manifest = kept.artifacts.write(parts, recipe, folders={**folders, **voice.folders})
    candidate = kept.registry.add(Made(candidate_id, step.rung, training_set.id, manifest, course.live))
    if candidate.state == "made":
        kept.registry.judge(candidate_id, passed=report.passed, report=report.as_json(), reason=report.summary)
    course.conclude(Outcome(step.rung, report.verdict, candidate_id, report.summary, report.as_json()))
    return candidate_id
