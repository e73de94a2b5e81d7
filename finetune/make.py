"""What passed the gate -> a candidate on disk and in the registry, made of all examples.

But for an embedder: that is the one which was measured (``finetune.labs``).
"""

from dataclasses import replace
from pathlib import Path

from finetune.artifact import EMBEDDER, Recipe
from finetune.course import SEED, Course
from finetune.labs import Labs
from finetune.ladder import Step
from finetune.recipe import fit
from finetune.registry import Made
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
    parts = fit(step.recipe, training_set.examples, labs.of(step.recipe), seed=SEED)
    folders: dict[str, Path] = {}
    if "embedder" in step.recipe and labs.adapter is not None:
        folders[EMBEDDER] = labs.adapter
        parts = replace(parts, embedder=EMBEDDER)
    recipe = Recipe(
        rung=step.rung,
        rungs=step.recipe,
        training_set=training_set.id,
        base=course.means.base,
        seed=SEED,
        parent=course.live,
        versions=training_set.manifest.get("versions", {}),
    )
    candidate_id, manifest = kept.artifacts.write(parts, recipe, folders=folders)
    candidate = kept.registry.add(Made(candidate_id, step.rung, training_set.id, manifest, course.live))
    if candidate.state == "made":
        kept.registry.judge(candidate_id, passed=report.passed, report=report.as_json(), reason=report.summary)
    course.conclude(Outcome(step.rung, report.verdict, candidate_id, report.summary, report.as_json()))
    return candidate_id
