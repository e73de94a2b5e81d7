"""What serves a request -> its passages, ranked by what is live and on trial; no request fails because of a trial."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from retrieval.errors import AttuneError, CancelledError, InvalidInputError, NotFoundError
from retrieval.interleave import team_draft
from retrieval.learned import Learned, Serving
from retrieval.learnt import Learnt
from retrieval.types import Passage

FAILURES = (AttuneError, ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What a candidate raises that does not work: our own errors, and those of numpy and torch where shapes, types or
memory do not fit."""


class Rank(Protocol):
    """Ranks passages by what was learned, the best first."""

    def __call__(self, learned: Learned, *, strict: bool = False) -> list[Passage]:
        """Rank.

        Args:
            learned: By which.
            strict: Whether a reranker that was learned may not fail.
        """


def compare(serving: Serving, rank: Rank, *, limit: int) -> list[Passage]:
    """Rank passages by what serves a request.

    Args:
        serving: What is live, and what is on trial.
        rank: Ranks by either.
        limit: Most passages to return.

    Returns:
        Passages, best first: of what is live alone where the candidate on trial fails, which is told.
    """
    if serving.instead is not None:
        return _on_trial(serving, rank, serving.instead)
    ours = rank(serving.live)
    if serving.challenger is None:
        return ours
    theirs = _tried(serving.challenger, rank)
    if isinstance(theirs, Exception):
        serving.failed(serving.challenger.id, theirs)
        return ours
    teams = serving.live.id, serving.challenger.id
    drafted = team_draft(ours, theirs, key=lambda passage: passage.chunk.id, seed=serving.seed, limit=limit)
    return [_of_team(passage, teams[is_theirs], place) for place, (passage, is_theirs) in enumerate(drafted)]


def placed_by(serving: Serving, passages: Sequence[Passage]) -> Learned:
    """Return by what passages were ranked; of two that are compared, what is live."""
    states = {passage.learnt.state for passage in passages if passage.learnt is not None}
    return serving.live if serving.instead is None or serving.live.id in states else serving.instead


def _on_trial(serving: Serving, rank: Rank, instead: Learned) -> list[Passage]:
    found = _tried(serving.live, rank)
    if not isinstance(found, Exception):
        return found
    # What keeps the other from ranking too is no fault of the candidate: then this raises, and nobody is told.
    ranked = rank(instead)
    serving.failed(serving.live.id, found)
    return ranked


def _tried(candidate: Learned, rank: Rank) -> list[Passage] | Exception:
    """Return the ranking of a candidate, or what it failed with."""
    try:
        return rank(candidate, strict=True)
    except (CancelledError, InvalidInputError, NotFoundError):
        raise
    except FAILURES as error:
        return error


def _of_team(passage: Passage, team: str, place: int) -> Passage:
    learnt = passage.learnt or Learnt(team)
    # Scores of two rankings do not compare; the reader is told the order of the list.
    return replace(passage, score=1 / (1 + place), learnt=replace(learnt, team=team))
