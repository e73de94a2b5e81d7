"""A guard that holds questions, passages and answers against a policy; pure."""

import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import lru_cache

from app.guard_policy import GuardPolicy, Topic
from ingestion.findings.attacks import find_attack
from ingestion.findings.personal import find_personal
from ingestion.findings.secrets import RULES as SECRETS
from ingestion.findings.secrets import find_key_lines, find_secrets
from ingestion.findings.spots import Spot
from ingestion.findings.words import MARKS, in_words
from retrieval.bm25 import Terms
from retrieval.guard import Checked, Refusal
from retrieval.guard_types import GuardDecision, Mask, masked
from retrieval.prompt import TURN_CHARS
from retrieval.retrieve import MAX_QUESTION_CHARS
from retrieval.types import Query, Turn

HISTORY_MAX_CHARS = 100_000
"""Of the conversation before a question; older turns are left out, for what was not looked at goes nowhere."""

NOT_MINE = (
    "I answer questions from the documents. I do not show how I was set up, and I keep to it. Ask me something else."
)
NOT_HERE = "I may not answer questions about this."
NOT_TOLD = "The answer holds personal data, which I may not give."
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class PolicyGuard:
    """See ``retrieval.guard.Guard``.

    Attributes:
        policy: What is refused and masked.
        terms: Stems words, so that a topic is found whatever their endings.
    """

    policy: GuardPolicy
    terms: Terms

    def check(self, query: Query) -> Checked:
        """Mask a question and the conversation before it, and say whether it is refused.

        Returns:
            The question without secrets, and without personal data where the policy masks or refuses them.
        """
        kinds = self._kinds(self.policy.personal_in_questions)
        found = _masks(query.text, kinds)
        counts = Counter(mask.rule for mask in found)
        decisions = tuple(GuardDecision("masked", rule, "question", count) for rule, count in sorted(counts.items()))
        # Marks may be longer than what they stand for.
        text = masked(query.text, found)[:MAX_QUESTION_CHARS]
        history = self._history(query.history, kinds)
        return Checked(replace(query, text=text, history=history), decisions, self._refusal(query.text, counts.keys()))

    def masks(self, text: str) -> Sequence[Mask]:
        """Return what of a document's or an answer's text nobody is shown."""
        return _masks(text, self._kinds(self.policy.personal_in_answers))

    def refusal(self, rules: AbstractSet[str]) -> Refusal | None:
        """Say whether an answer is given at all in which these rules masked something."""
        if self.policy.personal_in_answers != "refuse" or not (rules & set(self.policy.personal)):
            return None
        return Refusal("personal_data", NOT_TOLD)

    def _kinds(self, treatment: str) -> tuple[str, ...]:
        return () if treatment == "allow" else self.policy.personal

    def _refusal(self, question: str, rules: AbstractSet[str]) -> Refusal | None:
        if self.policy.attacks == "refuse" and (attack := find_attack(question)):
            return Refusal(attack, NOT_MINE)
        if topic := self._topic(question):
            return Refusal(f"topic:{topic.name}", topic.message or NOT_HERE)
        held = sorted(rules & set(self.policy.personal))
        if held and self.policy.personal_in_questions == "refuse":
            named = " and ".join(dict.fromkeys(in_words(rule).split(" (")[0] for rule in held))
            return Refusal("personal_data", f"Your question holds {named}. Please ask it without.")
        return None

    def _history(self, turns: Sequence[Turn], kinds: tuple[str, ...]) -> tuple[Turn, ...]:
        """Mask the conversation; what is refused in it is no part of what a follow-up goes on with."""
        kept: list[Turn] = []
        left = HISTORY_MAX_CHARS
        for turn in reversed(turns):
            left -= len(turn.text)
            if left < 0:
                break
            found = _masks.__wrapped__(turn.text, kinds)  # said once: not kept
            if turn.role == "user" and self._refusal(turn.text[:TURN_CHARS], {mask.rule for mask in found}):
                if kept and kept[-1].role == "assistant":
                    kept.pop()  # what was said to it
                continue
            kept.append(replace(turn, text=masked(turn.text, found)) if found else turn)
        return tuple(reversed(kept))

    def _topic(self, question: str) -> Topic | None:
        if not self.policy.topics:
            return None
        asked = f" {' '.join(_stems(question, self.terms))} "
        plain = question.casefold()
        for topic in self.policy.topics:
            for phrase in topic.phrases:
                sought = " ".join(_stems(phrase, self.terms))
                # Where nothing parts words, the phrase itself is looked for.
                if f" {sought} " in asked or (_is_unparted(phrase) and phrase.casefold() in plain):
                    return topic
        return None


def _stems(text: str, terms: Terms) -> list[str]:
    return [_stem(word, terms) for word in _WORD.findall(text.casefold())]


@lru_cache(maxsize=50_000)
def _stem(word: str, terms: Terms) -> str:
    # A stop word has no stem, and counts all the same: time off is not time.
    return next((str(term) for term in terms(word)), word)


def _is_unparted(phrase: str) -> bool:
    return any("\u2e80" <= character <= "\ud7ff" or "\u0e00" <= character <= "\u0eff" for character in phrase)


@lru_cache(maxsize=4_096)  # passages are found again and again
def _masks(text: str, kinds: tuple[str, ...]) -> tuple[Mask, ...]:
    spots = find_secrets(text) + find_key_lines(text)
    if kinds:
        spots += [spot for spot in find_personal(text) if spot.rule in kinds]
    return tuple(Mask(spot.start, spot.end, spot.rule, _mark(spot.rule)) for spot in _joined(spots))


def _joined(spots: Sequence[Spot]) -> list[Spot]:
    """Make one spot of those that overlap: nothing of either may be told; a secret gives it its name."""
    joined: list[Spot] = []
    for spot in sorted(spots):
        if not joined or spot.start >= joined[-1].end:
            joined.append(spot)
            continue
        last = joined[-1]
        rule = spot.rule if spot.rule in SECRETS and last.rule not in SECRETS else last.rule
        joined[-1] = Spot(last.start, max(last.end, spot.end), rule)
    return joined


def _mark(rule: str) -> str:
    # Round brackets: square ones before a bracket of the text would make a link.
    return f"({MARKS[rule].strip('[]')} removed)"
