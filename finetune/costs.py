"""What a candidate takes besides: time, and how far one person could have bent it; measured, not judged by its gain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from finetune import canary, checks
from finetune.instruments import Instruments, Rankings
from finetune.questions import Question, questions_of
from finetune.types import Example
from finetune.verdict import Check
from retrieval.learned import Learned

_TIMED = 60  # questions, for their 95th percentile
_TIMED_AGAIN = 3

Make = Callable[[Sequence[Example]], Learned]
"""Makes the candidate anew of examples."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """A candidate and what is live, as they would serve.

    Attributes:
        examples: What the candidate is made of.
        make: Makes it anew of others; None where no part of it can be.
        kept: Of it, what is not made anew then, in words; empty where all of it is.
    """

    live: Learned
    candidate: Learned
    examples: Sequence[Example]
    make: Make | None
    kept: str = ""


def latency(instruments: Instruments, live: Learned, candidate: Learned, questions: Sequence[Question]) -> Check:
    """Time both by the same questions, 60 at most; see ``checks.latency``."""
    asked = questions[:_TIMED]
    times = instruments.times_ms(live, candidate, asked)
    # What else the machine does makes a question slow, never quick: who is timed longer is timed better.
    for _ in range(_TIMED_AGAIN):
        if checks.latency(*times).outcome == "passed":
            break
        again = instruments.times_ms(live, candidate, asked)
        times = np.minimum(times[0], again[0]), np.minimum(times[1], again[1])
    return checks.latency(*times)


def poisoning(
    instruments: Instruments, make: Make | None, examples: Sequence[Example], *, seed: int, kept: str = ""
) -> Check:
    """Plant one person's votes among what a candidate learns from; see ``canary.canary``.

    Args:
        instruments: Rank, and say how labels become examples.
        make: Makes the candidate of examples; None where it cannot be made anew.
        examples: What it learns from.
        seed: Chooses what is voted on.
        kept: See ``Sides``.

    Returns:
        Not measured where nothing can be planted or made anew.
    """
    if instruments.admit is None:
        return Check("canary", "not_measured", "nobody says how labels become examples")
    if make is None:
        return Check("canary", "not_measured", f"{kept or 'it'} is not made anew for planted votes")

    def ranks(examples: Sequence[Example], questions: Sequence[Question]) -> Rankings:
        return instruments.rank(make(examples), [question.text for question in questions])

    check = canary.canary(examples, questions_of(examples), admit=instruments.admit, ranks=ranks, seed=seed)
    return replace(check, detail=f"{check.detail}; {kept} was not made anew") if kept else check
