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

from app.parts import build_answerer, build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.drift import ALPHA, Window, detect
from eval.golden import read_beir
from eval.knobs import Knobs
from eval.tags import language_of
from eval.workbench import ASKER, COLLECTION, open_workbench
from retrieval.answer import Answerer
from retrieval.embed import Embedder
from retrieval.types import Query

SPLITS = {"feedbackqa": ("dev",), "scifact": ("test", "train"), "tts-handbook": ("dev",)}
HOMES = ("feedbackqa", "scifact")
WINDOW, MIX = 112, 0.2
RUNS = 300
FOUND_GOAL, FALSE_ALARM_GOAL = 0.95, "<= 0.08"

Drawn = Callable[[np.random.Generator], tuple[Window, Window]]
"""Draws a reference and a window."""


def asked(texts: Sequence[str], answerer: Answerer, embedder: Embedder) -> Window:
    """Ask all questions as a server does; top score and gap are cosines of the passages it shows."""
    interactions = [answerer.answer(Query(text, collection=COLLECTION), principal=ASKER) for text in texts]
    cosines = [
        [*sorted((p.dense for p in found.passages if p.dense is not None), reverse=True), np.nan, np.nan]
        for found in interactions
    ]
    return Window(
        embeddings=np.stack([embedder.embed_query(text) for text in texts]),
        top_scores=np.array([best for best, *_ in cosines]),
        gaps=np.array([best - second for best, second, *_ in cosines]),
        abstained=np.array([found.answer.abstained for found in interactions]),
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


def alarms(drawn: Drawn) -> tuple[float, dict[str, object]]:
    """Share of windows with an alarm; and of each detector, and of all but one, what they do."""
    rng, runs = np.random.default_rng(7), []
    for run in range(RUNS):
        reference, window = drawn(rng)
        runs.append(detect(reference, window, seed=run))
    names = [found.name for found in runs[0]]

    def share(without: str | None = None) -> float:
        return float(np.mean([any(found.drifted for found in run if found.name != without) for run in runs]))

    alone = {name: round(float(np.mean([run[place].drifted for run in runs])), 3) for place, name in enumerate(names)}
    # As if it were the only detector.
    mmd = round(float(np.mean([(1.0 if run[0].p_value is None else run[0].p_value) < ALPHA for run in runs])), 3)
    details: dict[str, object] = {
        "windows": RUNS,
        "alone, after Holm": alone,
        "questions, without the others": mmd,
        "all without abstention": round(share("abstention"), 3),
    }
    return share(), details


def at_home(home: Window, strangers: Window | None) -> Drawn:
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
        answerer = build_answerer(Settings(), bench.retriever)
        windows = {name: asked(questions(name), answerer, embedder) for name in SPLITS}
    home = windows.pop(home_name)
    started = time.perf_counter()
    share, details = alarms(at_home(home, None))
    details |= {
        "questions of a window": WINDOW,
        "of the reference": len(home) // 2,
        "abstained": round(float(home.abstained.mean()), 3),
        "ms a window": round((time.perf_counter() - started) / RUNS * 1000, 1),
    }
    print_figure(f"drift false alarms, {home_name}", share, unit="share", goal=FALSE_ALARM_GOAL, baseline=details)
    for name, strangers in windows.items():
        share, details = alarms(at_home(home, strangers))
        details |= {
            "off-domain questions": round(MIX * WINDOW),
            "abstained among them": round(float(strangers.abstained.mean()), 3),
        }
        print_figure(
            f"drift found, 20 % {name} among {home_name}", share, unit="share", goal=FOUND_GOAL, baseline=details
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
