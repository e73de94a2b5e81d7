"""An answer's words, piece by piece -> the same words without what nobody is shown, however they are cut.

Half an e-mail address is told as little as a whole one. So words are looked at a sentence at a time; only the beginning
of a sentence goes ahead, as far as nothing in it can be part of a number, an address or a key.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from retrieval.guard_types import Mask, masked

# Behind the marks of a sentence, or before the end of a line; the space between two begins the second. A number or a
# sign behind a full stop may belong to an abbreviation: "Tel. 030 ...".
_SENTENCE = re.compile(r"[.!?][\"'”’)\]]{0,3}(?: ?\[\d{1,4}\]){0,9}(?=[ \t]{1,9}[^\W\d_])|\S(?=[ \t]{0,9}\n)")
_TOKEN = re.compile(r"\[\d{1,4}(?:\s{0,9},\s{0,9}\d{1,4}){0,20}\](?=\s)|\S+")
_MARK = re.compile(r"\[\d{1,4}(?:\s*,\s*\d{1,4})*\]")
_OFFICIAL = re.compile(r"[A-Za-z]{2}\d{2}")  # how an IBAN begins
_DIGITS = re.compile(r"\d")
_PARTS = re.compile(r"[^\w\s]{1,3}")
_KEY_BEGINS = re.compile(r"-----BEGIN|PuTTY-User-Key-File")
_KEY_ENDS = re.compile(r"-----END[^\n]*")
_CALM_CHARS = 20
_CALM_DIGITS = 3
_LOOK_BACK_CHARS = 80


class MaskedWords:
    """Takes words as they come and gives those that can be told, masked.

    Args:
        masks: Finds what of a sentence nobody is shown.

    Attributes:
        masked: How often each rule masked something.
        holds: Whether words were taken of which nothing was given yet.
    """

    def __init__(self, masks: Callable[[str], Sequence[Mask]]) -> None:
        self._masks = masks
        self._sentence = ""
        self._given = 0  # characters of the sentence
        self._looked = 0
        self.masked: Counter[str] = Counter()

    @property
    def holds(self) -> bool:
        """Whether words wait for more."""
        return len(self._sentence) > self._given

    def take(self, words: str) -> str:
        """Take the next words, cut between two words; return what can be told now."""
        self._sentence += words
        told: list[str] = []
        while (end := self._sentence_end()) is not None:
            told.append(self._whole(self._sentence[:end]))
            self._sentence, self._given, self._looked = self._sentence[end:], 0, 0
        calm = max(self._given, calm_chars(self._sentence, self._given))
        told.append(self._sentence[self._given : calm])
        self._given = calm
        return "".join(told)

    def end(self) -> str:
        """Return what was not told yet."""
        told = self._whole(self._sentence)
        self._sentence, self._given, self._looked = "", 0, 0
        return told

    def _sentence_end(self) -> int | None:
        found = _SENTENCE.search(self._sentence, self._looked)
        begins = _KEY_BEGINS.search(self._sentence)
        if found and begins and begins.start() < found.end():
            # The lines of a key are one secret.
            ends = _KEY_ENDS.search(self._sentence, begins.end())
            found = _SENTENCE.search(self._sentence, ends.end()) if ends else None
        if found is None:
            self._looked = max(0, len(self._sentence) - _LOOK_BACK_CHARS)
        return found.end() if found else None

    def _whole(self, sentence: str) -> str:
        masks = self._masks(sentence)
        if masks:
            # What went ahead can be no part of a secret; the rule that says so is the same for every cut.
            calm = calm_chars(sentence, 0)
            masks = [replace(mask, start=max(mask.start, calm)) for mask in masks if mask.end > calm]
            self.masked.update(mask.rule for mask in masks)
        return masked(sentence, masks, self._given)


def calm_chars(sentence: str, start: int) -> int:
    """Tell how much of the beginning of a sentence can be no part of a number, an address or a key.

    Args:
        sentence: As far as it is known, cut between two words.
        start: From where on to look; all before it is known to be calm.

    Returns:
        A number of characters, up to the end of a word; the last word that is known is never part of it unless it is
        a citation, for what follows may tell.
    """
    calm, waiting = start, None
    for token in _TOKEN.finditer(sentence, start):
        word = token.group()
        if waiting is not None and _PARTS.fullmatch(word) and _DIGITS.search(waiting.group()):
            continue  # a sign between two numerals parts neither from the other: "212 / 555"
        numeral = bool(_DIGITS.search(word)) and not _MARK.fullmatch(word)
        if waiting is not None:
            if numeral and _DIGITS.search(waiting.group()) and not _MARK.fullmatch(waiting.group()):
                break
            calm = waiting.end()
        if not _is_calm(word):
            break
        waiting = token
    else:
        # A citation is never part of what follows: it need not wait, and what it stands for can be told.
        calm = waiting.end() if waiting and _MARK.fullmatch(waiting.group()) else calm
    return calm


def _is_calm(word: str) -> bool:
    if _MARK.fullmatch(word):
        return True
    if len(word) >= _CALM_CHARS or "@" in word or "://" in word or "--" in word or word.count(":") > 1:
        return False
    return len(_DIGITS.findall(word)) <= _CALM_DIGITS and not _OFFICIAL.search(word)
