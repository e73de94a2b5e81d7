"""Prompt -> what the reader is told: the generator's words cited and checked, or the fallback's when it fails."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from retrieval.catalog import Catalog
from retrieval.cite import MayCite, always, citation_of
from retrieval.clean import addresses, clean, seen
from retrieval.compose import Composer, Unsupported
from retrieval.deadline import Deadline
from retrieval.errors import ModelError
from retrieval.events import Listen, Restarted, unheard
from retrieval.generators.generator import Generator
from retrieval.generators.voiced import Voiced
from retrieval.guard import UNGUARDED, Guard, Refusal
from retrieval.guard_types import GuardDecision
from retrieval.judged_support import Check
from retrieval.learned import Learned, Serving
from retrieval.prompt import Draft, Prompt
from retrieval.support import check_sentences
from retrieval.types import Answer, Passage, Principal

NO_ANSWER = "I found nothing in the documents that answers this."
NEAREST_SHOWN = 3
FALLBACK_S = 1.0
"""What the fallback has when the generator took all the time there was."""

Confidence = Callable[[Prompt], float]
"""Says how likely it is, in [0, 1], that the passages of a prompt answer its question."""

_CHECKED_FOR_S = 0.05


@dataclass(frozen=True, slots=True)
class Speaker:
    """Has a generator speak, and the fallback in its place when it fails.

    Attributes:
        abstain_below: Below this confidence no answer is given.
        confidence: Says how sure one can be that passages answer; a language model is not asked where that is not
            enough. None asks it always.
        check: Judges the sentences of a language model; quotes need no judge.
        guard: Knows what is not to be told.
    """

    generator: Generator
    fallback: Generator
    abstain_below: float
    unsupported: Unsupported
    confidence: Confidence | None = None
    check: Check = check_sentences
    guard: Guard = UNGUARDED

    def voiced(self, serving: Serving, placed: Learned) -> "Speaker":
        """Return the same with a generator that answers by what was learned; see ``Voiced``."""
        if self.generator is self.fallback:
            return self
        return replace(self, generator=Voiced(self.generator, serving, placed))

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
        found = prompt.found or prompt.passages
        sure = None
        if self.confidence is not None and self.generator is not self.fallback:
            sure = self.confidence(replace(prompt, passages=found))
            if sure < self.abstain_below:
                unsaid = Draft("", None, sure, self.generator.name)
                return self._answer(_Said(unsaid, Composer(found, listen)), found, sure, degraded=False), unsaid
        try:
            said = self._said(self.generator, prompt, deadline, listen, may_cite)
            degraded = False
        except ModelError:
            # An employee is better served by the document's own words now than by an error message.
            plain = replace(prompt, passages=found)
            said = self._said(self.fallback, plain, Deadline(FALLBACK_S), listen, may_cite)
            degraded = True
        answer = self._answer(said, found, sure, degraded=degraded)
        if answer.abstained and said.told.text:
            reason = (
                "the answer may not be given" if answer.blocked else "nothing in the documents bears the answer out"
            )
            listen(Restarted(reason))
        return answer, said.draft

    def _said(
        self, generator: Generator, prompt: Prompt, deadline: Deadline, listen: Listen, may_cite: MayCite
    ) -> "_Said":
        judging: dict[str, Any] = {"unsupported": self.unsupported, "check": self.check}
        composer = Composer(prompt.passages, listen, may_cite=may_cite, guard=self.guard, **judging)
        try:
            draft = generator.generate(prompt, deadline=deadline, tell=composer.feed)
        except ModelError as error:
            if composer.text:
                listen(Restarted(str(error)))
            raise
        if draft.quotes is not None:
            composer = Composer(prompt.passages, listen, quotes=draft.quotes, may_cite=may_cite, guard=self.guard)
        sure = draft.confidence is None or draft.confidence >= self.abstain_below
        if sure and not composer.fed:
            composer.feed(draft.text)
        if sure:
            composer.finish()
        return _Said(draft, composer)

    def _answer(self, said: "_Said", passages: Sequence[Passage], sure: float | None, *, degraded: bool) -> Answer:
        told, draft = said.told, said.draft
        confidence = draft.confidence
        if confidence is None:
            # A model's sentences that cite nothing stand on nothing; no citation at all is no answer.
            confidence = (1.0 if sure is None else sure) if told.citations else 0.0
        masked = told.masked
        decisions = tuple(GuardDecision("masked", rule, "answer", count) for rule, count in sorted(masked.items()))
        if refusal := self.guard.refusal(masked.keys()):
            return refused(refusal, decisions, where="answer", generator=draft.generator)
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
            guards=decisions,
        )


def refused(
    refusal: Refusal, decisions: Sequence[GuardDecision], *, where: Literal["question", "answer"], generator: str
) -> Answer:
    """Make the answer that tells a reader why there is none; nothing is cited or offered in its place."""
    decided = (*decisions, GuardDecision("refused", refusal.rule, where))
    # Its words may be a curator's: like those of a model they must not act, though the addresses in them stay words.
    message = clean(seen(refusal.message), known=addresses([refusal.message]))
    return Answer(message, abstained=True, confidence=0.0, citations=(), generator=generator, guards=decided)


@dataclass(frozen=True, slots=True)
class _Said:
    draft: Draft
    told: Composer


Current = Callable[[Principal], Principal]
"""A principal -> the same one as it is at this moment: its groups may have changed, and nobody reads as nobody."""


def unchanged(principal: Principal) -> Principal:
    """Return the principal as it was."""
    return principal


def still_readable(
    catalog: Catalog, passages: Sequence[Passage], *, principal: Principal, current: Current = unchanged
) -> MayCite:
    """Make the check that a reader may still read what is about to be cited.

    Access can end, and documents can be deleted, while a language model takes its time. The passages were checked
    when they were found, so the catalog is asked again only a twentieth of a second later: quotes that are all there
    cost no look-up each.

    Args:
        catalog: Asked again.
        passages: What may be cited.
        principal: Who reads.
        current: Tells who the reader is by now.

    Returns:
        A function for one answer.
    """
    ids = [passage.chunk.id for passage in passages]
    readable = set(ids)
    checked_at = time.monotonic()

    def check(passage: Passage) -> bool:
        nonlocal readable, checked_at
        if time.monotonic() - checked_at > _CHECKED_FOR_S:
            readable = set(catalog.passages_for(ids, principal=current(principal)))
            checked_at = time.monotonic()
        return passage.chunk.id in readable

    return check
