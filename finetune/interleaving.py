"""What readers did with an answer -> who of two that are compared won it; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from retrieval.feedback_types import Feedback, Reading
from retrieval.types import Interaction

Outcome = Literal[1, 0, -1]
"""1 for the candidate, -1 for what is live, 0 for neither."""

READ_S = 20.0
"""Below which a citation that was opened may have been closed again in disappointment."""

MOST_OF_A_PERSON = 5
"""Answers of one person that count in a trial: below what an e-value of 20 takes, so that nobody decides alone."""

_BUCKETS = 2**32


@dataclass(frozen=True, slots=True)
class Credit:
    """What became of one answer in a trial.

    Attributes:
        outcome: In a trial by shares, of the answer itself: 1 where it was right, -1 where it was not.
    """

    interaction_id: str
    principal_id: str
    outcome: Outcome
    at: datetime  # UTC


def in_share(trial_id: str, principal_id: str, share: float) -> bool:
    """Say whether somebody belongs to the share that the candidate serves, the same throughout a trial."""
    drawn = int.from_bytes(sha256(f"{trial_id}\n{principal_id}".encode()).digest()[:4], "big")
    return drawn < share * _BUCKETS


def team_outcome(interaction: Interaction, said: Feedback | Reading, *, candidate: str, live: str) -> Outcome | None:
    """Say for whom a signal speaks about an answer whose passages two teams placed.

    Args:
        interaction: The answer.
        said: About it.
        candidate: Id of the state of one team.
        live: Of the other; empty where nothing is learned.

    Returns:
        None when the signal says nothing, or one team alone placed what was shown.
    """
    teams = {passage.chunk.id: passage.learnt.team for passage in interaction.passages if passage.learnt is not None}
    if set(teams.values()) != {candidate, live}:
        return None
    right, wrong = _used(interaction, said)
    if not right and not wrong:
        return None
    score = sum(_sign(teams.get(key), candidate, live) for key in right)
    score -= sum(_sign(teams.get(key), candidate, live) for key in wrong)
    return 0 if score == 0 else 1 if score > 0 else -1


def own_outcome(said: Feedback | Reading) -> Outcome | None:
    """Say whether a signal finds an answer right, whoever made it; None when it says nothing."""
    if isinstance(said, Reading):
        return 1 if _was_read(said) else None
    if said.verdict is not None:
        return 1 if said.verdict == "up" else -1
    return -1 if said.wrong_chunks or said.wrong_documents else None


def counted(given: Iterable[Credit]) -> tuple[int, int, int]:
    """Count the answers of a trial.

    Returns:
        (wins, losses, ties).
    """
    outcomes = [credit.outcome for credit in given]
    return outcomes.count(1), outcomes.count(-1), outcomes.count(0)


def paired(given: Iterable[Credit], *, trial_id: str, share: float) -> tuple[int, int, int]:
    """Count a trial by shares: each answer of the candidate is held against the next one of what is live.

    Returns:
        (wins, losses, ties): pairs in which the candidate's answer was right and the other's was not, the other way
        round, and both alike.
    """
    ordered = sorted(given, key=lambda credit: (credit.at, credit.interaction_id))
    sides: tuple[list[Outcome], list[Outcome]] = ([], [])
    for credit in ordered:
        sides[in_share(trial_id, credit.principal_id, share)].append(credit.outcome)
    pairs = list(zip(sides[1], sides[0], strict=False))
    wins, losses = sum(ours > theirs for ours, theirs in pairs), sum(ours < theirs for ours, theirs in pairs)
    return wins, losses, len(pairs) - wins - losses


def _sign(team: str | None, candidate: str, live: str) -> int:
    return {candidate: 1, live: -1}.get(team, 0) if team is not None else 0


def _used(interaction: Interaction, said: Feedback | Reading) -> tuple[Sequence[str], Sequence[str]]:
    """Return the chunks that were of use, and those that were not."""
    if isinstance(said, Reading):
        return ([said.chunk_id], []) if _was_read(said) else ([], [])
    right, wrong = list(said.right_chunks), list(said.wrong_chunks)
    if said.verdict == "up" and not right:
        right = list(dict.fromkeys(citation.chunk_id for citation in interaction.answer.citations))
    return right, wrong


def _was_read(said: Reading) -> bool:
    return said.kind == "copied" or said.seconds >= READ_S
