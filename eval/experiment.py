"""A folder or a corpus with golden questions -> what a sweep measures on it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from eval.corpus import folder_sha256, texts_sha256
from eval.embedders import Forgetting
from eval.evaluate import Parts
from eval.figures import PRIMARY, Kind
from eval.golden import GoldenSet
from eval.knobs import Knobs, PathMode
from eval.measure import measure_answers, measure_retrieval
from eval.report import Report
from eval.sweep import Figures, Instruments
from eval.workbench import ASKER, COLLECTION, Progress, Workbench, open_workbench, silent
from ingestion.prepare import CHUNKER_VERSION, PARSER_VERSION
from retrieval.embed import Embedder
from retrieval.errors import InvalidInputError
from retrieval.retrieve import Retriever

_TIMED_QUESTIONS = 50


@dataclass(frozen=True, slots=True)
class Filled:
    """A workbench with its documents, and the questions about those of them that exist."""

    bench: Workbench
    golden: GoldenSet


@dataclass(frozen=True, slots=True)
class Experiment:
    """Documents and questions that can be measured in any configuration.

    Attributes:
        kind: What is measured.
        fill: Makes a knowledge base as knobs say.
        measure: A filled one in a configuration that shares its chunks -> report.
        questions: Of the golden set.
        fingerprint: Of documents, parser, chunker and embedder.
    """

    kind: Kind
    fill: Callable[[Knobs], AbstractContextManager[Filled]]
    measure: Callable[[Filled, Knobs], Report]
    questions: tuple[str, ...]
    fingerprint: str

    def instruments(self) -> Instruments[Filled]:
        """Return what a sweep measures with.

        Raises:
            InvalidInputError: There are no questions.
        """
        if not self.questions:
            raise InvalidInputError("the golden set has no questions that nobody has to review first")
        return Instruments(
            open_bench=self.fill,
            measure=lambda filled, knobs: _figures(self.measure(filled, knobs)),
            ask=_asked,
            questions=self.questions[:_TIMED_QUESTIONS],
            index_bytes=lambda filled: filled.bench.index_bytes,
        )

    def quality(self, figures: Figures) -> str | None:
        """Return the figure that configurations are ranked by: the first primary one that could be measured."""
        return next((name for name in PRIMARY[self.kind] if figures.get(name) is not None), None)


def retrieval_experiment(
    golden: GoldenSet, embedder: Embedder, *, mode: PathMode = "full", progress: Progress = silent
) -> Experiment:
    """Make an experiment of a BEIR folder.

    Args:
        golden: Questions with the corpus they are about.
        embedder: Embeds and counts tokens.
        mode: How much of the path is measured.
        progress: Told of every step.

    Returns:
        The experiment; retrieval is measured.
    """

    @contextmanager
    def fill(knobs: Knobs) -> Iterator[Filled]:
        with open_workbench(embedder, knobs=knobs) as bench:
            bench.add_texts(golden.documents, progress)
            yield Filled(bench, golden)

    def measure(filled: Filled, knobs: Knobs) -> Report:
        return measure_retrieval(replace(filled.bench, knobs=knobs).system(), filled.golden, mode=mode)

    fingerprint = f"texts {texts_sha256(golden.documents)[:16]}, {mode}, {_recipe(embedder)}"
    return Experiment("retrieval", fill, measure, _asked_texts(golden), fingerprint)


def answers_experiment(documents: Path, golden: GoldenSet, *, parts: Parts, progress: Progress = silent) -> Experiment:
    """Make an experiment of a folder of documents and questions about them.

    Args:
        documents: The folder.
        golden: Questions that name its documents by their path relative to it.
        parts: What is measured.
        progress: Told of every step.

    Returns:
        The experiment; answers are measured.

    Raises:
        InvalidInputError: There is no such folder.
    """

    @contextmanager
    def fill(knobs: Knobs) -> Iterator[Filled]:
        with open_workbench(parts.embedder, knobs=knobs) as bench:
            bench.add_folder(documents, parts.parse, progress)
            yield Filled(bench, bench.known(golden))

    def measure(filled: Filled, knobs: Knobs) -> Report:
        bench = replace(filled.bench, knobs=knobs)
        return measure_answers(bench.system(parts.answerer(bench.retriever)), filled.golden)

    fingerprint = f"files {folder_sha256(documents)[:16]}, parser{PARSER_VERSION}, {_recipe(parts.embedder)}"
    return Experiment("answers", fill, measure, _asked_texts(golden), fingerprint)


def _recipe(embedder: Embedder) -> str:
    return f"chunker{CHUNKER_VERSION}, {embedder.fingerprint}"


def _asked_texts(golden: GoldenSet) -> tuple[str, ...]:
    return tuple(question.text for question in golden.questions if not question.draft)


def _asked(filled: Filled, knobs: Knobs) -> Callable[[str], object]:
    bench = replace(filled.bench, knobs=knobs)
    retriever: Retriever = replace(bench.retriever, embedder=Forgetting(bench.embedder))
    return lambda question: retriever.retrieve(question, principal=ASKER, collection=COLLECTION, limit=10)


def _figures(report: Report) -> Figures:
    return {name: figure.value for name, figure in report.figures.items() if not name.endswith("_ms")}
