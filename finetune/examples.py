"""Labels -> examples: what is stale, too much, contradicted or doubtful goes; the rest is scrubbed and grouped."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np

from finetune.caps import GiverReport, capped, outliers, persons
from finetune.groups import NEAR, Groups, near_duplicates
from finetune.signals import folded
from finetune.types import Anchor, Example, FloatArray, Label

QUORUM = 2
"""So many people must say that a chunk is wrong before it counts, or one who is trusted."""

LEAST_NET = 0.25
"""Share of what was said for and against that must be left when both are weighed against each other: below it the
raters disagree, and nothing is known."""

Standing = Callable[[Collection[Anchor]], Mapping[Anchor, bool]]
"""Anchors -> those that still mean a live chunk, and whether everybody who signs in may read it."""

Encode = Callable[[Sequence[str]], FloatArray]
"""Questions -> vectors, shape (len(questions), dim), L2 norm 1."""


@dataclass(frozen=True, slots=True)
class Context:
    """What labels are held against.

    Attributes:
        standing: Which chunks are there, and who may read them.
        encode: Of the embedder that serves.
        scrub: Takes personal data out of a question, the same for the same data.
    """

    standing: Standing
    encode: Encode
    scrub: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Built:
    """What became of labels.

    Attributes:
        examples: By id.
        dropped: Why labels or rows were left out, and how many of each.
        givers: How each giver votes beside the others, outliers first.
    """

    examples: tuple[Example, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    givers: tuple[GiverReport, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The different questions.

    Attributes:
        vectors: Of each, shape (questions, dim), L2 norm 1.
        places: Question -> row.
        like: Question -> the question that stands for all that are nearly the same.
    """

    vectors: FloatArray
    places: Mapping[str, int]
    like: Mapping[str, str]

    def groups(self, labels: Sequence[Label]) -> Groups:
        groups = Groups(self.places)
        groups.join_by((like, question) for question, like in self.like.items())
        groups.join_by((label.conversation, label.question) for label in labels if label.conversation)
        # A question that was asked again and the one that was answered stand on the same signal.
        groups.join_by(((label.kind, label.source_id), label.question) for label in labels)
        return groups

    def near(self, question: str, others: Sequence[str]) -> bool:
        rows = [self.places[other] for other in others]
        return bool((self.vectors[rows] @ self.vectors[self.places[question]] > NEAR).any())


def _asked(labels: Sequence[Label], encode: Encode) -> _Asked:
    questions = sorted({label.question for label in labels})
    vectors = encode(questions) if questions else np.zeros((0, 0), dtype=np.float32)
    like = {question: questions[row] for question, row in zip(questions, near_duplicates(vectors), strict=True)}
    return _Asked(vectors, {question: row for row, question in enumerate(questions)}, like)


def _group_names(
    labels: Sequence[Label], standing: Mapping[Anchor, bool], asked: _Asked, encode: Encode
) -> Mapping[str, str]:
    """Return the group of each question.

    Questions about what everybody may read are grouped by such alone: weights that everybody is served by are chosen on
    parts of them. Others join the first of the groups that they belong to.
    """
    public = [label for label in labels if standing[label.anchor]]
    whole = asked.groups(labels)
    own = whole if len(public) == len(labels) else _asked(public, encode).groups(public)
    names = {question: own.name(question) for question in {label.question for label in public}}
    first: dict[str, str] = {}
    for question, name in names.items():
        group = whole.name(question)
        first[group] = min(name, first.get(group, name))
    others = {label.question for label in labels} - set(names)
    return names | {other: first.get(whole.name(other), whole.name(other)) for other in others}


def build_examples(labels: Sequence[Label], context: Context) -> Built:
    """Make examples of labels.

    Args:
        labels: In any order; the outcome does not depend on it.
        context: What they are held against.

    Returns:
        The examples, what was left out, and how givers voted.
    """
    dropped: Counter[str] = Counter()
    standing = context.standing({label.anchor for label in labels})
    live = [label for label in labels if label.anchor in standing and label.question.strip()]
    dropped["labels whose chunk is gone or changed"] = len(labels) - len(live)
    # Apart, so that no row that everybody may read tells by its weight or spelling what was asked of the others.
    apart = [[label for label in live if standing[label.anchor] is is_open] for is_open in (True, False)]
    scrubbed = [_scrubbed(part, context.scrub) for part in apart]
    live = [label for part in scrubbed for label in part]
    bounded = [label for part in scrubbed for label in capped(part, persons(part))]
    dropped["labels that a later or surer one of the same person replaces"] = len(live) - len(bounded)
    asked = _asked(bounded, context.encode)
    rows = _voted(bounded, _group_names(bounded, standing, asked, context.encode), standing, dropped)
    rows = _without_false_negatives(rows, asked, dropped)
    reports = outliers(live, group=lambda label: asked.like.get(label.question, label.question))
    return Built(tuple(sorted(rows, key=lambda row: row.id)), _counted(dropped), tuple(reports))


def example_id(question: str, anchor: Anchor) -> str:
    """Return the id of the example of a question and a chunk: 64 hex digits."""
    parts = "\x1f".join((question, anchor.document_id, anchor.text_sha256))
    return sha256(parts.encode(errors="surrogatepass")).hexdigest()


def _scrubbed(labels: Sequence[Label], scrub: Callable[[str], str]) -> list[Label]:
    """Questions that differ in case and spacing alone become one, in the spelling that sorts first."""
    plain = {question: " ".join(scrub(question).split()) for question in {label.question for label in labels}}
    spelling: dict[str, str] = {}
    for text in sorted(plain.values()):
        spelling.setdefault(folded(text), text)
    return [replace(label, question=spelling[folded(plain[label.question])]) for label in labels]


def _voted(
    labels: Sequence[Label], groups: Mapping[str, str], standing: Mapping[Anchor, bool], dropped: Counter[str]
) -> list[Example]:
    votes: dict[tuple[str, Anchor], list[Label]] = defaultdict(list)
    for label in labels:
        votes[label.question, label.anchor].append(label)
    rows: list[Example] = []
    for (question, anchor), said in votes.items():
        # Whose word is enough is not outvoted: one vote of anybody against theirs would leave nothing known.
        trusted = [label for label in said if label.trusted]
        given = trusted or _seconded(said)
        dropped["demotions that only one person wants"] += not trusted and len(given) < len(said)
        if not given:
            continue
        if verdict := _verdict(given):
            rows.append(_example(question, anchor, given, verdict, groups[question], standing[anchor]))
        else:
            dropped["rows that raters contradict each other on"] += 1
    return rows


def _seconded(said: Sequence[Label]) -> Sequence[Label]:
    """Return what people say of a chunk; a demotion that one alone wants takes nothing from what others praised."""
    against = {label.giver for label in said if label.label < 0}
    return said if len(against) >= QUORUM else [label for label in said if label.label > 0]


def _verdict(given: Sequence[Label]) -> float:
    """Return what people say of a chunk together, in [-1, 1]; 0 where they contradict each other."""
    net = sum(label.label * label.weight for label in given)
    gross = sum(label.weight for label in given)
    return 0.0 if abs(net) < LEAST_NET * gross else max(-1.0, min(1.0, net))


def _example(
    question: str, anchor: Anchor, given: Sequence[Label], verdict: float, group: str, is_open: bool
) -> Example:
    return Example(
        id=example_id(question, anchor),
        question=question,
        anchor=anchor,
        label=1 if verdict > 0 else -1,
        weight=abs(verdict),
        signals=tuple(sorted({label.signal for label in given})),
        sources=tuple(sorted({label.source_id for label in given})),
        givers=tuple(sorted({label.giver for label in given})),
        group=group,
        given_at=max(label.given_at for label in given),
        open=is_open,
        askers=tuple(sorted({label.asker for label in given if label.asker})),
    )


def _without_false_negatives(rows: Sequence[Example], asked: _Asked, dropped: Counter[str]) -> list[Example]:
    """A chunk that answers nearly the same question is no wrong answer to this one."""
    right: dict[Anchor, list[str]] = defaultdict(list)
    for row in rows:
        if row.label > 0:
            right[row.anchor].append(row.question)
    kept = [row for row in rows if row.label > 0 or not asked.near(row.question, right.get(row.anchor, ()))]
    dropped["wrong chunks that answer nearly the same question"] = len(rows) - len(kept)
    return kept


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {what: count for what, count in counts.items() if count}
