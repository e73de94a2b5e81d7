"""What a collection refuses and masks in questions and answers; what is not set keeps its default, which is safe."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from ingestion.findings import people, personal
from retrieval.errors import InvalidInputError

Treatment = Literal["allow", "mask", "refuse"]
Attacks = Literal["allow", "refuse"]
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)
PERSONAL: tuple[str, ...] = tuple(rule for rule in personal.RULES if rule != people.RULE)
"""Kinds of personal data that are found by themselves; names are not."""

MAX_TOPICS = 100
MAX_PHRASES = 200
MAX_PHRASE_CHARS = 200
MAX_MESSAGE_CHARS = 1_000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Topic:
    """What is not to be asked.

    Attributes:
        name: Stands in logs.
        phrases: A question is about it when it holds the words of one, whatever their endings, one behind the other.
        message: What who asks is told; empty for a sentence that says so.
    """

    name: str
    phrases: tuple[str, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """What is done about questions and answers. Secrets are always masked: that is no choice.

    Attributes:
        personal_in_questions: Masked before they are searched for, sent to a model or logged; or refused.
        personal_in_answers: In words and quotes.
        personal: Kinds that count.
        attacks: Questions that are after the prompt or lift the rules of a language model.
        topics: What is not to be asked.
    """

    personal_in_questions: Treatment = "allow"
    personal_in_answers: Treatment = "allow"
    personal: tuple[str, ...] = PERSONAL
    attacks: Attacks = "refuse"
    topics: tuple[Topic, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def policy_of(body: Mapping[str, Any]) -> GuardPolicy:
    """Make a policy of JSON, checking every part of it.

    Args:
        body: Any of the fields of ``GuardPolicy``; what is left out gets its default.

    Returns:
        The policy.

    Raises:
        InvalidInputError: A field or a value is not possible; the message names it.
    """
    names = [field.name for field in fields(GuardPolicy)]
    if unknown := sorted(set(body) - set(names)):
        raise InvalidInputError(f"a policy of guards has no {unknown[0]!r}; it has {', '.join(names)}")
    given = dict(body)
    for name in ("personal_in_questions", "personal_in_answers"):
        _one_of(given.get(name, "allow"), TREATMENTS, name)
    _one_of(given.get("attacks", "refuse"), get_args(Attacks), "attacks")
    if "personal" in given:
        kinds = _listed(given["personal"], "personal", most=len(PERSONAL))
        for kind in kinds:
            _one_of(kind, PERSONAL, "personal")
        given["personal"] = tuple(kind for kind in PERSONAL if kind in kinds)
    if "topics" in given:
        given["topics"] = _topics(given["topics"])
    return GuardPolicy(**given)


def strictest(policies: Iterable[GuardPolicy]) -> GuardPolicy:
    """Return the policy under which nothing passes that any of some policies stops; the default for none."""
    every = list(policies)
    if not every:
        return GuardPolicy()
    first, *others = every
    return (
        first
        if not others
        else GuardPolicy(
            personal_in_questions=max((p.personal_in_questions for p in every), key=TREATMENTS.index),
            personal_in_answers=max((p.personal_in_answers for p in every), key=TREATMENTS.index),
            # A kind that only a policy names which allows it all the same counts nowhere.
            personal=tuple(kind for kind in PERSONAL if any(kind in p.personal for p in every if _looks(p)))
            or PERSONAL,
            attacks="refuse" if any(p.attacks == "refuse" for p in every) else "allow",
            topics=tuple(dict.fromkeys(topic for p in every for topic in p.topics)),
        )
    )


def _looks(policy: GuardPolicy) -> bool:
    return policy.personal_in_questions != "allow" or policy.personal_in_answers != "allow"


def _topics(given: Any) -> tuple[Topic, ...]:
    topics = []
    for place, entry in enumerate(_listed(given, "topics", most=MAX_TOPICS)):
        where = f"topics.{place}"
        if not isinstance(entry, Mapping) or not set(entry) <= {"name", "phrases", "message"}:
            raise InvalidInputError(f"{where} has a name, phrases, and a message if it is to have its own")
        name, message = entry.get("name"), entry.get("message") or ""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidInputError(f"{where}.name is 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        if not isinstance(message, str) or len(message) > MAX_MESSAGE_CHARS:
            raise InvalidInputError(f"{where}.message is a text of at most {MAX_MESSAGE_CHARS:,} characters")
        phrases = _listed(entry.get("phrases"), f"{where}.phrases", most=MAX_PHRASES)
        if not phrases or not all(_is_phrase(phrase) for phrase in phrases):
            raise InvalidInputError(f"{where}.phrases are one text or more of 1 to {MAX_PHRASE_CHARS} characters each")
        topics.append(Topic(name, tuple(phrases), message.strip()))
    if len({topic.name for topic in topics}) < len(topics):
        raise InvalidInputError("topics: two of them have one name")
    return tuple(topics)


def _is_phrase(phrase: Any) -> bool:
    return isinstance(phrase, str) and len(phrase) <= MAX_PHRASE_CHARS and any(c.isalnum() for c in phrase)


def _listed(given: Any, name: str, *, most: int) -> Sequence[Any]:
    if not isinstance(given, list | tuple) or len(given) > most:
        raise InvalidInputError(f"{name} is a list of at most {most}")
    return given


def _one_of(value: Any, allowed: Sequence[str], name: str) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise InvalidInputError(f"{name}: {value!r} is none of {', '.join(allowed)}")
