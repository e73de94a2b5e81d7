"""Whether drift is found: windows of 112 real questions, a fifth of them of another subject, and windows of none.

Run from the repository root: ``python -m bench.drift [HOME ...]`` with homes of ``feedbackqa`` (the default) and
``scifact``. Half of the home's questions are the reference, windows are drawn from the other half, anew every time.
Off-domain questions are those of the other sets, asked of the home's documents. Some minutes on two cores.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from app.bootstrap import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.drift import Window, detect
from eval.golden import read_beir
from eval.slices import language_of
from eval.workbench import ASKER, COLLECTION, Knobs, open_workbench
from retrieval.embed import Embedder
from retrieval.retrieve import Retriever

SPLITS = {"feedbackqa": ("dev",), "scifact": ("test", "train"), "tts-handbook": ("dev",)}
HOMES = ("feedbackqa", "scifact")
WINDOW, MIX = 112, 0.2
RUNS = 300
FOUND_GOAL, FALSE_ALARM_GOAL = 0.95, "<= 0.08"
NOT_ANSWERED_BELOW = 0.45  # cosine of the best passage; stands in for the abstention of a server


def asked(texts: Sequence[str], retriever: Retriever, embedder: Embedder) -> Window:
    """Ask all questions; top score and gap are those of the dense search, as a server logs them."""
    embeddings = np.stack([embedder.embed_query(text) for text in texts])
    found = [retriever.retrieve(text, principal=ASKER, collection=COLLECTION, limit=2, mode="dense") for text in texts]
    scores = np.array([[p.dense or 0.0 for p in passages] for passages in found])
    return Window(
        embeddings=embeddings,
        top_scores=scores[:, 0],
        gaps=scores[:, 0] - scores[:, 1],
        abstained=scores[:, 0] < NOT_ANSWERED_BELOW,
        lengths=np.array([len(text.split()) for text in texts]),
        languages=tuple(language_of(text) for text in texts),
    )


def picked(window: Window, places: np.ndarray) -> Window:
    return replace(
        window,
        embeddings=window.embeddings[places],
        top_scores=window.top_scores[places],
        gaps=window.gaps[places],
        abstained=window.abstained[places],
        lengths=window.lengths[places],
        languages=tuple(window.languages[place] for place in places),
    )


def joined(a: Window, b: Window) -> Window:
    return Window(
        embeddings=np.concatenate([a.embeddings, b.embeddings]),
        top_scores=np.concatenate([a.top_scores, b.top_scores]),
        gaps=np.concatenate([a.gaps, b.gaps]),
        abstained=np.concatenate([a.abstained, b.abstained]),
        lengths=np.concatenate([a.lengths, b.lengths]),
        languages=(*a.languages, *b.languages),
    )


def alarms(
    reference_and_window: Callable[[np.random.Generator], tuple[Window, Window]],
) -> tuple[float, dict[str, float]]:
    """Share of windows with an alarm, and the share of each detector alone."""
    rng, raised = np.random.default_rng(7), []
    for run in range(RUNS):
        reference, window = reference_and_window(rng)
        raised.append({found.name: found.drifted for found in detect(reference, window, seed=run)})
    single = {name: round(float(np.mean([r[name] for r in raised])), 3) for name in raised[0]}
    return float(np.mean([any(r.values()) for r in raised])), single


def at_home(home: Window, strangers: Window | None) -> Callable[[np.random.Generator], tuple[Window, Window]]:
    off = round(MIX * WINDOW) if strangers is not None else 0

    def drawn(rng: np.random.Generator) -> tuple[Window, Window]:
        order, half = rng.permutation(len(home)), len(home) // 2
        window = picked(home, order[half : half + WINDOW - off])
        if strangers is not None:
            window = joined(window, picked(strangers, rng.choice(len(strangers), off, replace=False)))
        return picked(home, order[:half]), window

    return drawn


def questions(name: str) -> list[str]:
    return [question.text for split in SPLITS[name] for question in read_beir(data(name), split).questions]


def measure(home_name: str, embedder: Embedder) -> None:
    with open_workbench(embedder, knobs=Knobs()) as bench:
        started = time.perf_counter()
        bench.add_texts(read_beir(data(home_name), SPLITS[home_name][0]).documents)
        print(f"{home_name}: indexed in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        windows = {name: asked(questions(name), bench.retriever, embedder) for name in SPLITS}
    home = windows.pop(home_name)
    started = time.perf_counter()
    share, single = alarms(at_home(home, None))
    baseline: dict[str, object] = {
        "windows": RUNS,
        "questions of a window": WINDOW,
        "of the reference": len(home) // 2,
        "ms a window": round((time.perf_counter() - started) / RUNS * 1000, 1),
        "alone": single,
    }
    print_figure(f"drift false alarms, {home_name}", share, unit="share", goal=FALSE_ALARM_GOAL, baseline=baseline)
    for name, strangers in windows.items():
        share, single = alarms(at_home(home, strangers))
        baseline = {"windows": RUNS, "off-domain questions": round(MIX * WINDOW), "alone": single}
        print_figure(
            f"drift found, 20 % {name} among {home_name}", share, unit="share", goal=FOUND_GOAL, baseline=baseline
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", nargs="*", default=[HOMES[0]], metavar="HOME", help=", ".join(HOMES))
    homes = parser.parse_args().homes
    if unknown := [name for name in homes if name not in HOMES]:
        parser.error(f"no home {unknown[0]}; there are {', '.join(HOMES)}")
    embedder = build_embedder(Settings())
    for name in homes:
        measure(name, embedder)


if __name__ == "__main__":
    main()
