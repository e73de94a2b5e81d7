"""The path of a question: guard -> rewrite -> retrieve -> generate -> cite. The front door of this package."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from retrieval.compare import placed_by
from retrieval.compose import Unsupported
from retrieval.deadline import Deadline
from retrieval.events import Listen, Retrieved, unheard
from retrieval.expand import expand
from retrieval.generators.generator import Generator
from retrieval.guard import UNGUARDED, Guard, Guards, guarded, unguarded
from retrieval.judged_support import Check
from retrieval.learnt import served_by
from retrieval.prompt import ANSWER_TEMPLATE, made_with, prompt_for
from retrieval.retrieve import Retriever, checked_question
from retrieval.rewrite import HeuristicRewriter, Rewriter
from retrieval.say import Confidence, Current, Speaker, refused, still_readable, unchanged
from retrieval.stopwatch import Stopwatch
from retrieval.support import check_sentences
from retrieval.types import Answer, Interaction, Passage, Principal, Query

ANSWER_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from what the asker may read; keeps nothing.

    Attributes:
        generator: Words the answer.
        fallback: Takes its place when the generator fails; the extractive generator, which cannot be unreachable.
        passages_shown: How many passages the generator sees.
        abstain_below: Confidence in [0, 1] below which no answer is given.
        context_tokens: The text around passages is added up to this many tokens together; 0 leaves them as found.
        unsupported: What becomes of sentences that nothing bears out.
        template: The prompt template of language models; see ``read_template``.
        rewriter: Makes follow-up questions findable.
        confidence, check: See ``Speaker``.
        current: Tells who the reader is by now, before each citation.
        guards: Give the guard of each question.
    """

    retriever: Retriever
    generator: Generator
    fallback: Generator
    passages_shown: int = 8
    abstain_below: float = 0.5
    context_tokens: int = 0
    unsupported: Unsupported = "mark"
    template: str = ANSWER_TEMPLATE
    rewriter: Rewriter = field(default_factory=HeuristicRewriter)
    confidence: Confidence | None = None
    check: Check = check_sentences
    current: Current = unchanged
    guards: Guards = unguarded
    versions: Mapping[str, Any] = field(default_factory=dict)

    def answer(
        self, query: Query, *, principal: Principal, listen: Listen = unheard, deadline: Deadline | None = None
    ) -> Interaction:
        """Answer a question with citations, or say that the documents do not answer it.

        Args:
            query: What is asked, in 1 to 4,000 characters.
            principal: Who asks; nothing else is searched than what it may read.
            listen: Told what happens, as it happens.
            deadline: 30 seconds when None; at its end the fallback answers.

        Returns:
            The question, the answer and what produced it, ready to be logged.

        Raises:
            InvalidInputError: The question is empty or too long.
            NotFoundError: There is no such collection.
            CancelledError: Whoever asked left.
        """
        watch = Stopwatch()
        guard = self.guards(query.collection, principal)
        checked = guard.check(replace(query, text=checked_question(query.text)))
        query, deadline = checked.query, deadline or Deadline(ANSWER_TIMEOUT_S)
        if checked.refusal:
            listen(Retrieved(()))
            told = refused(checked.refusal, checked.decisions, where="question", generator="guard")
            return self._interaction(query, told, (), principal, timings_ms=watch.total())
        searched = self.rewriter.rewrite(query.text, query.history, deadline=deadline)
        if query.history:
            watch.lap("rewrite")
        # One state serves the whole request: what finds the passages, and what words the answer.
        serving = self.retriever.learning(principal)
        found = replace(self.retriever, learning=lambda _: serving).retrieve(
            searched,
            principal=principal,
            collection=query.collection,
            filters=query.filters,
            limit=self.passages_shown,
        )
        passages = guarded(found, guard)
        watch.lap("retrieve")
        listen(Retrieved(passages, searched.text))
        context = self._context(passages, principal, guard)
        prompt = prompt_for(query, searched, passages, context, template=self.template)
        check = still_readable(self.retriever.catalog, passages, principal=principal, current=self.current)
        speaker = self.speaker(guard).voiced(serving, placed_by(serving, found))
        answer, draft = speaker.say(prompt, deadline=deadline, listen=listen, may_cite=check)
        answer = replace(answer, guards=(*checked.decisions, *answer.guards))
        watch.lap("generate")
        return self._interaction(
            query,
            answer,
            passages if answer.degraded else prompt.passages,
            principal,
            timings_ms=watch.total(),
            tokens=draft.tokens,
            searched="" if searched.text == query.text else searched.text,
            generation={**draft.generation, **made_with(prompt, searched)},
        )

    def _interaction(
        self, query: Query, answer: Answer, passages: tuple[Passage, ...], principal: Principal, /, **made: Any
    ) -> Interaction:
        return Interaction(
            id=uuid.uuid4().hex,
            question=query.text,
            history=query.history,
            collection=query.collection,
            principal_id=principal.id,
            answer=answer,
            passages=passages,
            asked_at=datetime.now(UTC),
            versions={**self.versions, "prompt": self.template, **served_by(p.learnt for p in passages)},
            filters=query.filters,
            assistant=query.assistant,
            **made,
        )

    def _context(self, passages: tuple[Passage, ...], principal: Principal, guard: Guard) -> tuple[Passage, ...]:
        if not self.context_tokens:
            return passages
        wide = expand(passages, self.retriever.catalog, principal=principal, budget_tokens=self.context_tokens)
        return guarded(wide, guard)

    def speaker(self, guard: Guard = UNGUARDED) -> Speaker:
        """Make what words the answers, under a guard."""
        generators = (self.generator, self.fallback)
        return Speaker(*generators, self.abstain_below, self.unsupported, self.confidence, self.check, guard)
