"""Learnt: what learning did for one passage, as it is kept with the answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Learnt:
    """What learning did for a passage.

    Attributes:
        state: Id of what was learned and served.
        contributions: Name -> what it added to the fused score; empty when nothing did.
        past_question: Id of the example whose question is nearest to this one among those the chunk answered.
        similarity: Cosine similarity of that question to this one.
        team: Which of two that were compared put the passage where it stands, by the id of its state; empty when one
            alone served.
    """

    state: str
    contributions: tuple[tuple[str, float], ...] = ()
    past_question: str | None = None
    similarity: float | None = None
    team: str = ""


def served_by(learnt: Iterable[Learnt | None]) -> Mapping[str, tuple[str, ...]]:
    """Return what learned states an answer stands on, as ``learned``; empty where nothing learned served."""
    states = tuple(sorted({one.state for one in learnt if one is not None and one.state}))
    return {"learned": states} if states else {}
