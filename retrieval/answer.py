"""The path of a question: rewrite -> retrieve -> generate -> cite. The front door of this package."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from retrieval.cite import citation_of, cite
from retrieval.errors import ModelError
from retrieval.generators.generator import Generator
from retrieval.prompt import PROMPT_VERSION, Draft, Prompt, retrieval_question
from retrieval.retrieve import Retriever, checked_question
from retrieval.types import Answer, Interaction, Passage, Principal, Turn

NO_ANSWER = "I found nothing in the documents that answers this."
NEAREST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from what the asker may read; keeps nothing.

    Attributes:
        generator: Words the answer.
        fallback: Takes its place when the generator fails; the extractive generator, which cannot be unreachable.
        passages_shown: How many passages the generator sees.
        abstain_below: Confidence in [0, 1] below which no answer is given.
    """

    retriever: Retriever
    generator: Generator
    fallback: Generator
    passages_shown: int = 8
    abstain_below: float = 0.5
    versions: Mapping[str, Any] = field(default_factory=dict)

    def answer(
        self,
        question: str,
        *,
        principal: Principal,
        collection: str | None = None,
        history: Sequence[Turn] = (),
    ) -> Interaction:
        """Answer a question with citations, or say that the documents do not answer it.

        Args:
            question: 1 to 4,000 characters.
            principal: Who asks; nothing else is searched than what it may read.
            collection: Name of the one collection to search; None searches all.
            history: Earlier turns, oldest first.

        Returns:
            The question, the answer and what produced it, ready to be logged.

        Raises:
            InvalidInputError: The question is empty or too long.
            NotFoundError: There is no such collection.
        """
        watch = _Stopwatch()
        question = checked_question(question)
        passages = self.retriever.retrieve(
            retrieval_question(question, history)[-4000:],
            principal=principal,
            collection=collection,
            limit=self.passages_shown,
        )
        watch.lap("retrieve")
        prompt = Prompt(question=question, passages=tuple(passages), history=tuple(history))
        draft, degraded = self._draft(prompt)
        watch.lap("generate")
        answer = self._cited(draft, passages, degraded=degraded)
        watch.lap("cite")
        return Interaction(
            id=uuid.uuid4().hex,
            question=question,
            history=tuple(history),
            collection=collection,
            principal_id=principal.id,
            answer=answer,
            passages=tuple(passages),
            timings_ms=watch.total(),
            asked_at=datetime.now(UTC),
            versions={**self.versions, "prompt": PROMPT_VERSION},
            tokens=draft.tokens,
        )

    def _draft(self, prompt: Prompt) -> tuple[Draft, bool]:
        try:
            return self.generator.generate(prompt), False
        except ModelError:
            # An employee is better served by the document's own words now than by an error message.
            return self.fallback.generate(prompt), True

    def _cited(self, draft: Draft, passages: Sequence[Passage], *, degraded: bool) -> Answer:
        text, citations = cite(draft, passages)
        # A model's sentences that cite nothing stand on nothing; no citation at all is no answer.
        confidence = draft.confidence if draft.confidence is not None else float(bool(citations))
        abstained = not citations or confidence < self.abstain_below
        nearest = tuple(citation_of(n, p) for n, p in enumerate(passages[:NEAREST_SHOWN], start=1))
        return Answer(
            text=NO_ANSWER if abstained else text,
            abstained=abstained,
            confidence=confidence,
            citations=() if abstained else citations,
            nearest=nearest if abstained else (),
            degraded=degraded,
            generator=draft.generator,
        )


class _Stopwatch:
    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = round((now - self._last) * 1000, 3)
        self._last = now

    def total(self) -> dict[str, float]:
        return {**self._laps, "total": round((self._last - self._started) * 1000, 3)}
