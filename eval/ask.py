"""Golden questions -> what the system does with them: rankings of documents, and answers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from eval.golden import Question
from eval.score import DEPTH, Outcome
from eval.workbench import ASKER, COLLECTION, Progress, Workbench, silent
from retrieval.answer import Answerer
from retrieval.embed import Embedded, Embedder, FloatArray, Span
from retrieval.prompt import retrieval_question
from retrieval.retrieve import MAX_QUESTION_CHARS
from retrieval.types import Passage, SearchMode

_DEEPEST = 1000  # passages, what a retriever gives at most


@dataclass(frozen=True, slots=True)
class Rankings:
    """What was found.

    Attributes:
        documents: Question id -> documents, distinct, best first.
        seconds: For all questions, at the depth a server searches at.
        notes: What a reader of the figures should know.
    """

    documents: dict[str, list[str]]
    seconds: float
    notes: tuple[str, ...] = ()


def rank_documents(
    bench: Workbench, questions: Sequence[Question], *, mode: SearchMode, progress: Progress = silent
) -> Rankings:
    """Rank documents by their best chunk.

    The first documents are those of a search at the depth a server searches at; a deeper search only adds to the
    end, until there are 100: in a mix of lists the depth itself changes the order.

    Args:
        bench: Holds the documents.
        questions: What is asked.
        mode: Which lists are searched.
        progress: Told of every question.

    Returns:
        For every question up to 100 documents and what was needed to find them.
    """
    retriever = replace(bench.retriever, embedder=_Remembering(bench.embedder))
    found: dict[str, list[str]] = {}
    seconds, shallow, cut = 0.0, 0, 0
    for done, question in enumerate(questions, start=1):
        text = retrieval_question(question.text, question.history if bench.knobs.history else ())
        cut += len(text) > MAX_QUESTION_CHARS
        search = partial(
            retriever.retrieve, text[-MAX_QUESTION_CHARS:], principal=ASKER, collection=COLLECTION, mode=mode
        )
        started = time.perf_counter()
        passages = search(limit=min(DEPTH, bench.knobs.pool))
        seconds += time.perf_counter() - started
        found[question.id], exhausted = _deepened(bench, passages, search)
        shallow += not exhausted
        progress("searching", done, len(questions))
    notes = {
        f"questions with fewer than {DEPTH} documents among {_DEEPEST:,} passages: {shallow}": shallow,
        f"questions cut to their last {MAX_QUESTION_CHARS:,} characters: {cut}": cut,
    }
    return Rankings(found, seconds, tuple(note for note, count in notes.items() if count))


def _deepened(
    bench: Workbench, passages: list[Passage], search: Callable[..., list[Passage]]
) -> tuple[list[str], bool]:
    """Search on for more documents.

    Returns:
        Up to 100 documents, and False when more passages than are looked at stood between.
    """
    documents = _documents(bench, passages)
    limit = min(DEPTH, bench.knobs.pool)
    while len(documents) < DEPTH and len(passages) == limit:
        if limit == _DEEPEST:
            return list(documents), False
        limit = min(4 * limit, _DEEPEST)
        passages = search(limit=limit)
        documents = documents | _documents(bench, passages)
    return list(documents)[:DEPTH], True


def ask_questions(
    bench: Workbench, answerer: Answerer, questions: Sequence[Question], progress: Progress = silent
) -> list[Outcome]:
    """Put questions to the system, each with its history.

    Abstention is set aside, so that what would be cited is seen of every question; whether the reader would have
    got it follows from the confidence.

    Args:
        bench: Holds the documents.
        answerer: Searches in the bench.
        questions: What is asked; at least one.
        progress: Told of every question.

    Returns:
        One outcome a question, in order.
    """
    always = replace(answerer, abstain_below=0.0)
    # The first answer pays for what is loaded late; a server that answered before does not.
    _ask(bench, always, questions[0], answerer.abstain_below)
    outcomes = []
    for done, question in enumerate(questions, start=1):
        outcomes.append(_ask(bench, always, question, answerer.abstain_below))
        progress("asking", done, len(questions))
    return outcomes


def _ask(bench: Workbench, always: Answerer, question: Question, abstain_below: float) -> Outcome:
    started = time.perf_counter()
    interaction = always.answer(question.text, principal=ASKER, collection=COLLECTION, history=question.history)
    total_ms = (time.perf_counter() - started) * 1000
    answer = interaction.answer
    return Outcome(
        question=question,
        quotes=tuple(citation.quote for citation in answer.citations),
        cited=tuple(bench.names[citation.uri] for citation in answer.citations),
        found=tuple(_documents(bench, interaction.passages)),
        confidence=0.0 if answer.abstained else answer.confidence,
        abstained=answer.abstained or answer.confidence < abstain_below,
        total_ms=total_ms,
    )


def _documents(bench: Workbench, passages: Sequence[Passage]) -> dict[str, None]:
    return dict.fromkeys(bench.names[passage.uri] for passage in passages)


class _Remembering:
    """An embedder that encodes the same question only once, for the deeper searches after the timed one."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._last: tuple[str, FloatArray] | None = None
        self.dim, self.fingerprint, self.max_tokens = embedder.dim, embedder.fingerprint, embedder.max_tokens

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Embed texts; see ``Embedder``."""
        return self._embedder.embed_documents(texts, spans)

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question, or remember it; shape (dim,), L2 norm 1."""
        if self._last is None or self._last[0] != text:
            self._last = (text, self._embedder.embed_query(text))
        return self._last[1]

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of tokens; see ``Embedder``."""
        return self._embedder.token_spans(texts)
