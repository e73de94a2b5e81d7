"""The second rung: how much each score weighs, chosen on questions that what is weighed does not know."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from finetune.lab import Judged, Lab, judged
from finetune.rungs.query_adapter import QueryAdapter
from finetune.types import Example, FloatArray, Parts, RungName
from retrieval.index import Hits
from retrieval.learned import Learned, Weights, fuse_learned
from retrieval.memory import Recalled

DENSE = (0.5, 0.6, 0.7, 0.8)
SIMILAR = (0.0, 0.05, 0.1, 0.2)
REACH = (0.25, 0.5, 1.0)
MOST_QUESTIONS = 300
FOLDS = 3


class FusionWeights:
    """Tries weights on held-out questions, and leaves those it found where no others are surely better."""

    name: RungName = "fusion"
    least = 25

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Choose the weights; see ``Rung``.

        Memory and map are made anew without the questions they are tried on: on its own questions either of them
        would look as if it were always right.

        Returns:
            ``before`` with the weights, and with the reach of memory.
        """
        chosen = _best(_tried(examples, lab, before, seed), _start(before, lab))
        weights = Weights(dense=chosen.dense, similar=chosen.similar)
        return replace(before, weights=weights, reach=chosen.reach)


@dataclass(frozen=True, slots=True, order=True)
class _Setting:
    dense: float
    similar: float
    reach: float


def _start(before: Parts, lab: Lab) -> _Setting:
    dense = lab.base.dense_weight if before.weights.dense is None else before.weights.dense
    return _Setting(dense, before.weights.similar, before.reach)


def _settings(start: _Setting, *, memory: bool) -> list[_Setting]:
    similar, reach = (SIMILAR, REACH) if memory else ((start.similar,), (start.reach,))
    grid = {_Setting(*values) for values in product(DENSE, similar, reach)}
    return [start, *sorted(grid - {start})]


def _tried(examples: Sequence[Example], lab: Lab, before: Parts, seed: int) -> dict[_Setting, FloatArray]:
    """Return nDCG@10 of held-out questions by each setting, the one to start from first."""
    start = _start(before, lab)
    settings = _settings(start, memory=bool(before.memory))
    scores: dict[_Setting, list[float]] = {setting: [] for setting in settings}
    rng = np.random.default_rng(seed)
    groups = sorted({one.group for one in examples})
    fold_of = dict(zip(groups, rng.permutation(len(groups)) % FOLDS, strict=True))
    for fold in range(FOLDS):
        known = [one for one in examples if fold_of[one.group] != fold]
        asked = judged(one for one in examples if fold_of[one.group] == fold and one.anchor in lab.places)
        asked = [asked[at] for at in sorted(rng.permutation(len(asked))[: MOST_QUESTIONS // FOLDS])]
        parts = _without(before, known, lab, seed)
        for setting, more in _scores(asked, lab, parts, settings).items():
            scores[setting] += more
    return {setting: np.array(found, dtype=np.float32) for setting, found in scores.items()}


def _without(before: Parts, known: Sequence[Example], lab: Lab, seed: int) -> Parts:
    """Return the parts as they are without the examples that are not known."""
    ids = {one.id for one in known}
    rows = [row for row, one in enumerate(before.memory) if one.example in ids]
    questions = None if before.questions is None else before.questions[rows]
    parts = replace(before, memory=tuple(before.memory[row] for row in rows), questions=questions)
    return parts if before.adapter is None else QueryAdapter().fit(known, lab, before=parts, seed=seed)


def _scores(
    asked: Sequence[Judged], lab: Lab, parts: Parts, settings: Sequence[_Setting]
) -> dict[_Setting, list[float]]:
    scores: dict[_Setting, list[float]] = {setting: [] for setting in settings}
    by_reach = {reach: lab.learned(replace(parts, reach=reach)) for reach in {one.reach for one in settings}}
    for one in asked:
        hits = lab.hits(one.question, by_reach[settings[0].reach])
        recalled = {reach: _recalled(one, lab, learned, hits) for reach, learned in by_reach.items()}
        for setting in settings:
            fused = fuse_learned(
                hits,
                recalled[setting.reach],
                Weights(setting.dense, setting.similar),
                fusion=lab.base.fusion,
                dense_weight=setting.dense,
            )
            scores[setting].append(lab.score([found.chunk_id for found in fused[:50]], one))
    return scores


def _recalled(one: Judged, lab: Lab, learned: Learned, hits: Hits) -> dict[str, Recalled]:
    return learned.recall(lab.encode([one.question])[0], hits, readable=set)


def _best(tried: dict[_Setting, FloatArray], start: _Setting) -> _Setting:
    """Return the setting whose gain is largest, less its standard error: the fewer questions, the more it must be."""
    if not len(tried[start]):
        return start

    def surely(setting: _Setting) -> float:
        gains = tried[setting] - tried[start]
        return float(gains.mean() - gains.std() / np.sqrt(len(gains)))

    return max(tried, key=surely)
