from datetime import UTC, datetime, timedelta

import pytest

from eval.usage import usage
from retrieval.interactions import Glance
from retrieval.types import Feedback

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def _asked(number, minutes, question, *, who="ann", abstained=False):
    asked_at = START + timedelta(minutes=minutes)
    return Glance(f"i{number}", who, question, asked_at, abstained=abstained, total_ms=None, cosines=())


def _said(number, verdict=None, *, who="ann", minutes=0, **more):
    given_at = START + timedelta(minutes=minutes)
    return Feedback(f"f{number}{who}", f"i{number}", who, given_at, verdict=verdict, **more)


def test_of_no_questions_no_rate_can_be_said():
    found = usage([], [])
    assert (found.questions, found.people, found.sessions) == (0, 0, 0)
    assert found.thumbs_up_rate is found.reformulation_rate is found.abandonment_rate is found.abstention_rate is None


def test_thumbs_and_corrections_are_counted_once_a_person():
    asked = [_asked(1, 0, "roses"), _asked(2, 60, "oaks", who="bob")]
    found = usage(
        asked,
        [
            _said(1, "up", minutes=1),
            # Ann thinks again: the last word counts.
            _said(1, "down", minutes=2, answer="Daily."),
            _said(1, "up", who="bob"),
            _said(2, "up", who="bob"),
            _said(2, right_documents=("d1",)),
            _said(2, wrong_documents=("d2",), who="eve"),
            _said(9, "down"),
        ],
    )
    assert (found.questions, found.people) == (2, 2)
    assert (found.thumbs_up, found.thumbs_down, found.corrections) == (2, 1, 3)
    assert found.thumbs_up_rate == pytest.approx(2 / 3)


def test_without_thumbs_there_is_no_rate():
    assert usage([_asked(1, 0, "roses")], [_said(1, answer="Daily.")]).thumbs_up_rate is None


@pytest.mark.parametrize(
    ("second", "minutes", "who", "again"),
    [
        ("How many vacation days do contractors have?", 2, "ann", True),  # vacation, days of many, vacation, days
        ("vacation", 2, "ann", True),  # all of the shorter
        ("How are roses watered?", 2, "ann", False),
        ("How many vacation days do contractors have?", 6, "ann", False),
        ("How many vacation days do contractors have?", 2, "bob", False),
    ],
)
def test_asking_again_is_the_same_person_soon_with_most_words(second, minutes, who, again):
    asked = [_asked(1, 0, "How many vacation days?"), _asked(2, minutes, second, who=who)]
    found = usage(asked, [])
    assert found.reformulations == int(again)
    assert found.reformulation_rate == again / 2


def test_any_question_soon_after_no_answer_is_asking_again():
    asked = [_asked(1, 0, "roses", abstained=True), _asked(2, 1, "oaks"), _asked(3, 2, "bread")]
    found = usage(asked, [])
    assert (found.reformulations, found.abstentions) == (1, 1)
    assert found.abstention_rate == pytest.approx(1 / 3)


def test_the_order_given_does_not_matter():
    asked = [_asked(1, 0, "roses", abstained=True), _asked(2, 1, "oaks"), _asked(3, 50, "bread", who="bob")]
    assert usage(asked[::-1], []) == usage(asked, [])


def test_a_session_is_abandoned_when_its_last_answer_was_none_or_disliked():
    asked = [
        _asked(1, 0, "roses", abstained=True),
        _asked(2, 20, "oaks"),  # the same session: it ends well
        _asked(3, 51, "bread", abstained=True),  # 31 minutes later: another, abandoned
        _asked(4, 0, "tea", who="bob"),  # disliked by its asker: abandoned
        _asked(5, 0, "milk", who="eve"),  # disliked by somebody else
    ]
    found = usage(asked, [_said(4, "down", who="bob"), _said(5, "down", who="bob")])
    assert (found.sessions, found.abandoned, found.abandonment_rate) == (4, 2, 0.5)


def test_a_session_that_may_go_on_is_not_judged():
    asked = [_asked(1, 0, "roses", abstained=True), _asked(2, 60, "oaks", abstained=True)]
    found = usage(asked, [], until=START + timedelta(minutes=80))
    assert (found.sessions, found.abandoned) == (1, 1)
    assert usage(asked, [], until=START + timedelta(minutes=91)).sessions == 2
