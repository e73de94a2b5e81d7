"""The seam between a prompt and the words of an answer."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from retrieval.deadline import Deadline
from retrieval.prompt import Draft, Prompt

Tell = Callable[[str], None]
"""Called with each piece of the words as they come; it may raise, and then nothing more is wanted."""


def silent(_piece: str) -> None:
    """Tell nobody."""


class Generator(Protocol):
    """Prompt -> draft. Implementations: extractive (no model), openai_compatible (any chat model over HTTP), local.

    Attributes:
        name: Of the generator, and of the model where there is one.
    """

    name: str

    def generate(self, prompt: Prompt, *, deadline: Deadline, tell: Tell = silent) -> Draft:
        """Word an answer from the passages alone; safe from any thread.

        Args:
            prompt: Question, passages, history, and how the words are to be drawn.
            deadline: Looked at some ten times a second while the model works.
            tell: Told all the words piece by piece as they come, or none of them.

        Returns:
            The whole draft.

        Raises:
            ModelError: The model cannot be reached, failed, gave nothing usable, or was not done by the deadline.
            CancelledError: Whoever asked left; the model was told to stop.
        """
        ...


@runtime_checkable
class Completer(Protocol):
    """What generators with a language model can do besides: reply to a prompt of ours."""

    def complete(self, prompt: str, *, deadline: Deadline | None = None) -> str:
        """Reply to a prompt about something else than a reader's question.

        Args:
            prompt: All the model is told.
            deadline: None for the generator's own.

        Returns:
            What the model said, without surrounding space; never empty.

        Raises:
            ModelError: As for ``generate``.
            CancelledError: Whoever asked left.
        """
        ...
