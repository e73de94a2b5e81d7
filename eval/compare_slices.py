"""Where two runs differ: the questions that changed, and the slices, those that lost most first; pure, seeded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.compare import Change, changed_questions, difference_of, same_questions
from eval.figures import MEASURES
from eval.power import ALPHA
from eval.report import Report
from eval.slices import LEAST_QUESTIONS
from eval.statistics import Difference, holm

MOST_SLICES = 60
"""Each is tested by a thousand permutations, and the more there are, the surer each must be."""


@dataclass(frozen=True, slots=True)
class SliceChange:
    """What changed in the questions with one value of a tag.

    Attributes:
        difference: Of the primary figure; its verdict stands after Holm over the slices.
        p_adjusted: After Holm; 1 where nothing could be tested.
    """

    tag: str
    value: str
    difference: Difference
    p_adjusted: float

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, rounded to four digits."""
        return {"tag": self.tag, "value": self.value, "p_adjusted": round(self.p_adjusted, 4)} | {
            "difference": self.difference.as_json()
        }


def compare_slices(a: Report, b: Report, *, primary: str, seed: int) -> tuple[SliceChange, ...]:
    """Compare two runs in every group of at least five questions that a tag of the second makes.

    Args:
        a: The run before.
        b: The run after.
        primary: The figure to compare by; both have it.
        seed: The same seed gives the same answer.

    Returns:
        The groups, at most the 60 largest; those that lost most stand first.
    """
    groups = _groups(same_questions(a, b), b)
    found = [(group, difference_of(primary, a, b, keys, seed=seed)) for group, keys in groups]
    adjusted = holm([difference.p_value for _, difference in found])
    told = [
        SliceChange(tag, value, _surely(difference, p), p)
        for ((tag, value), difference), p in zip(found, adjusted, strict=True)
        if difference.value is not None
    ]
    sign = 1.0 if MEASURES[a.kind][primary].better == "higher" else -1.0
    return tuple(sorted(told, key=lambda change: (sign * (change.difference.value or 0.0), change.tag, change.value)))


def every_change(a: Report, b: Report, *, primary: str) -> tuple[Change, ...]:
    """Return all questions whose score on the primary figure changed, what lost most first."""
    sign = 1.0 if MEASURES[a.kind][primary].better == "higher" else -1.0
    changes = changed_questions(a, b, same_questions(a, b), MEASURES[a.kind][primary])
    return tuple(sorted(changes, key=lambda change: (sign * (change.after - change.before), change.question)))


def _groups(shared: Sequence[str], run: Report) -> list[tuple[tuple[str, str], list[str]]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for key in shared:
        for tag, value in run.tags.get(key, {}).items():
            groups.setdefault((tag, value), []).append(key)
    large = [(group, keys) for group, keys in groups.items() if len(keys) >= LEAST_QUESTIONS]
    return sorted(large, key=lambda entry: (-len(entry[1]), entry[0]))[:MOST_SLICES]


def _surely(difference: Difference, p_adjusted: float) -> Difference:
    if difference.verdict in {"better", "worse"} and p_adjusted >= ALPHA:
        return replace(difference, verdict="no difference found")
    return difference
