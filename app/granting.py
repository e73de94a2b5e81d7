"""What people say about who may read -> an access list of principals that there are."""

import json
from collections.abc import Iterable
from typing import Annotated, Literal, cast

from pydantic import Field

from app.auth import LOCAL
from app.bootstrap import Services
from retrieval.access import MAX_LISTED, checked_acl
from retrieval.errors import InvalidInputError
from retrieval.types import EVERYONE, Principal

Keys = Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=MAX_LISTED)]
Access = Literal["everyone", "private"] | Keys
"""``everyone`` who may read the collection, ``private`` to who says so, or principal keys."""

MAX_BODY_BYTES = 600_000
"""Of a body with access lists: two of the longest allowed."""

MAX_ACCESS_CHARS = 300_000
ACCESS_HELP = (
    'Who may read, among those who may read the collection: "everyone", "private" (to who sets it), or keys of users '
    f"and groups (u:ID, g:ID), at most {MAX_LISTED:,}."
)


def granted(services: Services, access: Access, *, principal: Principal, what: str = "access") -> frozenset[str]:
    """Return the access list that somebody means.

    Args:
        services: The server's.
        access: As they say it.
        principal: Who says it.
        what: How the list is called in an error.

    Returns:
        Principal keys, at least one.

    Raises:
        InvalidInputError: It names nobody, or keys of no user and no group; the message names those.
    """
    if access == "everyone":
        return frozenset({EVERYONE})
    if access == "private":
        return frozenset({principal.id})
    if not access:
        raise InvalidInputError(f'{what}: it names nobody; say "private" to keep it to yourself')
    return known_keys(services, access, what=what)


def known_keys(services: Services, keys: Iterable[str], *, what: str) -> frozenset[str]:
    """Return keys when each is of a user or a group that there is; there may be none.

    Raises:
        InvalidInputError: Some are not; the message names up to ten.
    """
    found = checked_acl(keys)
    there = {entry.key for entry in services.directory.named(found)} | {EVERYONE, LOCAL.id}
    unknown = sorted(found - there)
    if unknown:
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        raise InvalidInputError(f"{what}: there is no user or group {', '.join(unknown[:10])}{more}")
    return found


def access_in(given: str) -> Access:
    """Read who may read from a field of a form.

    Returns:
        One of the words, or keys.

    Raises:
        InvalidInputError: It is neither a word nor a JSON list of keys.
    """
    if given in {"everyone", "private"}:
        return cast(Literal["everyone", "private"], given)
    try:
        found = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError('access: "everyone", "private" or a JSON list of keys is expected') from error
    if not isinstance(found, list) or not all(isinstance(key, str) for key in found):
        raise InvalidInputError('access: "everyone", "private" or a JSON list of keys is expected')
    return found
