"""The third rung: a linear map of question vectors, so that questions come to lie nearer to what answers them.

Only what everybody may read takes part, as answer or as what else could have been one: weights serve everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.lab import Lab
from finetune.types import Example, FloatArray, Parts, RungName
from retrieval.memory import moved

TEMPERATURE = 0.05
DECAY, DECAY_PAIRS = 0.003, 4000  # with fewer pairs the map is held the closer to none: with 10 a free one loses
EPOCHS, BATCH, RATE = 12, 256, 1e-3
MOST_CHUNKS = 20_000
_HARD = 50  # chunks nearest to each question that stay among those it is told from, where not all can

IntArray = NDArray[np.int64]


class QueryAdapter:
    """Fits q + q @ W by contrasting each question's chunk with all others (InfoNCE), W starting from zero."""

    name: RungName = "query_adapter"
    least = 100

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Train the map, chunks standing where memory moved them; see ``Rung``."""
        lesson = _lesson(examples, lab, reach=before.reach if before.memory else 0.0, seed=seed)
        if lesson is None:
            return replace(before, adapter=None)
        return replace(before, adapter=_trained(lesson, seed))


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """Pairs of a question and a chunk that answers it.

    Attributes:
        questions: Vectors, shape (questions, dim).
        asked: Index into ``questions`` of each pair, shape (pairs,).
        answers: Index into ``chunks`` of each pair, shape (pairs,).
        weights: Of each pair, shape (pairs,).
        alone: Each pair's chunk as it stood without that question, shape (pairs, dim): a chunk that was moved by the
            question itself would be found without any map.
        chunks: Vectors, shape (chunks, dim).
    """

    questions: FloatArray
    asked: IntArray
    answers: IntArray
    weights: FloatArray
    alone: FloatArray
    chunks: FloatArray

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which chunks answer which question, shape (questions, chunks)."""
        known = np.zeros((len(self.questions), len(self.chunks)), dtype=np.bool_)
        known[self.asked, self.answers] = True
        return known


def _lesson(examples: Sequence[Example], lab: Lab, *, reach: float, seed: int) -> _Lesson | None:
    # A text that several documents hold is one answer: its copies would be told from it.
    texts: dict[str, int] = {}
    for place in np.flatnonzero(lab.open):
        texts.setdefault(lab.anchors[place].text_sha256, int(place))
    pairs = [one for one in examples if one.label > 0 and one.anchor in lab.places and lab.open[lab.places[one.anchor]]]
    if not pairs:
        return None
    rows = {question: row for row, question in enumerate(dict.fromkeys(one.question for one in pairs))}
    questions = lab.encode(list(rows))
    asked = np.array([rows[one.question] for one in pairs], dtype=np.int64)
    places = np.array([texts[one.anchor.text_sha256] for one in pairs], dtype=np.int64)
    weights = np.array([one.weight for one in pairs], dtype=np.float32)
    chosen = _chosen(np.array(sorted(texts.values()), dtype=np.int64), places, questions @ lab.vectors.T, seed)
    answers = np.searchsorted(chosen, places).astype(np.int64)
    chunks, alone = _moved(lab.vectors[chosen], answers, questions[asked], weights, reach=reach)
    return _Lesson(questions, asked, answers, weights, alone, chunks)


def _chosen(there: IntArray, answers: IntArray, cosines: FloatArray, seed: int) -> IntArray:
    """Return the places of the chunks that questions are told from, sorted: all, or the nearest and some by chance."""
    if len(there) <= MOST_CHUNKS:
        return there
    nearest = there[np.argpartition(-cosines[:, there], _HARD, axis=1)[:, :_HARD]]
    kept = np.union1d(answers, nearest.ravel())[:MOST_CHUNKS]
    others = np.setdiff1d(there, kept)
    drawn = np.random.default_rng(seed).permutation(others)[: max(0, MOST_CHUNKS - len(kept))]
    return np.union1d(np.union1d(kept, answers), drawn).astype(np.int64)


def _moved(
    vectors: FloatArray, answers: IntArray, asked: FloatArray, weights: FloatArray, *, reach: float
) -> tuple[FloatArray, FloatArray]:
    """Return where chunks stand once memory moved them, and each pair's chunk as if that question were not known."""
    sums, votes = np.zeros_like(vectors), np.zeros(len(vectors), dtype=np.float32)
    np.add.at(sums, answers, weights[:, None] * asked)
    np.add.at(votes, answers, weights)
    without, less = sums[answers] - weights[:, None] * asked, np.maximum(votes[answers] - weights, 0)
    return moved(vectors, sums, votes, reach=reach), moved(vectors[answers], without, less, reach=reach)


def _trained(lesson: _Lesson, seed: int) -> FloatArray:
    torch: Any = import_module("torch")  # seconds to import; only who trains pays
    order = torch.Generator().manual_seed(seed)
    questions, chunks = torch.from_numpy(lesson.questions), torch.from_numpy(lesson.chunks)
    asked, answers = torch.from_numpy(lesson.asked), torch.from_numpy(lesson.answers)
    weights, alone = torch.from_numpy(lesson.weights), torch.from_numpy(lesson.alone)
    known = torch.from_numpy(lesson.known)
    matrix = torch.zeros((questions.shape[1],) * 2, requires_grad=True)
    optimizer = torch.optim.Adam([matrix], lr=RATE)
    decay = DECAY * max(1.0, DECAY_PAIRS / len(asked))
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(asked), generator=order).split(BATCH):
            q = questions[asked[batch]]
            q = torch.nn.functional.normalize(q + q @ matrix, dim=1)
            cosines = q @ chunks.T
            own = (q * alone[batch]).sum(dim=1, keepdim=True)
            # Other answers to the same question are no wrong ones.
            cosines = cosines.masked_fill(known[asked[batch]], -1e4).scatter(1, answers[batch][:, None], own)
            losses = torch.nn.functional.cross_entropy(cosines / TEMPERATURE, answers[batch], reduction="none")
            loss = (losses * weights[batch]).sum() / weights[batch].sum() + decay * matrix.square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    result: FloatArray = matrix.detach().numpy()
    return result
