"""What raters agree on is learned from, and nothing else of what they say."""

from datetime import UTC, datetime

import pytest

from eval.review_store import Reviews, TaskPassage
from finetune.given import GivenLabels
from finetune.reviewed import agreed
from finetune.types import Anchor
from retrieval.interactions import InteractionLog
from retrieval.types import Answer, Interaction

AT = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def labels(catalog, shelf):
    """Labels of one task whose passages the given raters graded so, by the passage's hash."""
    reviews, given = Reviews(catalog.engine), GivenLabels(catalog.engine)
    document = shelf.publish("file:///a", "Words.").document_id
    log = InteractionLog(catalog.engine)
    log.record(Interaction("i1", "What is it?", (), None, "u:asker", Answer("No.", True, 0.0, ()), (), {}, AT))

    def labels(**grades):
        count = len(next(iter(grades.values())))
        passages = [TaskPassage(f"p{n}", document, f"c{n}", str(n) * 64, "search") for n in range(count)]
        reviews.add_task("i1", "low_rated", passages, by="u:cleo")
        for rater, said in grades.items():
            (task,) = reviews.waiting(rater, limit=1) or [reviews.compared()[0]]
            reviews.rate(task, rater, "graded", {f"p{n}": grade for n, grade in enumerate(said)})
        return given, log, document

    return labels


def test_two_who_agree_say_both_which_chunk_answers(labels):
    given, _, document = labels(ann=[2, 1, 0, 2], bob=[2, 1, 0, 0])
    found = [(one.anchor.text_sha256[0], one.giver, one.label, one.weight) for one in given.labels()]
    # Of the fourth they say the opposite of each other: nothing is known.
    assert found == [
        ("0", "ann", 1, 1.0),
        ("0", "bob", 1, 1.0),
        ("1", "ann", 1, 0.25),
        ("1", "bob", 1, 0.25),
        ("2", "ann", -1, 1.0),
        ("2", "bob", -1, 1.0),
    ]
    first = next(given.labels())
    assert (first.anchor, first.asker, first.trusted) == (Anchor(document, "0" * 64), "u:asker", False)
    assert given.counts() == {"review": 6}


def test_one_alone_says_nothing(labels):
    given, _, _ = labels(ann=[2])
    assert list(given.labels()) == []
    assert given.counts() == {}


def test_who_asked_takes_the_labels_along(labels):
    given, log, _ = labels(ann=[2], bob=[2])
    assert len(list(given.labels())) == 2
    log.forget_asker("u:asker")
    assert list(given.labels()) == []


@pytest.mark.parametrize(
    ("grades", "one"), [([2, 2], 2), ([2, 1], None), ([2, 2, 1], 2), ([2, 2, 1, 1], None), ([0], None), ([], None)]
)
def test_a_grade_is_agreed_on_by_two_and_by_more_than_any_other(grades, one):
    assert agreed(grades) == one
