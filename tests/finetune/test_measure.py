"""What a run holds its candidates against: whose word is enough, and which seals are open."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

from finetune.measure import _opened, _vouched_for
from finetune.questions import questions_of
from finetune.runs import Outcome
from finetune.types import Anchor, Example, Label

AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ANCHOR = Anchor("d1", "0" * 64)


def label(name, question, sign=1, *, trusted=False):
    return Label(name, "feedback", "up", question, ANCHOR, sign, 1.0, "u:eve", AT, trusted=trusted)


def example(question, *sources):
    return Example(question, question, ANCHOR, 1, 1.0, ("up",), sources, ("u:eve",), question, AT)


def test_an_approval_is_a_word_for_its_own_question_alone():
    examples = [example("Leave?", "f1"), example("Travel?", "f2"), example("Pay?", "f3")]
    labels = [
        label("f1", "Leave?", trusted=True),
        label("f2", "Travel?"),
        label("f3", "Pay?", -1, trusted=True),
    ]
    course = SimpleNamespace(labels=labels, training_set=SimpleNamespace(examples=examples))
    (leave,) = [question for question in questions_of(examples) if question.text == "Leave?"]
    assert _vouched_for(course) == {leave.id}


def test_a_seal_of_what_passed_and_was_not_made_is_no_open_one():
    made = Outcome("memory", "passed", "c1", "", {"seal": "of made"})
    lost = replace(made, candidate=None, report={"seal": "of lost"})
    refused = Outcome("memory", "refused", None, "", {"seal": "of refused"})
    unopened = Outcome("memory", "refused", None, "", {"seal": None})
    runs = [SimpleNamespace(id=str(n), outcomes=(one,)) for n, one in enumerate((made, lost, refused, unopened))]
    course = SimpleNamespace(
        run=SimpleNamespace(id="mine"), kept=SimpleNamespace(runs=SimpleNamespace(recent=lambda **_: runs))
    )
    assert _opened(course) == {"of made", "of refused"}
