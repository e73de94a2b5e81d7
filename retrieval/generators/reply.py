"""What a language model says, piece by piece, made fit to be shown and kept."""

import re
from collections.abc import Callable

from retrieval.clean import seen
from retrieval.prompt import NOT_ANSWERED

MOST_CHARS = 20_000
"""Of any reply, whatever was asked for: a model may not keep to it."""

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_THOUGHT, _THOUGHT_END = "<think>", "</think>"


class Reply:
    """Gathers pieces and tells them on; together they are the text.

    A thought before the answer is left out, and what says that there is no answer is told nobody. Halves of a
    character are joined across pieces.

    Args:
        tell: Told what is sure to be part of the text.
        most_chars: From here on nothing more is wanted.
    """

    def __init__(self, tell: Callable[[str], None], *, most_chars: int) -> None:
        self._tell = tell
        self._most_chars = most_chars
        self._said = ""
        self._half = ""  # of a character that comes in two
        self._told = 0  # characters of the text

    @property
    def full(self) -> bool:
        """Whether more was said than can be wanted."""
        return len(self._said) >= self._most_chars

    @property
    def text(self) -> str:
        """What was said, without surrounding space."""
        said = self._said.lstrip()
        if said.startswith(_THOUGHT):
            _, _, said = said.partition(_THOUGHT_END)
        return said.strip()

    @property
    def answered(self) -> bool:
        """Whether the model holds that there is an answer."""
        return NOT_ANSWERED not in self.text

    def add(self, piece: str) -> None:
        """Take a piece and tell on what it makes sure."""
        piece = self._half + piece
        self._half = piece[-1] if piece and "\ud800" <= piece[-1] <= "\udbff" else ""
        whole = piece.removesuffix(self._half) if self._half else piece
        whole = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), whole)
        self._said += seen(whole)
        self._said = self._said[: self._most_chars]
        if self.answered:
            self._tell_up_to(_sure(self.text))

    def end(self) -> str:
        """Tell the rest.

        Returns:
            The whole text; empty where the model holds that there is no answer.
        """
        if not self.answered:
            return ""
        self._tell_up_to(self.text)
        return self.text

    def _tell_up_to(self, text: str) -> None:
        if len(text) > self._told:
            told, self._told = self._told, len(text)
            self._tell(text[told:])


def _sure(text: str) -> str:
    """Leave out an end that may become one of the words that are not told."""
    if _THOUGHT.startswith(text):
        return ""
    for length in range(len(NOT_ANSWERED) - 1, 0, -1):
        if text.endswith(NOT_ANSWERED[:length]):
            return text[:-length]
    return text
