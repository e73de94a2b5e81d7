"""What one person can move, and who votes against everybody: bounds on labels before they become examples; pure.

Labels of who judged for this purpose, or whose judgement was approved, are not bounded. Who votes together against the
rest is one person here.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from finetune.collusion import Group, colluders
from finetune.types import Anchor, Label

WEEK_WEIGHT = 10.0
"""Most that one person's labels weigh in a week: ten corrections or twenty thumbs up with one source each. Who says
more says each with less, so that a script is one busy reader."""

CHUNK_WEIGHT = 1.0
"""Most that one person's labels weigh for or against one chunk, over all questions: one cannot push a document up by
praising it under every question. A single correction counts whole."""

_LEAST = 1e-6
"""What is scaled below this says nothing."""

OUTLIER_VOTES = 5
"""From so many votes a giver's share of odd ones says something."""

OUTLIER_SHARE = 0.5
"""Share of votes against all others from which a giver is an outlier."""

Persons = Mapping[str, str]
"""Giver -> the one that stands for a group of givers who count as one person; who is missing stands for nobody else."""


def persons(labels: Iterable[Label]) -> Persons:
    """Say which givers count as one person: those who vote together against the rest."""
    return {giver: min(group) for group in colluders(labels) for giver in group}


def capped(labels: Sequence[Label], persons: Persons | None = None) -> list[Label]:
    """Bound what each person can move.

    Said of one chunk and question, a person's last label of each kind of signal counts, the heaviest of all; then each
    person is bounded by chunk and by week. Order does not matter: whoever is over a bound is scaled, not cut off.

    Args:
        labels: In any order.
        persons: Who counts as one; None where everybody counts alone.

    Returns:
        The labels that are left, in the order given, with their weights.
    """
    one_of = persons or {}

    def person(label: Label) -> str:
        return one_of.get(label.giver, label.giver)

    # Each alone first: who copies another's votes would else use up what that one may say.
    kept = _bounded(labels, lambda label: label.giver)
    return _bounded(kept, person) if one_of else kept


def _bounded(labels: Sequence[Label], person: Callable[[Label], str]) -> list[Label]:
    kept = _once(labels, person)
    kept = _scaled(kept, lambda label: (person(label), label.anchor), CHUNK_WEIGHT)
    return _scaled(kept, lambda label: (person(label), *label.given_at.isocalendar()[:2]), WEEK_WEIGHT)


def _once(labels: Sequence[Label], person: Callable[[Label], str]) -> list[Label]:
    heaviest: dict[tuple[str, str, Anchor], Label] = {}
    for label in labels:
        key = (person(label), label.question, label.anchor)
        before = heaviest.get(key)
        if before is None or _sureness(label) > _sureness(before):
            heaviest[key] = label
    chosen = {id(label) for label in heaviest.values()}
    return [label for label in labels if id(label) in chosen]


def _sureness(label: Label) -> tuple[bool, float, float, str, int]:
    # Of equals the last, then whatever makes the choice the same in any order.
    return label.trusted, label.weight, label.given_at.timestamp(), label.source_id, label.label


def _scaled(labels: Sequence[Label], key: Callable[[Label], Hashable], most: float) -> list[Label]:
    sums: dict[Hashable, float] = defaultdict(float)
    for label in labels:
        if not label.trusted:
            sums[key(label)] += label.weight
    scaled = [
        label
        if label.trusted or sums[key(label)] <= most
        else replace(label, weight=label.weight * most / sums[key(label)])
        for label in labels
    ]
    return [label for label in scaled if label.weight > _LEAST]


@dataclass(frozen=True, slots=True)
class GiverReport:
    """How one giver votes beside the others.

    Attributes:
        votes: Labels.
        weight: Of them, together.
        share: Of the weight of all givers' labels, in [0, 1].
        contradicted: Share of the votes where more of the others say the opposite of the same chunk and question than
            the same, in [0, 1].
        alone: Share of the votes that name a chunk of a document which none of the others who voted on the question
            names, in [0, 1].
        trusted: Some of it was approved, or judged for this purpose.
        allies: Givers with whom it votes together against the rest, sorted; all of them count as one person.
    """

    giver: str
    votes: int
    weight: float
    share: float
    contradicted: float
    alone: float
    trusted: bool
    allies: tuple[str, ...] = ()

    @property
    def outlier(self) -> bool:
        """Whether somebody should look at it: enough votes, and half of them, or a group's, against everybody else."""
        odd = max(self.contradicted, self.alone) >= OUTLIER_SHARE
        return (self.votes >= OUTLIER_VOTES and odd) or bool(self.allies)


def outliers(labels: Iterable[Label], *, group: Group = lambda label: label.question) -> list[GiverReport]:
    """Report how each giver votes beside the others, so that a poisoner is seen.

    Args:
        labels: Before they are bounded.
        group: What of them is one question.

    Returns:
        One report a giver, outliers first, then by weight.
    """
    labels = list(labels)
    groups = {giver: found for found in colluders(labels, group=group) for giver in found}
    by_question: dict[Hashable, list[Label]] = defaultdict(list)
    by_giver: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        by_question[group(label)].append(label)
        by_giver[label.giver].append(label)
    contradicted: dict[str, int] = defaultdict(int)
    alone: dict[str, int] = defaultdict(int)
    for votes in by_question.values():
        _compare(votes, contradicted, alone)
    total = sum(label.weight for given in by_giver.values() for label in given) or 1.0
    reports = [
        GiverReport(
            giver=giver,
            votes=len(given),
            weight=sum(label.weight for label in given),
            share=sum(label.weight for label in given) / total,
            contradicted=contradicted[giver] / len(given),
            alone=alone[giver] / len(given),
            trusted=any(label.trusted for label in given),
            allies=tuple(sorted(groups.get(giver, frozenset()) - {giver})),
        )
        for giver, given in by_giver.items()
    ]
    return sorted(reports, key=lambda report: (not report.outlier, -report.weight, report.giver))


def _compare(votes: Sequence[Label], contradicted: dict[str, int], alone: dict[str, int]) -> None:
    signs: dict[tuple[Anchor, int], set[str]] = defaultdict(set)
    named: dict[str, set[str]] = defaultdict(set)
    positive = {label.giver for label in votes if label.label > 0}
    for label in votes:
        signs[label.anchor, label.label].add(label.giver)
        if label.label > 0:
            named[label.anchor.document_id].add(label.giver)
    for label in votes:
        against, beside = (len(signs[label.anchor, sign] - {label.giver}) for sign in (-label.label, label.label))
        contradicted[label.giver] += against > beside
        others = bool(positive - {label.giver})
        alone[label.giver] += label.label > 0 and others and not named[label.anchor.document_id] - {label.giver}
