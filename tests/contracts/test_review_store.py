"""Tasks want two raters, who cannot know of each other; what is forgotten leaves nothing of itself in them."""

from datetime import UTC, datetime

import pytest

from eval.agreement import Graded
from eval.review_store import Progress, Reviews, TaskPassage
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.interactions import InteractionLog
from retrieval.quoting import Quoted
from retrieval.types import Answer, Interaction

AT = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def reviews(catalog):
    log = InteractionLog(catalog.engine)
    for key in ("i1", "i2", "i3"):
        asker = "u:bob" if key == "i3" else "u:ann"
        log.record(Interaction(key, f"What is {key}?", (), None, asker, Answer("No.", True, 0.0, ()), (), {}, AT))
    return Reviews(catalog.engine)


@pytest.fixture
def documents(shelf):
    return [shelf.publish(f"file:///{n}", f"Words of document {n}.").document_id for n in range(2)]


@pytest.fixture
def add(reviews, documents):
    def add(interaction_id, *keys, of=0):
        passages = [TaskPassage(key, documents[of], f"c-{key}", "0" * 64, "answer") for key in keys]
        return reviews.add_task(interaction_id, "abstained", passages, by="u:cleo")

    return add


def waiting(reviews, rater):
    return [task.interaction_id for task in reviews.waiting(rater, limit=10)]


def test_a_question_stands_in_the_queue_once(reviews, add):
    assert add("i1", "p1", "p2")
    assert not add("i1", "p3")
    assert not add("gone", "p4")
    assert reviews.tasked() == {"i1"}
    (task,) = reviews.waiting("u:ann", limit=10)
    assert ([passage.id for passage in task.passages], task.raters, task.kind) == (["p1", "p2"], 0, "abstained")
    assert reviews.task(task.id) == task
    with pytest.raises(NotFoundError):
        reviews.task("\x00")


def test_a_task_goes_to_two_raters_and_first_to_the_second(reviews, add):
    add("i1", "p1")
    add("i2", "p2")
    second = reviews.waiting("u:ann", limit=10)[1]
    reviews.rate(second, "u:ann", "graded", {"p2": 2})
    assert waiting(reviews, "u:ann") == ["i1"]
    assert waiting(reviews, "u:bob") == ["i2", "i1"]
    assert reviews.progress() == Progress(1, 1, 0)
    reviews.rate(second, "u:bob", "none", {"p2": 0})
    assert waiting(reviews, "u:dan") == ["i1"]
    assert reviews.progress() == Progress(1, 0, 1)
    (compared,) = reviews.compared()
    assert (compared.id, compared.raters) == (second.id, 2)
    assert reviews.graded([second.id]) == [
        Graded(second.id, "p2", "u:ann", 2),
        Graded(second.id, "p2", "u:bob", 0),
    ]


def test_what_is_skipped_waits_for_others(reviews, add):
    add("i1", "p1")
    (task,) = reviews.waiting("u:ann", limit=10)
    reviews.rate(task, "u:ann", "skipped", {})
    assert waiting(reviews, "u:ann") == []
    assert waiting(reviews, "u:bob") == ["i1"]
    assert reviews.progress() == Progress(1, 0, 0)


def test_a_grade_can_be_changed_until_somebody_else_gave_theirs(reviews, add):
    add("i1", "p1")
    (task,) = reviews.waiting("u:ann", limit=10)
    reviews.rate(task, "u:ann", "graded", {"p1": 2})
    reviews.rate(task, "u:ann", "graded", {"p1": 1})
    assert reviews.graded([task.id]) == [Graded(task.id, "p1", "u:ann", 1)]
    reviews.rate(task, "u:bob", "graded", {"p1": 2})
    with pytest.raises(ConflictError, match="stands"):
        reviews.rate(task, "u:ann", "graded", {"p1": 2})
    assert [one.grade for one in reviews.graded([task.id])] == [1, 2]


def test_what_is_gone_cannot_be_graded(reviews, add):
    add("i1", "p1")
    (task,) = reviews.waiting("u:ann", limit=10)
    with pytest.raises(NotFoundError):
        reviews.rate(task, "u:ann", "graded", {"p9": 1})
    assert waiting(reviews, "u:ann") == ["i1"]
    reviews.remove(task.id)
    with pytest.raises(NotFoundError):
        reviews.rate(task, "u:ann", "graded", {"p1": 1})


def test_a_state_is_noted_beside_a_question_and_replaced(reviews):
    first = reviews.set_state("i1", "handled", note="written", by="u:cleo")
    assert reviews.states() == {"i1": first}
    second = reviews.set_state("i1", "open", note="", by="u:dan")
    assert reviews.states() == {"i1": second}
    with pytest.raises(NotFoundError):
        reviews.set_state("gone", "open", note="", by="u:dan")
    for note in ("\x00", "\ud800"):
        with pytest.raises(InvalidInputError):
            reviews.set_state("i1", "open", note=note, by="u:dan")


def test_who_is_forgotten_leaves_no_grades_and_no_questions(reviews, add):
    add("i1", "p1")
    add("i3", "p3")
    for task in reviews.waiting("u:dan", limit=10):
        reviews.rate(task, "u:dan", "graded", {task.passages[0].id: 2})
    assert reviews.forget_rater("u:dan") == 2
    assert reviews.forget_rater("u:dan") == 0
    assert reviews.progress() == Progress(2, 0, 0)
    reviews.set_state("i3", "handled", note="", by="u:cleo")
    InteractionLog(reviews.engine).forget_asker("u:bob")
    assert (reviews.tasked(), reviews.states()) == ({"i1"}, {})


def test_a_document_takes_its_passages_and_what_quotes_it_along(reviews, add, documents):
    add("i1", "p1", of=0)
    add("i2", "p2", of=1)
    reviews.set_state("i1", "open", note="it says: words of document 0", by="u:cleo")
    assert reviews.forget_document(documents[0], Quoted(["Words of document 0."])) == 2
    assert reviews.tasked() == {"i2"}
    assert reviews.states()["i1"].note == ""
    assert reviews.forget_document(documents[0], Quoted(["Words of document 0."])) == 0
