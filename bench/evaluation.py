"""What an evaluation costs and whether its figures are right.

Run from the repository root: ``python -m bench.evaluation [metrics] [overhead] [scifact]``; all of them when none is
named. ``metrics``: the largest difference to pytrec_eval on 1,000 random rankings. ``overhead``: the time of evaluating
1,000 questions against that of answering them, in turns. ``scifact``: the whole run, indexing included.
"""

import argparse
import random
import statistics
import sys
import time
from dataclasses import replace

from app.parts import build_answerer
from app.settings import Settings
from bench.lines import data, print_figure
from eval.evaluate import evaluate_retrieval
from eval.golden import read_beir
from eval.knobs import Knobs
from eval.measure import measure_answers
from eval.metrics import average_precision_at_k, mrr_at_k, ndcg_at_k, precision_at_k, recall_at_k
from eval.workbench import ASKER, COLLECTION, open_workbench
from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path
from retrieval.types import Query

PARTS = ("metrics", "overhead", "scifact")
RANKINGS, QUESTIONS, ROUNDS = 1000, 1000, 3


def say(stage: str, done: int, total: int) -> None:
    if done == total:
        print(f"{stage} {done}", file=sys.stderr)


def metrics() -> None:
    import pytrec_eval

    draw = random.Random(20_260_101)
    worst, compared = 0.0, 0
    ours = {
        "ndcg_cut_10": (ndcg_at_k, 10),
        "recall_10": (recall_at_k, 10),
        "recall_100": (recall_at_k, 100),
        "P_10": (precision_at_k, 10),
        "map_cut_100": (average_precision_at_k, 100),
        "recip_rank": (mrr_at_k, 200),
    }
    for _ in range(RANKINGS):
        documents = [f"d{i}" for i in range(200)]
        draw.shuffle(documents)
        ranking = documents[: draw.randint(1, 150)]
        grades = {document: draw.choice((0, 1, 1, 2, 3)) for document in draw.sample(documents, draw.randint(1, 40))}
        if not any(grades.values()):
            continue
        run = {"q": {document: float(len(ranking) - rank) for rank, document in enumerate(ranking)}}
        names = {"ndcg_cut", "recall", "P", "map_cut", "recip_rank"}
        reference = pytrec_eval.RelevanceEvaluator({"q": grades}, names).evaluate(run)["q"]
        for name, (metric, k) in ours.items():
            worst = max(worst, abs(metric(ranking, grades, k=k) - reference[name]))
            compared += 1
    print_figure(
        "largest difference of a retrieval metric to pytrec_eval",
        worst,
        unit="1",
        goal="<= 1e-6",
        baseline={"values compared": compared},
    )


def overhead() -> None:
    golden = read_beir(data("feedbackqa"), "dev")
    questions = golden.questions[:QUESTIONS]
    about = {document for question in questions for document in question.relevant}
    documents = tuple(document for document in golden.documents if document.id in about)
    golden = replace(golden, questions=questions, documents=documents)
    embedder = SentenceTransformerEmbedder(bundled_model_path())  # as it is: nothing remembers a question
    with open_workbench(embedder, knobs=Knobs()) as bench:
        bench.add_texts(golden.documents, say)
        answerer = build_answerer(Settings(), bench.retriever)
        system = bench.system(answerer)
        ratios, answered = [], []
        for turn in range(ROUNDS):
            started = time.perf_counter()
            for question in golden.questions:
                answerer.answer(Query(question.text, collection=COLLECTION), principal=ASKER)
            answering = time.perf_counter() - started
            started = time.perf_counter()
            measure_answers(system, golden).as_json()
            evaluating = time.perf_counter() - started
            ratios.append(evaluating / answering)
            answered.append(answering)
            print(f"turn {turn}: answering {answering:.1f} s, evaluating {evaluating:.1f} s", file=sys.stderr)
    print_figure(
        "evaluating 1,000 questions against answering them",
        statistics.median(ratios),
        unit="ratio",
        goal="<= 1.3",
        baseline={
            "answering_s": round(statistics.median(answered), 1),
            "questions": len(golden.questions),
            "documents": len(golden.documents),
            "ratios": [round(ratio, 3) for ratio in ratios],
        },
    )


def scifact() -> None:
    started = time.perf_counter()
    golden = read_beir(data("scifact"), "test")
    embedder = SentenceTransformerEmbedder(bundled_model_path())
    report = evaluate_retrieval(golden, mode="hybrid", embedder=embedder, progress=say)
    report.as_json()
    print_figure(
        "scifact test, hybrid, end to end",
        time.perf_counter() - started,
        unit="s",
        goal="<= 150",
        baseline={"indexing_s": report.counts["seconds_indexing"], "ndcg@10": report.as_json()["ndcg@10"]},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parts = parser.parse_args().parts
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(PARTS)}")
    for part in parts:
        {"metrics": metrics, "overhead": overhead, "scifact": scifact}[part]()


if __name__ == "__main__":
    main()
