"""The one place where a principal becomes what filters need; the index filter and the SQL predicate both start here."""

import re
from collections.abc import Iterable

from retrieval.errors import InvalidInputError
from retrieval.types import Principal

MAX_LISTED = 1_000
"""Most keys of one access list: more people than that are a group."""

_KEY = re.compile(r"[ug]:[^\s\x00-\x1f\ud800-\udfff]{1,253}")


def readable_keys(principal: Principal) -> tuple[str, ...]:
    """Return the keys of which a document's access list must hold one for this principal to read it.

    A malformed key is left out, and so is a group key in the place of the id: an id of ``g:admins`` must not
    open what that group may read.

    Returns:
        ``u:`` key first, then the ``g:`` keys sorted; empty when the principal may read nothing, and then no
        engine may be asked at all.
    """
    own = (principal.id,) if principal.id.startswith("u:") and _KEY.fullmatch(principal.id) else ()
    groups = (key for key in principal.groups if key.startswith("g:") and _KEY.fullmatch(key))
    return (*own, *sorted(groups))


def may_read(acl: Iterable[str], principal: Principal) -> bool:
    """Say whether an access list lets a principal read.

    Returns:
        True when the list holds one of the principal's keys; an empty list lets nobody in.
    """
    return not frozenset(acl).isdisjoint(readable_keys(principal))


def checked_acl(acl: Iterable[str]) -> frozenset[str]:
    """Return the access list when every key in it is well formed.

    Returns:
        The keys; empty means that nobody may read.

    Raises:
        InvalidInputError: A key is not ``u:<id>`` or ``g:<id>`` of at most 255 characters without white space, or
            there are more than 1,000.
    """
    keys = frozenset(acl)
    if len(keys) > MAX_LISTED:
        raise InvalidInputError(f"an access list of {len(keys):,} keys is too long; at most {MAX_LISTED:,}, use groups")
    for key in keys:
        if not _KEY.fullmatch(key):
            raise InvalidInputError(f"{key!r} is no principal key: expected u:<id> or g:<group id>")
    return keys
