"""The rung of the language model: a LoRA adapter that answers as approved corrections do (Hu et al. 2021).

It learns behaviour - to answer from the passages, to cite them in the right form, in the tone that was asked for - and
no facts: those are in the documents. Corrections come first, then comparisons, then thumbs; each starts from what was
learned before it. The adapter is a folder as ``ATTUNE_LOCAL_ADAPTERS`` holds them.
"""

import math
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from finetune.generator_goals import Comparisons, Corrections, Goal, Sample, Thumbs
from finetune.generator_pupil import Pupil, seeded
from finetune.generator_rows import Row, Rows
from retrieval.errors import InvalidInputError, ModelError
from retrieval.generators.adapter_files import base_of
from retrieval.generators.causal import CausalModel


@dataclass(frozen=True, slots=True)
class Schedule:
    """How it is learned.

    Attributes:
        least: Corrections from which it is worth the time: form and tone are learned from few.
        least_judged: Comparisons, or thumbs, from which the same holds for them.
        beta: How far comparisons and thumbs may lead away from what was learned before them; more is nearer.
        context_tokens: Rows that are longer are left out: cut, they would teach to answer from what is not there.
        limit_s: Within which it ends, with as much as was learned by then.
        device: cpu or cuda; cuda is taken where there is one when None.
    """

    least: int = 50
    least_judged: int = 200
    rank: int = 16
    alpha: int = 32
    epochs: int = 3
    batch: int = 8
    rate: float = 5e-4
    beta: float = 0.1
    context_tokens: int = 8192
    limit_s: float = 600.0
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on.

    Attributes:
        progress: Is told the share that is done, from 0 to 1, after each step.
        cancelled: Asked before each step whether to stop.
        clock: Seconds, for the time limit.
        loss: Is told the stage, the loss of each step, and which step it was, from 0.
    """

    progress: Callable[[float], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    loss: Callable[[str, float, int], None] = lambda _stage, _loss, _step: None


@dataclass(frozen=True, slots=True)
class Taught:
    """What became of rows; no word of them is in it.

    Attributes:
        base: Fingerprint of the language model.
        rows: Stage -> rows it learned from; a stage without rows is left out.
        losses: Stage -> mean loss of its first and last tenth of steps.
        too_long: Rows that were left out for their length.
        steps: That were taken.
        ended: Whether all was gone through, or time was up.
    """

    base: str
    rows: dict[str, int]
    losses: dict[str, tuple[float, float]]
    too_long: int
    steps: int
    ended: Literal["done", "time"]


def teach(
    model: Path, rows: Rows, folder: Path, *, schedule: Schedule | None = None, seed: int, watch: Watch | None = None
) -> Taught:
    """Train an adapter of a language model.

    The same model, rows, schedule and seed give the same adapter on the same machine, unless time runs out.

    Args:
        model: Its folder.
        rows: What is learned from; any of it may be empty.
        folder: Where the adapter is put, whole or not at all; its name is the adapter's.
        schedule: How.
        seed: Of the first weights and of the order.
        watch: Who looks on.

    Returns:
        What was learned from how much.

    Raises:
        InvalidInputError: The folder is there already, or there are too few rows of each kind.
        CancelledError: It was asked to stop; nothing was written.
        ModelError: The model cannot be loaded or taught, or peft is not installed.
    """
    schedule, watch = schedule or Schedule(), watch or Watch()
    if folder.exists():
        raise InvalidInputError(f"there is an adapter {folder.name} already")
    began = watch.clock()
    causal = CausalModel(model, device=schedule.device, context_tokens=schedule.context_tokens)
    given = {"corrections": rows.corrected, "comparisons": rows.pairs, "thumbs": rows.thumbs}
    fitting = {stage: _fitting(causal, its) for stage, its in given.items()}
    samples = {stage: its for stage, its in fitting.items() if len(its) >= _least(stage, schedule)}
    if not samples:
        found = ", ".join(f"{len(its)} {stage}" for stage, its in fitting.items())
        raise InvalidInputError(f"a language model takes more to learn from than {found} that are short enough for it")
    with seeded(seed):
        pupil = Pupil(causal, rank=schedule.rank, alpha=schedule.alpha, cancelled=watch.cancelled)
        course = _Course(pupil, schedule, watch, began, np.random.default_rng(seed))
        losses = course.run(samples)
    base = base_of(model)
    _put(folder, pupil.files(base))
    return Taught(
        base=base,
        rows={stage: len(its) for stage, its in samples.items() if stage in losses},
        losses=losses,
        too_long=sum(len(given[stage]) - len(its) for stage, its in fitting.items()),
        steps=course.steps,
        ended="time" if course.late else "done",
    )


def _least(stage: str, schedule: Schedule) -> int:
    return max(1, schedule.least if stage == "corrections" else schedule.least_judged)


class _Course:
    """The stages, one after the other, within a time limit."""

    def __init__(self, pupil: Pupil, schedule: Schedule, watch: Watch, began: float, rng: np.random.Generator) -> None:
        self._pupil, self._schedule, self._watch, self._began, self._rng = pupil, schedule, watch, began, rng
        self.steps = 0
        self.late = False

    def run(self, stages: Mapping[str, Sequence[Sample]]) -> dict[str, tuple[float, float]]:
        goals: dict[str, Goal] = {
            "corrections": Corrections(),
            "comparisons": Comparisons(self._schedule.beta),
            "thumbs": Thumbs(self._schedule.beta),
        }
        total = sum(self._steps(samples) for samples in stages.values())
        losses: dict[str, tuple[float, float]] = {}
        for stage, samples in stages.items():
            if not self.late:
                seen = self._stage(stage, goals[stage], samples, total)
                tenth = max(1, len(seen) // 10)
                losses[stage] = (float(np.mean(seen[:tenth])), float(np.mean(seen[-tenth:])))
        return losses

    def _stage(self, stage: str, goal: Goal, samples: Sequence[Sample], total: int) -> list[float]:
        goal.begin(self._pupil.score, samples)
        self._pupil.begin()
        seen: list[float] = []
        steps = self._steps(samples)
        for _ in range(self._schedule.epochs):
            order = self._rng.permutation(len(samples))
            for start in range(0, len(samples), self._schedule.batch):
                # The first step is taken in any case: an adapter that learned nothing is none.
                self.late = (elapsed := self._elapsed()) >= 1.0
                if self.late and self.steps:
                    return seen or [math.nan]
                batch = order[start : start + self._schedule.batch].tolist()
                done = len(seen) / steps  # of steps, not of time: the same rows are to give the same adapter
                rate = self._schedule.rate * min(done * 10 + 0.1, (1.0 - done) / 0.9, 1.0)
                seen.append(self._pupil.learn(goal.losses(self._pupil.score, batch), len(batch), rate=rate))
                self._watch.loss(stage, seen[-1], self.steps)
                self.steps += 1
                self._watch.progress(min(1.0, max(self.steps / total, elapsed)))
        return seen

    def _steps(self, samples: Sequence[Sample]) -> int:
        return self._schedule.epochs * math.ceil(len(samples) / self._schedule.batch)

    def _elapsed(self) -> float:
        return (self._watch.clock() - self._began) / self._schedule.limit_s


def _fitting(causal: CausalModel, rows: Sequence[Row]) -> list[Sample]:
    samples = []
    for row in rows:
        prompt, reply = causal.encode(row.messages), causal.encode_reply(row.reply)
        worse = causal.encode_reply(row.worse) if row.worse else []
        if len(prompt) + max(len(reply), len(worse)) <= causal.window:
            samples.append(Sample(prompt, reply, worse, liked=bool(row.liked)))
    return samples


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder whole or not at all: a name that begins with a dot is no adapter's."""
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    part.mkdir(mode=0o700, parents=True)
    try:
        for name, content in files.items():
            (part / name).write_bytes(content)
        part.rename(folder)
    except OSError as error:
        raise ModelError(f"the adapter {folder.name} cannot be written: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
