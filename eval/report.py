"""What an evaluation found, with what is needed to repeat it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.report import Failure
from retrieval.types import SearchMode

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """How well documents are found.

    Attributes:
        figures: ``ndcg@10, recall@10, recall@100, mrr@10``: means over the questions, in [0, 1].
        scores: The same figures for each question: question id -> figure -> value.
        queries_per_s: Questions answered with up to 100 passages, one after the other, their encoding included.
        fingerprint: Chunker, chunk size and embedder; figures of different ones are of different systems.
        settings: What the retriever was set to.
        skipped: What was left out of the figures, in words, and how many of it.
    """

    figures: Mapping[str, float]
    scores: Mapping[str, Mapping[str, float]]
    queries_per_s: float
    documents: int
    chunks: int
    fingerprint: str
    split: str
    mode: SearchMode
    seconds_indexing: float
    settings: Mapping[str, float | int | bool | str | None] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object, the scores of single questions left out.

        Returns:
            Figures rounded to four digits.
        """
        return {
            **_rounded(self.figures),
            "queries_per_s": round(self.queries_per_s, 1),
            "documents": self.documents,
            "chunks": self.chunks,
            "queries": len(self.scores),
            "split": self.split,
            "mode": self.mode,
            "seconds_indexing": round(self.seconds_indexing, 1),
            "fingerprint": self.fingerprint,
            "settings": dict(self.settings),
            "skipped": dict(self.skipped),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class AnswersReport:
    """How well questions are answered.

    Attributes:
        figures: ``evidence_hit@1, evidence_hit@3, page_hit@5, citation_precision, abstention_auroc,
            abstention_accuracy`` in [0, 1]; ``p50_ms, p95_ms`` of a whole answer. None where it cannot be measured.
        scores: Question id -> what was measured of it.
        counts: ``questions, answerable, unanswerable, abstained``.
        notes: Why a figure is None, and what else a reader of the figures should know.
        failed: Documents that could not be read; what they hold counts as not found.
    """

    figures: Mapping[str, float | None]
    scores: Mapping[str, Mapping[str, float | None]]
    counts: Mapping[str, int]
    documents: int
    chunks: int
    fingerprint: str
    seconds_ingesting: float
    settings: Mapping[str, float | int | bool | str | None] = field(default_factory=dict)
    failed: tuple[Failure, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object, the scores of single questions left out.

        Returns:
            Figures rounded to four digits; what cannot be measured is null.
        """
        return {
            **_rounded(self.figures),
            **self.counts,
            "documents": self.documents,
            "chunks": self.chunks,
            "seconds_ingesting": round(self.seconds_ingesting, 1),
            "fingerprint": self.fingerprint,
            "settings": dict(self.settings),
            "failed": [{"path": failure.path, "reason": failure.reason} for failure in self.failed],
            "skipped": dict(self.skipped),
            "notes": list(self.notes),
        }


def _rounded(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, _DIGITS) for name, value in figures.items()}
