"""Interactions and feedback -> how people fare with the answers; pure, reads no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from retrieval.feedback_types import corrects
from retrieval.interactions import Glance
from retrieval.types import Feedback
from retrieval.words import content_words

ASKED_AGAIN_WITHIN = timedelta(minutes=5)
SESSION_GAP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Usage:
    """What people did with the answers; None where the questions at hand say nothing.

    Attributes:
        questions: All that were asked.
        people: Different askers.
        thumbs_up: Answers rated up; each person counts once an answer.
        thumbs_down: Answers rated down.
        thumbs_up_rate: Share of thumbs that are up, in [0, 1]. Few people rate, and rather when annoyed: it compares
            times and versions, it does not say how many answers are good.
        corrections: Feedback that ``retrieval.feedback.corrects``.
        reformulations: Questions that the same person asked again; see ``is_reformulation``.
        reformulation_rate: Of all questions, in [0, 1].
        sessions: Stretches of questions of one person without a pause of 30 minutes: the usual cut, a little above
            the 25.5 minutes of Catledge & Pitkow (1995). Only those that are over.
        abandoned: Sessions that ended on an answer that was withheld, or that the asker rated down. A session that
            simply ends is not one: most end because the answer was good (Li, Huffman & Tokuda 2009).
        abandonment_rate: Of the sessions, in [0, 1].
        abstentions: Questions to which no answer was given.
        abstention_rate: Of all questions, in [0, 1].
    """

    questions: int
    people: int
    thumbs_up: int
    thumbs_down: int
    thumbs_up_rate: float | None
    corrections: int
    reformulations: int
    reformulation_rate: float | None
    sessions: int
    abandoned: int
    abandonment_rate: float | None
    abstentions: int
    abstention_rate: float | None


def usage(interactions: Sequence[Glance], feedback: Iterable[Feedback], *, until: datetime | None = None) -> Usage:
    """Reduce interactions and what was said about them to figures.

    Args:
        interactions: In any order.
        feedback: Of any interactions; what is about others than these does not count.
        until: The time up to which the interactions were read, UTC: a session with a question less than 30 minutes
            before may go on and is left out. None when all sessions are over.

    Returns:
        The figures.
    """
    known = {interaction.id for interaction in interactions}
    # Saying something again replaces it, so the last word of each person on an answer counts.
    last = {
        (entry.interaction_id, entry.principal_id): entry
        for entry in sorted(feedback, key=lambda entry: entry.given_at)
        if entry.interaction_id in known
    }
    up, down = (sum(entry.verdict == kind for entry in last.values()) for kind in ("up", "down"))
    histories = _histories(interactions)
    again = sum(is_reformulation(before, after) for asked in histories for before, after in pairwise(asked))
    ends = [end for asked in histories for end in _session_ends(asked, until)]
    disliked = {key for key, entry in last.items() if entry.verdict == "down"}
    abandoned = sum(end.abstained or (end.id, end.principal_id) in disliked for end in ends)
    abstentions = sum(interaction.abstained for interaction in interactions)
    return Usage(
        questions=len(interactions),
        people=len(histories),
        thumbs_up=up,
        thumbs_down=down,
        thumbs_up_rate=_share(up, up + down),
        corrections=sum(map(corrects, last.values())),
        reformulations=again,
        reformulation_rate=_share(again, len(interactions)),
        sessions=len(ends),
        abandoned=abandoned,
        abandonment_rate=_share(abandoned, len(ends)),
        abstentions=abstentions,
        abstention_rate=_share(abstentions, len(interactions)),
    )


def is_reformulation(before: Glance, after: Glance) -> bool:
    """Tell whether a question was asked because the answer to the one before did not serve.

    Saying it again in other words soon after is the clearest sign of dissatisfaction that a log holds (Hassan et al.
    2013); the kinds of change, and word overlap as their mark, are those of Jansen, Booth & Spink (2009).

    Args:
        before: A question of a person.
        after: The next question of the same person.

    Returns:
        True when it came within 5 minutes, and either nothing had been answered, or more than half of the content
        words of the shorter question stand in the other.
    """
    if after.asked_at - before.asked_at > ASKED_AGAIN_WITHIN:
        return False
    if before.abstained:
        return True
    first, second = content_words(before.question), content_words(after.question)
    return len(first & second) > min(len(first), len(second)) / 2


def _histories(interactions: Sequence[Glance]) -> list[list[Glance]]:
    """The questions of each person, oldest first."""
    asked: dict[str, list[Glance]] = {}
    for interaction in sorted(interactions, key=lambda interaction: interaction.asked_at):
        asked.setdefault(interaction.principal_id, []).append(interaction)
    return list(asked.values())


def _session_ends(asked: Sequence[Glance], until: datetime | None) -> list[Glance]:
    ends = [before for before, after in pairwise(asked) if after.asked_at - before.asked_at > SESSION_GAP]
    if until is None or until - asked[-1].asked_at > SESSION_GAP:
        ends.append(asked[-1])
    return ends


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
