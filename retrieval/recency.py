"""Recency: a document that changed lately counts more, where that is wanted; pure."""

from datetime import datetime, timedelta
from math import exp2

FLOOR = 0.5
"""The least share of its score that the oldest document keeps: being old makes nothing irrelevant."""


def freshness(updated_at: datetime, *, now: datetime, half_life_days: float) -> float:
    """Return by what the score of a document is multiplied.

    Args:
        updated_at: When it changed; later than now counts as now.
        now: The moment it is judged at.
        half_life_days: After this time, half of what can be lost is lost; above 0.

    Returns:
        1 for a document of now, falling to ``FLOOR``.
    """
    age_days = max(now - updated_at, timedelta()) / timedelta(days=1)
    return FLOOR + (1 - FLOOR) * exp2(-age_days / half_life_days)


def faded(score: float, share: float) -> float:
    """Return a score of which a share is left; one below 0, as an outlier of a fusion may be, falls further."""
    return score - (1 - share) * abs(score)
