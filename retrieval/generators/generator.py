"""The seam between a prompt and the words of an answer."""

from typing import Protocol

from retrieval.prompt import Draft, Prompt


class Generator(Protocol):
    """Prompt -> draft. Implementations: extractive (no model), openai_compatible (any chat model over HTTP)."""

    def generate(self, prompt: Prompt) -> Draft:
        """Word an answer from the passages alone.

        Raises:
            ModelError: The model cannot be reached, failed, or gave nothing usable.
        """
        ...
