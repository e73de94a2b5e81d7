"""SearchQuestion: what is searched for, and how it came about."""

from dataclasses import dataclass
from typing import Literal

Made = Literal["as asked", "heuristic", "model"]
"""How a question became what is searched for; see ``retrieval.rewrite``."""


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """A question as it is searched for.

    Attributes:
        text: What counts in full: the question itself, or what a language model made of it.
        context: What was said before, as far as it is searched for too; empty when the question stands alone.
        weight: What a word of the context counts, and the vector of the context, beside 1 for the text: in [0, 1].
        made: How it came about.
    """

    text: str
    context: str = ""
    weight: float = 0.0
    made: Made = "as asked"

    @property
    def words(self) -> str:
        """The context and the text behind it, for who reads both alike."""
        return f"{self.context} {self.text}" if self.context else self.text


def search_question(question: str | SearchQuestion) -> SearchQuestion:
    """Return a question as one that is searched for; a plain text stands alone."""
    return SearchQuestion(question) if isinstance(question, str) else question
