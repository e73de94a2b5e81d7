"""How well documents are found: nDCG@10 of whole documents through chunker, index and fusion as the server runs them.

Run from the repository root: ``python -m bench.retrieval_quality [SET ...]`` with sets of ``scifact``, ``feedbackqa``,
``tts-handbook``; all of them when none is named. Each set is indexed once and searched in three ways: BM25 alone and
dense alone are what hybrid search has to beat. Minutes on a CPU without bf16.
"""

import argparse
import sys
import time

from app.parts import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.golden import read_beir
from eval.knobs import Knobs
from eval.measure import measure_retrieval
from eval.report import Report
from eval.workbench import open_workbench
from retrieval.embed import Embedder
from retrieval.types import SearchMode

SPLITS = {"scifact": "test", "feedbackqa": "dev", "tts-handbook": "dev"}
HYBRID_GOALS = {"scifact": 0.73, "feedbackqa": 0.64, "tts-handbook": 0.79}
SCIFACT_DENSE_GOAL = "0.645 +- 0.01"
MODES: tuple[SearchMode, ...] = ("sparse", "dense", "hybrid")


def measured(name: str, embedder: Embedder, settings: Settings) -> dict[SearchMode, Report]:
    golden = read_beir(data(name), SPLITS[name])
    knobs = Knobs(settings.retrieval_pool, settings.dense_weight, settings.chunk_tokens)
    with open_workbench(embedder, knobs=knobs) as bench:
        started = time.perf_counter()
        bench.add_texts(golden.documents, lambda _, done, total: print(f"{name} {done}/{total}", file=sys.stderr))
        print(f"{name}: indexed in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        return {mode: measure_retrieval(bench.system(), golden, mode=mode) for mode in MODES}


def measured_whole(name: str, embedder: Embedder) -> float:
    """nDCG@10 of dense search with one chunk a text, cut off at the model's limit, as published figures are made."""
    golden = read_beir(data(name), SPLITS[name])
    with open_workbench(embedder, knobs=Knobs(whole=True)) as bench:
        bench.add_texts(golden.documents)
        return measure_retrieval(bench.system(), golden, mode="dense").figures["ndcg@10"].value


def say(name: str, reports: dict[SearchMode, Report]) -> None:
    ndcg = {mode: round(report.figures["ndcg@10"].value, 4) for mode, report in reports.items()}
    split = SPLITS[name]
    if name == "scifact":
        baseline: dict[str, object] = {"bm25": ndcg["sparse"], "all-MiniLM-L6-v2, published": 0.6451}
        print_figure(
            f"{name} {split} dense ndcg@10", ndcg["dense"], unit="ndcg", goal=SCIFACT_DENSE_GOAL, baseline=baseline
        )
    hybrid = reports["hybrid"]
    baseline = {
        "bm25": ndcg["sparse"],
        "dense": ndcg["dense"],
        "recall@100": round(hybrid.figures["recall@100"].value, 4),
        "chunks": hybrid.counts["chunks"],
        "queries_per_s": round(hybrid.counts["queries_per_s"], 1),
        "fingerprint": hybrid.fingerprint,
    }
    goal = HYBRID_GOALS[name]
    print_figure(f"{name} {split} hybrid ndcg@10", ndcg["hybrid"], unit="ndcg", goal=goal, baseline=baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SPLITS), metavar="SET", help=", ".join(SPLITS))
    sets = parser.parse_args().sets
    if unknown := [name for name in sets if name not in SPLITS]:
        parser.error(f"no set {unknown[0]}; there are {', '.join(SPLITS)}")
    settings = Settings()
    embedder = build_embedder(settings)
    for name in sets:
        say(name, measured(name, embedder, settings))
        if name == "scifact":
            whole = measured_whole(name, embedder)
            baseline = {"all-MiniLM-L6-v2, published": 0.6451}
            print_figure(
                "scifact test dense, whole texts", whole, unit="ndcg", goal=SCIFACT_DENSE_GOAL, baseline=baseline
            )


if __name__ == "__main__":
    main()
