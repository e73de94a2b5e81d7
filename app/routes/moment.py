"""A moment in a request: written as RFC 3339 has it, with a zone, and kept in UTC."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_BEGINS = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def written(value: Any) -> Any:
    """Refuse numbers, which would be seconds or milliseconds since 1970, whichever it looks like.

    Returns:
        The value.

    Raises:
        ValueError: It is no moment in words.
    """
    if isinstance(value, datetime) or (isinstance(value, str) and _BEGINS.match(value)):
        return value
    raise ValueError("a moment is written like 2026-11-28T12:00:00Z")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC it is not in the years 1 to 9999") from error


Moment = Annotated[AwareDatetime, BeforeValidator(written), AfterValidator(_in_utc)]
