"""Golden questions -> what the system does with them: rankings of documents, and answers."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from eval.embedders import Remembering
from eval.golden import Question
from eval.knobs import PathMode
from eval.score import DEPTH, Outcome, Ranking
from eval.system import System
from eval.workbench import Progress, silent
from retrieval.answer import Answerer
from retrieval.errors import InvalidInputError
from retrieval.retrieve import MAX_QUESTION_CHARS, fused_alone
from retrieval.rewrite import HeuristicRewriter
from retrieval.types import Passage, Query, SearchMode

_DEEPEST = 1000  # passages, what a retriever gives at most


def rank_documents(
    system: System, questions: Sequence[Question], *, mode: PathMode, progress: Progress = silent
) -> list[Ranking]:
    """Rank documents by their best chunk.

    The first documents are those of a search at the depth a server searches at; a deeper search only adds to the
    end, until there are 100: in a mix of lists the depth itself changes the order.

    Args:
        system: What is asked.
        questions: At least one.
        mode: How much of the path is measured.
        progress: Told of every question.

    Returns:
        One ranking of up to 100 documents a question, in order.
    """
    full = mode == "full"
    retriever = replace(system.retriever, embedder=Remembering(system.retriever.embedder))
    if not full:
        retriever = fused_alone(retriever)
    lists: SearchMode = "hybrid" if mode == "full" else mode
    rankings: list[Ranking] = []
    rewriter = HeuristicRewriter() if system.answerer is None else system.answerer.rewriter
    # The first search pays for what is loaded late; a server that answered before does not.
    retriever.retrieve("warm up", principal=system.principal, collection=system.collection, mode=lists)
    for done, question in enumerate(questions, start=1):
        searched = rewriter.rewrite(question.text, question.history if full or system.history else ())
        search = partial(
            retriever.retrieve,
            replace(searched, text=searched.text[-MAX_QUESTION_CHARS:]),
            principal=system.principal,
            collection=system.collection,
            mode=lists,
        )
        started = time.perf_counter()
        passages = search(limit=min(DEPTH, retriever.pool))
        seconds = time.perf_counter() - started
        documents, exhausted = _deepened(system, passages, search)
        rankings.append(
            Ranking(question, tuple(documents), seconds * 1000, exhausted, cut=len(searched.text) > MAX_QUESTION_CHARS)
        )
        progress("searching", done, len(questions))
    return rankings


def _deepened(system: System, passages: list[Passage], search: Callable[..., list[Passage]]) -> tuple[list[str], bool]:
    """Search on for more documents.

    Returns:
        Up to 100 documents, and False when more passages than are looked at stood between.
    """
    documents = dict.fromkeys(system.documents_of(passages))
    limit = min(DEPTH, system.retriever.pool)
    while len(documents) < DEPTH and len(passages) == limit:
        if limit == _DEEPEST:
            return list(documents), False
        limit = min(4 * limit, _DEEPEST)
        passages = search(limit=limit)
        documents |= dict.fromkeys(system.documents_of(passages))
    return list(documents)[:DEPTH], True


def ask_questions(system: System, questions: Sequence[Question], progress: Progress = silent) -> Iterator[Outcome]:
    """Put questions to the system, each with its history.

    Abstention is set aside, so that what would be cited is seen of every question; whether the reader would have
    got it follows from the confidence.

    Args:
        system: What is asked.
        questions: At least one.
        progress: Told of every question.

    Yields:
        One outcome a question, in order, as it comes.

    Raises:
        InvalidInputError: The system answers no questions.
    """
    if system.answerer is None:
        raise InvalidInputError("this system only searches; it gives no answers to measure")
    always = replace(system.answerer, abstain_below=0.0)
    # The first answer pays for what is loaded late; a server that answered before does not.
    _ask(system, always, questions[0])
    for done, question in enumerate(questions, start=1):
        yield _ask(system, always, question)
        progress("asking", done, len(questions))


def _ask(system: System, always: Answerer, question: Question) -> Outcome:
    started = time.perf_counter()
    query = Query(question.text, collection=system.collection, history=tuple(question.history))
    interaction = always.answer(query, principal=system.principal)
    total_ms = (time.perf_counter() - started) * 1000
    answer = interaction.answer
    threshold = system.answerer.abstain_below if system.answerer else 0.0
    return Outcome(
        question=question,
        answer=answer,
        cited=tuple(system.name(citation.uri) for citation in answer.citations),
        found=tuple(system.documents_of(interaction.passages)),
        passages=tuple((system.name(p.uri), p.shown()) for p in interaction.passages),
        confidence=0.0 if answer.abstained else answer.confidence,
        abstained=answer.abstained or answer.confidence < threshold,
        timings_ms={**interaction.timings_ms, "total": total_ms},
        tokens=interaction.tokens,
    )
