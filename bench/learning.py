"""What feedback gains: nDCG@10 of whole documents by the server's own search, before and after it learned.

Run from the repository root: ``python -m bench.learning [SET ...] [--labels N ...] [--draws N] [--rungs R ...]``. The
training part of a set stands for feedback: each judgement is a label on the chunk of that document which lies nearest
to the question, as a reader would have found it there. In ``feedbackqa`` what people rated as good counts as well. All
labels, 100 and 10 of them, the latter drawn several times; the questions that measure are others. Of each number the
rungs that are open, once without an embedder of their own and once with it where that is open, trained as a run does,
without a fifth of the questions; or the rungs that are named. A figure for the full path, with fused lists and the
dense list alone beside it, and one for how long learning takes. At last what the map of one set does to the questions
of the others. An hour on two cores.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from statistics import fmean

import numpy as np

from app.parts import build_embedder, build_retriever
from app.settings import Settings
from bench.lines import data, print_figure
from eval.figures import mean_of
from eval.golden import GoldenSet, read_beir
from eval.knobs import Knobs
from eval.statistics import difference
from eval.workbench import Workbench, open_workbench
from finetune.adapted import adapted
from finetune.adapted_lab import adapted_lab
from finetune.contrast import Schedule
from finetune.folds import newest
from finetune.lab import Judged, Lab, Mode, open_lab
from finetune.recipe import ORDER, RUNGS, fit, in_order
from finetune.rungs.embedder import AdaptedEmbedder
from finetune.types import Example, Parts, RungName
from retrieval.embed import bundled_model_path
from retrieval.learned import NOTHING, Learned

SPLITS = {"scifact": ("train", "test"), "feedbackqa": ("train", "dev")}
GOALS = {"scifact": {"all": 0.02, "100": 0.01}, "feedbackqa": {"all": 0.06, "100": 0.01}}
LABELS = ("all", "100", "10")
MODES: tuple[Mode, ...] = ("full", "hybrid", "dense")
RATED_GOOD = 0.66  # both who rated it found it acceptable at least, or one of them excellent
LOSS_GOAL = -0.005
GENERAL_GOAL = -0.015
TRAIN_GOAL_S = 5.0
HELD_OUT = 0.2
SEED = 1
AT = datetime(2026, 1, 1, tzinfo=UTC)


def rated(name: str) -> dict[str, dict[str, float]]:
    """Return what people rated as good: question -> documents."""
    file = data(name) / "feedback" / "train.jsonl"
    found: dict[str, dict[str, float]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        row = json.loads(line)
        if row["score"] >= RATED_GOOD:
            found.setdefault(row["question"], {})[row["corpus_id"]] = 1.0
    return found


def judgements(
    golden: GoldenSet, more: Mapping[str, Mapping[str, float]], documents: Mapping[str, str]
) -> list[Judged]:
    """Return questions with the ids of the documents that answer them."""
    asked = [(question.text, question.relevant) for question in golden.questions]
    known = {text for text, _ in asked}
    asked += [(text, relevant) for text, relevant in more.items() if text not in known]
    found = [
        (text, {documents[key]: grade for key, grade in relevant.items() if key in documents})
        for text, relevant in asked
    ]
    return [Judged(text, relevant) for text, relevant in found if relevant]


def examples(lab: Lab, questions: Sequence[Judged]) -> list[Example]:
    """Return a label on the nearest chunk of every document that answers a question."""
    chunks: dict[str, list[int]] = {}
    for place, anchor in enumerate(lab.anchors):
        chunks.setdefault(anchor.document_id, []).append(place)
    made = []
    for one, vector in zip(questions, lab.encode([one.question for one in questions]), strict=True):
        group = sha256(one.question.encode()).hexdigest()
        for document in one.relevant:
            if document in chunks:
                nearest = chunks[document][int(np.argmax(lab.vectors[chunks[document]] @ vector))]
                anchor = lab.anchors[nearest]
                key = sha256(f"{group} {document}".encode()).hexdigest()
                made.append(Example(key, one.question, anchor, 1, 1.0, ("given",), (), ("u:judge",), group, AT))
    return made


def documents_of(bench: Workbench, lab: Lab) -> dict[str, str]:
    """Return the id of each document by its name in the set."""
    found = bench.catalog.every_document(principal=lab.principal)
    return {bench.names[document.uri]: document.id for document in found}


class Exam:
    """A set in its lab: what is learned from and what is asked."""

    def __init__(self, name: str, lab: Lab, known: Sequence[Example], asked: Sequence[Judged]) -> None:
        self.name, self.lab, self.known, self.asked = name, lab, known, asked
        self.before = {mode: lab.ndcg(asked, NOTHING, mode=mode) for mode in MODES}

    def draw(self, labels: str, seed: int) -> list[Example]:
        """Return all examples, or those of some questions."""
        questions = list(dict.fromkeys(one.question for one in self.known))
        if labels != "all":
            drawn = np.random.default_rng(seed).permutation(len(questions))[: int(labels)]
            questions = [questions[place] for place in drawn]
        kept = set(questions)
        return [one for one in self.known if one.question in kept]

    def measure(self, labels: str, draws: int, rungs: Sequence[RungName]) -> None:
        """Print what is gained with so many labelled questions."""
        drawn = [self.draw(labels, seed) for seed in range(1 if labels == "all" else draws)]
        for recipe in recipes(min(len({one.question for one in each}) for each in drawn), rungs):
            self._measure(labels, drawn, recipe)

    def _measure(self, labels: str, draws: Sequence[Sequence[Example]], recipe: tuple[RungName, ...]) -> None:
        gains: list[dict[Mode, float]] = []
        seconds: list[float] = []
        found: dict[str, object] = {}
        for drawn in draws:
            with self._lab(recipe, drawn) as lab:
                started = time.perf_counter()
                parts = fit(recipe, drawn, lab, seed=SEED)
                seconds.append(time.perf_counter() - started)
                found = {"labels": len(drawn), "weights": str(parts.weights), "ranking": parts.ranking is not None}
                gains.append(self.gain(lab.learned(parts), lab, found))
        mean = {mode: round(fmean(gain[mode] for gain in gains), 4) for mode in MODES}
        found |= {"gain": mean, "gains of draws": [round(gain["full"], 4) for gain in gains]}
        found |= {"before": {mode: round(float(scores.mean()), 4) for mode, scores in self.before.items()}}
        name, goal = f"{self.name}, {labels} labels, {' + '.join(recipe)}", GOALS[self.name].get(labels, LOSS_GOAL)
        print_figure(f"full gain, {name}", mean["full"], unit="ndcg", goal=goal, baseline=found)
        print_figure(f"learning, {name}", max(seconds), unit="s", goal=f"<= {TRAIN_GOAL_S} a rung")

    @contextmanager
    def _lab(self, recipe: Sequence[RungName], drawn: Sequence[Example]) -> Iterator[Lab]:
        """Open the lab in which a recipe is made."""
        if "embedder" not in recipe:
            yield self.lab
            return
        apart = newest([one.group for one in drawn], [one.given_at for one in drawn], share=HELD_OUT)
        taught = [one for one, away in zip(drawn, apart, strict=True) if not away]
        with tempfile.TemporaryDirectory(prefix="attune-learning-") as home:
            folder, model = Path(home) / "adapter", bundled_model_path()
            started = time.perf_counter()
            rung = AdaptedEmbedder(model, folder, schedule=Schedule(limit_s=3600))
            rung.fit(taught, self.lab, before=Parts(), seed=SEED)
            seconds = time.perf_counter() - started
            print_figure(f"training the embedder, {self.name}, {len(taught)} pairs", seconds, unit="s")
            with adapted_lab(self.lab, adapted(model, folder, device="cpu"), folder=Path(home)) as lab:
                yield lab

    def gain(self, learned: Learned, lab: Lab, found: dict[str, object]) -> dict[Mode, float]:
        """Return the gain by mode; the interval of the full path goes into what was found."""
        gains: dict[Mode, float] = {}
        for mode in MODES:
            after = lab.ndcg(self.asked, learned, mode=mode)
            gains[mode] = float((after - self.before[mode]).mean())
            if mode == "full":
                columns = [{"ndcg": scores.astype(np.float64)} for scores in (self.before[mode], after)]
                gained = difference(*columns, mean_of("ndcg"), about="ndcg", seed=SEED)
                found |= {"interval": [gained.low, gained.high], "p": gained.p_value, "verdict": gained.verdict}
        return gains


def recipes(questions: int, rungs: Sequence[RungName]) -> list[tuple[RungName, ...]]:
    """Return the recipe that is asked for, or what is open without and with an embedder of its own."""
    if rungs:
        return [in_order(rungs)]
    ladder = tuple(rung.name for rung in RUNGS if rung.least <= questions)
    return [ladder] if questions < AdaptedEmbedder.least else [ladder, in_order(("embedder", *ladder))]


def say_elsewhere(exam: Exam, other: Exam) -> None:
    """Print what the map of one set does to the questions of another."""
    learned = other.lab.learned(Parts(adapter=fit(["query_adapter"], exam.known, exam.lab, seed=SEED).adapter))
    found: dict[str, object] = {}
    gain = other.gain(learned, other.lab, found)
    name = f"full gain, map of {exam.name} on {other.name}"
    print_figure(name, gain["full"], unit="ndcg", goal=GENERAL_GOAL, baseline=found | {"gain": gain})


def open_exam(name: str, stack: ExitStack) -> Exam:
    settings = Settings()
    embedder = build_embedder(settings)
    training, measuring = (read_beir(data(name), split) for split in SPLITS[name])
    bench = stack.enter_context(open_workbench(embedder, knobs=Knobs(chunk_tokens=settings.chunk_tokens)))
    bench.add_texts(measuring.documents, lambda _, done, total: print(f"{done}/{total}", file=sys.stderr))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attune-learning-")))
    make = partial(build_retriever, settings, bench.catalog)
    lab = stack.enter_context(open_lab(bench.catalog, embedder, make, folder=folder))
    documents = documents_of(bench, lab)
    asked = judgements(measuring, {}, documents)
    measured = {one.question for one in asked}
    known = [one for one in judgements(training, rated(name), documents) if one.question not in measured]
    return Exam(name, lab, examples(lab, known), asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SPLITS), metavar="SET", help=", ".join(SPLITS))
    parser.add_argument("--labels", nargs="*", default=LABELS, choices=LABELS)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--rungs", nargs="*", default=(), choices=ORDER[:-1], metavar="R", help=", ".join(ORDER[:-1]))
    asked = parser.parse_args()
    if unknown := [name for name in asked.sets if name not in SPLITS]:
        parser.error(f"no set {unknown[0]}; there are {', '.join(SPLITS)}")
    with ExitStack() as stack:
        exams = [open_exam(name, stack) for name in asked.sets]
        for exam in exams:
            for labels in asked.labels:
                exam.measure(labels, asked.draws, asked.rungs)
        for exam, other in permutations(exams, 2):
            say_elsewhere(exam, other)


if __name__ == "__main__":
    main()
