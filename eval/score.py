"""Rankings and answers -> the figures of a report; pure.

What cannot be measured is None with the reason beside it, never 0 and never NaN.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.golden import Question
from eval.metrics import auroc, mrr_at_k, ndcg_at_k, percentile, recall_at_k

DEPTH = 100
"""Documents a ranking needs for recall@100."""

Scores = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question and what came of it, abstention set aside.

    Attributes:
        quotes: What would be cited, in order.
        cited: The document of each quote.
        found: Documents retrieved, distinct, best first.
        confidence: In [0, 1]; 0 when nothing can be cited, for then no threshold lets an answer through.
        abstained: What the reader would have got.
        total_ms: From question to answer.
    """

    question: Question
    quotes: tuple[str, ...]
    cited: tuple[str, ...]
    found: tuple[str, ...]
    confidence: float
    abstained: bool
    total_ms: float


def score_ranking(ranking: Sequence[str], question: Question) -> dict[str, float]:
    """Score the documents found for a question that has relevant ones.

    Returns:
        ``ndcg@10, recall@10, recall@100, mrr@10``, each in [0, 1].
    """
    return {
        "ndcg@10": ndcg_at_k(ranking, question.relevant, k=10),
        "recall@10": recall_at_k(ranking, question.relevant, k=10),
        "recall@100": recall_at_k(ranking, question.relevant, k=DEPTH),
        "mrr@10": mrr_at_k(ranking, question.relevant, k=10),
    }


def mean_scores(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Average the scores of single questions.

    Args:
        scores: Question id -> figure -> value; at least one question, all with the same figures.

    Returns:
        Figure -> mean.
    """
    rows = list(scores.values())
    return {figure: sum(row[figure] for row in rows) / len(rows) for figure in rows[0]}


def score_answer(outcome: Outcome) -> Scores:
    """Score one answer.

    Returns:
        Figure -> value; None where the question does not say what is right, or the figure is not about such questions.
    """
    question, relevant = outcome.question, outcome.question.relevant
    shown = [float(document in relevant) for document in outcome.cited] if not outcome.abstained else []
    return {
        "evidence_hit@1": _evidence_hit(outcome, 1),
        "evidence_hit@3": _evidence_hit(outcome, 3),
        "page_hit@5": float(any(document in relevant for document in outcome.found[:5])) if relevant else None,
        "citations_relevant": sum(shown) if relevant else None,
        "citations_shown": float(len(shown)) if relevant else None,
        "abstention_accuracy": float(outcome.abstained != question.answerable),
        "confidence": outcome.confidence,
        "total_ms": outcome.total_ms,
    }


def answer_figures(outcomes: Sequence[Outcome]) -> tuple[Scores, tuple[str, ...]]:
    """Reduce the answers to all questions to the figures of the report.

    Args:
        outcomes: At least one.

    Returns:
        Figure -> value, None where it cannot be measured; and for each None the reason, in words.
    """
    rows = [score_answer(outcome) for outcome in outcomes]
    confident = {
        answerable: [o.confidence for o in outcomes if o.question.answerable == answerable]
        for answerable in (True, False)
    }
    both = bool(confident[True] and confident[False])
    shown = sum(row["citations_shown"] or 0.0 for row in rows)
    times = [outcome.total_ms for outcome in outcomes]
    figures: Scores = {name: _mean(rows, name) for name in ("evidence_hit@1", "evidence_hit@3", "page_hit@5")}
    figures |= {
        "citation_precision": sum(row["citations_relevant"] or 0.0 for row in rows) / shown if shown else None,
        "abstention_auroc": auroc(confident[True], confident[False]) if both else None,
        "abstention_accuracy": _mean(rows, "abstention_accuracy") if both else None,
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
    }
    return figures, _reasons(figures, rows, unanswerable=bool(confident[False]))


def outcome_counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count what the figures stand on.

    Returns:
        ``questions, answerable, unanswerable, abstained``.
    """
    answerable = sum(outcome.question.answerable for outcome in outcomes)
    return {
        "questions": len(outcomes),
        "answerable": answerable,
        "unanswerable": len(outcomes) - answerable,
        "abstained": sum(outcome.abstained for outcome in outcomes),
    }


def _evidence_hit(outcome: Outcome, k: int) -> float | None:
    evidence = _folded(outcome.question.evidence or "")
    if not evidence or not outcome.question.answerable:
        return None
    return float(any(evidence in _folded(quote) for quote in outcome.quotes[:k]))


def _mean(rows: Sequence[Scores], name: str) -> float | None:
    values = [value for row in rows if (value := row[name]) is not None]
    return sum(values) / len(values) if values else None


def _reasons(figures: Scores, rows: Sequence[Scores], *, unanswerable: bool) -> tuple[str, ...]:
    notes = []
    if figures["evidence_hit@1"] is None:
        notes.append('evidence_hit@1 and @3 are not measured: no answerable question has an "evidence" sentence')
    if figures["page_hit@5"] is None:
        notes.append("page_hit@5 is not measured: no answerable question names a relevant document that exists")
    if figures["citation_precision"] is None:
        why = (
            "no question with a relevant document was answered"
            if any(row["citations_shown"] is not None for row in rows)
            else "no answerable question names a relevant document that exists"
        )
        notes.append(f"citation_precision is not measured: {why}")
    if figures["abstention_auroc"] is None:
        missing = "answerable" if unanswerable else "unanswerable"
        notes.append(f"abstention_auroc and abstention_accuracy are not measured: there is no {missing} question")
    return tuple(notes)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())
