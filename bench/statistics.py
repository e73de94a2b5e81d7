"""Whether comparisons can be believed: how often two equal systems are called different, and how often a difference of
the detectable size is found.

Run from the repository root: ``python -m bench.statistics [SET ...]`` with sets of ``feedbackqa`` (the default) and
``tts-handbook``. The scores are real nDCG@10 of hybrid search and of BM25 alone. Two equal systems are made of them by
swapping the two at random, question by question, and drawing questions anew: the heavy tails and the many zeros of real
differences stay. Some minutes on two cores.
"""

import argparse
import sys

import numpy as np

from app.parts import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.figures import mean_of
from eval.golden import read_beir
from eval.knobs import Knobs, PathMode
from eval.measure import measure_retrieval
from eval.power import detectable_difference
from eval.statistics import Difference, FloatArray, difference
from eval.workbench import open_workbench

SPLITS = {"feedbackqa": "dev", "tts-handbook": "dev"}
FIGURE = "ndcg@10"
RUNS = 500
SIZES = (50, 100, 225)
AA_GOAL, FOUND_GOAL = "<= 0.05", 0.8
MODES: tuple[PathMode, PathMode] = ("sparse", "hybrid")


def real_scores(name: str) -> tuple[FloatArray, FloatArray]:
    """nDCG@10 of every question with BM25 alone and with hybrid search."""
    golden = read_beir(data(name), SPLITS[name])
    with open_workbench(build_embedder(Settings()), knobs=Knobs()) as bench:
        bench.add_texts(golden.documents, lambda _, done, total: print(f"{name} {done}/{total}", file=sys.stderr))
        reports = [measure_retrieval(bench.system(), golden, mode=mode) for mode in MODES]
    before, after = (np.array([row[FIGURE] for row in report.scores.values()], dtype=float) for report in reports)
    return before, after


def equals(before: FloatArray, after: FloatArray, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Two systems of which neither is better, over n questions."""
    drawn, swap = rng.integers(len(before), size=n), rng.random(n) < 0.5
    a, b = before[drawn], after[drawn]
    return np.where(swap, b, a), np.where(swap, a, b)


def compared(a: FloatArray, b: FloatArray, *, seed: int) -> Difference:
    return difference({FIGURE: a}, {FIGURE: b}, mean_of(FIGURE), about=FIGURE, seed=seed)


def say_equal(name: str, before: FloatArray, after: FloatArray) -> None:
    rng = np.random.default_rng(3)
    for n in SIZES:
        verdicts = [compared(*equals(before, after, n, rng), seed=run).verdict for run in range(RUNS)]
        share = sum(verdict in {"better", "worse"} for verdict in verdicts) / RUNS
        counts: dict[str, object] = {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
        print_figure(
            f"A/A difference reported, {name}, {n} questions", share, unit="share", goal=AA_GOAL, baseline=counts
        )


def say_planted(name: str, before: FloatArray, after: FloatArray) -> None:
    """One set says what it can detect, and that is planted in another one: the first knows nothing of the second."""
    rng = np.random.default_rng(4)
    for n in SIZES:
        found, planted = 0, []
        for run in range(RUNS):
            a, b = equals(before, after, n, rng)
            planted.append(detectable_difference(b - a) or 0.0)
            a, b = equals(before, after, n, rng)
            found += compared(a, b + planted[-1], seed=run).verdict == "better"
        baseline: dict[str, object] = {
            "planted, mean": round(float(np.mean(planted)), 4),
            "2.8 SD / sqrt(n)": round(2.8 * float(np.sqrt(np.mean((after - before) ** 2))) / n**0.5, 4),
        }
        print_figure(
            f"planted difference found, {name}, {n} questions",
            found / RUNS,
            unit="share",
            goal=FOUND_GOAL,
            baseline=baseline,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=["feedbackqa"], metavar="SET", help=", ".join(SPLITS))
    sets = parser.parse_args().sets
    if unknown := [name for name in sets if name not in SPLITS]:
        parser.error(f"no set {unknown[0]}; there are {', '.join(SPLITS)}")
    for name in sets:
        before, after = real_scores(name)
        say_equal(name, before, after)
        say_planted(name, before, after)


if __name__ == "__main__":
    main()
