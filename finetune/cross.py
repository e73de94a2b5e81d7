"""A cross-encoder that learns: of some passages, which one answers a question; and one that has learned.

For each question the cross-entropy of what answers it among passages that seem to (listwise softmax): only the order
within one search counts.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from finetune.contrast import QUESTION_TOKENS, Lesson, Pair, Schedule, Watch, study
from finetune.lora import Lora, merge
from retrieval.embedding_model import fast_bfloat16
from retrieval.errors import ModelError
from retrieval.rerank import CrossEncoderReranker, load_cross_encoder

SCHEDULE = Schedule(epochs=2, batch=8, rate=5e-4, temperature=1.0, passage_tokens=160, hard=4)
"""A step reads five passages a question, so it is shorter than an embedder's, and there are more of them."""


def train_cross_encoder(
    model: str | Path, lesson: Lesson, schedule: Schedule, *, seed: int, watch: Watch | None = None
) -> Lora:
    """Train a LoRA adapter of a cross-encoder; see ``finetune.contrast.train``.

    Args:
        model: Its folder or hub id.
        lesson: What is learned from.
        schedule: How; ``hard`` is how many passages each answer is told from.
        seed: Of the first weights and of the order.
        watch: Who looks on.

    Returns:
        The adapter.

    Raises:
        CancelledError: It was asked to stop.
        ModelError: The model cannot be loaded, or takes no adapter.
    """
    return study(lambda: _Judging(model, schedule), lesson, schedule, seed=seed, watch=watch)


def adapted_reranker(model: str | Path, adapter: Path, *, device: str | None = None) -> CrossEncoderReranker:
    """Load a cross-encoder with an adapter; its base is untouched.

    Args:
        model: Folder or hub id of the base.
        adapter: Folder of the adapter.
        device: See ``CrossEncoderReranker``.

    Returns:
        The reranker, with a fingerprint of its own; as fast as its base.

    Raises:
        ModelError: The adapter cannot be read, or was made for another cross-encoder.
    """
    return CrossEncoderReranker(model, device=device, adapt=partial(_adapt, adapter))


def _adapt(adapter: Path, model: Any, base: str) -> str:
    return merge(_transformer(model), adapter, base=base)


def _transformer(model: Any) -> Any:
    # Language models that say yes or no share their last layer with their first: an adapter would act on both.
    if len(model) != 1:
        raise ModelError("an adapter acts on cross-encoders that are one transformer, and this one is more")
    return model[0].auto_model


class _Judging:
    """A cross-encoder that learns."""

    def __init__(self, model: str | Path, schedule: Schedule) -> None:
        import torch
        from sentence_transformers.util import batch_to_device

        self._torch, self._batch_to_device = torch, batch_to_device
        self._schedule = schedule
        device = schedule.device
        options = {
            "dtype": torch.bfloat16 if fast_bfloat16(torch, device) else torch.float32,
            "attn_implementation": "eager",
        }
        self._model = load_cross_encoder(model, device=device, options=options)
        self._model.max_seq_length = min(self._model.max_seq_length, QUESTION_TOKENS + schedule.passage_tokens)
        self._model.train()
        self.transformer = _transformer(self._model)

    def loss(self, lesson: Lesson, batch: Sequence[Pair], rng: np.random.Generator) -> Any:
        """Return the cross-entropy of what answers among what each question is told it from."""
        torch = self._torch
        lists = [[pair.passage, *_others(lesson, pair, rng, most=self._schedule.hard)] for pair in batch]
        pairs = [
            (lesson.questions[pair.question], lesson.passages[at])
            for pair, passages in zip(batch, lists, strict=True)
            for at in passages
        ]
        output = self._model(self._batch_to_device(self._model.preprocess(pairs), self._model.device))
        logits = output["scores"].float().cpu().reshape(-1) / self._schedule.temperature
        losses = [row.logsumexp(0) - row[0] for row in logits.split([len(passages) for passages in lists])]
        weights = torch.tensor([pair.weight for pair in batch])
        return (torch.stack(losses) * weights).sum() / weights.sum()


def _others(lesson: Lesson, pair: Pair, rng: np.random.Generator, *, most: int) -> list[int]:
    """Return passages that do not answer a question: those that seem to, and any where they are too few."""
    seeming = list(lesson.hard.get(pair.question, ()))
    chosen = [seeming[at] for at in sorted(rng.permutation(len(seeming))[:most])]
    known = lesson.answers[pair.question] | set(seeming)
    for at in rng.permutation(len(lesson.passages)):
        if len(chosen) >= most:
            break
        if int(at) not in known:
            chosen.append(int(at))
    return chosen
