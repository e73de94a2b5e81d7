"""What the heuristic for follow-up questions gains, and what it costs who asks about something else.

Run from the repository root: ``python -m bench.rewriting``. nDCG@10 of whole documents, as the server searches:

- follow-ups: the multi-turn questions of ``mtrag-un`` and ``tts-handbook``, searched for with what was said before and
  without it;
- changes of subject: questions of ``tts-handbook`` and ``feedbackqa`` that stand alone, each asked after three
  others and their answers, one at a time. Here the best that can be had is no loss.

Minutes on a CPU: three sets are indexed.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np

from app.parts import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.figures import mean_of
from eval.golden import GoldenSet, read_beir
from eval.knobs import Knobs
from eval.metrics import ndcg_at_k
from eval.questions import Question
from eval.statistics import Difference, difference
from eval.system import System
from eval.workbench import open_workbench
from retrieval.embed import Embedder
from retrieval.rewrite import HeuristicRewriter
from retrieval.search_question import SearchQuestion
from retrieval.types import Turn

SETS = ("mtrag-un", "tts-handbook", "feedbackqa")
GOALS = {"mtrag-un": 0.05, "tts-handbook": 0.0}
CHANGES = ("tts-handbook", "feedbackqa")
MOST_CHANGES = 120
CONVERSATIONS = 3
SEED = 1


def ndcg(system: System, question: Question, searched: SearchQuestion) -> float:
    found = system.retriever.retrieve(
        searched, principal=system.principal, collection=system.collection, limit=system.retriever.pool
    )
    return ndcg_at_k(system.documents_of(found), question.relevant, k=10)


def compared(system: System, questions: Sequence[Sequence[Question]]) -> Difference:
    """Compare with and without what was said before, over questions that each come in one or several conversations."""
    rewriter = HeuristicRewriter()
    alone = [ndcg(system, question, SearchQuestion(question.text)) for question, *_ in questions]
    within = [fmean(ndcg(system, q, rewriter.rewrite(q.text, q.history)) for q in asked) for asked in questions]
    columns = ({"ndcg": np.array(column)} for column in (alone, within))
    return difference(*columns, mean_of("ndcg"), about="ndcg", seed=SEED)


def changing_subject(golden: GoldenSet) -> list[list[Question]]:
    """Put others, with their answer or the beginning of their document, before each question that stands alone."""
    texts = {document.id: document.text for document in golden.documents}
    alone = [question for question in golden.questions if not question.history][:MOST_CHANGES]
    rng = random.Random(SEED)
    changing = []
    for question in alone:
        others = [other for other in alone if not question.relevant.keys() & other.relevant.keys()]
        changing.append([
            replace(question, history=(Turn("user", other.text), Turn("assistant", _answer(other, texts))))
            for other in rng.sample(others, CONVERSATIONS)
        ])
    return changing


def _answer(question: Question, texts: dict[str, str]) -> str:
    return question.answer or question.evidence or texts[next(iter(question.relevant))]


def say(figure: str, found: Difference, *, goal: float | str) -> None:
    baseline = {
        "last turn alone": round(found.before or 0.0, 4),
        "with what was said before": round(found.after or 0.0, 4),
        "interval": [round(bound, 4) for bound in (found.low or 0.0, found.high or 0.0)],
        "questions": found.questions,
        "verdict": found.verdict,
    }
    print_figure(figure, found.value or 0.0, unit="ndcg", goal=goal, baseline=baseline)


def main() -> None:
    settings = Settings()
    embedder: Embedder = build_embedder(settings, threads=1)
    for name in SETS:
        golden = read_beir(data(name), "dev")
        knobs = Knobs(settings.retrieval_pool, settings.dense_weight, settings.chunk_tokens)
        with open_workbench(embedder, knobs=knobs) as bench:
            bench.add_texts(golden.documents)
            system = bench.system()
            if name in GOALS:
                follow_ups = [[question] for question in golden.questions if question.history]
                say(f"{name} dev follow-ups ndcg@10", compared(system, follow_ups), goal=GOALS[name])
                say(
                    f"{name} dev all ndcg@10", compared(system, [[question] for question in golden.questions]), goal=0.0
                )
            if name in CHANGES:
                found = compared(system, changing_subject(golden))
                say(f"{name} dev changes of subject ndcg@10", found, goal="no less than -0.02")


if __name__ == "__main__":
    main()
