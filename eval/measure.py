"""A system and golden questions -> a report."""

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from eval.ask import ask_questions, rank_documents
from eval.figures import Kind, Scores
from eval.golden import GoldenSet, Question
from eval.judge import Judge
from eval.knobs import PathMode
from eval.prices import Price
from eval.report import REFUSED, SEED, Detail, Report, measured, new_provenance
from eval.score import Outcome, score_answer, score_ranking
from eval.system import System
from eval.tags import tags_of
from eval.workbench import Progress, silent
from retrieval.errors import InvalidInputError
from retrieval.retrieve import MAX_QUESTION_CHARS

_FOUND_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Extras:
    """What may be measured besides, and how.

    Attributes:
        judge: A model that judges every answer; None leaves its figures out.
        prices: Of language models' tokens, by the model's name as the generator gives it.
        seed: Of the intervals.
    """

    judge: Judge | None = None
    prices: Mapping[str, Price] | None = None
    seed: int = SEED


def measure_retrieval(
    system: System,
    golden: GoldenSet,
    *,
    mode: PathMode = "full",
    extras: Extras | None = None,
    progress: Progress = silent,
) -> Report:
    """Measure how well documents are found.

    Args:
        system: What is asked.
        golden: Questions; those without a relevant document are left out.
        mode: How much of the path is measured.
        extras: What may be measured besides.
        progress: Told of every question.

    Returns:
        Figures over the questions that have a relevant document.

    Raises:
        InvalidInputError: There is no such question.
    """
    questions, skipped = _judged(golden)
    rankings = rank_documents(system, questions, mode=mode, progress=progress)
    details = {
        r.question.id: Detail(r.question.text, tuple(r.question.relevant), r.documents[:_FOUND_SHOWN]) for r in rankings
    }
    shallow, cut = sum(not r.exhausted for r in rankings), sum(r.cut for r in rankings)
    notes = {
        f"questions with fewer than 100 documents among 1,000 passages: {shallow}": shallow,
        f"questions cut to their last {MAX_QUESTION_CHARS:,} characters: {cut}": cut,
    }
    seconds = sum(ranking.ms for ranking in rankings) / 1000
    found = _Found(
        scores={ranking.question.id: score_ranking(ranking) for ranking in rankings},
        details=details,
        counts={"queries_per_s": round(len(rankings) / seconds, 1), "queries": len(rankings), "mode": mode},
        skipped=skipped,
        notes=tuple(note for note, count in notes.items() if count),
    )
    return _report("retrieval", system, golden, found, seed=(extras or Extras()).seed)


def measure_answers(
    system: System, golden: GoldenSet, *, extras: Extras | None = None, progress: Progress = silent
) -> Report:
    """Measure how well questions are answered, cited and refused.

    Args:
        system: What is asked.
        golden: Questions.
        extras: What may be measured besides.
        progress: Told of every question.

    Returns:
        Figures over the questions that each of them is about.

    Raises:
        InvalidInputError: There are no questions.
        ModelError: The judge cannot be reached.
    """
    extras = extras or Extras()
    questions, skipped = _reviewed(golden)
    scores: dict[str, Scores] = {}
    details: dict[str, Detail] = {}
    for outcome in ask_questions(system, questions, progress):
        price = (extras.prices or {}).get(outcome.answer.generator.partition(":")[2])
        judged = _judged_scores(outcome, extras.judge) if extras.judge else {}
        scores[outcome.question.id] = {**score_answer(outcome, price), **judged}
        details[outcome.question.id] = _detail(outcome)
    answerable = sum(question.answerable for question in questions)
    counts: dict[str, int | float | str] = {
        "questions": len(questions),
        "answerable": answerable,
        "unanswerable": len(questions) - answerable,
        "abstained": int(sum(row["abstained"] or 0 for row in scores.values())),
    }
    for kind in ("prompt_tokens", "completion_tokens", "cost"):
        counts |= {f"total_{kind}": total} if (total := sum(row.get(kind) or 0 for row in scores.values())) else {}
    found = _Found(scores=scores, details=details, counts=counts, skipped=skipped)
    return _report("answers", system, golden, found, seed=extras.seed)


@dataclass(frozen=True, slots=True)
class _Found:
    scores: Mapping[str, Scores]
    details: Mapping[str, Detail]
    counts: Mapping[str, int | float | str]
    skipped: Mapping[str, int]
    notes: tuple[str, ...] = ()


def _report(kind: Kind, system: System, golden: GoldenSet, found: _Found, *, seed: int) -> Report:
    provenance = new_provenance(
        golden.name, version_number=golden.version, sha256=golden.sha256, corpus_epoch=system.corpus_epoch, seed=seed
    )
    sizes = {"documents": system.documents, "chunks": system.chunks, "memory_peak_mb": round(_peak_bytes() / 2**20)}
    return measured(
        Report(
            kind=kind,
            provenance=provenance,
            figures={},
            scores=found.scores,
            tags={question.id: tags_of(question) for question in golden.questions if question.id in found.scores},
            counts={**found.counts, **sizes},
            fingerprint=system.fingerprint,
            settings=system.settings,
            details=found.details,
            skipped=found.skipped,
            notes=found.notes,
        )
    )


def _reviewed(golden: GoldenSet) -> tuple[list[Question], dict[str, int]]:
    questions = [question for question in golden.questions if not question.draft]
    drafts = len(golden.questions) - len(questions)
    if not questions:
        why = "all of them are drafts that nobody has reviewed" if drafts else "there are none"
        raise InvalidInputError(f"{golden.name or 'the golden set'} has no questions to ask: {why}")
    return questions, {**golden.skipped, **({"drafts that nobody has reviewed": drafts} if drafts else {})}


def _judged(golden: GoldenSet) -> tuple[list[Question], dict[str, int]]:
    reviewed, skipped = _reviewed(golden)
    questions = [question for question in reviewed if question.relevant]
    if not questions:
        unanswerable = sum(not question.answerable for question in reviewed)
        raise InvalidInputError(
            f"retrieval cannot be measured with {golden.name or 'these questions'}: none of the {len(reviewed)} "
            f"questions names a relevant document that exists ({unanswerable} of them are unanswerable)"
        )
    left = len(reviewed) - len(questions)
    return questions, {**skipped, **({"questions without a relevant document": left} if left else {})}


def _judged_scores(outcome: Outcome, judge: Judge) -> Scores:
    if outcome.abstained:
        return {}
    contexts = [text for _, text in outcome.passages]
    judgement = judge.judge(
        outcome.question.text, outcome.answer.text, contexts=contexts, reference=outcome.question.answer
    )
    return {
        "judged_faithful": None if judgement.faithful is None else float(judgement.faithful),
        "judged_relevant": None if judgement.relevant is None else float(judgement.relevant),
        "judged_correctness": judgement.correctness,
    }


def _detail(outcome: Outcome) -> Detail:
    question = outcome.question
    return Detail(
        text=question.text,
        expected=tuple(question.relevant),
        found=outcome.found[:_FOUND_SHOWN],
        answer=REFUSED if outcome.abstained else outcome.answer.text,
        reference=question.evidence or question.answer,
        cited=tuple(dict.fromkeys(outcome.cited)),
    )


def _peak_bytes() -> int:
    """Return the most memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # KiB on Linux (getrusage(2)), bytes on macOS
