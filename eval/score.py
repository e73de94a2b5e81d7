"""Rankings and answers -> the scores of single questions; pure.

What a question does not tell is None, never 0 and never NaN.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from eval.golden import Question
from eval.metrics import average_precision_at_k, mrr_at_k, ndcg_at_k, precision_at_k, recall_at_k
from eval.prices import Price, cost
from eval.wording import bleu, exact_match, rouge_l, spoken, token_f1
from retrieval.types import Answer

DEPTH = 100
"""Documents a ranking needs for recall@100."""

Scores = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A question and the documents found for it, distinct, best first, at most 100.

    Attributes:
        ms: Of the search at the depth a server searches at, the question's encoding included.
        exhausted: False when more documents may be found than were looked at.
        cut: Whether the question was longer than is read.
    """

    question: Question
    documents: tuple[str, ...]
    ms: float
    exhausted: bool = True
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question and what came of it, abstention set aside.

    Attributes:
        answer: What would be said, had the system to say something.
        cited: The document of each citation.
        found: Documents retrieved, distinct, best first.
        passages: Document and text of each passage the generator saw, best first.
        confidence: In [0, 1]; 0 when nothing can be cited, for then no threshold lets an answer through.
        abstained: What the reader would have got.
        timings_ms: Stage -> time, and ``total``.
        tokens: ``prompt`` and ``completion``, as a language model counted them.
    """

    question: Question
    answer: Answer
    cited: tuple[str, ...]
    found: tuple[str, ...]
    confidence: float
    abstained: bool
    timings_ms: Mapping[str, float]
    passages: tuple[tuple[str, str], ...] = ()
    tokens: Mapping[str, int] = field(default_factory=dict)

    @property
    def quotes(self) -> tuple[str, ...]:
        """What would be cited, in order."""
        return tuple(citation.quote for citation in self.answer.citations)


def score_ranking(ranking: Ranking) -> Scores:
    """Score the documents found for a question.

    Returns:
        ``ndcg@10, recall@10, recall@100, precision@10, mrr@10, map@100``, each in [0, 1], None when nothing is
        relevant; and ``ms``.
    """
    documents, relevant = ranking.documents, ranking.question.relevant
    measures = {
        "ndcg@10": (ndcg_at_k, 10),
        "recall@10": (recall_at_k, 10),
        "recall@100": (recall_at_k, DEPTH),
        "precision@10": (precision_at_k, 10),
        "mrr@10": (mrr_at_k, 10),
        "map@100": (average_precision_at_k, DEPTH),
    }
    scores: Scores = {
        name: measure(documents, relevant, k=k) if relevant else None for name, (measure, k) in measures.items()
    }
    return scores | {"ms": ranking.ms}


def score_answer(outcome: Outcome, price: Price | None = None) -> Scores:
    """Score one answer.

    Args:
        outcome: What was asked and answered.
        price: Of the language model's tokens, where known.

    Returns:
        Column -> value; None where the question does not say what is right, or the column is not about such questions.
    """
    return {
        **_evidence_scores(outcome),
        **_citation_scores(outcome),
        **_wording_scores(outcome),
        **_abstention_scores(outcome),
        **{f"{stage}_ms": ms for stage, ms in outcome.timings_ms.items()},
        **{f"{kind}_tokens": float(count) for kind, count in outcome.tokens.items()},
        "cost": cost(outcome.tokens, price).amount if price and outcome.tokens else None,
    }


def _evidence_scores(outcome: Outcome) -> Scores:
    question = outcome.question
    held = [
        any(
            document == passage.document and folded(passage.text) in folded(text) for document, text in outcome.passages
        )
        for passage in question.passages
    ]
    relevant = question.relevant
    return {
        "evidence_hit@1": _evidence_hit(outcome, 1),
        "evidence_hit@3": _evidence_hit(outcome, 3),
        "page_hit@5": float(any(document in relevant for document in outcome.found[:5])) if relevant else None,
        "passage_recall": sum(held) / len(held) if held and question.answerable else None,
    }


def _citation_scores(outcome: Outcome) -> Scores:
    relevant = outcome.question.relevant
    shown = () if outcome.abstained else outcome.cited
    verdicts = () if outcome.abstained else outcome.answer.sentences
    return {
        "citations_relevant": float(sum(document in relevant for document in shown)) if relevant else None,
        "citations_shown": float(len(shown)) if relevant else None,
        "citation_recall": len(set(shown) & relevant.keys()) / len(relevant) if relevant else None,
        "sentences_supported": float(sum(v.verdict == "supported" for v in verdicts)) if verdicts else None,
        "sentences_said": float(len(verdicts)) if verdicts else None,
    }


def _wording_scores(outcome: Outcome) -> Scores:
    reference = outcome.question.answer
    if not reference or not outcome.question.answerable:
        return dict.fromkeys(("exact_match", "token_f1", "rouge_l", "bleu"))
    # No answer where there is one scores 0, as in SQuAD 2.0 (Rajpurkar et al. 2018).
    said = "" if outcome.abstained else spoken(outcome.answer.text)
    return {
        "exact_match": exact_match(said, reference),
        "token_f1": token_f1(said, reference),
        "rouge_l": rouge_l(said, reference),
        "bleu": bleu(said, reference),
    }


def _abstention_scores(outcome: Outcome) -> Scores:
    answerable, abstained = outcome.question.answerable, float(outcome.abstained)
    return {
        "answerable": float(answerable),
        "confidence": outcome.confidence,
        "abstained": abstained,
        "abstention_right": float(outcome.abstained != answerable),
        "refusal_accuracy": None if answerable else abstained,
        "answered_rate": 1.0 - abstained if answerable else None,
        "right": _right(outcome),
        "degraded": float(outcome.answer.degraded),
    }


def _right(outcome: Outcome) -> float | None:
    """Whether the answer, had it been given, stands on the right source; None where nobody says which that is."""
    question = outcome.question
    if not question.answerable:
        return 0.0
    hit = _evidence_hit(outcome, 3)
    if hit is not None or not question.relevant:
        return hit
    return float(any(document in question.relevant for document in outcome.cited))


def _evidence_hit(outcome: Outcome, k: int) -> float | None:
    evidence = folded(outcome.question.evidence or "")
    if not evidence or not outcome.question.answerable:
        return None
    return float(any(evidence in folded(quote) for quote in outcome.quotes[:k]))


def folded(text: str) -> str:
    """Return a text without differences of case, width and white space, for comparing."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())
