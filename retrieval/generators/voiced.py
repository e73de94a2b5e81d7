"""A language model that answers by the adapter that was learned, and without it where that cannot be worn."""

import logging
from dataclasses import replace

from retrieval.deadline import Deadline
from retrieval.errors import AdapterError, InvalidInputError
from retrieval.generators.generator import Generator, Tell, silent
from retrieval.learned import NOTHING, Learned, Serving
from retrieval.prompt import Draft, Prompt

_log = logging.getLogger(__name__)


class Voiced:
    """Answers by what serves a request; see ``Generator``.

    Files can go while a request is under way, or be changed under a server: nobody who asks is to pay for that.

    Attributes:
        name: Of the generator.

    Args:
        generator: Wears adapters.
        serving: What is live, and what is on trial.
        placed: By which of them the passages were ranked.
    """

    def __init__(self, generator: Generator, serving: Serving, placed: Learned) -> None:
        self.name = generator.name
        self._generator, self._serving, self._placed = generator, serving, placed

    def generate(self, prompt: Prompt, *, deadline: Deadline, tell: Tell = silent) -> Draft:
        """Word an answer by what was learned, where the prompt names no adapter of its own; see ``Generator``.

        Returns:
            The draft: of what is live where what is on trial cannot be worn, which is told, or of the model as it is.
        """
        failed: Exception | None = None
        for learned in self._in_turn(prompt):
            try:
                draft = self._said(learned, prompt, deadline, tell)
            except (AdapterError, InvalidInputError) as error:
                _log.warning("the language model cannot answer by %s: %s", learned.id[:12], error)
                failed = error if learned is self._serving.live else failed
            else:
                break
        else:
            draft = self._said(NOTHING, prompt, deadline, tell)
        # What keeps the model from speaking at all is no fault of the candidate: then nobody gets here.
        if failed is not None and self._serving.instead is not None:
            self._serving.failed(self._placed.id, failed)
        return draft

    def _in_turn(self, prompt: Prompt) -> list[Learned]:
        if prompt.sampling.adapter is not None:
            return []
        instead = self._serving.instead
        sides = [self._placed] if instead is None or instead is self._placed else [self._placed, instead]
        return [side for side in sides if side.voice is not None]

    def _said(self, learned: Learned, prompt: Prompt, deadline: Deadline, tell: Tell) -> Draft:
        voiced = replace(prompt, sampling=learned.voiced(prompt.sampling))
        return self._generator.generate(voiced, deadline=deadline, tell=tell)
