"""How well questions are grouped by meaning: those that people asked about one passage, told from all others.

Run from the repository root: ``python -m bench.question_groups``. Of ``feedbackqa`` the 1,500 training questions whose
passages were asked about most. A pair within a group is right when both questions are answered by the same passage: too
strict, as passages say things twice, and too kind, as one passage answers several things. One JSON line a threshold.
"""

import json
import time
from collections import Counter, defaultdict
from itertools import combinations

import numpy as np

from app.parts import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.golden import read_qrels
from eval.grouping import ALIKE, grouped

QUESTIONS = 1_500
THRESHOLDS = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


def main() -> None:
    folder = data("feedbackqa")
    texts = {
        row["_id"]: row["text"]
        for line in (folder / "queries.jsonl").read_text().splitlines()
        if (row := json.loads(line))
    }
    about = {
        key: next(iter(grades)) for key, grades in read_qrels(folder / "qrels" / "train.tsv").items() if key in texts
    }
    often = Counter(about.values())
    asked = sorted(about, key=lambda key: (-often[about[key]], about[key], key))[:QUESTIONS]
    embedder = build_embedder(Settings(), threads=1)
    began = time.perf_counter()
    vectors = np.stack([embedder.embed_query(texts[key]) for key in asked])
    embedded_s = time.perf_counter() - began
    passages = defaultdict(list)
    for row, key in enumerate(asked):
        passages[about[key]].append(row)
    same = {pair for rows in passages.values() for pair in combinations(rows, 2)}
    for above in THRESHOLDS:
        began = time.perf_counter()
        groups = grouped(vectors, above=above)
        took_s = time.perf_counter() - began
        found = {pair for group in groups for pair in combinations(group.rows, 2)}
        right = len(found & same)
        print_figure(
            f"questions grouped at {above}{', as served' if above == ALIKE else ''}: precision of pairs",
            right / max(1, len(found)),
            unit="share",
            baseline={
                "recall": round(right / len(same), 3),
                "groups": len(groups),
                "largest": max(len(group.rows) for group in groups),
                "questions": len(asked),
                "passages": len(passages),
                "grouping_s": round(took_s, 2),
                "embedding_s": round(embedded_s, 1),
            },
        )


if __name__ == "__main__":
    main()
