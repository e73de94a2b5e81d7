"""The path of an evaluation: golden questions -> answers -> scores -> report. The front door of this package."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from eval.corpus import folder_sha256, texts_sha256
from eval.embedders import WordsOnly
from eval.golden import GoldenSet
from eval.knobs import Knobs, PathMode
from eval.measure import Extras, measure_answers, measure_retrieval
from eval.report import Report
from eval.workbench import Progress, open_workbench, silent
from ingestion.prepare import PARSER_VERSION, Parse
from retrieval.answer import Answerer
from retrieval.embed import Embedder
from retrieval.retrieve import Retriever


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
    golden: GoldenSet,
    *,
    mode: PathMode,
    embedder: Embedder,
    knobs: Knobs | None = None,
    progress: Progress = silent,
) -> Report:
    """Measure how well documents are found, in a knowledge base of their own that is thrown away.

    Args:
        golden: Questions with the corpus they are about; see ``read_beir``.
        mode: How much of the path is measured; with ``sparse`` nothing is embedded.
        embedder: Embeds and counts tokens.
        knobs: The server's defaults when None.
        progress: Told of every step.

    Returns:
        Figures over the questions that have a relevant document.

    Raises:
        InvalidInputError: Nothing can be scored.
        ModelError: The embedder failed.
    """
    with open_workbench(WordsOnly(embedder) if mode == "sparse" else embedder, knobs=knobs or Knobs()) as bench:
        started = time.perf_counter()
        empty = bench.add_texts(golden.documents, progress)
        seconds = time.perf_counter() - started
        report = measure_retrieval(bench.system(), golden, mode=mode, progress=progress)
    return replace(
        report,
        provenance=replace(report.provenance, corpus_sha256=texts_sha256(golden.documents)),
        counts={**report.counts, "seconds_indexing": round(seconds, 1)},
        skipped={**report.skipped, **({"documents without title and text": empty} if empty else {})},
    )


def evaluate_answers(
    documents: Path,
    golden: GoldenSet,
    *,
    parts: Parts,
    knobs: Knobs | None = None,
    extras: Extras | None = None,
    progress: Progress = silent,
) -> Report:
    """Measure how well questions are answered over a folder, in a knowledge base of its own that is thrown away.

    Args:
        documents: The folder; golden questions name its documents by their path relative to it.
        golden: Questions about them; see ``read_questions``.
        parts: What is measured.
        knobs: The server's defaults when None.
        extras: What may be measured besides.
        progress: Told of every step.

    Returns:
        Figures over the questions that each of them is about.

    Raises:
        InvalidInputError: There are no questions, or no document could be ingested.
        ModelError: The embedder failed.
    """
    with open_workbench(parts.embedder, knobs=knobs or Knobs()) as bench:
        ingested = bench.add_folder(documents, parts.parse, progress)
        system = bench.system(parts.answerer(bench.retriever))
        report = measure_answers(system, bench.known(golden), extras=extras, progress=progress)
    return replace(
        report,
        provenance=replace(report.provenance, corpus_sha256=folder_sha256(documents)),
        counts={**report.counts, "seconds_ingesting": round(ingested.seconds, 1)},
        fingerprint=f"parser{PARSER_VERSION}-{report.fingerprint}",
        failed=tuple(ingested.failed),
    )
