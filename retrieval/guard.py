"""The guard of a question: what is refused, and what of questions, passages and answers nobody is shown."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol

from retrieval.guard_types import GuardDecision, Mask, masked
from retrieval.types import Passage, Principal, Query


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer, as the reader is told; ``rule`` names what refused."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A question as it goes on: masked, or refused; the log and the models see nothing else of it."""

    query: Query
    decisions: tuple[GuardDecision, ...] = ()
    refusal: Refusal | None = None


class Guard(Protocol):
    """What holds for the collections that one question searches; safe from any thread.

    What goes wrong in it ends the question: nothing is told that was not looked at.
    """

    def check(self, query: Query) -> Checked:
        """Look at a question and the conversation before it."""
        ...

    def masks(self, text: str) -> Sequence[Mask]:
        """Return what of a document's or an answer's text nobody is shown, in order, none overlapping."""
        ...

    def refusal(self, rules: AbstractSet[str]) -> Refusal | None:
        """Say whether an answer is given at all in which these rules masked something."""
        ...


class Unguarded:
    """Refuses and masks nothing: for measuring, where nobody is told anything."""

    def check(self, query: Query) -> Checked:
        """Return the question as it is."""
        return Checked(query)

    def masks(self, _text: str) -> Sequence[Mask]:
        """Mask nothing."""
        return ()

    def refusal(self, _rules: AbstractSet[str]) -> Refusal | None:
        """Give every answer."""
        return None


UNGUARDED = Unguarded()

Guards = Callable[[str | None, Principal], Guard]
"""The one collection that a question searches, None for all, and who asks -> the guard that holds for it."""


def unguarded(_collection: str | None, _principal: Principal) -> Guard:
    """Guard nothing."""
    return UNGUARDED


def guarded(passages: Iterable[Passage], guard: Guard) -> tuple[Passage, ...]:
    """Mark in passages what nobody is shown; titles and headings are masked at once, for nothing counts in them."""
    return tuple(_guarded(passage, guard) for passage in passages)


def _guarded(passage: Passage, guard: Guard) -> Passage:
    chunk, masks = passage.chunk, tuple(guard.masks(passage.chunk.text))
    title = masked(passage.title, guard.masks(passage.title))
    section = tuple(masked(heading, guard.masks(heading)) for heading in chunk.section)
    if not masks and title == passage.title and section == chunk.section:
        return passage
    return replace(passage, masks=masks, title=title, chunk=replace(chunk, section=section))
