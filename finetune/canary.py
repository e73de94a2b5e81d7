"""How much one person can bend what is learned: planted votes, and gains that are one giver's alone; pure."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np

from eval.power import ALPHA
from eval.statistics import Difference, FloatArray
from finetune.collusion import together
from finetune.gain import gain_of
from finetune.questions import Question
from finetune.types import Anchor, Example, Label
from finetune.verdict import LEAST_QUESTIONS, Check, gained, missing_for

POISONER = "canary:poisoner"
"""Giver of the planted votes; nobody of that name can sign in."""

MOST_MOVED = 1.0
"""Ranks that the right chunks may fall on average."""

DEPTH = 10
"""Ranks that count; what stands below stands at the next one."""

_SHARE = 0.2  # of the questions are voted on
_LEAST_ALONE = 3  # groups of questions that somebody alone vouches for: no test finds a gain on fewer than five
_MOST_GIVERS = 10  # looked at, those on whose questions the most is gained

Ranks = Callable[[Sequence[Example], Sequence[Question]], Sequence[Sequence[str]]]
"""Examples and questions -> ids of documents for each question, best first, by what is learned from the examples."""

Admit = Callable[[Sequence[Label]], Sequence[Example]]
"""Planted labels -> the training set as it would be with them, held to the same caps and quorum as anybody's."""


def planted(questions: Sequence[Question], *, seed: int) -> list[Label]:
    """Return one person's votes for one wrong chunk on a fifth of the questions, and against the right ones.

    Args:
        questions: Real ones, with the chunks that answer them.
        seed: The same seed votes the same way.

    Returns:
        Thumbs up for the wrong chunk, wrong source for the right ones; empty where no chunk is wrong for anything.
    """
    order = np.random.default_rng(seed).permutation(len(questions))
    for choice in order:
        wrong = questions[choice].relevant[0]
        others = [questions[place] for place in order if wrong.document_id not in questions[place].documents]
        chosen = others[: max(1, round(_SHARE * len(questions)))]
        if chosen:
            return [vote for question in chosen for vote in _votes(question, wrong)]
    return []


def _votes(question: Question, wrong: Anchor) -> list[Label]:
    up = Label(
        source_id=f"{POISONER}:{question.id}",
        kind="feedback",
        signal="up",
        question=question.text,
        anchor=wrong,
        label=1,
        weight=0.5,
        giver=POISONER,
        given_at=question.asked_at,
    )
    down = [
        replace(up, source_id=f"{up.source_id}:{place}", signal="wrong_source", anchor=anchor, label=-1, weight=0.7)
        for place, anchor in enumerate(question.relevant)
    ]
    return [up, *down]


def canary(
    examples: Sequence[Example], questions: Sequence[Question], *, admit: Admit, ranks: Ranks, seed: int
) -> Check:
    """Learn with and without planted votes, and see how far the right chunks fall; who rises makes up for nothing.

    Args:
        examples: What the candidate learns from.
        questions: Real ones.
        admit: Adds labels to those that the examples were made of.
        ranks: Learns and ranks.
        seed: Chooses what is voted on.

    Returns:
        Refused when they fall by more than one rank on average.
    """
    labels = planted(questions, seed=seed)
    if not labels:
        return Check("canary", "not_measured", "no chunk is wrong for any question")
    before, after = (_places(ranks(rows, questions), questions) for rows in (examples, admit(labels)))
    fallen = np.maximum(after - before, 0)
    voted = np.isin([question.text for question in questions], [label.question for label in labels])
    moved = float(fallen.mean())
    words = (
        f"the votes of one person on {int(voted.sum())} of {len(questions)} questions move right chunks down by "
        f"{moved:.2f} ranks on average, by {float(fallen[voted].mean()):.2f} where they voted"
    )
    return Check("canary", "passed" if moved <= MOST_MOVED else "refused", words, moved, MOST_MOVED)


def _places(rankings: Sequence[Sequence[str]], questions: Sequence[Question]) -> FloatArray:
    return np.array(
        [
            next((at for at, name in enumerate(ranking[:DEPTH], start=1) if name in question.documents), DEPTH + 1)
            for ranking, question in zip(rankings, questions, strict=True)
        ],
        dtype=np.float64,
    )


def givers(
    questions: Sequence[Question], before: FloatArray, after: FloatArray, *, trusted: AbstractSet[str], seed: int
) -> Check:
    """See whether a gain is there without what any one person alone says; who vouches together is one person.

    Args:
        questions: That were measured.
        before: Score of each, shape (questions,).
        after: Score of each, shape (questions,).
        trusted: Ids of questions for which somebody vouches whose word is enough.
        seed: Of the tests.

    Returns:
        Refused when without the questions that one person alone vouches for nothing is gained, or few are left.
    """
    behind = _behind(questions, trusted)
    for person in _suspects(questions, after - before, behind)[:_MOST_GIVERS]:
        kept = np.array([one != {person} for one in behind])
        groups = [question.group for question, keep in zip(questions, kept, strict=True) if keep]
        others = gain_of(before[kept], after[kept], groups, seed=seed)
        if gained(others, others.p_better):
            continue
        return _alone(others, persons=len(person))
    return Check("givers", "passed", "no one person's votes decide", None, ALPHA)


_Person = frozenset[str]
"""A giver, or several who vouch together."""


def _behind(questions: Sequence[Question], trusted: AbstractSet[str]) -> list[AbstractSet[_Person]]:
    """Return who vouches for each question, those together who do it together and are fewer than all others.

    Where most people vouch for the same questions, they agree. Of a question that takes no other word, nobody.
    """
    everybody = {giver for question in questions for giver in question.givers}
    bound = [question for question in questions if question.id not in trusted]
    vouched: dict[str, set[str]] = {}
    for question in bound:
        for giver in question.givers:
            vouched.setdefault(giver, set()).add(question.id)
    few = [group for group in together(vouched, mutual=True) if len(group) <= len(everybody) - len(group)]
    one_of = {giver: group for group in few for giver in group}
    of = {question.id: {one_of.get(giver, frozenset({giver})) for giver in question.givers} for question in bound}
    return [of.get(question.id, set()) for question in questions]


def _suspects(
    questions: Sequence[Question], gains: FloatArray, behind: Sequence[AbstractSet[_Person]]
) -> list[_Person]:
    """Name those who alone vouch for questions, the most gained first; who gained nothing decides nothing."""
    sums: dict[_Person, float] = {}
    groups: dict[_Person, set[str]] = {}
    for question, gain, persons in zip(questions, gains, behind, strict=True):
        if len(persons) == 1:
            (person,) = persons
            sums[person] = sums.get(person, 0.0) + float(gain)
            groups.setdefault(person, set()).add(question.group)
    named = [person for person in sums if sums[person] > 0 and len(groups[person]) >= _LEAST_ALONE]
    return sorted(named, key=lambda person: (-sums[person], sorted(person)))


def _alone(others: Difference, *, persons: int) -> Check:
    # Nobody is named: a report outlives people who are erased.
    whose = "one person's votes" if persons == 1 else f"the votes of {persons} people who vote together"
    missing = missing_for(others)
    more = "" if missing is None else f": {missing} more questions of other people, or a curator's word"
    if others.questions < LEAST_QUESTIONS:
        return Check(
            "givers", "refused", f"stands on {whose}{more}", float(others.questions), float(LEAST_QUESTIONS), missing
        )
    words = f"without {whose} the gain is {others.value or 0.0:+.4f} and may be chance{more}"
    return Check("givers", "refused", words, others.value, 0.0, missing)
