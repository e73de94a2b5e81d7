"""Which texts repeat words of a document: what is to be forgotten is looked for by its words too; pure."""

import re
from collections.abc import Iterable

_WORD = re.compile(r"\w+")
_RUN = 8
"""So many words in the same order are a quote, not a coincidence."""
_FEWEST = 3


class Quoted:
    """Knows some texts and tells which others quote them, whatever their case, spacing and punctuation.

    Args:
        texts: What may be quoted.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._folded = [folded for text in texts if (folded := _fold(text))]
        self._runs = {run for words in self._folded for run in _runs(words)}
        self._joined = [f" {' '.join(words)} " for words in self._folded]

    def within(self, text: str) -> bool:
        """Say whether a text holds eight words of a known one in a row, or is all there, or holds a short one whole.

        Returns:
            False for less than three words, which are no quote.
        """
        words = _fold(text)
        if len(words) < _FEWEST:
            return False
        if len(words) < _RUN:
            said = f" {' '.join(words)} "
            return any(said in known or (len(known.split()) >= _FEWEST and known in said) for known in self._joined)
        if any(run in self._runs for run in _runs(words)):
            return True
        short = [known for known, folded in zip(self._joined, self._folded, strict=True) if len(folded) < _RUN]
        said = f" {' '.join(words)} "
        return any(known in said for known in short if len(known.split()) >= _FEWEST)

    def repeated(self, text: str) -> bool:
        """Say whether a text holds a known one whole, or is a part of one."""
        words = _fold(text)
        said = f" {' '.join(words)} "
        return len(words) >= _FEWEST and any(said in known or known in said for known in self._joined)


def _fold(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: list[str]) -> Iterable[int]:
    return (hash(tuple(words[at : at + _RUN])) for at in range(len(words) - _RUN + 1))
