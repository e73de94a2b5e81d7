"""Text -> words as they are compared when an answer is checked; pure, without a model or a language's stemmer."""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

# E-mail addresses are one word each; Chinese and Japanese write no spaces, so there each character is one.
_TOKEN = re.compile(
    "[\\w.+-]+@[\\w.-]+\\w|\\d+(?:[.,:/]\\d+)*|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    "|[^\\W\\d_]+(?:'[^\\W\\d_]+)?|%"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_NO_SEPARATORS = str.maketrans("", "", ".,")
_SENTENCE_START = re.compile(r"[.!?:;]\s*[\"'“‘(\[*]*$")

# "One" is left out: it is a pronoun more often than a number.
_FROM_TWO = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_FROM_TWO.split(), start=2)} | {
    word: f"{tens}0" for tens, word in enumerate(_TENS.split(), start=3)
}
# Of pairs like "neither ... nor" and "ne ... pas" one half stands here, so that each denial counts once.
_DENYING = (
    "no not never none neither nobody nothing without cannot nicht kein keine keinen keinem keiner nie niemals ohne "
    "pas jamais sans aucun aucune rien nunca sin ningún ninguna non senza"
)
_NEGATIONS = frozenset(_DENYING.split())
_BINDING = (
    "a an the of to in on at by for from with as and or but if then that this these those there it its they them their "
    "he she his her we us our you your i me my is are was were be been being am do does did done has have had having "
    "will would shall should can could may might must so such than also which who whom whose what when where how why "
    "into about up out off any some each other own same too nor ne"
)
_FUNCTION_WORDS = frozenset(_BINDING.split())
_STEM_CHARS = 4
_STEM_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is compared: case-folded, a number as digits without separators of thousands.

    Attributes:
        name: Written with a capital within its sentence, or an e-mail address.
    """

    text: str
    name: bool

    @property
    def is_number(self) -> bool:
        """Whether it is a number, written in digits or (from two) in English words."""
        return self.text[0].isdigit()

    @property
    def is_negation(self) -> bool:
        """Whether it denies, in English, German, French, Spanish or Italian."""
        return self.text in _NEGATIONS or self.text.endswith("n't")

    @property
    def is_content(self) -> bool:
        """Whether it carries the subject: neither a negation nor an English function word."""
        return not self.is_negation and self.text.split("'")[0] not in _FUNCTION_WORDS


@lru_cache(maxsize=1024)  # a quoted sentence is split as part of the answer and of its source
def words_of(text: str) -> tuple[Word, ...]:
    """Split a text into words.

    Returns:
        In order of the text; empty when it has none.
    """
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    words: list[Word] = []
    for match in _TOKEN.finditer(text):
        raw = match.group()
        within = bool(words) and not _SENTENCE_START.search(text, max(match.start() - 8, 0), match.start())
        words.append(Word(_folded(raw), "@" in raw or (within and raw[0].isupper())))
    return tuple(words)


def content_words(text: str) -> frozenset[str]:
    """Return the words of a text that carry its subject: folded, numbers as digits, without function words."""
    return frozenset(word.text for word in words_of(text) if word.is_content)


def stands_in(word: str, words: AbstractSet[str]) -> bool:
    """Tell whether a word, or another form of it, is among others.

    Long common beginnings do for a stemmer, in all languages that bend words at the end.

    Returns:
        True also for words of at least four letters that share the first 70 % of the longer one.
    """
    if word in words:
        return True
    if len(word) < _STEM_CHARS or not word.isalpha():
        return False
    stem = word[:_STEM_CHARS]
    return any(
        other[:_STEM_CHARS] == stem and _common_start(word, other) >= _STEM_SHARE * max(len(word), len(other))
        for other in words
    )


def _folded(raw: str) -> str:
    folded = raw.casefold().removesuffix("'s")
    if folded[0].isdigit():
        return re.sub(r"\.0+$", "", folded.translate(_NO_SEPARATORS) if _THOUSANDS.fullmatch(folded) else folded)
    return _NUMBER_WORDS.get(folded, folded)


def _common_start(first: str, second: str) -> int:
    same = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        same += 1
    return same
