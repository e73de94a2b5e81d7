"""The labs of a run: that of the server's embedder, and those of adapted ones, opened when a recipe needs them.

An embedder is trained once a run, on all but the newest fifth of the questions: by those it is measured, and it is the
measured one that is kept. To train it again of all would take as long again, and nobody would know what came of it.
Memory, map and weights above it are made of everything, as they always are.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from finetune.adapted_lab import adapted_lab
from finetune.artifact import EMBEDDER
from finetune.contrast import Schedule, Watch
from finetune.course import SEED, Course
from finetune.folds import newest
from finetune.lab import Lab
from finetune.leaks import leaks, untold
from finetune.questions import Question, kinds, questions_of
from finetune.rungs.embedder import AdaptedEmbedder
from finetune.types import Example, Parts, RungName
from retrieval.errors import InvalidInputError
from retrieval.learned import Learned

_HELD_OUT = 0.2
_FROM = 0.5  # of the whole; what needs no second embedder is measured before
_STEP = 0.02  # told no more often
_NONE = "the embedder is behind an endpoint, and takes no adapter"
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
        return self.adapted if "embedder" in recipe else self.base

    @cached_property
    def held_out(self) -> list[Question]:
        """The newest questions that neither the new embedder learned from, nor what is live where it has its own."""
        questions = self._newest
        if "embedder" in self.course.rungs:
            live = self.course.kept.registry.get(self.course.live or "")
            learned_from = self.course.kept.sets.read(live.set_id).examples
            questions = untold(questions, learned_from, vectors=self.base.encode)
        return questions

    @cached_property
    def training(self) -> list[Example]:
        """The examples that know nothing of the newest questions."""
        examples = self.course.training_set.examples
        known = {leak.example for leak in leaks(examples, self._newest, vectors=self.base.encode)}
        return [one for one in examples if one.id not in known]

    @cached_property
    def adapter(self) -> Path | None:
        """Folder of the adapter that this run trained; None where there was nothing that everybody may read."""
        adapting = self.course.means.adapting
        if adapting is None:
            raise InvalidInputError(_NONE)
        folder = adapting.folder / self.course.training_set.id
        if folder.is_dir():
            return folder  # a run that was killed trained it
        begun = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(begun, ignore_errors=True)
        watch = Watch(progress=self._telling("training the embedder", _FROM, 0.6))
        schedule = Schedule(limit_s=adapting.limit_s * _SHARE_OF_TIME)
        rung = AdaptedEmbedder(adapting.model, begun, schedule=schedule, watch=watch)
        if rung.fit(self.training, self.base, before=Parts(), seed=SEED).embedder is None:
            return None
        begun.rename(folder)
        return folder

    @cached_property
    def adapted(self) -> Lab:
        """The lab of the embedder that this run trained."""
        if self.adapter is None:
            raise InvalidInputError("there was nothing to train an embedder on")
        return self._opened(self.adapter, self._telling("embedding all documents", 0.6, 0.75))

    @cached_property
    def live(self) -> Learned:
        """What is live, as it serves."""
        course = self.course
        candidate = course.kept.registry.get(course.live or "")
        parts = course.kept.artifacts.read(candidate.id, base=course.means.base, dim=self.base.vectors.shape[1])
        if parts.embedder is None:
            return self.base.learned(parts, candidate.id)
        folder = course.kept.artifacts.path(candidate.id) / EMBEDDER
        lab = self._opened(folder, self._telling("embedding all documents as what is live does", 0.75, 0.8))
        return lab.learned(parts, candidate.id)

    @cached_property
    def _newest(self) -> list[Question]:
        questions = questions_of(self.course.training_set.examples, slices=kinds)
        moments = [question.asked_at for question in questions]
        apart = newest([question.group for question in questions], moments, share=_HELD_OUT)
        return [question for question, away in zip(questions, apart, strict=True) if away]

    def _opened(self, adapter: Path, tell: Callable[[float], None]) -> Lab:
        adapting = self.course.means.adapting
        if adapting is None:
            raise InvalidInputError(_NONE)
        lab = adapted_lab(self.base, adapting.embedder(adapter), folder=adapting.scratch, tell=tell)
        return self.stack.enter_context(lab)

    def _telling(self, stage: str, start: float, end: float) -> Callable[[float], None]:
        said = -1.0

        def tell(share: float) -> None:
            nonlocal said
            if share - said >= _STEP:
                said = share
                self.course.tell(stage, start + (end - start) * share, "embedder")

        return tell
