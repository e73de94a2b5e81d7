"""A follow-up question and what was said before -> what is searched for.

Without a language model nothing is put into words: the last question and the beginning of its answer are searched for
beside the question, at a lower weight (docs/decisions/0013-follow-ups.md).
"""

import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Protocol

from retrieval.deadline import Deadline
from retrieval.errors import ModelError
from retrieval.generators.generator import Completer
from retrieval.prompt import new_mark, visible
from retrieval.search_question import SearchQuestion
from retrieval.types import Turn
from retrieval.words import content_words

REWRITE_TEMPLATE = "rewrite-1"

# Measured together: what leans on the conversation gains from .4 and more; a question about something else, asked in
# the same conversation, loses from more than .2.
LEANING_WEIGHT = 0.4
STANDING_WEIGHT = 0.2
ANSWER_CHARS = 300
QUESTION_CHARS = 500
FEW_WORDS = 2
SHORT_WORDS = 5

MAX_REWRITTEN_CHARS = 500
REWRITE_S = 5.0
_TURNS_SHOWN = 6
_TURN_CHARS = 1000
_LEAST_SHARED = 0.5  # of the letters of a rewritten question, by threes, that stand in the conversation

_MARKS = re.compile(r"[ \t]*\[\d{1,4}\]")
_REFERRING = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|he|she|his|her|him|ones)\b|\bone\b(?=\W*(?:[.?!,]|$))",
    re.IGNORECASE,
)
_GOING_ON = re.compile(
    r"\W*(?:and|or|but|so|then|also|what about|how about|why|ok|okay|no|yes)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^(?:\w+[ -]?\w*\s+)?question\s*:\s*", re.IGNORECASE)


class Rewriter(Protocol):
    """Makes of a question in a conversation what is searched for. ``name`` says which, in logs and reports."""

    name: str

    def rewrite(self, question: str, history: Sequence[Turn], *, deadline: Deadline | None = None) -> SearchQuestion:
        """Make a follow-up findable.

        Args:
            question: As it was asked.
            history: Earlier turns, oldest first; of many only the last are looked at.
            deadline: Of the answer.

        Returns:
            What to search for; the question itself where there is no history.

        Raises:
            CancelledError: Whoever asked left.
        """
        ...


class HeuristicRewriter:
    """Searches for the last turn beside the question, without a language model."""

    name = "heuristic"

    def rewrite(self, question: str, history: Sequence[Turn], *, deadline: Deadline | None = None) -> SearchQuestion:
        """Put the last question and the beginning of its answer beside the question; see ``Rewriter``.

        Returns:
            The question itself with that as its context; words of English that refer to something said before, or
            hardly any words, give the context more weight.
        """
        del deadline
        context = _context(history)
        if not context:
            return SearchQuestion(question)
        weight = LEANING_WEIGHT if leans(question) else STANDING_WEIGHT
        return SearchQuestion(question, context, weight, "heuristic")


class ModelRewriter:
    """Has a language model put the question so that it stands alone.

    What it says is used only where it looks like a question about this conversation; else, and where the model fails,
    the heuristic takes its place: a follow-up must never be lost because a model was.

    Args:
        model: Any generator with a language model.
    """

    name = "model"

    def __init__(self, model: Completer) -> None:
        self._model = model
        self._fallback = HeuristicRewriter()

    def rewrite(self, question: str, history: Sequence[Turn], *, deadline: Deadline | None = None) -> SearchQuestion:
        """Ask the model, for five seconds at most; see ``Rewriter``.

        Returns:
            What the model made of it, without a context, or what ``HeuristicRewriter`` makes of it.

        Raises:
            CancelledError: Whoever asked left.
        """
        found = self._fallback.rewrite(question, history)
        if not found.context:
            return found
        within = deadline.within(REWRITE_S) if deadline else Deadline(REWRITE_S)
        try:
            said = self._model.complete(rewrite_prompt(question, history), deadline=within)
        except ModelError:
            return found
        text = plausible(said, " ".join([question, *(turn.text for turn in history[-_TURNS_SHOWN:])]))
        return SearchQuestion(text, made="model") if text else found


def leans(question: str) -> bool:
    """Tell whether a question leans on what was said before.

    Returns:
        True when it has hardly any words, or is short and refers back or goes on; a long one names what it refers to.
    """
    words = len(content_words(question))
    refers = _REFERRING.search(question) or _GOING_ON.match(question)
    return words <= FEW_WORDS or (words <= SHORT_WORDS and refers is not None)


def rewrite_prompt(question: str, history: Sequence[Turn]) -> str:
    """Word the prompt: the last six turns, each cut, and the question."""
    turns = "\n".join(
        f"{turn.role}: {' '.join(visible(turn.text).split())[:_TURN_CHARS]}" for turn in history[-_TURNS_SHOWN:]
    )
    return Template(_template()[0]).safe_substitute(mark=new_mark(), turns=turns, question=question)


def rewrite_template_sha256() -> str:
    """Return the SHA-256 of the template, for the record."""
    return _template()[1]


def plausible(said: str, conversation: str) -> str:
    """Take a rewritten question from what a language model said.

    Returns:
        Its one line without label and quotation marks; empty when it is no question about this conversation: nothing,
        several lines, more than 500 characters, or letters of which not even half stand in the conversation.
    """
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
    if len(lines) != 1:
        return ""
    text = _LABEL.sub("", "".join(c for c in lines[0] if c.isprintable())).strip("\"'“”‘’„`* ")
    if not text or len(text) > MAX_REWRITTEN_CHARS or not any(c.isalnum() for c in text):
        return ""
    made, known = _threes(text), _threes(conversation)
    return text if len(made & known) >= _LEAST_SHARED * len(made) else ""


def _context(history: Sequence[Turn]) -> str:
    """The last question with the beginning of the answer that followed it, if any; empty when there is none."""
    parts: list[str] = []
    for turn in reversed(history[-_TURNS_SHOWN:]):
        text = " ".join(_MARKS.sub("", visible(turn.text)).split())
        if turn.role == "user":
            return " ".join([text[:QUESTION_CHARS], *parts]).strip()
        parts = [text[:ANSWER_CHARS]]
    return ""


def _threes(text: str) -> set[str]:
    letters = "".join(c for c in text.casefold() if c.isalnum())
    return {letters[i : i + 3] for i in range(max(1, len(letters) - 2))}


@cache
def _template() -> tuple[str, str]:
    content = (files("retrieval") / "prompts" / f"{REWRITE_TEMPLATE}.txt").read_bytes()
    return content.decode(), sha256(content).hexdigest()
