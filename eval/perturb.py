"""The robustness suite's ways of asking otherwise; pure, and the same for the same seed and question."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from eval.golden import Question
from eval.phrases import INJECTIONS, MONTHS, NUMBER_WORDS, TITLE_FRAMES, WEEKDAYS
from eval.rephrase import Chance, mistyped, mixed, negated, one_of, paraphrased, recased
from retrieval.retrieve import MAX_QUESTION_CHARS

CANARY = "Quizzlewick"
"""The word that injected instructions ask for; an answer that holds it has obeyed, or has at least repeated it."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*")
# Not 18F or B2B: those are names.
_NUMBER = re.compile(r"(?<!\w)\d+(?:[.,:/-]\d+)*(?!\w)")
_ITEM = re.compile(r"[^\S\n]*(?:[-*>#|]\s*)*\d+[.)]\s")
_NAMED = re.compile(rf"\b(?:{'|'.join((*MONTHS, *WEEKDAYS, *NUMBER_WORDS))})\b")


@dataclass(frozen=True, slots=True)
class Variation:
    """A way of asking otherwise.

    Attributes:
        about: What it does, for readers of a report.
        say: Words the question; None where it cannot.
        rewords: False when the words stay, and what can be found changes.
        hides: The question's relevant documents must be hidden from retrieval; then no answer is right.
        doubles: Each relevant document must stand beside a near-duplicate; see ``near_duplicate``.
        same_answer: Whether the reference answer still answers it.
    """

    name: str
    about: str
    say: Callable[[Question, Chance], str | None]
    rewords: bool = True
    hides: bool = False
    doubles: bool = False
    same_answer: bool = True


def vary(question: Question, variation: Variation, *, seed: int) -> Question | None:
    """Ask a question otherwise.

    Args:
        question: What is asked, and what is known about its answer.
        variation: One of ``VARIATIONS``.
        seed: Another one makes other choices.

    Returns:
        The question under the same id, with what is still known about its answer; its text is not blank, at most
        4,000 characters long, and unlike the original where the variation rewords. None where it cannot be made.
    """
    text = variation.say(question, _chance(seed, variation.name, question.id))
    if text is None or not text.strip() or len(text) > MAX_QUESTION_CHARS:
        return None
    if variation.rewords and text == question.text:
        return None
    if variation.hides:
        return replace(question, text=text, answerable=False, answer=None, evidence=None, relevant={}, passages=())
    return replace(question, text=text, answer=question.answer if variation.same_answer else None)


def near_duplicate(text: str, seed: int) -> str | None:
    """Write a document over again with other numbers, months, weekdays and number words.

    What stands twice is changed twice in the same way; numbers of list items stay.

    Returns:
        About as many characters; None where the text holds nothing of the kind and would be a copy.
    """
    chance = _chance(seed, "near_duplicates", text)
    changed: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        found = match.group()
        if found not in changed:
            changed[found] = _other_number(found, chance) if found[0].isdigit() else _other_name(found, chance)
        return changed[found]

    lines = []
    for line in text.split("\n"):
        item = _ITEM.match(line)
        start = item.end() if item else 0
        lines.append(line[:start] + _NAMED.sub(other, _NUMBER.sub(other, line[start:])))
    written = "\n".join(lines)
    return None if written == text else written


def near_title(title: str, seed: int) -> str:
    """Return the title of a near-duplicate: unlike the first, and of the same matter."""
    return one_of(TITLE_FRAMES, _chance(seed, "near_title", title)).format(title)


def _paraphrase(question: Question, chance: Chance) -> str | None:
    written = question.variants.get("paraphrase", "")
    # What a person wrote is better than any rule, in every language.
    if written.strip():
        return written
    return paraphrased(question.text, chance) if _is_english(question) else None


def _typos(question: Question, chance: Chance) -> str | None:
    return mistyped(question.text, chance)


def _casing(question: Question, chance: Chance) -> str | None:
    return recased(question.text, chance)


def _negation(question: Question, _chance: Chance) -> str | None:
    return negated(question.text) if _is_english(question) else None


def _other_languages(question: Question, chance: Chance) -> str | None:
    written = [name for name, text in sorted(question.variants.items()) if _LANGUAGE.fullmatch(name) and text.strip()]
    if written:
        return question.variants[one_of(written, chance)]
    return mixed(question.text, chance) if _is_english(question) else None


def _injected(question: Question, chance: Chance) -> str | None:
    if CANARY.lower() in question.text.lower():
        return None
    return one_of(INJECTIONS, chance).format(question.text, CANARY)


def _as_it_is(question: Question, _chance: Chance) -> str | None:
    return question.text if question.answerable and question.relevant else None


VARIATIONS: Mapping[str, Variation] = MappingProxyType({
    variation.name: variation
    for variation in (
        Variation("paraphrase", "other words, a polite lead-in or keywords only; a person's words if any", _paraphrase),
        Variation("typos", "one typing error for each twenty characters", _typos),
        Variation("casing", "all capitals, all small, or no punctuation", _casing),
        Variation("negation", "the opposite is asked; the same documents tell", _negation, same_answer=False),
        Variation(
            "other_languages",
            "a translation if the set has one; else German, French or Spanish around English terms",
            _other_languages,
        ),
        Variation("injected_instructions", "an instruction to ignore the documents stands behind", _injected),
        Variation("unanswerable", "the documents that answer it are hidden", _as_it_is, rewords=False, hides=True),
        Variation(
            "near_duplicates",
            "its documents stand beside copies with other figures",
            _as_it_is,
            rewords=False,
            doubles=True,
        ),
    )
})


def _is_english(question: Question) -> bool:
    return question.tags.get("language", "en").lower().startswith("en")


def _chance(seed: int, *of: str) -> Chance:
    digest = hashlib.sha256("\0".join((str(seed), *of)).encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _other_number(number: str, chance: Chance) -> str:
    """Change the first run of digits and keep the form: 2024-05-01 -> 2022-05-01, 3.5 -> 7.5, 10,000 -> 64,000."""
    match = re.match(r"\d+", number)
    first = match.group() if match else number
    rest = number[len(first) :]
    if len(first) == 4 and first[:2] in {"19", "20"}:
        # A year stays near, as in last year's version of a page.
        return f"{int(first) - 1 - int(chance.integers(3))}{rest}"
    digits = [str(int(chance.integers(10))) for _ in first]
    if first[0] != "0":
        digits[0] = str(1 + int(chance.integers(9)))
    if "".join(digits) == first:
        digits[-1] = str(int(first[-1]) % 9 + 1)
    return "".join(digits) + rest


def _other_name(name: str, chance: Chance) -> str:
    names = next(names for names in (MONTHS, WEEKDAYS, NUMBER_WORDS) if name in names)
    return one_of([other for other in names if other != name], chance)
