"""What happens while an answer is made, told as it happens."""

from collections.abc import Callable
from dataclasses import dataclass

from retrieval.types import Citation, Passage, SentenceVerdict


@dataclass(frozen=True, slots=True)
class Retrieved:
    """These passages were found, best first; ``searched`` is what was searched for in place of a follow-up."""

    passages: tuple[Passage, ...]
    searched: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer. The pieces of an answer, one behind the other, are its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation, told before the piece that first holds its number."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence of what was told so far was checked."""

    verdict: SentenceVerdict


@dataclass(frozen=True, slots=True)
class Restarted:
    """What was told of the answer so far is void; what follows takes its place."""

    reason: str


Event = Retrieved | Token | Cited | Judged | Restarted

Listen = Callable[[Event], None]
"""Called with each event, in order, from the thread that answers; what it raises ends the work."""


def unheard(_event: Event) -> None:
    """Listen to nothing."""
