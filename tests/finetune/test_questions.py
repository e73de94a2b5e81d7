from dataclasses import replace
from datetime import UTC, datetime

from finetune.questions import kinds, question_id, questions_of
from finetune.types import Anchor, Example

ROW = Example(
    id="e",
    question="holidays",
    anchor=Anchor("d", "text"),
    label=1,
    weight=1.0,
    signals=("given",),
    sources=("s",),
    givers=("u:b", "u:a"),
    group="g2",
    given_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_only_questions_that_something_answers_are_asked_each_once():
    rows = [
        replace(ROW, id="a", anchor=Anchor("d", "a")),
        replace(ROW, id="b", anchor=Anchor("e", "b"), question="Holidays", givers=("u:c",), group="g1"),
        replace(ROW, id="c", question="resetting", label=-1),
    ]
    (question,) = questions_of(rows, slices=lambda example: [f"kind={example.id}"])
    assert [anchor.text_sha256 for anchor in question.relevant] == ["a", "b"]
    assert question.documents == {"d", "e"}
    assert question.slices == ("kind=a", "kind=b")
    assert question.givers == ("u:a", "u:b", "u:c")
    assert question.group == "g1"


def test_a_question_is_as_new_as_its_last_label():
    later = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [replace(ROW, given_at=later), replace(ROW, anchor=Anchor("d", "other"))]
    assert questions_of(rows)[0].asked_at == later


def test_a_question_has_the_same_name_in_whatever_form_it_is_written():
    # "\u00e9" and "e" with a combining accent; a full-width question mark
    assert question_id("Caf\u00e9 ?") == question_id("  cafe\u0301  \uff1f")
    assert question_id("cafe") != question_id("caf\u00e9")


def test_kinds_of_question():
    assert kinds(ROW) == ["words=1-4", "readers=everybody", "signal=given"]
    long = replace(ROW, question="who may take ten days off in a row here", open=False, signals=("opened", "up"))
    assert kinds(long) == ["words=10+", "readers=some", "signal=opened", "signal=up"]
    assert kinds(replace(ROW, question="a b c d e"))[0] == "words=5-9"
