"""The part of the settings that says when models are trained, and what that may take."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings


class TrainingSettings(BaseSettings):
    """When models are trained by themselves, and the bounds of each training (docs/learning.md)."""

    train_every: str | None = Field(
        default=None,
        pattern=r"^[1-9]\d{0,3}[hdw]$",
        description="Train again after this time, as 12h, 1d or 1w; only when asked to when unset.",
    )
    train_timeout_s: float = Field(
        default=4 * 3600.0, gt=0, description="Longest time that the process of a training may take; then it is ended."
    )
    train_max_bytes: int = Field(
        default=4 * 2**30,
        ge=2**28,
        description="Most memory that the process of a training may take; then it is ended.",
    )

    @property
    def train_interval(self) -> timedelta | None:
        """Time between two trainings that nobody asks for; None where there are none."""
        if self.train_every is None:
            return None
        unit = {"h": "hours", "d": "days", "w": "weeks"}[self.train_every[-1]]
        return timedelta(**{unit: int(self.train_every[:-1])})
