"""The third rung: a linear map of question vectors, so that questions come to lie nearer to what answers them.

Only what everybody may read takes part, as answer or as what else could have been one: weights serve everybody.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.lab import Lab
from finetune.types import Example, FloatArray, Parts, RungName

TEMPERATURE = 0.05
# With fewer pairs the map is held the closer to none: with 10 a free one loses. On training questions held out of two
# sets, a hundred pairs gained more by some four times what 1 / n would hold them with, so it grows faster than that.
DECAY, DECAY_PAIRS, DECAY_POWER = 0.003, 4000, 1.4
EPOCHS, BATCH, RATE = 12, 256, 1e-3
MOST_CHUNKS = 10_000
_HARD = 50  # chunks nearest to each question that stay among those it is told from, where not all can

IntArray = NDArray[np.int64]


class QueryAdapter:
    """Fits q + q @ W by telling each question's chunk from all others (InfoNCE), W starting from zero."""

    name: RungName = "query_adapter"
    least = 100

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Train the map; see ``Rung``. Where no open chunk answers anything there is none."""
        lesson = _lesson(examples, lab, seed=seed)
        tell = partial(lab.losses, self.name)
        return replace(before, adapter=None if lesson is None else _trained(lesson, seed, tell))


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """Pairs of a question and a chunk that answers it.

    Attributes:
        questions: Vectors, shape (questions, dim).
        chunks: Vectors of what each question is told its answers from, shape (chunks, dim).
        asked: Index into ``questions`` of each pair, shape (pairs,), ascending.
        answers: Index into ``chunks`` of each pair, shape (pairs,).
        weights: Of each pair, shape (pairs,).
    """

    questions: FloatArray
    chunks: FloatArray
    asked: IntArray
    answers: IntArray
    weights: FloatArray

    def others(self, batch: IntArray) -> tuple[IntArray, IntArray]:
        """Return rows of a batch and the chunks that answer the question of each, its own among them."""
        first, last = (np.searchsorted(self.asked, self.asked[batch], side=side) for side in ("left", "right"))
        rows = np.repeat(np.arange(len(batch)), last - first)
        pairs = np.concatenate([np.arange(start, end) for start, end in zip(first, last, strict=True)])
        return rows, self.answers[pairs]


def _lesson(examples: Sequence[Example], lab: Lab, *, seed: int) -> _Lesson | None:
    # A text that several documents hold is one answer: its copies would be told from it.
    texts: dict[str, int] = {}
    for place in np.flatnonzero(lab.open):
        texts.setdefault(lab.anchors[place].text_sha256, int(place))
    pairs = [one for one in examples if one.label > 0 and one.anchor in lab.places and lab.open[lab.places[one.anchor]]]
    if not pairs:
        return None
    pairs.sort(key=lambda one: one.question)
    rows = {question: row for row, question in enumerate(dict.fromkeys(one.question for one in pairs))}
    questions = lab.encode(list(rows))
    places = np.array([texts[one.anchor.text_sha256] for one in pairs], dtype=np.int64)
    there = _told_from(np.array(sorted(texts.values()), dtype=np.int64), places, questions, lab.vectors, seed=seed)
    return _Lesson(
        questions=questions,
        chunks=lab.vectors[there],
        asked=np.array([rows[one.question] for one in pairs], dtype=np.int64),
        answers=np.searchsorted(there, places).astype(np.int64),
        weights=np.array([one.weight for one in pairs], dtype=np.float32),
    )


def _told_from(
    there: IntArray, answers: IntArray, questions: FloatArray, vectors: FloatArray, *, seed: int
) -> IntArray:
    """Return the places of chunks that questions are told their answers from, ascending.

    All there are; of more than fit, the answers, the nearest to the questions, and some by chance.
    """
    if len(there) <= MOST_CHUNKS:
        return there
    chance, rows = np.random.default_rng(seed), vectors[there]
    kept = np.unique(answers)
    for question in questions[chance.permutation(len(questions))]:
        # Half of the room stays for chunks by chance: told from its neighbours alone, an answer may move anywhere else.
        if len(kept) >= MOST_CHUNKS // 2:
            break
        kept = np.union1d(kept, there[np.argpartition(-(rows @ question), _HARD)[:_HARD]])
    drawn = chance.permutation(np.setdiff1d(there, kept))[: max(0, MOST_CHUNKS - len(kept))]
    return np.union1d(kept, drawn).astype(np.int64)


def _trained(lesson: _Lesson, seed: int, tell: Callable[[float, int], None]) -> FloatArray:
    torch: Any = import_module("torch")  # seconds to import; only who trains pays
    order = np.random.default_rng(seed)
    questions, chunks, weights = (torch.from_numpy(a) for a in (lesson.questions, lesson.chunks, lesson.weights))
    matrix = torch.zeros((questions.shape[1],) * 2, requires_grad=True)
    optimizer = torch.optim.Adam([matrix], lr=RATE)
    pairs = len(lesson.asked)
    decay = DECAY * max(1.0, DECAY_PAIRS / pairs) ** DECAY_POWER
    for epoch in range(EPOCHS):
        seen = []
        for batch in np.array_split(order.permutation(pairs), math.ceil(pairs / BATCH)):
            q = questions[lesson.asked[batch]]
            cosines = torch.nn.functional.normalize(q + q @ matrix, dim=1) @ chunks.T
            # Other answers to the same question are no wrong ones.
            own, answers = torch.arange(len(batch)), torch.from_numpy(lesson.answers[batch])
            allowed = torch.zeros_like(cosines)
            allowed[lesson.others(batch)] = -torch.inf
            allowed[own, answers] = 0.0
            losses = torch.nn.functional.cross_entropy(cosines / TEMPERATURE + allowed, answers, reduction="none")
            share = weights[batch] / weights[batch].sum()
            loss = (losses * share).sum() + decay * matrix.square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(loss.detach())
        tell(float(torch.stack(seen).mean()), epoch)  # a step takes milliseconds, and who is told may take as long
    result: FloatArray = matrix.detach().numpy()
    return result
