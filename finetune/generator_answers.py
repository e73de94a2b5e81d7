"""Prompts that are held out -> what a language model says to them, with one adapter and with another or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.generator import Watch
from finetune.generator_gate import Replies
from finetune.generator_parts import Parted
from finetune.generator_rows import Row
from retrieval.generators.adapters import Adapters
from retrieval.generators.causal import CausalModel
from retrieval.generators.generator import silent
from retrieval.generators.reply import MOST_CHARS, Reply
from retrieval.types import Sampling


@dataclass(frozen=True, slots=True)
class Asking:
    """How a language model is asked.

    Attributes:
        model: Its folder.
        max_tokens: Of a reply.
        limit_s: Within which it ends, with as many replies of both sides as there are by then.
    """

    model: Path
    device: str | None = None
    context_tokens: int = 8192
    max_tokens: int = 512
    limit_s: float = 600.0


def ask_both(parted: Parted, sides: tuple[Path | None, Path], asking: Asking, watch: Watch) -> tuple[Replies, Replies]:
    """Have a model answer what was held out, as it is live and as it would be.

    Args:
        parted: Prompts.
        sides: Folder of the adapter that is live, None for the model as it is; and that of the new one.
        asking: How.
        watch: Who looks on.

    Returns:
        What both said, to the same prompts.

    Raises:
        ModelError: The model or an adapter cannot be loaded, or failed.
    """
    voice = _Voice(asking)
    rows = (*parted.held_out, *parted.declining)
    began = watch.clock()
    said: list[tuple[str, str]] = []
    # In turns, one of what is answered and one of what is declined: cut short, both are known.
    for place in _in_turns(len(parted.held_out), len(parted.declining)):
        if watch.clock() - began > asking.limit_s:
            break
        said.append((voice.say(rows[place], sides[0]), voice.say(rows[place], sides[1])))
        watch.progress(len(said) / len(rows))
    order = _in_turns(len(parted.held_out), len(parted.declining))[: len(said)]
    before, after = ([one[side] for one in said] for side in (0, 1))
    return _replies(order, before, len(parted.held_out)), _replies(order, after, len(parted.held_out))


class _Voice:
    def __init__(self, asking: Asking) -> None:
        self._model = CausalModel(asking.model, device=asking.device, context_tokens=asking.context_tokens)
        self._adapters = Adapters(self._model.model, None, base=asking.model)
        self._tokens = min(asking.max_tokens, self._model.window // 2)

    def say(self, row: Row, adapter: Path | None) -> str:
        """Answer as the server would: the likeliest words, and of a prompt that is too long its end."""
        ids = self._model.encode(row.messages)[-(self._model.window - self._tokens) :]
        reply = Reply(silent, most_chars=MOST_CHARS)
        drawn = Sampling(temperature=0.0, max_tokens=self._tokens)
        with self._adapters.worn(adapter):
            self._model.speak(ids, drawn, say=reply.add, stopped=lambda: False)
        return reply.text


def _in_turns(first: int, second: int) -> list[int]:
    """Return the places of two lists that lie behind each other, one of each in turn."""
    places = sorted(
        [(place, 0, place) for place in range(first)] + [(place, 1, first + place) for place in range(second)]
    )
    return [place for _, _, place in places]


def _replies(order: Sequence[int], said: Sequence[str], held_out: int) -> Replies:
    pairs = sorted(zip(order, said, strict=True))
    return Replies(
        [text for place, text in pairs if place < held_out], [text for place, text in pairs if place >= held_out]
    )
