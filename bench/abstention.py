"""How well confidence tells answerable questions from others, and how to fit it again.

Run from the repository root: ``python -m bench.abstention [--fit] [SET ...]`` with sets of ``tts-handbook``,
``mtrag-un``, ``feedbackqa``, ``scifact``; the first two when none is named. Unanswerable are questions that people
marked so (in the first two sets), and answerable ones whose relevant documents were taken out of what was found (in
all). ``--fit`` prints weights: a logistic regression in which each set, and in it each kind, counts the same, and the
AUROC on each set of weights fitted on the others. The threshold stays .5: the bias is moved until 90 % of the
answerable questions, as a mean over the sets, are answered; the weights in ``retrieval/abstain.py`` are these, rounded.
Minutes, mostly for indexing.
"""

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from app.parts import build_answerer, build_embedder, open_sandbox
from app.settings import Settings
from bench.lines import data, print_figure
from eval.figures import auroc_of
from eval.golden import Question, read_beir, read_questions
from eval.knobs import Knobs
from eval.statistics import interval
from eval.workbench import ASKER, COLLECTION, Workbench, open_workbench
from retrieval.abstain import Signs, confidence
from retrieval.embed import Embedder
from retrieval.evidence import EvidenceFinder
from retrieval.generators.extractive import ExtractiveGenerator
from retrieval.prompt import Prompt
from retrieval.rewrite import HeuristicRewriter
from retrieval.types import Passage

SPLITS = {"tts-handbook": "dev", "mtrag-un": "dev", "feedbackqa": "dev", "scifact": "test"}
USUAL = ("tts-handbook", "mtrag-un")
SHOWN, FOUND = 8, 30
MOST_QUESTIONS = 300
COVERAGE = 0.9
SEED = 3
BINS = 5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """One question with what was found for it, or with what was left of that."""

    signs: Signs
    answerable: bool
    away: bool  # its documents were taken out

    @property
    def row(self) -> list[float]:
        return list(asdict(self.signs).values())


def seen(name: str, embedder: Embedder) -> list[Seen]:
    golden = read_beir(data(name), SPLITS[name])
    # Judgements say nothing of questions without an answer, the file of questions does.
    asked = read_questions(data(name) / "queries.jsonl").questions if name in USUAL else golden.questions
    partly = _partly(name)
    questions = [question for question in asked if question.id not in partly]
    random.Random(SEED).shuffle(questions)
    with open_workbench(embedder, knobs=Knobs()) as bench:
        if name == "tts-handbook":
            with open_sandbox(Settings()) as sandbox:
                bench.add_folder(data(name) / "docs", sandbox.parse)
        else:
            bench.add_texts(golden.documents)
        generator = build_answerer(Settings(), bench.retriever).fallback
        if not isinstance(generator, ExtractiveGenerator):
            raise TypeError("what takes a language model's place is no longer extractive")
        finder = generator.evidence
        return [found for question in questions[:MOST_QUESTIONS] for found in _asked(bench, finder, question)]


def _partly(name: str) -> set[str]:
    """Ids of questions that are neither: what is asked is not clear, or only half of it can be answered."""
    lines = (data(name) / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["_id"] for row in rows if row.get("answerability") in {"PARTIAL", "UNDERSPECIFIED"}}


def _asked(bench: Workbench, finder: EvidenceFinder, question: Question) -> list[Seen]:
    searched = HeuristicRewriter().rewrite(question.text, question.history)
    passages = bench.retriever.retrieve(searched, principal=ASKER, collection=COLLECTION, limit=FOUND)
    others = [passage for passage in passages if bench.names[passage.uri] not in question.relevant]

    def signs(shown: Sequence[Passage]) -> Signs | None:
        prompt = Prompt(
            question.text, tuple(shown[:SHOWN]), search_question=searched.text, search_context=searched.context
        )
        return finder.find(prompt).signs

    found = [(signs(passages), question.answerable, False)]
    if question.relevant:
        found.append((signs(others), False, True))
    return [Seen(sign, answerable, away) for sign, answerable, away in found if sign]


def report(name: str, asked: Sequence[Seen]) -> None:
    sure = {id(one): confidence(one.signs) for one in asked}
    answered = [sure[id(one)] >= 0.5 for one in asked if one.answerable]
    for kind, away in (("unanswerable", False), ("documents taken away", True)):
        some = [one for one in asked if one.answerable or one.away == away]
        others = [sure[id(one)] for one in some if not one.answerable]
        if not others:
            continue
        columns = {
            "confidence": np.array([sure[id(one)] for one in some]),
            "answerable": np.array([float(one.answerable) for one in some]),
        }
        area = interval(columns, auroc_of("confidence", "answerable"), about="confidence", seed=SEED)
        print_figure(
            f"abstention AUROC, {name}, {kind}",
            area.value or 0.0,
            unit="area",
            goal=None if away else 0.85,
            baseline={
                "interval": [area.low, area.high],
                "answered": round(sum(answered) / len(answered), 3),
                "refused": round(sum(value < 0.5 for value in others) / len(others), 3),
                "calibration error": round(_calibration_error(columns), 3),
                "answerable": len(answered),
                "others": len(others),
            },
        )


def _calibration_error(columns: Mapping[str, FloatArray]) -> float:
    """Mean distance of confidence from what is right, over five bins, each kind of question counting one half."""
    sure, right = columns["confidence"], columns["answerable"]
    weights = np.where(right == 1, 0.5 / (right == 1).sum(), 0.5 / (right == 0).sum())
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(sum(abs((weights * (sure - right))[bins == one].sum()) for one in range(BINS)))


def fit(asked: Mapping[str, Sequence[Seen]]) -> FloatArray:
    """Fit bias and weights, shape (4,)."""
    from sklearn.linear_model import LogisticRegression

    rows = [(one, name) for name, some in asked.items() for one in some]
    kinds = [(name, one.answerable, one.away) for one, name in rows]
    sizes = {kind: kinds.count(kind) for kind in set(kinds)}
    negative = {name: sum(kind[0] == name and not kind[1] for kind in sizes) for name in asked}
    weights = [1 / sizes[kind] / (1 if kind[1] else negative[kind[0]]) for kind in kinds]
    model = LogisticRegression(C=100.0).fit(
        [one.row for one, _ in rows], [one.answerable for one, _ in rows], sample_weight=weights
    )
    slopes: FloatArray = model.coef_[0]
    least = [
        np.quantile([np.dot(slopes, one.row) for one in some if one.answerable], 1 - COVERAGE)
        for some in asked.values()
    ]
    return np.array([-float(np.mean(least)), *slopes])


def report_fit(asked: Mapping[str, Sequence[Seen]]) -> None:
    bias, *slopes = fit(asked).tolist()
    print_figure(
        "abstention, weights fitted",
        bias,
        unit="bias",
        baseline=dict(zip(("sentence", "passage", "coverage"), (round(slope, 2) for slope in slopes), strict=True)),
    )
    for name, some in asked.items():
        if len(asked) > 1 and any(not one.answerable and not one.away for one in some):
            weights = fit({other: rest for other, rest in asked.items() if other != name})
            known = [one for one in some if not one.away]
            columns = {
                "confidence": np.array([np.dot(weights[1:], one.row) for one in known]),
                "answerable": np.array([float(one.answerable) for one in known]),
            }
            area = interval(columns, auroc_of("confidence", "answerable"), about="confidence", seed=SEED)
            print_figure(
                f"abstention AUROC, {name}, weights of the other sets",
                area.value or 0.0,
                unit="area",
                goal=0.85,
                baseline={"interval": [area.low, area.high]},
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(USUAL), metavar="SET", help=", ".join(SPLITS))
    parser.add_argument("--fit", action="store_true", help="fit the weights again")
    given = parser.parse_args()
    if unknown := [name for name in given.sets if name not in SPLITS]:
        parser.error(f"there is no set {unknown[0]}; there are {', '.join(SPLITS)}")
    embedder = build_embedder(Settings())
    asked = {name: seen(name, embedder) for name in given.sets}
    for name, some in asked.items():
        report(name, some)
    if given.fit:
        report_fit(asked)


if __name__ == "__main__":
    main()
