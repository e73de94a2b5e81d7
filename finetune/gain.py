"""What a candidate gains: as a whole, question by question, and by the kind of question; pure, seeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.figures import ratio_of
from eval.statistics import Difference, FloatArray, difference
from finetune.questions import Question

MAX_DRAWN = 500
"""Questions of which a report keeps the difference: more than that no picture shows apart."""

LEAST_OF_A_KIND = 5
"""Questions of a kind below which nothing is said of it."""


@dataclass(frozen=True, slots=True)
class KindGain:
    """What the questions of one kind gain.

    Attributes:
        name: Of the kind, such as ``words=1-4``.
        questions: How many it has.
        low: Of the 95 % interval over groups; None where it cannot be measured.
        high: Likewise.
    """

    name: str
    questions: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How a gain lies over the questions, none of which it names.

    Attributes:
        differences: What each question gains, the most first; of more than 500 as many, evenly taken.
        kinds: By the kind of question, by name; kinds overlap.
    """

    differences: tuple[float, ...]
    kinds: tuple[KindGain, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> "Spread | None":
        """Read what a report holds of it; None where it is of a time before there was one."""
        if value is None:
            return None
        return cls(tuple(value["differences"]), tuple(KindGain(**kind) for kind in value["kinds"]))


def gain_of(before: FloatArray, after: FloatArray, groups: Sequence[str], *, seed: int) -> Difference:
    """Measure what a candidate gains, taking questions of one group for one observation.

    Args:
        before: Score of each question by what is live, shape (questions,).
        after: By the candidate, shape (questions,).
        groups: Of each question.
        seed: The same seed gives the same answer.

    Returns:
        The difference of the means over questions; ``questions`` of it counts groups.
    """
    names, place = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)
    counts = np.bincount(place, minlength=len(names)).astype(np.float64)

    def columns(scores: FloatArray) -> dict[str, FloatArray]:
        summed = np.bincount(place, weights=scores, minlength=len(names)).astype(np.float64)
        return {"score": summed, "questions": counts}

    return difference(columns(before), columns(after), ratio_of("score", "questions"), about="score", seed=seed)


def spread_of(questions: Sequence[Question], before: FloatArray, after: FloatArray, *, seed: int) -> Spread:
    """Say how a gain lies over questions.

    Args:
        questions: That were measured.
        before: Score of each by what is live, shape (questions,).
        after: By the candidate, shape (questions,).
        seed: The same seed gives the same answer.

    Returns:
        Differences and kinds; a kind of fewer than five questions is left out.
    """
    gained = np.sort(after - before)[::-1]
    taken = np.unique(np.linspace(0, len(gained) - 1, min(len(gained), MAX_DRAWN)).round().astype(int))
    members: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        for name in question.slices:
            members.setdefault(name, []).append(place)
    kinds = []
    for name, places in sorted(members.items()):
        if len(places) >= LEAST_OF_A_KIND:
            groups = [questions[place].group for place in places]
            found = gain_of(before[places], after[places], groups, seed=seed)
            kinds.append(KindGain(name, len(places), found.value or 0.0, found.low, found.high))
    return Spread(tuple(float(one) for one in gained[taken]), tuple(kinds))
