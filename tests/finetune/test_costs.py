"""What cannot be made anew is said to be unmeasured, and what can be is measured."""

from datetime import UTC, datetime

import numpy as np

from finetune.costs import Sides, poisoning
from finetune.gate import Terms, examine_artifact, with_costs
from finetune.instruments import Instruments
from finetune.questions import questions_of
from finetune.types import Anchor, Example
from retrieval.learned import Learned

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEPT = "the embedder, which takes too long to train again,"


def example(number):
    question = f"question {number}"
    anchor = Anchor(f"d{number}", "0" * 64)
    givers = ("u:ann", "u:bob")
    return Example(question, question, anchor, 1, 0.5, ("up",), (f"f{number}",), givers, question, NOON)


EXAMPLES = [example(number) for number in range(40)]
QUESTIONS = questions_of(EXAMPLES)


def rank(_learned, texts):
    return [[f"d{text.split()[1]}"] for text in texts]


def vectors(texts):
    return np.eye(100, dtype=np.float32)[[int(text.split()[1]) for text in texts]]


def instruments(admit=lambda _: EXAMPLES):
    def fit(_recipe, _examples):
        raise AssertionError("an embedder cannot be made anew")

    return Instruments(fit, rank, vectors, admit=admit)


def priced(make):
    report = examine_artifact(("embedder",), (np.full(40, 0.5), np.ones(40)), QUESTIONS, ())
    assert report.passed
    sides = Sides(Learned("live"), Learned("new"), EXAMPLES, make, kept=KEPT)
    return with_costs(report, sides, QUESTIONS, instruments(), Terms())


def test_what_cannot_be_made_anew_is_timed_and_its_canary_is_not_measured():
    report = priced(None)
    assert report.passed
    assert [(check.name, check.outcome) for check in report.checks[-2:]] == [
        ("latency", "passed"),
        ("canary", "not_measured"),
    ]
    assert report.checks[-1].detail == f"{KEPT} is not made anew for planted votes"


def test_of_what_can_be_made_anew_in_part_the_part_is_measured_and_the_rest_named():
    made = []

    def make(examples):
        made.append(examples)
        return Learned("anew")

    check = priced(make).checks[-1]
    assert (check.name, check.outcome, len(made)) == ("canary", "passed", 2)
    assert check.detail.endswith(f"; {KEPT} was not made anew")


def test_where_nobody_says_how_labels_become_examples_nothing_is_planted():
    check = poisoning(instruments(admit=None), lambda _: Learned(), EXAMPLES, seed=1)
    assert check.outcome == "not_measured"
