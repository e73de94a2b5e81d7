"""What a collection does about findings; by default it reports everything and changes nothing."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from ingestion.findings import instructions, personal, secrets
from retrieval.errors import InvalidInputError
from retrieval.finding import Kind

Action = Literal["report", "redact", "quarantine", "off"]

KINDS: tuple[Kind, ...] = get_args(Kind)
_BY_KIND: dict[Kind, tuple[str, ...]] = {
    "personal": personal.RULES,
    "secret": secrets.RULES,
    "instruction": instructions.RULES,
}
RULES: dict[str, Kind] = {rule: kind for kind, rules in _BY_KIND.items() for rule in rules}
ACTIONS: tuple[Action, ...] = get_args(Action)
LEAST_SIMILARITY = 0.7  # below, the bands of a signature miss more than one pair in fourteen
MAX_NAMES = 50_000
_MAX_NAME_CHARS = 100
_MAX_DAYS = 36_500
# What has a place in the text can be taken out of it.
_REDACTABLE = frozenset({"personal", "secret", "instruction", "hidden_text"})
_NAME_SEPARATORS = str.maketrans(";\t", ",,")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about each kind of finding.

    Attributes:
        actions: By kind; a kind that is missing is reported.
        rules: By rule, before its kind: ``{"ip_address": "off"}``.
        similarity: From what estimated Jaccard similarity two documents count as near-duplicates, .7 to 1.
        stale_after_days: A document that says when it was last updated or reviewed is stale after so many days.
        languages: ISO 639 codes a document may be in; empty allows all.
        names: People's names and aliases that count as personal data, one an entry.
    """

    actions: Mapping[Kind, Action] = field(default_factory=dict)
    rules: Mapping[str, Action] = field(default_factory=dict)
    similarity: float = 0.85
    stale_after_days: int = 730
    languages: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def action(self, kind: Kind, rule: str = "") -> Action:
        """Return what to do about a finding of this kind and rule."""
        if self.actions.get(kind) == "off":
            return "off"
        return self.rules.get(rule, self.actions.get(kind, "report"))

    def wants(self, kind: Kind) -> bool:
        """Say whether anybody wants to know of this kind."""
        return self.actions.get(kind) != "off"

    @property
    def edition(self) -> str:
        """What of this policy changes the text of a document; empty where nothing does.

        Part of the recipe of a revision, so that a document is ingested again when it would read otherwise.
        """
        named: list[tuple[str, Action]] = [*self.actions.items(), *self.rules.items()]
        redacting = sorted(name for name, action in named if action == "redact")
        if not redacting:
            return ""
        kept = sorted(rule for rule, action in self.rules.items() if action != "redact")
        told = repr((redacting, kept, self.names if "personal" in redacting or "person" in redacting else ()))
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def as_json(self) -> dict[str, Any]:
        """Return the policy as JSON, every kind spelled out, without the names."""
        return {
            "actions": {kind: self.action(kind) for kind in KINDS},
            "rules": dict(self.rules),
            "similarity": self.similarity,
            "stale_after_days": self.stale_after_days,
            "languages": list(self.languages),
        }


def policy_of(body: Mapping[str, Any], *, names: tuple[str, ...] = ()) -> Policy:
    """Make a policy of JSON, checking every part of it.

    Args:
        body: Any of ``actions``, ``rules``, ``similarity``, ``stale_after_days``, ``languages``; what is left out
            keeps its default.
        names: People's names, see ``names_in``.

    Returns:
        The policy.

    Raises:
        InvalidInputError: A kind, an action or a value is not possible; the message says which and what is.
    """
    known = set(asdict(Policy())) - {"names"}
    if unknown := sorted(set(body) - known):
        raise InvalidInputError(f"a policy has no {unknown[0]!r}; it has {', '.join(sorted(known))}")
    policy = replace(Policy(names=names), **body)
    for kind, action in _mapping(policy.actions, "actions").items():
        _check(kind, action, kind)
    for rule, action in _mapping(policy.rules, "rules").items():
        _check_rule(rule, action)
    _between(policy.similarity, LEAST_SIMILARITY, 1, "similarity")
    _between(policy.stale_after_days, 1, _MAX_DAYS, "stale_after_days")
    if not isinstance(policy.stale_after_days, int):
        raise InvalidInputError("stale_after_days is a whole number of days")
    languages = policy.languages
    if not isinstance(languages, list | tuple) or not all(_is_language(code) for code in languages):
        raise InvalidInputError("languages is a list of ISO 639 codes of two letters, for instance ['en', 'de']")
    return replace(policy, languages=tuple(languages))


def names_in(text: str) -> tuple[str, ...]:
    """Read a directory of people: one a line, aliases after commas, semicolons or tabs; ``#`` begins a remark.

    Returns:
        Names and aliases in order, each once.

    Raises:
        InvalidInputError: A name is too long or has no letter, or there are too many.
    """
    names: dict[str, None] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        for entry in line.split("#")[0].translate(_NAME_SEPARATORS).split(","):
            name = " ".join(entry.strip(" \"'").split())
            if not name:
                continue
            if len(name) > _MAX_NAME_CHARS or not any(c.isalpha() for c in name):
                raise InvalidInputError(f"line {number}: that is no name of 1 to {_MAX_NAME_CHARS} characters")
            names[name] = None
    if len(names) > MAX_NAMES:
        raise InvalidInputError(f"{len(names)} names; at most {MAX_NAMES} can be looked for")
    return tuple(names)


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInputError(f"{name} is a mapping to one of {', '.join(ACTIONS)}")
    return value


def _check(kind: str, action: Any, name: str) -> None:
    if kind not in KINDS:
        raise InvalidInputError(f"{name!r} is no kind of finding; there are {', '.join(KINDS)}")
    if action not in ACTIONS:
        raise InvalidInputError(f"{name}: {action!r} is no action; there are {', '.join(ACTIONS)}")
    if action == "redact" and kind not in _REDACTABLE:
        raise InvalidInputError(f"{name} cannot be redacted: it has no place in the text; report it or quarantine it")
    if action == "quarantine" and kind == "duplicate":
        raise InvalidInputError("duplicate is reported only: which of two is the original is not for a program to say")


def _check_rule(rule: str, action: Any) -> None:
    if rule not in RULES:
        raise InvalidInputError(f"{rule!r} is no rule; there are {', '.join(sorted(RULES))}")
    _check(RULES[rule], action, rule)


def _between(value: Any, least: float, most: float, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidInputError(f"{name} is a number from {least:g} to {most:g}")


def _is_language(code: Any) -> bool:
    return isinstance(code, str) and len(code) == 2 and code.isascii() and code.islower()
