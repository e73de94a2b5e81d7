"""Contrastive training of an embedder: a question comes to lie nearer to what answers it than to what does not.

InfoNCE (van den Oord et al. 2018) among the passages of a batch, of which none is there twice, and a hard negative of
each question that has any. Attention is computed the plain way: the fused one runs backward in bfloat16 as slowly as
all the rest together on processors.

What ``Schedule`` says when nothing else is said is what was measured (docs/decisions/0018-adapted-embedder.md).
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from finetune.lora import ALPHA, RANK, Lora
from retrieval.embedding_model import load_model
from retrieval.errors import CancelledError

QUESTION_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage that answers it, as their places in a lesson.

    Attributes:
        weight: In (0, 1].
    """

    question: int
    passage: int
    weight: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned from.

    Attributes:
        questions: Texts.
        passages: Texts.
        pairs: At least one.
        answers: Places of all passages that answer a question; never told from it.
        hard: Places of passages that look right and are wrong; a question that has none may be missing.
    """

    questions: Sequence[str]
    passages: Sequence[str]
    pairs: Sequence[Pair]
    answers: Mapping[int, frozenset[int]]
    hard: Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How it is learned.

    Attributes:
        passage_tokens: Where passages are cut: what a passage is about, it mostly says early.
        hard: Passages that seem to answer a question and are not known to, from which it is told besides those that
            somebody named wrong; any make a step take twice as long.
        limit_s: Within which it ends, as much as was learned by then: over the last tenth of it the rate falls.
        device: cuda where there is one when None.
    """

    rank: int = RANK
    alpha: float = ALPHA
    epochs: int = 1
    batch: int = 32
    rate: float = 1e-3
    temperature: float = 0.05
    passage_tokens: int = 80
    hard: int = 0
    limit_s: float = 600.0
    device: str | None = None


Progress = Callable[[float], None]
"""Told the share that is done, from 0 to 1, after each step."""


def _nothing(share: float) -> None:
    del share


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on while it is learned.

    Attributes:
        progress: Is told how far it is.
        cancelled: Asked before each step whether to stop.
        checkpoint: Is given the adapter after each epoch.
        loss: Is told the loss of each step, and which step it was, from 0.
        clock: Tells the seconds since some moment.
    """

    progress: Progress = _nothing
    cancelled: Callable[[], bool] = _never
    checkpoint: Callable[[Lora], None] = lambda _: None
    loss: Callable[[float, int], None] = lambda _loss, _step: None
    clock: Callable[[], float] = time.monotonic


class Pupil(Protocol):
    """A model that learns; ``transformer`` is what the adapter acts on."""

    transformer: Any

    def loss(self, lesson: Lesson, batch: Sequence[Pair], rng: np.random.Generator) -> Any:
        """Return how wrong it is about a batch, as a number that torch can differentiate."""


def train(model: str | Path, lesson: Lesson, schedule: Schedule, *, seed: int, watch: Watch | None = None) -> Lora:
    """Train a LoRA adapter of a sentence-transformers model.

    The same lesson, schedule and seed give the same adapter on one machine, unless nine tenths of the time run out.

    Args:
        model: Its folder or hub id.
        lesson: What is learned from.
        schedule: How.
        seed: Of the first weights and of the order.
        watch: Who looks on.

    Returns:
        The adapter.

    Raises:
        CancelledError: It was asked to stop.
        ModelError: The model cannot be loaded.
    """
    return study(lambda: _Embedding(model, schedule), lesson, schedule, seed=seed, watch=watch)


def study(
    pupil: Callable[[], Pupil], lesson: Lesson, schedule: Schedule, *, seed: int, watch: Watch | None = None
) -> Lora:
    """Train a LoRA adapter of whatever learns from a lesson; see ``train``.

    Args:
        pupil: Loads it.
        lesson: What is learned from.
        schedule: How.
        seed: Of the first weights and of the order.
        watch: Who looks on.

    Returns:
        The adapter.

    Raises:
        CancelledError: It was asked to stop.
    """
    import torch

    watch = watch or Watch()
    began = watch.clock()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learning = _Learning(pupil(), schedule)
        rng = np.random.default_rng(seed)
        steps = max(1, schedule.epochs * math.ceil(len(lesson.pairs) / schedule.batch))
        step = 0
        for _ in range(schedule.epochs):
            for batch in batches(lesson.pairs, schedule.batch, rng):
                late = (watch.clock() - began) / schedule.limit_s
                if watch.cancelled():
                    raise CancelledError("the training of a model was cancelled")
                if step and (step >= steps or late >= 1.0):
                    return learning.lora
                watch.loss(learning.step(lesson, batch, rng, share=_rate(step / steps, late)), step)
                step += 1
                watch.progress(min(1.0, step / steps))
            watch.checkpoint(learning.lora)
    return learning.lora


def _rate(done: float, late: float) -> float:
    """Return the share of the rate at which a step is taken.

    It rises over the first tenth of the steps and then falls to nothing. Time has no part in it, or the same seed would
    not give the same adapter, until nine tenths of the limit are gone: what ends at full rate is worth less.

    Args:
        done: Share of the steps.
        late: Share of the time.
    """
    return min(done * 10 + 0.1, (1.0 - done) / 0.9, 1.0) * min(1.0, max(0.0, 1.0 - late) * 10)


def batches(pairs: Sequence[Pair], most: int, rng: np.random.Generator) -> Iterator[list[Pair]]:
    """Yield pairs in batches that hold no passage twice: it would be told from itself."""
    waiting = [pairs[at] for at in rng.permutation(len(pairs))]
    while waiting:
        batch: dict[int, Pair] = {}
        later = []
        for pair in waiting:
            if len(batch) < most and pair.passage not in batch:
                batch[pair.passage] = pair
            else:
                later.append(pair)
        yield list(batch.values())
        waiting = later


def _hard(lesson: Lesson, batch: Sequence[Pair], rng: np.random.Generator) -> list[int]:
    """Return one hard negative a question that has any, each once and none that answers in the batch."""
    there = {pair.passage for pair in batch}
    drawn = {int(rng.choice(found)) for pair in batch if (found := lesson.hard.get(pair.question))}
    return sorted(drawn - there)


class _Learning:
    """A pupil with its adapter, one batch at a time."""

    def __init__(self, pupil: Pupil, schedule: Schedule) -> None:
        import torch

        self._torch = torch
        self._pupil = pupil
        self._rate = schedule.rate
        self.lora = Lora(pupil.transformer, rank=schedule.rank, alpha=schedule.alpha)
        self._optimizer = torch.optim.AdamW(self.lora.parameters, lr=schedule.rate, weight_decay=0.0)

    def step(self, lesson: Lesson, batch: Sequence[Pair], rng: np.random.Generator, *, share: float) -> float:
        """Take a step, at a share of the rate.

        Returns:
            The loss.
        """
        loss = self._pupil.loss(lesson, batch, rng)
        self._optimizer.zero_grad()
        loss.backward()
        self._torch.nn.utils.clip_grad_norm_(self.lora.parameters, 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * share
        self._optimizer.step()
        return float(loss.detach())


class _Embedding:
    """An embedder that learns."""

    def __init__(self, model: str | Path, schedule: Schedule) -> None:
        import torch

        self._torch = torch
        self._schedule = schedule
        self._model = load_model(model, device=schedule.device, attention="eager")
        self._model.train()
        self.transformer = self._model[0].auto_model

    def loss(self, lesson: Lesson, batch: Sequence[Pair], rng: np.random.Generator) -> Any:
        """Return the cross-entropy of what answers among all passages of the batch."""
        torch = self._torch
        passages = [pair.passage for pair in batch] + _hard(lesson, batch, rng)
        asked = self._encode([lesson.questions[pair.question] for pair in batch], QUESTION_TOKENS)
        found = self._encode([lesson.passages[at] for at in passages], self._schedule.passage_tokens)
        known = torch.tensor([
            [at in lesson.answers[pair.question] and at != pair.passage for at in passages] for pair in batch
        ])
        logits = (asked @ found.T / self._schedule.temperature).masked_fill(known, -1e4)
        losses = torch.nn.functional.cross_entropy(logits, torch.arange(len(batch)), reduction="none")
        weights = torch.tensor([pair.weight for pair in batch])
        return (losses * weights).sum() / weights.sum()

    def _encode(self, texts: list[str], tokens: int) -> Any:
        features = self._model.tokenizer(texts, padding=True, truncation=True, max_length=tokens, return_tensors="pt")
        output = self._model({name: value.to(self._model.device) for name, value in features.items()})
        return self._torch.nn.functional.normalize(output["sentence_embedding"].float(), dim=1).cpu()
