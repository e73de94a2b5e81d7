"""The path of an evaluation: golden questions -> answers -> scores -> report. The front door of this package."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from eval.ask import ask_questions, rank_documents
from eval.golden import GoldenSet, read_beir, read_questions, restricted
from eval.report import AnswersReport, RetrievalReport
from eval.score import answer_figures, mean_scores, outcome_counts, score_answer, score_ranking
from eval.workbench import Knobs, Progress, WordsOnly, Workbench, open_workbench, silent
from ingestion.prepare import PARSER_VERSION, Parse
from retrieval.answer import Answerer
from retrieval.embed import Embedder
from retrieval.retrieve import Retriever
from retrieval.types import SearchMode


@dataclass(frozen=True, slots=True)
class Parts:
    """What is measured, put together as the server does it.

    Attributes:
        parse: Reads one file.
        answerer: Puts the question path together behind a retriever.
    """

    embedder: Embedder
    parse: Parse
    answerer: Callable[[Retriever], Answerer]


def evaluate_retrieval(
    beir: Path,
    split: str,
    *,
    mode: SearchMode,
    embedder: Embedder,
    knobs: Knobs | None = None,
    progress: Progress = silent,
) -> RetrievalReport:
    """Measure how well documents are found, in a knowledge base of their own that is thrown away.

    Args:
        beir: A folder in the layout of BEIR.
        split: Which judgements to use, by the name of their file in ``qrels``.
        mode: Which lists are searched; with ``sparse`` nothing is embedded.
        embedder: Embeds and counts tokens.
        knobs: The server's defaults when None.
        progress: Told of every step.

    Returns:
        Figures over the questions of the split that have a relevant document.

    Raises:
        InvalidInputError: The folder is not whole, or nothing in it can be scored.
        ModelError: The embedder failed.
    """
    golden = read_beir(beir, split)
    with open_workbench(WordsOnly(embedder) if mode == "sparse" else embedder, knobs=knobs or Knobs()) as bench:
        started = time.perf_counter()
        empty = bench.add_texts(golden.documents, progress)
        seconds = time.perf_counter() - started
        report = measure_retrieval(bench, golden, split, mode=mode, progress=progress)
    skipped = {**report.skipped, "documents without title and text": empty} if empty else report.skipped
    return replace(report, seconds_indexing=seconds, skipped=skipped)


def measure_retrieval(
    bench: Workbench, golden: GoldenSet, split: str, *, mode: SearchMode, progress: Progress = silent
) -> RetrievalReport:
    """Measure how well the documents of a filled workbench are found; any number of times, in any mode it holds.

    Returns:
        As ``evaluate_retrieval``, with ``seconds_indexing`` 0.
    """
    found = rank_documents(bench, golden.questions, mode=mode, progress=progress)
    scores = {q.id: score_ranking(found.documents[q.id], q) for q in golden.questions}
    documents, chunks = bench.catalog.counts()
    return RetrievalReport(
        figures=mean_scores(scores),
        scores=scores,
        queries_per_s=len(scores) / found.seconds,
        documents=documents,
        chunks=chunks,
        fingerprint=bench.fingerprint,
        split=split,
        mode=mode,
        seconds_indexing=0.0,
        settings=bench.settings,
        skipped=golden.skipped,
        notes=found.notes,
    )


def evaluate_answers(
    documents: Path, questions: Path, *, parts: Parts, knobs: Knobs | None = None, progress: Progress = silent
) -> AnswersReport:
    """Measure how well questions are answered over a folder, in a knowledge base of its own that is thrown away.

    Args:
        documents: The folder; golden questions name its documents by their path relative to it.
        questions: See ``read_questions``.
        parts: What is measured.
        knobs: The server's defaults when None.
        progress: Told of every step.

    Returns:
        Figures over the questions that each of them is about.

    Raises:
        InvalidInputError: The questions are not whole, or no document could be ingested.
        ModelError: The embedder failed.
    """
    golden = read_questions(questions)
    with open_workbench(parts.embedder, knobs=knobs or Knobs()) as bench:
        ingested = bench.add_folder(documents, parts.parse, progress)
        asked, unknown = restricted(golden.questions, set(bench.names.values()))
        answerer = parts.answerer(bench.retriever)
        outcomes = ask_questions(bench, answerer, asked, progress)
        in_catalog, chunks = bench.catalog.counts()
    figures, notes = answer_figures(outcomes)
    return AnswersReport(
        figures=figures,
        scores={outcome.question.id: score_answer(outcome) for outcome in outcomes},
        counts=outcome_counts(outcomes),
        documents=in_catalog,
        chunks=chunks,
        fingerprint=f"parser{PARSER_VERSION}-{bench.fingerprint}",
        seconds_ingesting=ingested.seconds,
        settings=bench.settings | {"abstain_below": answerer.abstain_below, "passages_shown": answerer.passages_shown},
        failed=tuple(ingested.failed),
        skipped={**golden.skipped, **unknown},
        notes=notes,
    )
