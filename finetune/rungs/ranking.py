"""The rung above the weights: a logistic model of what the search knows of its candidates (``retrieval.ranking``).

Each question's right chunks are told from its other candidates (conditional logit). The score that serves has a weight
of its own, which nothing holds down; those of the features are held to zero, so that with few questions the order
stays as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finetune.lab import Judged, Lab
from finetune.rungs.held_out import Trial, trials
from finetune.types import Example, Parts, RungName
from retrieval.ranking import FEATURES, FloatArray, Ranking, features, ranked
from retrieval.rerank import KeepOrder, identity_of
from retrieval.suspicion import nobody
from retrieval.types import Passage

# On 25 to 300 training questions of feedbackqa, weights held by 30 gained the most and by 10 lost with 25; from 200
# questions down they are held the closer.
HOLD, HOLD_QUESTIONS = 30.0, 200
MOST_QUESTIONS = 300
_LEAST_SCALE = 1e-6  # a feature that varies less is none: the reranker at hand has it not

IntArray = NDArray[np.int64]


class LogisticRanking:
    """Weighs features where that surely ranks better on questions that the weights were not made of."""

    name: RungName = "ranking"
    least = 200  # of fewer none was ever kept, and to try takes as long as all other rungs together

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Learn the weights; see ``Rung``.

        Candidates are those of the search by memory and map made anew without the question, and as somebody finds
        them who is in no group: weights serve everybody.

        Returns:
            ``before`` with the ranking; without one where none gains more than its standard error.
        """
        examples, lab = [one for one in examples if one.open], lab.for_everybody()
        before = replace(before, ranking=None)
        right = _right(examples, lab)
        folds = [
            list(_lessons(trial, right, lab)) for trial in trials(examples, lab, before, most=MOST_QUESTIONS, seed=seed)
        ]
        reranker = identity_of(lab.reranker or lab.base.reranker)
        gains = [gain for place in range(len(folds)) for gain in _gains(place, folds, reranker, lab)]
        if not gains or np.mean(gains) <= np.std(gains) / np.sqrt(len(gains)):
            return before
        return replace(before, ranking=_solved([lesson for fold in folds for lesson in fold], reranker))


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """The candidates of a question.

    Attributes:
        right: Weight of each as an answer, shape (passages,); 0 where nobody said that it is one.
    """

    asked: Judged
    passages: Sequence[Passage]
    right: FloatArray


def _right(examples: Sequence[Example], lab: Lab) -> dict[str, dict[str, float]]:
    """Return the chunks that answer each question, with their weights: 1 together at most."""
    found: dict[str, dict[str, float]] = {}
    for one in examples:
        if one.label > 0 and one.anchor in lab.places:
            found.setdefault(one.question, {})[lab.chunk_ids[lab.places[one.anchor]]] = one.weight
    return {
        question: {key: weight / max(1.0, sum(chunks.values())) for key, weight in chunks.items()}
        for question, chunks in found.items()
    }


def _lessons(trial: Trial, right: Mapping[str, Mapping[str, float]], lab: Lab) -> Iterator[_Lesson]:
    # What is folded or lowered afterwards is a candidate too.
    retriever = replace(lab.retriever(lab.learned(trial.parts)), collapse="none", suspects=nobody)
    looks = not isinstance(lab.reranker or retriever.reranker, KeepOrder)
    lab.encode([one.question for one in trial.asked])
    for one in trial.asked:
        passages = retriever.retrieve(one.question, principal=lab.principal, limit=retriever.rerank_depth)
        if looks and any(passage.rerank is None for passage in passages):
            continue  # it failed at this question, whose scores are those of the search
        weights = right.get(one.question, {})
        yield _Lesson(one, passages, np.array([weights.get(passage.chunk.id, 0.0) for passage in passages]))


def _gains(fold: int, folds: Sequence[Sequence[_Lesson]], reranker: str, lab: Lab) -> Iterator[float]:
    """Yield what each question of a fold gains by the ranking of the others."""
    made = _solved([lesson for place, others in enumerate(folds) if place != fold for lesson in others], reranker)
    for lesson in folds[fold]:
        after = lesson.passages if made is None else ranked(lesson.passages, made)
        scores = [lab.score((one.chunk.id for one in order), lesson.asked) for order in (lesson.passages, after)]
        yield scores[1] - scores[0]


def _solved(lessons: Sequence[_Lesson], reranker: str) -> Ranking | None:
    """Return the ranking of lessons; None where there is nothing to learn, or the score says nothing by itself."""
    from scipy.optimize import minimize  # a third of a second to import; only who trains pays

    told = [lesson for lesson in lessons if lesson.right.any()]
    if not told:
        return None
    rows = np.concatenate([features(lesson.passages) for lesson in told])
    scores = np.array([passage.score for lesson in told for passage in lesson.passages])
    means, scales = rows.mean(axis=0), rows.std(axis=0)
    told_apart = scales > _LEAST_SCALE
    scales[~told_apart] = 1.0
    unit = float(scores.std()) or 1.0
    likelihood = _Likelihood(
        columns=np.column_stack([(scores - scores.mean()) / unit, (rows - means) / scales * told_apart]),
        right=np.concatenate([lesson.right for lesson in told]),
        starts=np.cumsum([0, *(len(lesson.passages) for lesson in told[:-1])]),
        hold=HOLD * max(1.0, HOLD_QUESTIONS / len(told)),
    )
    found = minimize(likelihood, np.eye(1 + len(FEATURES))[0], jac=True, method="L-BFGS-B").x
    slope = float(found[0]) / unit
    if not np.isfinite(found).all() or slope <= 0:
        return None
    weights = found[1:] / slope * told_apart
    return Ranking(reranker, tuple(means.tolist()), tuple(scales.tolist()), tuple(weights.tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class _Likelihood:
    """How badly weights tell right candidates from the others of their question.

    Attributes:
        columns: Score and features of each candidate, shape (candidates, 1 + features).
        right: Weight of each as an answer, shape (candidates,).
        starts: Where the candidates of each question begin, shape (questions,).
        hold: How closely the weights of features are held to zero.
    """

    columns: FloatArray
    right: FloatArray
    starts: IntArray
    hold: float

    def __call__(self, weights: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss, and its slope for each of the weights."""
        counts = np.diff([*self.starts, len(self.right)])
        chances = self.columns @ weights
        chances -= np.repeat(np.maximum.reduceat(chances, self.starts), counts)
        logs = chances - np.repeat(np.log(np.add.reduceat(np.exp(chances), self.starts)), counts)
        said = np.repeat(np.add.reduceat(self.right, self.starts), counts)
        held = np.concatenate([[0.0], weights[1:]])
        loss = -float(self.right @ logs) + self.hold / 2 * float(held @ held)
        slopes = self.columns.T @ (said * np.exp(logs) - self.right) + self.hold * held
        return loss, slopes
