"""The labs of a run: that of the server's models, and those of adapted ones, opened when a recipe needs them.

An embedder is trained once a run, on all but the newest fifth of the questions that everybody may read answers to: by
those it is measured, and by what else is new to it, and it is the measured one that is kept. To train it again of all
would take as long again, and nobody would know what came of it. So is a cross-encoder. Memory, map and weights beside
them are made of everything, as they always are.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from finetune.adapted_lab import adapted_lab
from finetune.artifact import EMBEDDER, RERANKER
from finetune.carry import retrieval_set
from finetune.contrast import Schedule, Watch
from finetune.course import SEED, Course
from finetune.cross import SCHEDULE
from finetune.folds import newest
from finetune.lab import Lab
from finetune.leaks import leaks, untold
from finetune.questions import Question, kinds, questions_of
from finetune.recipe import TRAINED_ONCE
from finetune.reporting import losses_to
from finetune.rungs.embedder import AdaptedEmbedder
from finetune.rungs.reranker import AdaptedReranker
from finetune.rungs.rung import Rung
from finetune.types import Example, Parts, RungName
from retrieval.errors import InvalidInputError
from retrieval.learned import Learned
from retrieval.rerank import Reranker

_HELD_OUT = 0.2
_FROM = 0.5  # of the whole; what needs no second embedder is measured before
_STEP = 0.02  # told no more often
_NONE = "there is no model that takes an adapter"
_SHARE_OF_TIME = 0.25  # of what a run may take: it is embedded and measured besides


@dataclass(frozen=True, eq=False)
class Labs:
    """Where the candidates of a run are made and measured.

    Attributes:
        base: The lab of the server's embedder.
        stack: Closes the others.
    """

    course: Course
    base: Lab
    stack: ExitStack

    def of(self, recipe: Sequence[RungName]) -> Lab:
        """Return the lab in which a recipe is made."""
        lab = self.adapted if "embedder" in recipe else self.base
        return lab if "reranker" not in recipe else replace(lab, reranker=self.reranking)

    def folders(self, recipe: Sequence[RungName]) -> dict[str, Path] | None:
        """Return the adapters that a recipe takes, by kind; None where one had nothing to be trained on."""
        found = {EMBEDDER: self.adapter} if "embedder" in recipe else {}
        if "reranker" in recipe:
            found[RERANKER] = self.reranker
        there = {name: folder for name, folder in found.items() if folder is not None}
        return there if len(there) == len(found) else None

    @cached_property
    def held_out(self) -> list[Question]:
        """The newest questions that no new adapter learned from, nor what is live where it has adapters."""
        questions = self._newest
        if set(TRAINED_ONCE) & set(self.course.rungs):
            live = self.course.kept.registry.get(self.course.live or "")
            learned_from = self.course.kept.sets.read(retrieval_set(live) or "").examples
            questions = untold(questions, learned_from, vectors=self.base.encode)
        return questions

    @cached_property
    def training(self) -> list[Example]:
        """The examples that know nothing of the newest questions."""
        return self._without(self.course.training_set.examples, self._newest)

    @cached_property
    def taught(self) -> list[Example]:
        """The examples that adapters are trained on: chosen by what everybody may read alone, as all weights are."""
        public = [one for one in self.course.training_set.examples if one.open]
        return self._without(public, _newest(public))

    @cached_property
    def adapter(self) -> Path | None:
        """Folder of the embedder's adapter that this run trained; None where nothing is there that all may read."""
        adapting = self.course.means.adapting
        if adapting is None:
            raise InvalidInputError(_NONE)

        def rung(folder: Path) -> Rung:
            watch = self._watch("embedder", 0.6)
            schedule = Schedule(limit_s=adapting.limit_s * _SHARE_OF_TIME, device=adapting.device)
            return AdaptedEmbedder(adapting.model, folder, schedule=schedule, watch=watch)

        return self._trained(adapting.folder, EMBEDDER, rung)

    @cached_property
    def reranker(self) -> Path | None:
        """Folder of the cross-encoder's adapter that this run trained; None as for ``adapter``."""
        means = self.course.means.reranking
        if means is None:
            raise InvalidInputError(_NONE)

        def rung(folder: Path) -> Rung:
            watch = self._watch("reranker", 0.7)
            schedule = replace(SCHEDULE, limit_s=means.limit_s * _SHARE_OF_TIME, device=means.device)
            return AdaptedReranker(means.model, folder, schedule=schedule, watch=watch)

        return self._trained(means.folder, RERANKER, rung)

    @cached_property
    def reranking(self) -> Reranker:
        """The cross-encoder that this run trained."""
        if self.reranker is None:
            raise InvalidInputError("there was nothing to train a reranker on")
        return self._reranker(self.reranker)

    def settle(self, lab: Lab) -> Lab:
        """Return a lab in which no bit of what everybody may ask depends on the questions of others."""
        if questions := sorted({one.question for one in self.course.training_set.examples if one.open}):
            lab.encoder.settle(questions)
        return lab

    @cached_property
    def adapted(self) -> Lab:
        """The lab of the embedder that this run trained."""
        if self.adapter is None:
            raise InvalidInputError("there was nothing to train an embedder on")
        return self.settle(self._opened(self.adapter, self._telling("embedding all documents", 0.6, 0.75)))

    @cached_property
    def live(self) -> Learned:
        """What is live, as it serves."""
        course = self.course
        candidate = course.kept.registry.get(course.live or "")
        parts = course.kept.artifacts.read(candidate.id, base=course.means.base, dim=self.base.vectors.shape[1])
        folder, lab = course.kept.artifacts.path(candidate.id), self.base
        if parts.embedder is not None:
            tell = self._telling("embedding all documents as what is live does", 0.75, 0.8)
            lab = self._opened(folder / EMBEDDER, tell)
        if parts.reranker is not None:
            lab = replace(lab, reranker=self._reranker(folder / RERANKER))
        return lab.learned(parts, candidate.id)

    @cached_property
    def _newest(self) -> list[Question]:
        """The newest of all, and those of what everybody may read, as far as no adapter is taught them."""
        examples = self.course.training_set.examples
        public = _newest([one for one in examples if one.open])
        apart = {question.id for question in (*public, *_newest(examples))}
        asked = [question for question in questions_of(examples, slices=kinds) if question.id in apart]
        return untold(asked, self.taught, vectors=self.base.encode)

    def _without(self, examples: Sequence[Example], asked: Sequence[Question]) -> list[Example]:
        known = {leak.example for leak in leaks(examples, asked, vectors=self.base.encode)}
        return [one for one in examples if one.id not in known]

    def _watch(self, rung: RungName, end: float) -> Watch:
        losses = losses_to(self.course.means.reporter)
        return Watch(progress=self._telling(f"training the {rung}", _FROM, end, rung), loss=partial(losses, rung))

    def _trained(self, adapters: Path, kind: str, rung: Callable[[Path], Rung]) -> Path | None:
        folder = adapters / self.course.training_set.id / kind
        if folder.is_dir():
            return folder  # a run that was killed trained it
        begun = folder.with_name(f".{kind}.part")
        shutil.rmtree(begun, ignore_errors=True)
        rung(begun).fit(self.taught, self.base, before=Parts(), seed=SEED)
        if not begun.is_dir():
            return None
        begun.rename(folder)
        return folder

    def _reranker(self, adapter: Path) -> Reranker:
        means = self.course.means.reranking
        if means is None:
            raise InvalidInputError(_NONE)
        return means.reranker(adapter)

    def _opened(self, adapter: Path, tell: Callable[[float], None]) -> Lab:
        adapting = self.course.means.adapting
        if adapting is None:
            raise InvalidInputError(_NONE)
        lab = adapted_lab(self.base, adapting.embedder(adapter), folder=adapting.scratch, tell=tell)
        return self.stack.enter_context(lab)

    def _telling(self, stage: str, start: float, end: float, rung: RungName = "embedder") -> Callable[[float], None]:
        said = -1.0

        def tell(share: float) -> None:
            nonlocal said
            if share - said >= _STEP:
                said = share
                self.course.tell(stage, start + (end - start) * share, rung)

        return tell


def _newest(examples: Sequence[Example]) -> list[Question]:
    questions = questions_of(examples)
    moments = [question.asked_at for question in questions]
    apart = newest([question.group for question in questions], moments, share=_HELD_OUT)
    return [question for question, away in zip(questions, apart, strict=True) if away]
