"""What a candidate must not cost: other questions, one kind of question, time; pure, seeded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.metrics import percentile
from eval.power import more_questions
from eval.statistics import FloatArray
from finetune.gain import gain_of
from finetune.leaks import Leak
from finetune.questions import Question
from finetune.verdict import Check, Outcome

GENERAL_LOSS = -0.02
"""What questions that nothing was learned about may lose, and what the sealed test may."""

SLICE_LOSS = -0.05
"""What the questions of one kind may lose."""

SLICE_QUESTIONS = 30
"""Questions from which on a kind counts."""

SLOWER = 1.1
"""Times what is live the 95th percentile of the time of a question may be."""

JITTER_MS = 1.0
"""What a clock cannot tell apart."""

_NAMED = 3  # leaks in words
_ROUNDING = 1e-9


def general(before: FloatArray, after: FloatArray, groups: Sequence[str], *, seed: int) -> Check:
    """See that a general set is not worse: the one-sided 95 % lower bound of its change is above -.02.

    Args:
        before: Score of each question by what is live, shape (questions,).
        after: By the candidate, shape (questions,).
        groups: Of each question.
        seed: The same seed gives the same answer.

    Returns:
        Not enough data where the change is above it and the bound is not.
    """
    if len(before) < 2:
        return Check("general", "not_measured", "there is no general set")
    change = gain_of(before, after, groups, seed=seed)
    value, bound = change.value or 0.0, change.bound if change.bound is not None else -1.0
    words = f"{value:+.4f}, at least {bound:+.4f}, on {change.questions} golden questions"
    if value < GENERAL_LOSS:
        return Check("general", "refused", words, bound, GENERAL_LOSS)
    if bound > GENERAL_LOSS:
        return Check("general", "passed", words, bound, GENERAL_LOSS)
    more, above = None, value - GENERAL_LOSS
    if change.detectable and above > _ROUNDING:
        more = more_questions(change.questions, found_from=change.detectable, wanted=above)
    return Check("general", "not_enough_data", words, bound, GENERAL_LOSS, more)


def slices(questions: Sequence[Question], before: FloatArray, after: FloatArray) -> Check:
    """See that no kind of 30 questions or more loses over .05.

    Args:
        questions: That were measured.
        before: Score of each, shape (questions,).
        after: Score of each, shape (questions,).

    Returns:
        With the worst kind in words.
    """
    members: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        for name in question.slices:
            members.setdefault(name, []).append(place)
    found = {
        name: float((after[places] - before[places]).mean())
        for name, places in members.items()
        if len(places) >= SLICE_QUESTIONS
    }
    if not found:
        return Check("slices", "not_measured", f"no kind has {SLICE_QUESTIONS} questions")
    worst = min(sorted(found), key=lambda name: found[name])
    outcome: Outcome = "refused" if found[worst] < SLICE_LOSS - _ROUNDING else "passed"
    words = f"the worst of {len(found)} is {worst} with {found[worst]:+.4f} on {len(members[worst])} questions"
    return Check("slices", outcome, words, found[worst], SLICE_LOSS)


def latency(before_ms: NDArray[np.floating[Any]], after_ms: NDArray[np.floating[Any]]) -> Check:
    """See that the 95th percentile of the time is at most 1.1 times what it was, a clock's jitter aside.

    Args:
        before_ms: Of each question by what is live, shape (questions,).
        after_ms: By the candidate, shape (questions,).

    Returns:
        With how many times what is live it is.
    """
    before, after = (percentile(times.tolist(), 95) for times in (before_ms, after_ms))
    outcome: Outcome = "passed" if after <= SLOWER * before + JITTER_MS else "refused"
    words = f"p95 {after:.1f} ms after {before:.1f} ms"
    return Check("latency", outcome, words, after / max(before, _ROUNDING), SLOWER)


def sealed(before: FloatArray, after: FloatArray) -> Check:
    """See that the sealed test, opened once, does not contradict: its mean changes by more than -.02.

    It is a fifth of the questions and could not prove a gain; it shows a gain that only the past had.

    Args:
        before: Score of each question by what is live, shape (questions,).
        after: By the candidate, shape (questions,).

    Returns:
        Passed or refused.
    """
    value = float((after - before).mean())
    outcome: Outcome = "passed" if value >= GENERAL_LOSS - _ROUNDING else "refused"
    return Check("sealed", outcome, f"{value:+.4f} on the {len(before)} newest questions", value, GENERAL_LOSS)


def unleaked(found: Sequence[Leak]) -> Check:
    """See that nothing was measured by what it learned.

    Args:
        found: By ``finetune.leaks``.

    Returns:
        Refused where there is any, with the first of them by name.
    """
    if not found:
        return Check("leaks", "passed", "nothing that was learned from is measured", 0.0, 0.0)
    named = "; ".join(leak.summary for leak in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Check("leaks", "refused", f"{named}{more}", float(len(found)), 0.0)
