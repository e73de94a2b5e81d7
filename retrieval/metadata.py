"""What people say about documents, and what they narrow a search by: checked once, here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from unicodedata import category

from retrieval.errors import InvalidInputError
from retrieval.types import Filters

MAX_KEYS = 32
MAX_VALUE_CHARS = 256
MAX_NAMED = 100
_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SOURCE = re.compile(r"[!-~]{1,64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/(\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,126})")


def checked_metadata(given: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a document when every key and value in it can be kept and asked for.

    Returns:
        A copy, sorted by key.

    Raises:
        InvalidInputError: There are more than 32 keys, a key is not 1 to 64 of A-Z a-z 0-9 . _ -, or a value is longer
            than 256 characters or holds control characters.
    """
    if len(given) > MAX_KEYS:
        raise InvalidInputError(f"metadata: {len(given)} keys are given; a document has at most {MAX_KEYS}")
    for key, value in given.items():
        _check_pair(key, value)
    return dict(sorted(given.items()))


def checked_filters(filters: Filters) -> Filters:
    """Return filters as both gates take them: media types in lower case, moments in UTC, nothing twice.

    Returns:
        Filters that narrow the same.

    Raises:
        InvalidInputError: A value can be no document's; the message names it.
    """
    types = tuple(media_type.lower() for media_type in filters.media_types)
    _check_each("source", filters.sources, _SOURCE, "an id of a source: `attune sources` shows them")
    _check_each("media type", types, _MEDIA_TYPE, "a media type such as application/pdf or image/*")
    if len(filters.metadata) > MAX_KEYS:
        raise InvalidInputError(f"metadata: {len(filters.metadata)} conditions are given; at most {MAX_KEYS} are read")
    for key, value in filters.metadata:
        _check_pair(key, value)
    return replace(
        filters,
        sources=tuple(dict.fromkeys(filters.sources)),
        media_types=tuple(dict.fromkeys(types)),
        updated_from=_in_utc(filters.updated_from),
        updated_until=_in_utc(filters.updated_until),
        metadata=tuple(dict.fromkeys(filters.metadata)),
    )


def _check_pair(key: str, value: str) -> None:
    if not _KEY.fullmatch(key):
        raise InvalidInputError(f"metadata: {key[:80]!r} is no key: 1 to 64 of A-Z a-z 0-9 . _ - are allowed")
    if len(value) > MAX_VALUE_CHARS:
        raise InvalidInputError(f"metadata: {key} has {len(value)} characters; at most {MAX_VALUE_CHARS} are kept")
    if any(category(c) in {"Cc", "Cs"} for c in value):
        raise InvalidInputError(f"metadata: {key} holds control characters")


def _check_each(name: str, values: Iterable[str], allowed: re.Pattern[str], meaning: str) -> None:
    given = list(values)
    if len(given) > MAX_NAMED:
        raise InvalidInputError(f"filters: {len(given)} {name}s are given; at most {MAX_NAMED} are read")
    for value in given:
        if not allowed.fullmatch(value):
            raise InvalidInputError(f"filters: {value[:80]!r} is not {meaning}")


def _in_utc(moment: datetime | None) -> datetime | None:
    """Take a moment without a zone for UTC.

    Returns:
        It in UTC; None for None.

    Raises:
        InvalidInputError: In UTC it is before the year 1 or after the year 9999.
    """
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInputError("filters: a moment is out of range: in UTC it is not in the years 1 to 9999") from error
