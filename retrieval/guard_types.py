"""What guards say: which stretches of a text nobody is shown, and what was refused or masked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mask:
    """A stretch of a text that nobody is shown: characters ``start`` to ``end``, and the words in its place."""

    start: int
    end: int
    rule: str
    mark: str


@dataclass(frozen=True, slots=True)
class GuardDecision:
    """What a guard did about a question or its answer, by which rule, how often; never the words themselves."""

    action: Literal["refused", "masked"]
    rule: str
    where: Literal["question", "answer"]
    count: int = 1


def overlapping(masks: Iterable[Mask], start: int, end: int) -> list[Mask]:
    """Return the masks of a text that hide anything of its characters ``start`` to ``end``."""
    return [mask for mask in masks if mask.start < end and mask.end > start]


def masked(text: str, masks: Sequence[Mask], start: int = 0, end: int | None = None) -> str:
    """Return a slice of a text with marks in the place of what nobody is shown.

    Args:
        text: The whole text.
        masks: Of it, in order, none overlapping; one that only reaches into the slice hides what it covers of it.
        start: Of the slice.
        end: Behind the slice; None for the end of the text.
    """
    last = len(text) if end is None else end
    parts: list[str] = []
    done = start
    for mask in overlapping(masks, start, last):
        parts += [text[done : max(done, mask.start)], mask.mark]
        done = max(done, min(mask.end, last))
    return "".join([*parts, text[done:last]])
