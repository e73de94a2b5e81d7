"""Prompt -> what the reader is told: the generator's words cited and checked, or the fallback's when it fails."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from retrieval.catalog import Catalog
from retrieval.cite import MayCite, always, citation_of
from retrieval.compose import Composer, Unsupported
from retrieval.deadline import Deadline
from retrieval.errors import ModelError
from retrieval.events import Listen, Restarted, unheard
from retrieval.generators.generator import Generator
from retrieval.prompt import Draft, Prompt
from retrieval.types import Answer, Passage, Principal

NO_ANSWER = "I found nothing in the documents that answers this."
NEAREST_SHOWN = 3
FALLBACK_S = 1.0
"""What the fallback has when the generator took all the time there was."""

_CHECKED_FOR_S = 0.25


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

    def say(
        self, prompt: Prompt, *, deadline: Deadline, listen: Listen = unheard, may_cite: MayCite = always
    ) -> tuple[Answer, Draft]:
        """Answer a prompt.

        Args:
            prompt: Its passages may be read by whoever is told the answer.
            deadline: At its end the fallback answers.
            listen: Told what happens, as it happens.
            may_cite: Asked before each citation.

        Returns:
            The answer, and the draft it was made from; nothing is told of a draft that is not sure enough.

        Raises:
            CancelledError: Whoever asked left.
        """
        try:
            said = self._said(self.generator, prompt, deadline, listen, may_cite)
            degraded = False
        except ModelError as error:
            # An employee is better served by the document's own words now than by an error message.
            listen(Restarted(str(error)))
            prompt = replace(prompt, passages=prompt.found or prompt.passages)
            said = self._said(self.fallback, prompt, Deadline(FALLBACK_S), listen, may_cite)
            degraded = True
        answer = self._answer(said, prompt.found or prompt.passages, degraded=degraded)
        if answer.abstained and said.told.text:
            listen(Restarted("nothing in the documents bears the answer out"))
        return answer, said.draft

    def _said(
        self, generator: Generator, prompt: Prompt, deadline: Deadline, listen: Listen, may_cite: MayCite
    ) -> "_Said":
        composer = Composer(prompt.passages, listen, unsupported=self.unsupported, may_cite=may_cite)
        draft = generator.generate(prompt, deadline=deadline, tell=composer.feed)
        if draft.quotes is not None:
            composer = Composer(prompt.passages, listen, quotes=draft.quotes, may_cite=may_cite)
        sure = draft.confidence is None or draft.confidence >= self.abstain_below
        if sure and not composer.fed:
            composer.feed(draft.text)
        if sure:
            composer.finish()
        return _Said(draft, composer)

    def _answer(self, said: "_Said", passages: Sequence[Passage], *, degraded: bool) -> Answer:
        told, draft = said.told, said.draft
        # A model's sentences that cite nothing stand on nothing; no citation at all is no answer.
        confidence = draft.confidence if draft.confidence is not None else float(bool(told.citations))
        abstained = not told.citations or confidence < self.abstain_below
        nearest = tuple(citation_of(n, p) for n, p in enumerate(passages[:NEAREST_SHOWN], start=1))
        return Answer(
            text=NO_ANSWER if abstained else told.text,
            abstained=abstained,
            confidence=confidence,
            citations=() if abstained else told.citations,
            nearest=nearest if abstained else (),
            degraded=degraded,
            generator=draft.generator,
            sentences=() if abstained else tuple(told.verdicts),
            removed=told.removed,
        )


@dataclass(frozen=True, slots=True)
class _Said:
    draft: Draft
    told: Composer


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
