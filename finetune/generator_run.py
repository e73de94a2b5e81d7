"""A training of the language model: rows -> frozen -> parted -> taught -> measured -> a candidate.

It is a run of its own, in no laboratory: nothing is searched. Taken up after a kill, it goes on with the frozen rows,
the adapter that it trained, and what the gate said of it.
"""

from dataclasses import asdict, replace
from pathlib import Path

from finetune.artifact import GENERATOR, Recipe
from finetune.carry import Carried, carried_generator, carried_retrieval, generator_set
from finetune.course import SEED, Kept, Means
from finetune.generator import Schedule, Watch, teach
from finetune.generator_answers import Asking, ask_both
from finetune.generator_gate import Names, judge_generator, too_few_corrections
from finetune.generator_parts import Parted, missing, part
from finetune.generator_sets import RowSet, freeze_rows, read_rows
from finetune.registry import Made
from finetune.reporting import figures_of, losses_to
from finetune.runs import Outcome, Progress, TrainingRun, Verdict
from finetune.teaching import Teaching
from finetune.types import RungName
from finetune.verdict import LEAST_QUESTIONS, GateReport
from retrieval.generators.adapter_files import made_for

NAME: RungName = "generator"

_SHARE_OF_TIME = 0.4  # of what a run may take: to teach, and to measure
_STEP = 0.02  # told no more often
_NO_MODEL = "the server has no language model of its own"


def train_generator(run: TrainingRun, kept: Kept, means: Means) -> None:
    """Do a training of the language model, from wherever it was left.

    Args:
        run: That asks for it alone.
        kept: Where what it makes is kept.
        means: What it learns from, and with.

    Raises:
        StorageFullError: The disk is full; nothing half made is left.
        ModelError: The language model cannot be taught or asked.
        NotFoundError: What it learns from was erased, or the files of what is live are gone.
    """
    if means.teaching is None:
        _conclude(run, kept, "closed", means.lacks.get(NAME, _NO_MODEL))
        return
    found = _frozen(run, kept, means.teaching)
    if found is None:
        return
    _Teacher(run, kept, means, means.teaching, found).work()


def _frozen(run: TrainingRun, kept: Kept, teaching: Teaching) -> RowSet | None:
    """Freeze what is learned from; None, which is said, where it is too little."""
    if run.set_id is not None:
        return read_rows(kept.sets, run.set_id)
    kept.runs.tell(run.id, Progress("gathering", 0.0))
    rows = teaching.rows()
    if lack := missing(rows):
        _conclude(run, kept, "closed", lack)
        return None
    found = freeze_rows(kept.sets, rows, teaching.manifest(rows))
    kept.runs.froze(run.id, found.id)
    return found


def _conclude(run: TrainingRun, kept: Kept, verdict: Verdict, words: str) -> None:
    kept.runs.concluded(run.id, Outcome(NAME, verdict, None, f"{NAME}: {words}"))


class _Teacher:
    def __init__(self, run: TrainingRun, kept: Kept, means: Means, teaching: Teaching, found: RowSet) -> None:
        self._run, self._kept, self._means, self._teaching, self._set = run, kept, means, teaching, found
        self._live = kept.registry.live()
        self._schedule = Schedule(
            device=teaching.device,
            context_tokens=teaching.context_tokens,
            limit_s=teaching.limit_s * _SHARE_OF_TIME,
        )

    def work(self) -> None:
        retrieval = carried_retrieval(self._kept, self._live, base=self._means.base)
        names = self._names(retrieval)
        report = self._known(names) or self._judged(names)
        self._means.reporter.scalars(NAME, figures_of(report), 0)
        self._kept.runs.concluded(self._run.id, Outcome(NAME, report.verdict, None, report.summary, report.as_json()))
        if report.passed:
            self._make(report, retrieval)

    def _known(self, names: Names) -> GateReport | None:
        """Return what the gate said of the same before the run was interrupted, where the adapter of then is there."""
        said = next((one.report for one in self._kept.runs.get(self._run.id).outcomes if one.rung == NAME), None)
        if said is None or not self._folder.is_dir():
            return None
        report = GateReport.from_json(said)
        return report if Names(report.recipe, report.against) == names else None

    @property
    def _folder(self) -> Path:
        return self._teaching.folder / self._set.id / GENERATOR

    def _names(self, retrieval: Carried) -> Names:
        spoken = carried_generator(self._kept, self._live, base=self._means.base).rungs
        return Names((*retrieval.rungs, NAME), (*retrieval.rungs, *spoken))

    def _judged(self, names: Names) -> GateReport:
        parted = part(self._set.rows, self._teaching.encode, known=self._taught_by())
        groups = len(set(parted.groups))
        if groups < LEAST_QUESTIONS or missing(parted.training):
            return too_few_corrections(groups, names, seed=SEED)
        self._teach(parted)
        asking = Asking(
            self._teaching.model,
            device=self._teaching.device,
            context_tokens=self._teaching.context_tokens,
            max_tokens=self._teaching.max_tokens,
            limit_s=self._schedule.limit_s,
        )
        live = carried_generator(self._kept, self._live, base=self._means.base).folders.get(GENERATOR)
        before, after = ask_both(parted, (live, self._folder), asking, self._watch("measuring", 0.5, 0.95))
        return judge_generator(parted, before, after, names, seed=SEED)

    def _teach(self, parted: Parted) -> None:
        if not self._folder.is_dir():  # a run that was killed taught it
            watch = self._watch("teaching the language model", 0.05, 0.5)
            teach(self._teaching.model, parted.training, self._folder, schedule=self._schedule, seed=SEED, watch=watch)

    def _taught_by(self) -> list[str]:
        """Return the questions by which the language model that is live was taught."""
        candidate = None if self._live is None else self._kept.registry.get(self._live)
        made_of = None if candidate is None else generator_set(candidate)
        return [] if made_of is None else [row.question for row in read_rows(self._kept.sets, made_of).rows.all]

    def _make(self, report: GateReport, retrieval: Carried) -> None:
        kept = self._kept
        recipe = Recipe(
            rung=NAME,
            rungs=(*retrieval.rungs, NAME),
            training_set=self._set.id,
            base=self._means.base,
            seed=SEED,
            parent=self._live,
            carried=retrieval.sets,
            # Not that of the set: the same rows may have been frozen for another model.
            config={"language_model": made_for(self._folder), "schedule": asdict(self._schedule)},
            versions=self._set.manifest["versions"],
        )
        folders = {**retrieval.folders, GENERATOR: self._folder}
        candidate_id, manifest = kept.artifacts.write(
            replace(retrieval.parts, generator=GENERATOR), recipe, folders=folders
        )
        candidate = kept.registry.add(Made(candidate_id, NAME, self._set.id, manifest, self._live))
        if candidate.state == "made":
            kept.registry.judge(candidate_id, passed=True, report=report.as_json(), reason=report.summary)
        outcome = Outcome(NAME, report.verdict, candidate_id, report.summary, report.as_json())
        kept.runs.concluded(self._run.id, outcome)

    def _watch(self, stage: str, start: float, end: float) -> Watch:
        said = -1.0

        def tell(share: float) -> None:
            nonlocal said
            if share - said >= _STEP:
                said = share
                self._kept.runs.tell(self._run.id, Progress(stage, round(start + (end - start) * share, 3), NAME))

        losses = losses_to(self._means.reporter)
        # Losses of different goals do not compare: each has a curve of its own.
        return Watch(progress=tell, loss=lambda goal, loss, step: losses(f"{NAME}/{goal}", loss, step))
