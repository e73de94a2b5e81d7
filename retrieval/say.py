"""Prompt -> what the reader is told: the generator's words cited and checked, or the fallback's when it fails."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.catalog import Catalog
from retrieval.cite import MayCite
from retrieval.compose import Composer, Unsupported
from retrieval.deadline import Deadline
from retrieval.errors import ModelError
from retrieval.events import Listen, Restarted
from retrieval.generators.generator import Generator
from retrieval.prompt import Draft, Prompt
from retrieval.types import Passage, Principal

FALLBACK_S = 1.0
"""What the fallback has when the generator took all the time there was."""

_CHECKED_FOR_S = 0.25


@dataclass(frozen=True, slots=True)
class Said:
    """A draft, and what of it was told to the reader."""

    draft: Draft
    told: Composer
    degraded: bool


@dataclass(frozen=True, slots=True)
class Speaker:
    """Has a generator speak, and the fallback in its place when it fails.

    Attributes:
        abstain_below: A draft that is less sure than this is not told at all.
    """

    generator: Generator
    fallback: Generator
    abstain_below: float
    unsupported: Unsupported

    def say(self, prompt: Prompt, *, deadline: Deadline, listen: Listen, may_cite: MayCite) -> Said:
        """Answer a prompt.

        Returns:
            What was drafted and what was told of it; nothing is told of a draft that is not sure enough.

        Raises:
            CancelledError: Whoever asked left.
        """
        try:
            return self._said(self.generator, prompt, deadline, listen, may_cite)
        except ModelError as error:
            # An employee is better served by the document's own words now than by an error message.
            listen(Restarted(str(error)))
            said = self._said(self.fallback, prompt, Deadline(FALLBACK_S), listen, may_cite)
            return Said(said.draft, said.told, degraded=True)

    def _said(
        self, generator: Generator, prompt: Prompt, deadline: Deadline, listen: Listen, may_cite: MayCite
    ) -> Said:
        composer = Composer(prompt.passages, listen, unsupported=self.unsupported, may_cite=may_cite)
        draft = generator.generate(prompt, deadline=deadline, tell=composer.feed)
        if draft.quotes is not None:
            composer = Composer(prompt.passages, listen, quotes=draft.quotes, may_cite=may_cite)
        sure = draft.confidence is None or draft.confidence >= self.abstain_below
        if sure and not composer.fed:
            composer.feed(draft.text)
        if sure:
            composer.finish()
        return Said(draft, composer, degraded=False)


def still_readable(catalog: Catalog, principal: Principal, passages: Sequence[Passage]) -> MayCite:
    """Make the check that a reader may still read what is about to be cited.

    Access can end, and documents can be deleted, while a language model takes its time. The passages were checked
    when they were found, so the catalog is asked again only a quarter of a second later.

    Returns:
        A function for one answer.
    """
    ids = [passage.chunk.id for passage in passages]
    readable = set(ids)
    checked_at = time.monotonic()

    def check(passage: Passage) -> bool:
        nonlocal readable, checked_at
        if time.monotonic() - checked_at > _CHECKED_FOR_S:
            readable = set(catalog.passages_for(ids, principal=principal))
            checked_at = time.monotonic()
        return passage.chunk.id in readable

    return check
