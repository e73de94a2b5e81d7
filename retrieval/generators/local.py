"""A language model in this process, by transformers, with LoRA adapters by peft."""

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

from retrieval.deadline import Deadline
from retrieval.errors import ModelError
from retrieval.generators.adapters import Adapters, Home
from retrieval.generators.arrivals import follow
from retrieval.generators.causal import CausalModel, StoppedError
from retrieval.generators.generator import Tell, silent
from retrieval.generators.reply import MOST_CHARS, Reply
from retrieval.generators.sampling import DEFAULTS, record, settle
from retrieval.prompt import Draft, Prompt, build_messages
from retrieval.types import Sampling

COMPLETE_S = 60.0

_FITTINGS = 6
SEEDS = 2**31


class LocalGenerator:
    """Words answers with a language model that runs here, one answer at a time; others wait within their deadline.

    Attributes:
        name: With that of the model's folder.

    Args:
        folder: Of the model, in safetensors.
        adapters: Folder of LoRA adapters, one folder each.
        learned: Where adapters lie that were learned from feedback; see ``Adapters``.
        device: cpu or cuda; cuda is taken where there is one when None.
        context_tokens: Window, at most the model's own.

    Raises:
        ModelError: There is no model in the folder, or adapters are asked for without peft.
    """

    def __init__(
        self,
        folder: Path,
        *,
        adapters: Path | None = None,
        learned: Home | None = None,
        device: str | None = None,
        context_tokens: int = 8192,
        defaults: Sampling = DEFAULTS,
    ) -> None:
        self.name = f"local:{folder.name}"
        self._defaults = defaults
        self._model = CausalModel(folder, device=device, context_tokens=context_tokens)
        self._adapters = Adapters(self._model.model, adapters, base=folder, learned=learned)
        # One thread: models and adapters are switched in it alone, and PyTorch takes all cores for one answer anyway.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="local-model")

    def generate(self, prompt: Prompt, *, deadline: Deadline, tell: Tell = silent) -> Draft:
        """Have the model answer; see ``Generator``.

        Returns:
            Its words, with the numbers it cited.

        Raises:
            ModelError: The model or the adapter failed, answered nothing, or was not done by the deadline.
            CancelledError: Whoever asked left.
            InvalidInputError: There is no such adapter.
        """
        sampling = self._settled(prompt.sampling)
        ids = self._fitted(prompt, self._model.window - (sampling.max_tokens or 0))
        reply = Reply(tell, most_chars=MOST_CHARS)
        said = self._reply(ids, sampling, reply=reply, deadline=deadline)
        ended = bool(said) and said[-1] in self._model.ends
        return Draft(
            text=reply.end(),
            quotes=None,
            confidence=None if reply.answered else 0.0,
            generator=self.name,
            tokens={"prompt": len(ids), "completion": len(said)},
            generation=record(sampling, model=self.name.partition(":")[2], finish="stop" if ended else "length"),
        )

    def complete(self, prompt: str, *, deadline: Deadline | None = None) -> str:
        """Reply to a prompt of ours, about something else than a reader's question.

        Args:
            prompt: All the model is told; its beginning is cut where it is too long.
            deadline: A minute from now when None.

        Returns:
            What the model said, without surrounding space; never empty.

        Raises:
            ModelError: The model failed, answered nothing, or was not done by the deadline.
            CancelledError: Whoever asked left.
        """
        sampling = self._settled(Sampling())
        ids = self._model.encode([("user", prompt)])[-(self._model.window - (sampling.max_tokens or 0)) :]
        reply = Reply(silent, most_chars=MOST_CHARS)
        self._reply(ids, sampling, reply=reply, deadline=deadline or Deadline(COMPLETE_S))
        return reply.text

    def _settled(self, asked: Sampling) -> Sampling:
        """Fill in what was not asked for, so that the same words can be drawn again from what is recorded."""
        sampling = settle(asked, self._defaults)
        longest = self._model.window // 2
        sampling = replace(sampling, max_tokens=min(sampling.max_tokens or longest, longest))
        if sampling.temperature and sampling.seed is None:
            return replace(sampling, seed=secrets.randbelow(SEEDS))
        return sampling

    def _fitted(self, prompt: Prompt, room: int) -> list[int]:
        """Word a prompt in so many tokens: the last passages are left out, and at worst the beginning."""
        context_tokens = room
        for _ in range(_FITTINGS):
            ids = self._model.encode(build_messages(prompt, context_tokens=context_tokens))
            if len(ids) <= room:
                return ids
            context_tokens = context_tokens * room * 9 // (len(ids) * 10)  # texts of more tokens than were counted
        return ids[-room:]

    def _reply(self, ids: Sequence[int], sampling: Sampling, *, reply: Reply, deadline: Deadline) -> list[int]:
        adapter = self._adapters.find(sampling.adapter) if sampling.adapter is not None else None
        said: list[int] = []
        stop = Event()
        arrived: Queue[Any] = Queue()

        def speak() -> None:
            try:
                with self._adapters.worn(adapter):
                    said.extend(self._model.speak(ids, sampling, say=arrived.put, stopped=stop.is_set))
            except StoppedError:
                return

        try:
            for piece in follow(self._thread.submit(speak), arrived, deadline=deadline):
                reply.add(piece)
        finally:
            stop.set()
        if not reply.text:
            raise ModelError("the language model answered nothing")
        return said
