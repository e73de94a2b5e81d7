"""What people on a terminal call users and groups -> the keys that access lists hold."""

from collections.abc import Sequence
from typing import Any

import httpx

from app.owner import checked
from retrieval.errors import InvalidInputError

WORDS = frozenset({"everyone", "private", "nobody"})


def access_of(client: httpx.Client, who: Sequence[str]) -> str | list[str]:
    """Return who may read, for the API.

    Args:
        client: Of a server.
        who: One of the words alone, or names and keys of users and groups.

    Returns:
        The word, or keys.

    Raises:
        InvalidInputError: A word stands beside others, or a name is nobody's or several people's.
    """
    if len(who) == 1 and who[0] in WORDS:
        return who[0]
    if alone := WORDS.intersection(who):
        raise InvalidInputError(f"{min(alone)} stands alone")
    return [_key(client, one) for one in who]


def readers_of(client: httpx.Client, access: Sequence[str] | None, otherwise: Sequence[str] | None) -> dict[str, Any]:
    """Return who may read the documents of a source, for the API.

    Args:
        client: Of a server.
        access: Rules as ``PATTERN=WHO``; one pattern several times in a row is one rule for all of these.
        otherwise: Who may read the rest.

    Returns:
        What was said; empty when nothing was.

    Raises:
        InvalidInputError: A rule is none, or names nobody.
    """
    said: dict[str, Any] = {}
    if access is not None:
        said["access"] = [
            {"pattern": pattern, "access": access_of(client, who)} for pattern, who in _by_pattern(access)
        ]
    return said if otherwise is None else said | {"acl": access_of(client, otherwise)}


def _by_pattern(access: Sequence[str]) -> list[tuple[str, list[str]]]:
    rules: list[tuple[str, list[str]]] = []
    for one in access:
        pattern, mark, who = one.rpartition("=")
        if not mark or not pattern or not who:
            raise InvalidInputError(f"--access {one!r}: give PATTERN=WHO, as 'hr/*=Human resources'")
        if rules and rules[-1][0] == pattern:
            rules[-1][1].append(who)
        else:
            rules.append((pattern, [who]))
    return rules


def _key(client: httpx.Client, who: str) -> str:
    if who.startswith(("u:", "g:")):
        return who
    entries = checked(client.get("/v1/directory", params={"q": who, "limit": 100}))["entries"]
    keys = [one["key"] for one in entries if who.casefold() in {one["name"].casefold(), one["display_name"].casefold()}]
    if len(keys) != 1:
        said = f"{len(keys)} users and groups are" if keys else "no user or group is"
        raise InvalidInputError(f"{said} called {who!r}; `attune users list` and `attune groups list` show keys")
    return str(keys[0])
