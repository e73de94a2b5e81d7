"""How far one user's adversarial votes move the right documents: ranks with and without them, by what is learned.

Run from the repository root: ``python -m bench.poisoned_feedback [feedbackqa] [--documents N]``: over all documents of
the set, or the first N and the questions that they answer. 400 training questions are the feedback of as many people.
One more votes on a quarter of them, which makes a fifth of all votes: corrections for a wrong chunk, against the right
ones, as fast as the bound of a week lets them count. Either for one wrong chunk throughout, or for another one at each
question. Measured on the questions of the feedback, asked again, and on 200 others. How five such users fare is said
beside it, without a goal: five who cast the same votes, and five who know how such are found and take turns, so that
each vote is cast by two of them and no two cast more than half of their votes together. Many minutes on two cores.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from bench.learning_gate import DAY, Ground, open_ground
from bench.lines import print_figure
from finetune.caps import outliers
from finetune.questions import Question, questions_of
from finetune.recipe import fit
from finetune.types import Anchor, Label, RungName
from retrieval.learned import Learned

HONEST, OTHERS = 400, 200
SHARE = 0.2
DEPTH = 50
GOAL = "<= 1"
RECIPES: Mapping[str, tuple[RungName, ...]] = {
    "memory": ("memory",),
    "all rungs": ("memory", "query_adapter", "fusion"),
}

Wrong = Callable[[int], Anchor]


def votes(honest: Sequence[Label], wrong: Wrong, *, giver: str, seed: int) -> list[Label]:
    """Return one user's corrections: a fifth of all votes."""
    chance = np.random.default_rng(seed)
    voted = chance.permutation(len(honest))[: round(len(honest) * SHARE / (1 - SHARE))]
    planted = []
    for place, chosen in enumerate(voted.tolist()):
        right, at = honest[chosen], DAY + timedelta(weeks=place // 10)
        up = replace(right, source_id=f"{giver}:{place}", giver=giver, anchor=wrong(chosen), given_at=at)
        planted += [up, replace(up, source_id=f"{giver}:{place}:-", anchor=right.anchor, label=-1)]
    return planted


def attackers(honest: Sequence[Label], wrong: Wrong, users: str) -> list[Label]:
    """Return the votes of one user, of five who cast the same, or of five who take turns."""
    if users == "1":
        return votes(honest, wrong, giver="u:poisoner0", seed=3)
    five = [votes(honest, wrong, giver=f"u:poisoner{user}", seed=3) for user in range(5)]
    if users == "5":
        return [one for planted in five for one in planted]
    # Two of a user's votes in a row are about one question: for the wrong chunk, and against the right one.
    return [one for user, own in enumerate(five) for at, one in enumerate(own) if (at // 2 - user) % 5 in {0, 1}]


def learned(ground: Ground, labels: Sequence[Label], recipe: tuple[RungName, ...]) -> Learned:
    return ground.lab.learned(fit(recipe, ground.examples(labels), ground.lab, seed=1))


def places(ground: Ground, state: Learned, questions: Sequence[Question]) -> np.ndarray:
    """Return the rank of the first right document for each question; what is not found stands behind all."""
    rankings = ground.lab.rank([one.text for one in questions], state, limit=DEPTH)
    found = []
    for ranking, question in zip(rankings, questions, strict=True):
        names = list(dict.fromkeys(ground.lab.document_of[key] for key in ranking))
        found.append(next((at for at, name in enumerate(names, 1) if name in question.documents), DEPTH + 1))
    return np.array(found, dtype=np.float64)


def say(ground: Ground, name: str) -> None:
    drawn = ground.drawn(HONEST + OTHERS, 1)
    texts = sorted({label.question for label in drawn})
    taught = set(np.random.default_rng(2).permutation(texts)[:HONEST].tolist())
    honest = [label for label in drawn if label.question in taught]
    asked = {
        "asked again": questions_of(ground.examples(honest)),
        "others": questions_of(ground.examples([label for label in drawn if label.question not in taught])),
    }
    attacks = {"one wrong chunk": lambda _: honest[0].anchor, "wrong chunks": lambda at: honest[at - 1].anchor}
    for recipe, rungs in RECIPES.items():
        clean = learned(ground, honest, rungs)
        before = {what: places(ground, clean, questions) for what, questions in asked.items()}
        for attack, wrong in attacks.items():
            for users in ("1", "5", "5 in turns") if rungs == RECIPES["memory"] else ("1",):
                planted = attackers(honest, wrong, users)
                state = learned(ground, [*honest, *planted], rungs)
                seen = sum(report.outlier for report in outliers([*honest, *planted]))
                for what, questions in asked.items():
                    moved = places(ground, state, questions) - before[what]
                    voted = np.isin([one.text for one in questions], [label.question for label in planted])
                    found: dict[str, object] = {
                        "questions": len(questions),
                        "chunks": len(ground.lab.chunk_ids),
                        "mean rank before": round(float(before[what].mean()), 3),
                        "signed": round(float(moved.mean()), 4),
                        "where they voted": round(float(moved[voted].mean()), 3) if voted.any() else None,
                        "outliers named": seen,
                    }
                    print_figure(
                        f"rank change, {name}, {recipe}, {users} for {attack}, {what}",
                        float(np.abs(moved).mean()),
                        unit="ranks",
                        goal=GOAL if users == "1" else None,
                        baseline=found,
                    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", nargs="?", default="feedbackqa")
    parser.add_argument("--documents", type=int)
    given = parser.parse_args()
    with open_ground(given.set, documents=given.documents) as ground:
        say(ground, given.set)


if __name__ == "__main__":
    main()
