"""Whether one of two that are compared in daily use is better: an e-value that may be looked at after every question.

Under "neither is better" the expected e-value is at most 1 whenever one stops, so that it reaches 20 in at most one of
20 trials (Ville 1939), however often somebody looks. Ties say nothing and are left out.
"""

from math import exp, inf, lgamma, log
from typing import Literal

from retrieval.errors import InvalidInputError

STOP = 20.0
"""A trial ends when its e-value reaches it."""

PRIOR = 10.0
"""Both parameters of the beta prior on the share of wins: 10 expects shares around .4 to .6, as interleaving gives."""

_LARGEST = 700.0  # exp of more does not fit a float

Winner = Literal["candidate", "live"]


def log_e_value(wins: int, losses: int, *, prior: float = PRIOR) -> float:
    """Return the logarithm of the beta-binomial e-value against "either wins half of the time".

    Args:
        wins: Of the candidate, >= 0.
        losses: Of what is live, >= 0.
        prior: Both parameters of the beta distribution, > 0.

    Returns:
        ``betaln(a + wins, a + losses) - betaln(a, a) + n ln 2``; 0 when nothing is known.

    Raises:
        InvalidInputError: A count is below 0, or the prior is not above it.
    """
    if wins < 0 or losses < 0 or not prior > 0:
        raise InvalidInputError("wins and losses are 0 or more, and the prior is above 0")
    return _betaln(prior + wins, prior + losses) - _betaln(prior, prior) + (wins + losses) * log(2)


def e_value(wins: int, losses: int, *, prior: float = PRIOR) -> float:
    """Return the e-value itself; see ``log_e_value``.

    Returns:
        Above 0; infinite where no float is large enough.
    """
    logarithm = log_e_value(wins, losses, prior=prior)
    return exp(logarithm) if logarithm < _LARGEST else inf


def winner(wins: int, losses: int, *, prior: float = PRIOR) -> Winner | None:
    """Say who has won; None while the trial goes on."""
    if log_e_value(wins, losses, prior=prior) < log(STOP):
        return None
    return "candidate" if wins > losses else "live"


def _betaln(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
