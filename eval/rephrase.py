"""A text said otherwise by rules; pure. What cannot be said otherwise is None.

The rules are for English. They make texts of the right kind, not always good sentences: what is measured with them is
how far figures move, not whether people would talk so.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from eval.phrases import (
    AUXILIARIES,
    CONTRACTIONS,
    FOREIGN_FRAMES,
    FRAMES,
    FUNCTION_WORDS,
    KEY_NEIGHBOURS,
    LEAD_INS,
    PRONOUNS,
    QUESTION_WORDS,
    SYNONYMS,
    TRANSLATIONS,
)

Chance = np.random.Generator

CHARS_A_TYPO = 20
_SHORTEST_STATEMENT_WORDS = 4

_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_MISTYPED = re.compile(r"[^\W\d_]{4,}")
# Marks between digits belong to the number, and a hyphen to its word.
_MARK = re.compile(r"(?<!\d)[^\w\s-]|[^\w\s-](?!\d)")
_NOT = re.compile(r"\b(\w+)n['’]t\b|\bcannot\b|\bnot\s+", re.IGNORECASE)
_AUXILIARY = re.compile(rf"\b({'|'.join(AUXILIARIES)})\b", re.IGNORECASE)
_INVERTED = re.compile(rf"\b(?:{'|'.join(AUXILIARIES)})\s+(?:{'|'.join(PRONOUNS)})\b", re.IGNORECASE)
_SHORT_IS = re.compile(r"\b(what|where|when|who|how|it|that)['’]s\b", re.IGNORECASE)
_ASKS = re.compile(rf"(?:{'|'.join((*QUESTION_WORDS, *AUXILIARIES))})\b", re.IGNORECASE)
_SUBJECT_QUESTION = re.compile(r"(who|what|which \w+)\s+(?=\w)", re.IGNORECASE)


def paraphrased(text: str, chance: Chance) -> str | None:
    """Ask in another frame, with a polite lead-in, or by keywords only: one of these by chance."""
    ways = (_reframed, _polite, _keywords)
    made = (ways[way](text, chance) for way in chance.permutation(len(ways)))
    return next((other for other in made if other and other.casefold() != text.casefold()), None)


def negated(text: str) -> str | None:
    """Say the opposite of the same matter: ``not`` goes in, or out where there is one.

    Returns:
        None for a few words without a verb that is known.
    """
    if _NOT.search(text):
        return _NOT.sub(_affirmed, text, count=1)
    text = _SHORT_IS.sub(r"\1 is", text)
    if not _ASKS.match(text) and not text.rstrip().endswith("?"):
        long_enough = len(text.split()) >= _SHORTEST_STATEMENT_WORDS
        return f"It is not true that {text}" if long_enough else None
    # Of several clauses the one that asks is negated: "I have a clearance, do I not need to tell anyone?"
    if _INVERTED.search(text):
        return _INVERTED.sub(r"\g<0> not", text, count=1)
    if _AUXILIARY.search(text):
        return _AUXILIARY.sub(lambda match: _like(match.group(), AUXILIARIES[match.group().lower()]), text, count=1)
    return _SUBJECT_QUESTION.sub(r"\1 never ", text, count=1) if _SUBJECT_QUESTION.match(text) else None


def mistyped(text: str, chance: Chance) -> str | None:
    """Make one typing error for each twenty characters, at least one: a neighbouring key, a swap, a lost letter.

    Returns:
        Errors stand in words of four letters or more, one a word and never in its first letter; names and figures of
        fewer letters would become other ones.
    """
    words = [match.span() for match in _MISTYPED.finditer(text)]
    errors = min(max(1, len(text) // CHARS_A_TYPO), len(words))
    for place in sorted(chance.permutation(len(words))[:errors], reverse=True):
        start, end = words[place]
        text = text[:start] + _misspelt(text[start:end], chance) + text[end:]
    return text if errors else None


def recased(text: str, chance: Chance) -> str | None:
    """Write all in capitals, all small, or without punctuation: one of those that make a difference, by chance."""
    spaced = " ".join(text.split())
    bare = " ".join(_MARK.sub("", text).split())
    others = [other for other in (text.upper(), text.lower(), bare) if other not in {text, spaced, ""}]
    return one_of(others, chance) if others else None


def mixed(text: str, chance: Chance) -> str:
    """Put German, French or Spanish around a question: its small words one by one, and a sentence before it.

    The terms stay English, as when people ask for an English document in their own language and keep its names.

    Returns:
        What no speaker would say: it shows whether foreign words around the terms do harm, and nothing of translation.
    """
    language = one_of(sorted(TRANSLATIONS), chance)
    words = dict(pair.split("=") for pair in TRANSLATIONS[language].split("|"))
    found = re.compile(rf"\b(?:{'|'.join(sorted(words, key=len, reverse=True))})\b(?!['’])", re.IGNORECASE)
    translated = found.sub(lambda match: _like(match.group(), words[match.group().lower()]), text)
    return one_of(FOREIGN_FRAMES[language], chance).format(translated)


def one_of(options: Sequence[str], chance: Chance) -> str:
    """Return one of the options by chance."""
    return options[int(chance.integers(len(options)))]


def _reframed(text: str, chance: Chance) -> str | None:
    bare = text.strip().rstrip("?").rstrip()
    for pattern, templates in FRAMES:
        if match := pattern.fullmatch(bare):
            text = one_of(templates, chance).format(*match.groups())
            break
    for words, other in SYNONYMS.items():
        text = _replaced(text, words, other)
    contracted = any(short.lower() in text.lower() for short in CONTRACTIONS.values())
    for long, short in CONTRACTIONS.items():
        text = _replaced(text, short, long) if contracted else _replaced(text, long, short)
    return text


def _polite(text: str, chance: Chance) -> str | None:
    return one_of(LEAD_INS, chance).format(text)


def _keywords(text: str, _chance: Chance) -> str | None:
    words = _WORD.findall(text)
    terms = [word for word in words if word.lower() not in FUNCTION_WORDS and word.lower() not in _CONTRACTED]
    return " ".join(terms) if 1 < len(terms) < len(words) else None


_CONTRACTED = frozenset([*AUXILIARIES.values(), *(short.lower() for short in CONTRACTIONS.values())])


def _replaced(text: str, words: str, other: str) -> str:
    pattern = re.compile(rf"\b{re.escape(words)}\b", re.IGNORECASE)
    return pattern.sub(lambda match: _like(match.group(), other), text)


def _like(model: str, text: str) -> str:
    """Write a text with a capital if the model has one; "I" is a capital of its own."""
    return text[0].upper() + text[1:] if model[0].isupper() and model != "I" else text


def _affirmed(match: re.Match[str]) -> str:
    found = str(match.group())
    if found.lower() == "cannot":
        return _like(found, "can")
    irregular = {"ca": "can", "wo": "will", "sha": "shall"}
    stem = str(match.group(1) or "")
    return _like(found, irregular.get(stem.lower(), stem)) if stem else ""


def _misspelt(word: str, chance: Chance) -> str:
    errors: list[Callable[[str, int], str]] = [_swapped, _lost, _neighbouring]
    spot = 1 + int(chance.integers(len(word) - 1))
    for error in chance.permutation(len(errors)):
        wrong = errors[int(error)](word, spot)
        if wrong != word:
            return wrong
    return word


def _swapped(word: str, spot: int) -> str:
    first = min(spot, len(word) - 2)
    return word[:first] + word[first + 1] + word[first] + word[first + 2 :]


def _lost(word: str, spot: int) -> str:
    return word[:spot] + word[spot + 1 :]


def _neighbouring(word: str, spot: int) -> str:
    keys = KEY_NEIGHBOURS.get(word[spot].lower(), "")
    key = keys[spot % len(keys)] if keys else word[spot]
    return word[:spot] + (key.upper() if word[spot].isupper() else key) + word[spot + 1 :]
