"""Moments in a database: always UTC, always aware."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, TypeDecorator
from sqlalchemy.exc import DontWrapMixin

from retrieval.errors import InvalidInputError


class InvalidMomentError(InvalidInputError, DontWrapMixin):
    """A moment that no database holds; SQLAlchemy would make an error of its own of any other."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, timezone-aware in and out on every database (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the moment in UTC.

        Returns:
            An aware datetime, or None.

        Raises:
            ValueError: The moment has no timezone.
            InvalidMomentError: In UTC it is before the year 1 or after the year 9999.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a timezone cannot be stored")
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            raise InvalidMomentError("a moment is out of range: in UTC it is not in the years 1 to 9999") from error

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the stored moment in UTC.

        Returns:
            An aware datetime, or None.
        """
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
