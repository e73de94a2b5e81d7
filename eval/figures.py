"""What a report says, figure by figure: how each follows from the scores of single questions; pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.statistics import Columns, FloatArray, IntArray, Statistic

Kind = Literal["retrieval", "answers"]

Scores = Mapping[str, float | None]
"""What was measured of one question; None where the question does not say what is right."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure over questions.

    Attributes:
        name: As reports name it; ``_ms`` at the end means milliseconds, otherwise it is a share in [0, 1] or a count.
        statistic: Makes it from columns, any number of samples of the questions at once.
        column: The column that says which questions the figure is about.
        missing: Why it cannot be measured where no question is.
        better: Which direction is an improvement.
        optional: Whether nobody misses it where it cannot be measured.
        least_questions: With fewer it has no interval: too few lie beyond a high percentile.
    """

    name: str
    statistic: Statistic
    column: str
    missing: str
    better: Literal["higher", "lower"] = "higher"
    optional: bool = False
    least_questions: int = 2


_Parts = Callable[[Columns, IntArray], tuple[FloatArray, FloatArray]]
"""What is summed above and below the line, both of shape (samples, questions)."""


def to_columns(scores: Sequence[Scores], names: Sequence[str]) -> dict[str, FloatArray]:
    """Turn the scores of questions into columns.

    Args:
        scores: One entry a question.
        names: Of the columns; what an entry lacks is NaN.

    Returns:
        Name -> array of shape (len(scores),).
    """
    return {
        name: np.array([np.nan if row.get(name) is None else row[name] for row in scores], dtype=np.float64)
        for name in names
    }


def mean_of(name: str) -> Statistic:
    """Make the mean of a column over the questions that have it."""
    return _ratio(lambda columns, index: _known(columns[name][index]))


def mean_with_both(name: str, kind: str) -> Statistic:
    """Make the mean of a column, where its questions are of both kinds: ``kind`` holds 1 for some and 0 for others."""
    mean = mean_of(name)

    def statistic(columns: Columns, index: IntArray) -> FloatArray:
        kinds = columns[kind][index]
        return np.where(kinds.min(axis=1) < kinds.max(axis=1), mean(columns, index), np.nan)

    return statistic


def ratio_of(numerator: str, denominator: str) -> Statistic:
    """Make the sum of one column over the sum of another, over the questions that have both."""

    def parts(columns: Columns, index: IntArray) -> tuple[FloatArray, FloatArray]:
        above, below = columns[numerator][index], columns[denominator][index]
        both = ~(np.isnan(above) | np.isnan(below))
        return np.where(both, above, 0.0), np.where(both, below, 0.0)

    return _ratio(parts)


def percentile_of(name: str, q: float) -> Statistic:
    """Make a percentile, q in [0, 100], of a column over the questions that have it."""

    def statistic(columns: Columns, index: IntArray) -> FloatArray:
        # By hand: np.nanpercentile walks over the samples one by one, a hundred times slower.
        ordered = np.sort(columns[name][index], axis=1)  # NaN comes last
        known = (~np.isnan(ordered)).sum(axis=1, keepdims=True)
        place = np.maximum(known - 1, 0) * q / 100
        low = np.floor(place).astype(np.int64)
        high = np.ceil(place).astype(np.int64)
        below, above = (np.take_along_axis(ordered, at, axis=1) for at in (low, high))
        value: FloatArray = (below + (above - below) * (place - low))[:, 0]
        return value

    return statistic


def auroc_of(name: str, positive: str) -> Statistic:
    """Make the area under the ROC curve of a score (Fawcett 2006); ``positive`` holds 1 or 0.

    It is the Mann-Whitney statistic: the chance that a positive scores above a negative, ties counting one half.

    Returns:
        The statistic; NaN for a sample without positives or negatives.
    """

    def statistic(columns: Columns, index: IntArray) -> FloatArray:
        from scipy.stats import rankdata

        ranks = rankdata(columns[name][index], axis=1)
        up = columns[positive][index] == 1
        ups = up.sum(axis=1)
        downs = index.shape[1] - ups
        with np.errstate(divide="ignore", invalid="ignore"):
            area: FloatArray = (np.where(up, ranks, 0.0).sum(axis=1) - ups * (ups + 1) / 2) / (ups * downs)
        return area

    return statistic


def _known(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    known = ~np.isnan(values)
    return np.where(known, values, 0.0), known.astype(np.float64)


def _ratio(parts: _Parts) -> Statistic:
    def statistic(columns: Columns, index: IntArray) -> FloatArray:
        above, below = parts(columns, index)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: FloatArray = above.sum(axis=1) / below.sum(axis=1)
        return ratio

    return statistic


def excess_area_under_risk_coverage(confidence: str, right: str) -> Statistic:
    """Make the excess area under the risk-coverage curve (Geifman, Uziel & El-Yaniv 2019): 0 is perfect.

    The risk at a coverage is the share of wrong answers among the most confident ones that make it up. The area of the
    best possible order is taken off, so that only the order counts and not how many are wrong.

    Returns:
        The statistic, over questions that all have both columns; equal confidences share their mistakes. NaN where no
        answer is right.
    """

    def statistic(columns: Columns, index: IntArray) -> FloatArray:
        wrong = 1.0 - columns[right][index]
        sure = columns[confidence][index]
        ranks = np.arange(1, index.shape[1] + 1)
        found = np.array([_tied(w, c) for w, c in zip(wrong, sure, strict=True)])
        risks = found.cumsum(axis=1) / ranks
        best = np.sort(wrong, axis=1).cumsum(axis=1) / ranks
        excess: FloatArray = np.where(wrong.all(axis=1), np.nan, (risks - best).mean(axis=1))
        return excess

    return statistic


def _tied(wrong: FloatArray, confidence: FloatArray) -> FloatArray:
    """Sort mistakes by falling confidence; within a tie each is the mean of the tie."""
    _, group, sizes = np.unique(-confidence, return_inverse=True, return_counts=True)
    means = np.bincount(group, weights=wrong) / sizes
    return np.repeat(means, sizes)


def _mean(name: str, missing: str, better: Literal["higher", "lower"] = "higher", *, optional: bool = False) -> Measure:
    return Measure(name, mean_of(name), name, missing, better, optional)


def _time(name: str, column: str, q: float) -> Measure:
    least = round(5 / (1 - q / 100))  # some five beyond it
    return Measure(name, percentile_of(column, q), column, "nothing was asked", "lower", least_questions=least)


_UNJUDGED = "no question has a relevant document that exists"
_NO_EVIDENCE = 'no answerable question has an "evidence" sentence'
_NO_DOCUMENT = "no answerable question names a relevant document that exists"
_NO_REFERENCE = 'no answerable question has a reference "answer"'
_NO_PASSAGE = 'no answerable question has "passages" of documents that exist'
_ONE_KIND = "it takes answerable and unanswerable questions"

_RETRIEVAL = (
    *(_mean(name, _UNJUDGED) for name in ("ndcg@10", "recall@10", "recall@100", "precision@10", "mrr@10", "map@100")),
    _time("p50_ms", "ms", 50),
    _time("p95_ms", "ms", 95),
    _time("p99_ms", "ms", 99),
)

_ANSWERS = (
    _mean("evidence_hit@1", _NO_EVIDENCE),
    _mean("evidence_hit@3", _NO_EVIDENCE),
    _mean("page_hit@5", _NO_DOCUMENT),
    _mean("passage_recall", _NO_PASSAGE),
    Measure(
        "citation_precision",
        ratio_of("citations_relevant", "citations_shown"),
        "citations_shown",
        "no answerable question that names a relevant document was answered",
    ),
    _mean("citation_recall", _NO_DOCUMENT),
    Measure(
        "sentence_support_rate",
        ratio_of("sentences_supported", "sentences_said"),
        "sentences_said",
        "nothing was answered",
    ),
    _mean("exact_match", _NO_REFERENCE),
    _mean("token_f1", _NO_REFERENCE),
    _mean("rouge_l", _NO_REFERENCE),
    _mean("bleu", _NO_REFERENCE),
    Measure("abstention_auroc", auroc_of("confidence", "answerable"), "answerable", _ONE_KIND),
    Measure("abstention_accuracy", mean_with_both("abstention_right", "answerable"), "answerable", _ONE_KIND),
    _mean("refusal_accuracy", "there is no unanswerable question"),
    _mean("answered_rate", "there is no answerable question"),
    Measure(
        "risk_coverage_area",
        excess_area_under_risk_coverage("confidence", "right"),
        "right",
        "no answer is known to be right",
        "lower",
    ),
    _mean("degraded", "nothing was asked", "lower"),
    *(
        _time(f"{stage}_p{q}_ms" if stage != "total" else f"p{q}_ms", f"{stage}_ms", q)
        for stage in ("total", "retrieve", "generate")
        for q in ((50, 95, 99) if stage == "total" else (50, 95))
    ),
    _mean("prompt_tokens", "no language model counted tokens", "lower", optional=True),
    _mean("completion_tokens", "no language model counted tokens", "lower", optional=True),
    _mean("cost", "there is no price for the model", "lower", optional=True),
    _mean("judged_faithful", "no judge model is set", optional=True),
    _mean("judged_relevant", "no judge model is set", optional=True),
    _mean("judged_correctness", "no judge model is set", optional=True),
)

MEASURES: Mapping[Kind, Mapping[str, Measure]] = {
    "retrieval": {measure.name: measure for measure in _RETRIEVAL},
    "answers": {measure.name: measure for measure in _ANSWERS},
}
"""Every figure of a kind of report, in the order of the report."""

PRIMARY: Mapping[Kind, tuple[str, ...]] = {
    "retrieval": ("ndcg@10",),
    "answers": ("evidence_hit@3", "page_hit@5", "token_f1", "abstention_accuracy"),
}
"""What slices, sweeps and gates look at: the first of these that can be measured."""
