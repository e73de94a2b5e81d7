"""Who votes together against the rest: accounts are cheap, so a group of those counts as one person; pure.

Whom others agree with is no group: a vote against nobody tells nothing of who casts it, and where as many stand on one
side as on the other nobody knows which of them is the group. Accounts that take turns, so that no two cast half of
their votes together, are not found.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations, pairwise

from finetune.types import Anchor, Label

LEAST_TOGETHER = 5
"""Votes that two cast together before that says something."""

TOGETHER = 0.5
"""Share of somebody's votes above which they are cast together with another."""

MOST_OF_A_VOTE = 100
"""Givers of one vote that are compared each with each; of more, each is compared with the next by name: who always
agrees is found over the next as well, and ten thousand have fifty million pairs."""

Group = Callable[[Label], Hashable]
"""What of labels is one question."""

Votes = Mapping[str, AbstractSet[Hashable]]
"""Giver -> votes: two votes are the same when they say the same of the same."""


def together(votes: Votes, *, mutual: bool = False) -> list[frozenset[str]]:
    """Find groups of givers who vote together, directly or over others who do.

    Args:
        votes: Of each.
        mutual: It has to be much of what either says, and not only of what the one says who says less.

    Returns:
        Groups of two or more, by name; nobody is in two.
    """
    givers: dict[Hashable, list[str]] = defaultdict(list)
    for giver in sorted(votes):
        for vote in votes[giver]:
            givers[vote].append(giver)
    shared: Counter[tuple[str, str]] = Counter()
    for cast in givers.values():
        shared.update(combinations(cast, 2) if len(cast) <= MOST_OF_A_VOTE else pairwise(cast))
    group_of = {giver: {giver} for giver in votes}
    for (first, second), count in sorted(shared.items()):
        of = (max if mutual else min)(len(votes[first]), len(votes[second]))
        if count >= LEAST_TOGETHER and count > TOGETHER * of and group_of[first] is not group_of[second]:
            joined = group_of[first] | group_of[second]
            group_of |= dict.fromkeys(joined, joined)
    found = {frozenset(group) for group in group_of.values() if len(group) > 1}
    return sorted(found, key=sorted)


def colluders(labels: Iterable[Label], *, group: Group = lambda label: label.question) -> list[frozenset[str]]:
    """Find groups of givers who vote together against as many others, or more, than they are.

    Args:
        labels: Before they are bounded; those of who is trusted are the word of others.
        group: What of them is one question.

    Returns:
        Groups of two or more, by name; nobody is in two.
    """
    by_question: dict[Hashable, list[Label]] = defaultdict(list)
    for label in labels:
        by_question[group(label)].append(label)
    contested = [vote for name, said in by_question.items() for vote in _contested(name, said)]
    votes: dict[str, set[Hashable]] = defaultdict(set)
    for vote in contested:
        for giver in vote.bound:
            votes[giver].add(vote.key)
    return [one for one in together(votes) if _outnumbered(one, contested)]


@dataclass(frozen=True, slots=True)
class _Vote:
    """Something said of a chunk and a question that somebody else contradicts.

    Attributes:
        key: What is said.
        givers: Who says so.
        bound: Those of them who are not trusted.
        opponents: Who says the opposite, or names documents of which this is none.
    """

    key: Hashable
    givers: AbstractSet[str]
    bound: AbstractSet[str]
    opponents: AbstractSet[str]


def _contested(question: Hashable, said: Sequence[Label]) -> Iterable[_Vote]:
    givers: dict[tuple[Anchor, int], set[str]] = defaultdict(set)
    bound: dict[tuple[Anchor, int], set[str]] = defaultdict(set)
    naming: dict[str, set[str]] = defaultdict(set)
    for label in said:
        givers[label.anchor, label.label].add(label.giver)
        if not label.trusted:
            bound[label.anchor, label.label].add(label.giver)
        if label.label > 0:
            naming[label.anchor.document_id].add(label.giver)
    named = set().union(*naming.values())
    for (anchor, sign), for_it in givers.items():
        against = set(givers.get((anchor, -sign), ()))
        if sign > 0:
            against |= named - naming[anchor.document_id]
        if against - for_it and bound[anchor, sign]:
            yield _Vote((question, anchor, sign), for_it, bound[anchor, sign], against - for_it)


def _outnumbered(group: AbstractSet[str], contested: Sequence[_Vote]) -> bool:
    """Say whether what a group says together, it mostly says alone, and against as many others as it has members."""
    shared = [vote for vote in contested if len(vote.bound & group) > 1]
    alone = [vote for vote in shared if len(vote.givers - group) < len(vote.opponents - group)]
    others = {giver for vote in alone for giver in vote.opponents} - group
    return len(alone) >= max(LEAST_TOGETHER, TOGETHER * len(shared)) and len(others) >= len(group)
