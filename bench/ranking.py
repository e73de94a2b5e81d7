"""What each stage of the ranking gains: nDCG@10 of whole documents by BM25, dense, hybrid, and the full path.

Run from the repository root: ``python -m bench.ranking [SET ...]``; all sets when none is named. Each set is indexed
once. The full path reranks and folds; its gain over hybrid search comes with a paired interval. Questions of
``mtrag-un`` are asked as their last turn alone and with what was said before. A second figure is the time that the
reranker takes for a question, its sentence vectors' way out of the catalog included. Minutes on a CPU without bf16.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from app.parts import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.compare import compare
from eval.golden import GoldenSet, read_beir
from eval.knobs import Knobs, PathMode
from eval.measure import measure_retrieval
from eval.report import Report
from eval.workbench import Workbench, open_workbench
from retrieval.embed import FloatArray
from retrieval.rerank import Reranker
from retrieval.types import Passage

SPLITS = {"scifact": "test", "feedbackqa": "dev", "tts-handbook": "dev", "mtrag-un": "dev"}
GOALS = {"scifact": 0.75, "feedbackqa": 0.67, "tts-handbook": 0.85, "mtrag-un": 0.89}
MODES: tuple[PathMode, ...] = ("sparse", "dense", "hybrid", "full")
RERANK_GOAL_MS = 3.0
SEED = 1


@dataclass(frozen=True, slots=True)
class Timed:
    """A reranker, and how long each of its questions took."""

    inner: Reranker
    name: str
    milliseconds: list[float] = field(default_factory=list)

    def rerank(self, question: str, passages: Sequence[Passage], *, vector: FloatArray | None) -> list[Passage]:
        """Time the reranker inside; see ``Reranker``."""
        started = time.perf_counter()
        try:
            return self.inner.rerank(question, passages, vector=vector)
        finally:
            self.milliseconds.append((time.perf_counter() - started) * 1000)


def last_turns(golden: GoldenSet) -> GoldenSet:
    return replace(golden, questions=tuple(replace(question, history=()) for question in golden.questions))


def measure(bench: Workbench, golden: GoldenSet, name: str, *, goal: float) -> None:
    """Print the figure of the full path beside those of its parts, and the reranker's time."""
    system = bench.system()
    timed = Timed(system.retriever.reranker, system.retriever.reranker.name)
    # What was said before is searched for in every mode, so that only reranking and folding part the last two.
    system = replace(system, retriever=replace(system.retriever, reranker=timed), history=True)
    reports = {mode: measure_retrieval(system, golden, mode=mode) for mode in MODES}
    gain = compare(reports["hybrid"], reports["full"], seed=SEED).figures["ndcg@10"]
    baseline: dict[str, object] = {mode: round(_ndcg(report), 4) for mode, report in reports.items()}
    baseline["full - hybrid"] = {
        "value": round(gain.value or 0.0, 4),
        "interval": [gain.low, gain.high],
        "p": gain.p_value,
        "verdict": gain.verdict,
        "questions": gain.questions,
    }
    print_figure(f"{name} full ndcg@10", _ndcg(reports["full"]), unit="ndcg", goal=goal, baseline=baseline)
    asked = {"reranker": timed.name, "depth": system.retriever.rerank_depth, "questions": len(timed.milliseconds)}
    print_figure(f"{name} rerank p50", median(timed.milliseconds), unit="ms", goal=RERANK_GOAL_MS, baseline=asked)


def _ndcg(report: Report) -> float:
    return report.figures["ndcg@10"].value or 0.0


def measure_set(bench: Workbench, golden: GoldenSet, name: str) -> None:
    goal = GOALS[name]
    measure(bench, last_turns(golden), f"{name} {SPLITS[name]}, questions alone", goal=goal)
    if any(question.history for question in golden.questions):
        measure(bench, golden, f"{name} {SPLITS[name]}, within conversations", goal=goal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SPLITS), metavar="SET", help=", ".join(SPLITS))
    sets = parser.parse_args().sets
    if unknown := [name for name in sets if name not in SPLITS]:
        parser.error(f"no set {unknown[0]}; there are {', '.join(SPLITS)}")
    settings = Settings()
    embedder = build_embedder(settings)
    knobs = Knobs(
        settings.retrieval_pool,
        settings.dense_weight,
        settings.chunk_tokens,
        fusion=settings.fusion,
        rerank=settings.rerank,
    )
    for name in sets:
        golden = read_beir(data(name), SPLITS[name])
        with open_workbench(embedder, knobs=knobs) as bench:
            bench.add_texts(golden.documents, lambda _, done, total: print(f"{done}/{total}", file=sys.stderr))
            measure_set(bench, golden, name)


if __name__ == "__main__":
    main()
