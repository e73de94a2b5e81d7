"""What a LoRA adapter of the embedder gives, how long it takes, and how long the switch to it.

Run from the repository root: ``python -m bench.learning_lora [feedbackqa|scifact] [--questions N] [--epochs N]``. The
training questions of the set are the feedback; another split is asked. A second index is filled beside the first as
the server would do it, and the same search asks either. The linear map and memory are what it is held against: they
need no second index. A quarter of an hour on two idle cores.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.learning_gate import Ground, open_ground
from bench.lines import data, print_figure
from eval.golden import read_beir
from finetune.adapted import adapted
from finetune.blue_green import fill
from finetune.contrast import Schedule, Watch
from finetune.lab import Judged, Lab
from finetune.recipe import fit
from finetune.resolve import Located, to_learned
from finetune.rungs.embedder import AdaptedEmbedder
from finetune.twin_index import TwinIndex
from finetune.types import Example, Parts
from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path
from retrieval.index_edge import EdgeIndex
from retrieval.learned import NOTHING, Engine, Learned, Serving

SPLITS = {"feedbackqa": "dev", "scifact": "test"}
GOAL_S, GOAL_SWITCH_MS = 180, 10
SWITCHES = 50


class Pointer:
    """Of an index that is thrown away."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        self.targets[name] = target


def asked(name: str, lab: Lab) -> list[Judged]:
    identity = {d.uri.removeprefix("golden:"): d.id for d in lab.base.catalog.every_document(principal=lab.principal)}
    golden = read_beir(data(name), SPLITS[name])
    judged = [
        Judged(q.text, {identity[k]: g for k, g in q.relevant.items() if k in identity}) for q in golden.questions
    ]
    return [one for one in judged if one.relevant]


def trained(ground: Ground, examples: Sequence[Example], folder: Path, epochs: int) -> None:
    def tell(share: float) -> None:
        print(f"training {share:.0%}", file=sys.stderr)

    began, busy = time.perf_counter(), time.process_time()
    schedule = Schedule(epochs=epochs, limit_s=3600)
    rung = AdaptedEmbedder(bundled_model_path(), folder, schedule=schedule, watch=Watch(progress=tell))
    rung.fit(examples, ground.lab, before=Parts(), seed=1)
    seconds = time.perf_counter() - began
    baseline = {"pairs": len(examples), "epochs": epochs, "seconds": seconds, "cpu_s": time.process_time() - busy}
    print_figure("LoRA, 1,000 pairs", seconds / len(examples) * 1000, unit="s", goal=f"<= {GOAL_S}", baseline=baseline)


def say_unchanged(before: np.ndarray, texts: Sequence[str]) -> None:
    after = SentenceTransformerEmbedder(bundled_model_path(), device="cpu").embed_documents(texts).vectors
    print_figure("bits changed without the adapter", float((after != before).sum()), unit="numbers", goal="0")


def say_switch(lab: Lab, engine: Engine, questions: Sequence[Judged]) -> None:
    """The first request after a switch, beyond what a request by the same state takes."""
    state = [Serving(NOTHING)]
    retriever = replace(lab.retriever(NOTHING, mode="hybrid"), learning=lambda _: state[0])
    beyond = []
    for one, other in zip(questions[:SWITCHES], questions[SWITCHES:], strict=False):
        state[0] = Serving(Learned("new", engine=engine))
        began = time.perf_counter()
        retriever.retrieve(one.question, principal=lab.principal)
        first = time.perf_counter()
        retriever.retrieve(other.question, principal=lab.principal)
        beyond.append((first - began) - (time.perf_counter() - first))
        state[0] = Serving(NOTHING)
        retriever.retrieve(one.question, principal=lab.principal)
    goal = f"<= {GOAL_SWITCH_MS}"
    print_figure("switch between two indexes", statistics.median(beyond) * 1000, unit="ms", goal=goal)


def remembering(lab: Lab, engine: Engine, examples: Sequence[Example]) -> Learned:
    """Memory among the vectors of the adapted embedder."""
    parts = fit(["memory"], examples, lab, seed=1)
    questions = engine.embedder.embed_documents([one.question for one in examples]).vectors
    vectors = engine.index.vectors(lab.chunk_ids)
    located = {
        anchor: Located(key, anchor.document_id, vectors[key])
        for anchor, place in lab.places.items()
        if (key := lab.chunk_ids[place]) in vectors
    }
    return replace(to_learned("memory", replace(parts, questions=questions), located), engine=engine)


def say(lab: Lab, engine: Engine, examples: Sequence[Example], questions: Sequence[Judged]) -> None:
    ways = {
        "LoRA": Learned("lora", engine=engine),
        "LoRA and memory": remembering(lab, engine, examples),
        "map": lab.learned(fit(["query_adapter"], examples, lab, seed=1)),
        "map and memory": lab.learned(fit(["memory", "query_adapter"], examples, lab, seed=1)),
    }
    for mode in ("dense", "hybrid"):
        base = float(lab.ndcg(questions, NOTHING, mode=mode).mean())
        for name, learned in ways.items():
            value = float(lab.ndcg(questions, learned, mode=mode).mean())
            baseline: dict[str, object] = {"base": base, "gain": value - base, "questions": len(questions)}
            print_figure(f"{name}, {mode} ndcg@10", value, unit="ndcg", goal=None, baseline=baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="feedbackqa", choices=list(SPLITS))
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, open_ground(options.name) as ground:
        lab, folder = ground.lab, Path(home)
        base = SentenceTransformerEmbedder(bundled_model_path(), device="cpu")
        questions = asked(options.name, lab)
        texts = [one.question for one in questions[:64]]
        before = base.embed_documents(texts).vectors
        examples = ground.examples(ground.drawn(options.questions, 1))
        trained(ground, examples, folder / "adapter", options.epochs)
        embedder = adapted(bundled_model_path(), folder / "adapter", device="cpu")
        say_unchanged(before, texts)
        index = EdgeIndex(folder / "index", dim=embedder.dim, fingerprint=embedder.fingerprint, pointer=Pointer())
        with closing(index):
            engine = Engine(index, embedder)
            began = time.perf_counter()
            made = fill(TwinIndex(lab.base.index), engine, lab.base.catalog)
            print_figure("filling a second index", made / (time.perf_counter() - began), unit="chunks/s")
            say_switch(lab, engine, questions)
            say(lab, engine, examples, questions)


if __name__ == "__main__":
    main()
