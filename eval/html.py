"""A report -> one page to read, send and print: no script, nothing loaded from anywhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eval import plots
from eval.figures import MEASURES, Measure, Scores
from eval.report import Detail, Report
from eval.slices import Slices, slices_in
from eval.statistics import Difference, Interval

if TYPE_CHECKING:
    from eval.compare import Comparison
    from eval.robustness import Strain

_TEMPLATE = "report.html.j2"
_WORST = 50
_SLICES = 25  # more of them nobody reads; the rest is folded
_HEADLINES = ("citation_precision", "refusal_accuracy", "recall@10", "mrr@10", "p95_ms")
_UNMEASURED = "not measured: "
_SHARE = (0.0, 1.0)

_MEANINGS = {
    "ndcg@10": "how high the relevant documents stand among the first ten; 1 is the best order",
    "recall@10": "share of the relevant documents among the first ten",
    "recall@100": "share of the relevant documents among the first hundred",
    "precision@10": "share of the first ten that is relevant",
    "mrr@10": "one over the place of the first relevant document",
    "map@100": "precision at every relevant document, averaged",
    "evidence_hit@1": "the sentence that answers stands in the first quote",
    "evidence_hit@3": "the sentence that answers stands in one of the first three quotes",
    "page_hit@5": "a right document is among the first five found",
    "passage_recall": "share of the marked passages that the generator saw",
    "citation_precision": "share of citations that lead to a right document",
    "citation_recall": "share of the right documents that are cited",
    "sentence_support_rate": "share of sentences that the quotes they cite bear out",
    "exact_match": "the answer is the reference, word for word",
    "token_f1": "words shared with the reference answer",
    "rouge_l": "longest common run of words with the reference answer",
    "bleu": "word sequences shared with the reference answer",
    "abstention_auroc": "how well confidence parts answerable from unanswerable questions; 0.5 is a coin",
    "abstention_accuracy": "share rightly answered or rightly refused",
    "refusal_accuracy": "share of unanswerable questions that were refused",
    "answered_rate": "share of answerable questions that were answered",
    "risk_coverage_area": "wrong answers it is surer of than of right ones, over all thresholds; 0 is perfect",
    "degraded": "share answered with quotes because the language model failed",
    "prompt_tokens": "tokens sent to the language model, a question",
    "completion_tokens": "tokens written by the language model, a question",
    "cost": "of the language model, a question",
    "judged_faithful": "share that a model judged to follow from the passages",
    "judged_relevant": "share that a model judged to answer the question",
    "judged_correctness": "a model's grade against the reference answer, from 0 to 1",
}


@dataclass(frozen=True, slots=True)
class Worst:
    """A question that went wrong.

    Attributes:
        score: On the primary figure, or whether it was rightly answered or refused; None where nobody can say.
        why: What else is wrong with it, in words; may be empty.
    """

    id: str
    score: float | None
    why: str
    detail: Detail


def page(
    report: Report,
    *,
    slices: Slices | None = None,
    comparison: "Comparison | None" = None,
    robustness: "Sequence[Strain] | None" = None,
) -> str:
    """Make a page of a report.

    Args:
        report: What was measured.
        slices: Of the report; found here when None.
        comparison: Of an earlier run with this one.
        robustness: What each strain did.

    Returns:
        One HTML document that needs nothing beside it; the same for the same report. It can be encoded as UTF-8.
    """
    slices = slices_in(report) if slices is None else slices
    text: str = _template().render(
        report=report,
        shares=_figures(report, is_share),
        amounts=_figures(report, lambda name: not is_share(name)),
        headlines=_headlines(report),
        missing=[note.removeprefix(_UNMEASURED) for note in report.notes if note.startswith(_UNMEASURED)],
        notes=[note for note in report.notes if not note.startswith(_UNMEASURED)],
        slices=slices,
        most_slices=_SLICES,
        worst=worst_questions(report),
        comparison=comparison,
        robustness=robustness or (),
        pictures=_pictures(report, slices, comparison, robustness or ()),
        measures=MEASURES[report.kind],
    )
    # Names of files may hold bytes that are no text.
    return text.encode("utf-8", "replace").decode("utf-8")


def worst_questions(report: Report, *, limit: int | None = _WORST) -> list[Worst]:
    """Return the questions that went wrong, the worst first, at most 50 or another limit; None is without.

    Wrong is a score below 1 on the primary figure, an answer to what cannot be answered, or a refusal of what can.
    """
    column = _column(report)
    found = []
    for key, row in report.scores.items():
        score = row.get("abstention_right") if column is None or row.get(column) is None else row[column]
        why = _why(row)
        if why or (score is not None and score < 1):
            found.append(Worst(key, score, why, report.details.get(key, Detail("", (), ()))))
    return sorted(found, key=lambda worst: _badness(worst, report.scores[worst.id]))[:limit]


def is_share(name: str) -> bool:
    """Whether a figure lies in [0, 1]; the others are times, tokens and money."""
    return not name.endswith(("_ms", "_tokens")) and name != "cost"


def shown(value: float | None, name: str) -> str:
    """Write a value of a figure: shares with three digits, times in ms, nothing for None."""
    if value is None:
        return ""
    if name.endswith("_ms"):
        return f"{value:,.0f} ms" if abs(value) >= 100 else f"{value:.1f} ms"
    return f"{value:.3f}" if is_share(name) else f"{value:,.4g}"


def change(value: float | None, name: str) -> str:
    """Write a difference of a figure, with its sign."""
    return "" if value is None else f"{'-' if value < 0 else '+' if value else ''}{shown(abs(value), name)}"


def between(figure: "Interval | Difference", name: str, write: Callable[[float | None, str], str] = shown) -> str:
    """Write an interval; nothing where there is none."""
    return "" if figure.low is None else f"{write(figure.low, name)} to {write(figure.high, name)}"


def meaning(name: str) -> str:
    """Say what a figure is."""
    if name.endswith("_ms"):
        *stage, quantile, _ = name.split("_")
        return f"{quantile[1:]} % of questions took no longer{f' to {stage[0]}' if stage else ''}"
    return _MEANINGS.get(name, "")


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "change": change, "between": between, "meaning": meaning}
    environment.filters["change_between"] = lambda figure, name: between(figure, name, change)
    return environment.get_template(_TEMPLATE)


def _figures(report: Report, wanted: Callable[[str], bool]) -> dict[str, Interval]:
    return {name: figure for name, figure in report.figures.items() if figure.value is not None and wanted(name)}


def _headlines(report: Report) -> dict[str, Interval]:
    measured = _figures(report, (report.primary, *_HEADLINES).__contains__)
    return {name: measured[name] for name in (report.primary, *_HEADLINES) if name in measured}


def _column(report: Report) -> str | None:
    """Return the column that says how one question went."""
    if report.primary is None:
        return None
    measure: Measure = MEASURES[report.kind][report.primary]
    return "abstention_right" if measure.name == "abstention_accuracy" else measure.column


def _why(row: Scores) -> str:
    if row.get("abstention_right") != 0:
        return ""
    return "refused, though the documents answer it" if row["answerable"] else "answered, though no document does"


def _badness(worst: Worst, row: Scores) -> tuple[float, bool, float, str]:
    overlap = row.get("token_f1")
    return (1.0 if worst.score is None else worst.score, not worst.why, 1.0 if overlap is None else overlap, worst.id)


def _known(scores: Mapping[str, Scores], name: str) -> list[float]:
    return [value for row in scores.values() if (value := row.get(name)) is not None]


def _pictures(
    report: Report, slices: Slices, comparison: "Comparison | None", robustness: "Sequence[Strain]"
) -> dict[str, str]:
    """Draw what there is to draw: name of the picture -> SVG."""
    changes = comparison.figures.items() if comparison else ()
    strains = [(strain.name, strain.difference) for strain in robustness if strain.difference]
    ranked = [(f"{entry.tag} = {entry.value}", next(iter(entry.figures.values()))) for entry in slices.ranked]
    gaps = [plots.Row(gap.tag, gap.gap, gap.low, gap.high) for gap in slices.gaps]
    primary = report.primary or ""
    overall = report.figures[primary].value if primary else None
    rows = {
        "figures": (_rows(_figures(report, is_share).items()), "value and 95 % interval", _SHARE, None),
        "slices": (_rows(ranked[:_SLICES]), f"{primary}; dashed: all questions", _SHARE, overall),
        "gaps": (gaps, f"{primary} of the best less the worst", None, 0.0),
        "changes": (_rows(c for c in changes if is_share(c[0])), "change: after less before", None, 0.0),
        "times": (_rows(c for c in changes if c[0].endswith("_ms")), "change in ms: after less before", None, 0.0),
        "strains": (_rows(strains), "change under strain", None, 0.0),
    }
    drawn = {
        name: plots.intervals(name, found, about=about, span=span, mark=mark)
        for name, (found, about, span, mark) in rows.items()
        if found
    }
    return drawn | _question_pictures(report)


def _rows(figures: Iterable[tuple[str, Interval | Difference]]) -> list[plots.Row]:
    return [plots.Row(label, f.value, f.low, f.high) for label, f in figures if f.value is not None]


def _question_pictures(report: Report) -> dict[str, str]:
    scores, drawn = report.scores, {}
    column, times = _column(report), _known(scores, "total_ms" if report.kind == "answers" else "ms")
    if column and (values := _known(scores, column)):
        about = f"{report.primary} of single questions"
        drawn["spread"] = plots.histogram("spread", values, unit=about, about=about, span=_SHARE)
    if times:
        marks = {f"p{q}": float(np.percentile(times, q)) for q in (50, 95, 99)}
        said = "; ".join(f"{name} {shown(value, '_ms')}" for name, value in marks.items())
        drawn["latency"] = plots.histogram(
            "latency", times, unit="ms", about=f"time of a question: {said}", marks=marks
        )
    if points := plots.coverage_curve(scores):
        known = plots.answered(scores)
        given = [right for _, right, given in known if given]
        now = (len(given) / len(known), sum(given) / len(given)) if given else None
        drawn["coverage"] = plots.curve("coverage", points, now=now, about="accuracy of the answered")
    sides = [
        [row.get("confidence") or 0.0 for row in scores.values() if row.get("answerable") == kind]
        for kind in (1.0, 0.0)
    ]
    if any(sides):
        names = "answerable questions", "unanswerable questions"
        drawn["confidence"] = plots.mirrored("confidence", *sides, sides=names, about="confidence")
    return drawn
