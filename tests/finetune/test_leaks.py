from datetime import UTC, datetime

import numpy as np

from finetune.leaks import leaks
from finetune.questions import question_id, questions_of
from finetune.types import Anchor, Example

VECTORS = {
    "how do I reset it": (1.0, 0.0),
    "how can I reset it": (0.95, np.sqrt(1 - 0.95**2)),
    "resetting": (0.89, np.sqrt(1 - 0.89**2)),
    "holidays": (0.0, 1.0),
}


def row(name, question, group=None, label=1):
    return Example(
        id=name,
        question=question,
        anchor=Anchor("d", name),
        label=label,
        weight=1.0,
        signals=("given",),
        sources=(name,),
        givers=("someone",),
        group=group or name,
        given_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def vectors(texts):
    return np.array([VECTORS[text] for text in texts], dtype=np.float32)


def found(training, *asked):
    return [(leak.example, leak.kind) for leak in leaks(training, questions_of(asked), vectors=vectors)]


def test_the_same_words_leak_whatever_their_case_and_spaces():
    training = [row("a", "how do I reset it")]
    asked = questions_of([row("q", "How do I  reset IT")])
    (leak,) = leaks(training, asked)
    assert (leak.example, leak.question, leak.kind) == ("a", question_id("how do i reset it"), "same text")


def test_a_question_of_the_same_group_leaks():
    assert found([row("a", "holidays", "g")], row("q", "how do I reset it", "g")) == [("a", "same group")]


def test_a_question_that_is_nearly_the_same_leaks():
    assert found([row("a", "how can I reset it")], row("q", "how do I reset it")) == [("a", "alike")]


def test_a_question_about_the_same_matter_does_not():
    assert found([row("a", "resetting")], row("q", "how do I reset it")) == []


def test_what_was_wrong_for_a_question_leaks_as_what_was_right():
    assert found([row("a", "how do I reset it", label=-1)], row("q", "how do I reset it")) == [("a", "same text")]


def test_every_row_is_named():
    training = [row("b", "how do I reset it"), row("a", "how can I reset it"), row("c", "holidays")]
    assert found(training, row("q", "how do I reset it")) == [("b", "same text"), ("a", "alike")]


def test_ten_thousand_rows_of_one_group_are_named_once_each():
    training = [row(f"a{n}", "holidays", "g") for n in range(10_000)]
    asked = questions_of([row(f"q{n}", f"question {n}", "g") for n in range(1000)])
    assert len(leaks(training, asked)) == 10_000


def test_nothing_leaks_into_or_out_of_nothing():
    assert found([], row("q", "holidays")) == []
    assert found([row("a", "holidays")]) == []


def test_a_leak_is_named_without_a_word_of_it():
    (leak,) = leaks([row("a", "how can I reset it")], questions_of([row("q", "how do I reset it")]), vectors=vectors)
    assert leak.summary == f"example a and question {question_id('how do I reset it')}: alike, cosine 0.95"
