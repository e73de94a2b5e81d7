"""Who may read which documents of a source: patterns of their paths, of which the first that matches counts; pure."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from retrieval.access import checked_acl
from retrieval.errors import InvalidInputError
from retrieval.types import EVERYONE

MAX_RULES = 100
MAX_PATTERN_CHARS = 500
_MAX_ANY_DEPTH = 4  # each doubles what is compared
_ANY_DEPTH = "**/"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may read what matches.

    Attributes:
        pattern: A name (``*.pdf``) or, with a slash, a path below the source (``hr/*``); ``*`` stands for anything,
            slashes too, ``**/`` for any number of folders, and a slash at the end for all that lies below.
        access: Principal keys; empty means nobody.
    """

    pattern: str
    access: frozenset[str]

    def matches(self, path: str) -> bool:
        """Say whether a path below the source, or a uri, is meant."""
        pattern = self.pattern.lstrip("/")
        if pattern.endswith("/"):
            pattern += "*"
        whole = path if "/" in self.pattern else path.rpartition("/")[2]
        return any(fnmatchcase(_composed(whole), _composed(variant)) for variant in _variants(pattern))


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of a source, in their order.

    Attributes:
        root: Beginning of the uris of its documents that patterns do not name; empty where they name uris.
    """

    rules: tuple[AccessRule, ...] = ()
    root: str = ""

    def acl_of(self, uri: str) -> frozenset[str] | None:
        """Return who may read the document at a uri; None when no rule means it."""
        path = uri.removeprefix(self.root)
        if uri.startswith("file://"):
            path = unquote(path)
        return next((rule.access for rule in self.rules if rule.matches(path)), None)


def acl_of(spec: Mapping[str, Any], uri: str) -> frozenset[str] | None:
    """Return who may read a document of a run: by the first rule that means it, or as the run says of all.

    Args:
        spec: Of the run.
        uri: Of the document.

    Returns:
        Principal keys; None keeps what the document has.
    """
    by_rule = rules_in(spec).acl_of(uri)
    if by_rule is not None:
        return by_rule
    listed = spec.get("acl")
    return None if listed is None else frozenset(listed)


def rules_in(spec: Mapping[str, Any]) -> AccessRules:
    """Return the rules in the spec of a run, where it has any."""
    return AccessRules(read_rules(spec.get("access") or ()), spec.get("root", ""))


def read_rules(rows: Sequence[Mapping[str, Any]]) -> tuple[AccessRule, ...]:
    """Return rules from plain JSON."""
    return tuple(AccessRule(row["pattern"], frozenset(row["access"])) for row in rows)


def written_rules(rules: Sequence[AccessRule]) -> list[dict[str, Any]]:
    """Return rules as plain JSON."""
    return [{"pattern": rule.pattern, "access": sorted(rule.access)} for rule in rules]


def checked_rules(rules: Sequence[AccessRule]) -> tuple[AccessRule, ...]:
    """Return rules when each can be one.

    Raises:
        InvalidInputError: There are too many, a pattern is empty or too long, or a key is malformed.
    """
    if len(rules) > MAX_RULES:
        raise InvalidInputError(f"access: {len(rules)} rules are too many; at most {MAX_RULES}")
    for rule in rules:
        checked_acl(rule.access)
        if not rule.pattern.strip("/") or len(rule.pattern) > MAX_PATTERN_CHARS:
            raise InvalidInputError(f"access: a pattern has 1 to {MAX_PATTERN_CHARS} characters, such as hr/*")
        if rule.pattern.count(_ANY_DEPTH) > _MAX_ANY_DEPTH:
            raise InvalidInputError(f"access: a pattern has {_ANY_DEPTH} at most {_MAX_ANY_DEPTH} times")
    return tuple(rules)


def root_of(kind: str, arguments: Mapping[str, Any]) -> str:
    """Return the beginning of the uris of a source's documents below which patterns name paths.

    Args:
        kind: Of the source.
        arguments: As it was set up with.

    Returns:
        Empty where patterns name whole uris, as they do for web pages and readers.
    """
    if kind == "folder":
        return f"{Path(arguments['path']).as_uri().rstrip('/')}/"
    return f"{arguments['url'].rstrip('/')}/" if kind == "object_store" else ""


def narrowed(had: frozenset[str], wanted: frozenset[str]) -> frozenset[str]:
    """Return who may read by both of two lists: what holds until a document's new state is published.

    Whoever is let in by the new list alone is to read the new state, which may have been cut for them, not the old one.
    """
    if EVERYONE in had:
        return wanted
    return had if EVERYONE in wanted else had & wanted


def _variants(pattern: str) -> list[str]:
    first, *rest = pattern.split(_ANY_DEPTH)
    found = [first]
    for part in rest:
        found = [f"{before}{gap}{part}" for before in found for gap in ("", "*/")]
    return found


def _composed(words: str) -> str:
    # Some systems write an accented letter as two characters.
    return unicodedata.normalize("NFC", words)
