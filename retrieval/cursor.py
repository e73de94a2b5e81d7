"""Where a page of a list ends: what the list is sorted by there, and the id of what stands there, as one text.

The next page is what comes behind that place, whether or not anything stands there any more.
"""

import base64
import json
from datetime import datetime

from retrieval.errors import InvalidInputError

_WRONG = "this is no `next` of such a list"


def cursor(place: str | datetime, last_id: str) -> str:
    """Return a place in a list as a text; ``place_in`` and ``moment_in`` read it."""
    words = place.isoformat() if isinstance(place, datetime) else place
    return base64.urlsafe_b64encode(json.dumps([words, last_id], ensure_ascii=False).encode()).decode()


def place_in(given: str) -> tuple[str, str]:
    """Read a place in a list.

    Returns:
        What the list is sorted by there, and the id.

    Raises:
        InvalidInputError: It is none.
    """
    try:
        place, last_id = json.loads(base64.urlsafe_b64decode(given.encode()))
        plain = isinstance(place, str) and isinstance(last_id, str) and "\x00" not in place + last_id
        if plain and (place + last_id).encode():
            return place, last_id
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(_WRONG) from error
    raise InvalidInputError(_WRONG)


def moment_in(given: str) -> tuple[datetime, str]:
    """Read a place in a list that is sorted by moments.

    Returns:
        The moment, with its zone, and the id.

    Raises:
        InvalidInputError: It is none.
    """
    place, last_id = place_in(given)
    try:
        moment = datetime.fromisoformat(place)
    except ValueError as error:
        raise InvalidInputError(_WRONG) from error
    if moment.tzinfo is None:
        raise InvalidInputError(_WRONG)
    return moment, last_id
