"""The path of a question: rewrite -> retrieve -> generate -> cite. The front door of this package."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from retrieval.compose import Unsupported
from retrieval.deadline import Deadline
from retrieval.events import Listen, Retrieved, unheard
from retrieval.expand import expand
from retrieval.generators.generator import Generator
from retrieval.judged_support import Check
from retrieval.prompt import ANSWER_TEMPLATE, Prompt, read_template
from retrieval.retrieve import Retriever, checked_question
from retrieval.rewrite import HeuristicRewriter, Rewriter
from retrieval.say import Confidence, Current, Speaker, still_readable, unchanged
from retrieval.search_question import SearchQuestion
from retrieval.stopwatch import Stopwatch
from retrieval.support import check_sentences
from retrieval.types import Interaction, Passage, Principal, Query

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
        question = checked_question(query.text)
        deadline = deadline or Deadline(ANSWER_TIMEOUT_S)
        searched = self.rewriter.rewrite(question, query.history, deadline=deadline)
        if query.history:
            watch.lap("rewrite")
        passages = tuple(
            self.retriever.retrieve(
                searched,
                principal=principal,
                collection=query.collection,
                filters=query.filters,
                limit=self.passages_shown,
            )
        )
        watch.lap("retrieve")
        listen(Retrieved(passages, searched.text))
        prompt = self._prompt(replace(query, text=question), searched, passages, principal)
        check = still_readable(self.retriever.catalog, passages, principal=principal, current=self.current)
        answer, draft = self.speaker.say(prompt, deadline=deadline, listen=listen, may_cite=check)
        watch.lap("generate")
        return Interaction(
            id=uuid.uuid4().hex,
            question=question,
            history=query.history,
            collection=query.collection,
            principal_id=principal.id,
            answer=answer,
            passages=passages if answer.degraded else prompt.passages,
            timings_ms=watch.total(),
            asked_at=datetime.now(UTC),
            versions={**self.versions, "prompt": self.template},
            tokens=draft.tokens,
            filters=query.filters,
            searched="" if searched.text == question else searched.text,
            generation={**draft.generation, **_made(prompt, searched)},
        )

    def _prompt(
        self, query: Query, searched: SearchQuestion, passages: tuple[Passage, ...], principal: Principal
    ) -> Prompt:
        context, budget = passages, self.context_tokens
        if budget:
            context = tuple(expand(passages, self.retriever.catalog, principal=principal, budget_tokens=budget))
        return Prompt(
            query.text,
            context,
            query.history,
            query.sampling,
            self.template,
            found=passages if budget else (),
            search_question=searched.text,
            search_context=searched.context,
        )

    @property
    def speaker(self) -> Speaker:
        """What words the answers."""
        generators = (self.generator, self.fallback)
        return Speaker(*generators, self.abstain_below, self.unsupported, self.confidence, self.check)


def _made(prompt: Prompt, searched: SearchQuestion) -> dict[str, Any]:
    """What a replay needs besides what the generator records."""
    context = {"search_context": searched.context, "search_weight": searched.weight} if searched.context else {}
    template = read_template(prompt.template)
    made = {"search": searched.made, "mark": prompt.mark, "template": template.name, "template_sha256": template.sha256}
    return made | context
