"""The part of the settings that says how long sessions last."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings


class IdentitySettings(BaseSettings):
    """Sessions of people in a browser (docs/identity.md)."""

    session_hours: float = Field(
        default=168.0, gt=0, le=8_760, description="A session ends after this time, whatever is done in it."
    )
    session_idle_minutes: float = Field(
        default=720.0, gt=0, le=525_600, description="A session ends when nothing is done in it for so long."
    )
    secure_cookies: bool = Field(
        default=False,
        description="Have browsers send a session's cookie over HTTPS only, also where the proxy in front does not say "
        "that it is spoken to so; whoever signs in by HTTPS gets such a cookie anyway.",
    )

    @property
    def session_lasts(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(hours=self.session_hours)

    @property
    def session_idle(self) -> timedelta:
        """How long a session lasts when nothing is done in it."""
        return timedelta(minutes=self.session_idle_minutes)
