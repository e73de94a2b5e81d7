"""Which candidates a training tries."""

from finetune.ladder import needs, steps


def recipes(*asked, live=(), questions=1000):
    return [step.recipe for step in steps(asked, live, questions=questions)]


def test_without_a_wish_each_step_adds_a_rung_to_the_last():
    assert recipes() == [
        ("memory",),
        ("memory", "query_adapter"),
        ("memory", "query_adapter", "fusion"),
        ("embedder", "memory"),
    ]


def test_an_embedder_is_tried_with_what_is_live_and_made_first():
    assert recipes("embedder", live=("memory", "fusion")) == [("embedder", "memory", "fusion")]
    assert recipes("embedder", questions=499) == []
    assert recipes("memory", live=("embedder",)) == [("embedder", "memory")]


def test_a_rung_that_needs_more_questions_is_passed_over():
    assert recipes(questions=30) == [("memory",), ("memory", "fusion")]
    assert recipes(questions=0) == []


def test_a_wish_is_tried_alone_on_top_of_what_is_live():
    assert recipes("fusion", live=("memory",)) == [("memory", "fusion")]
    assert recipes("fusion", "query_adapter") == [("query_adapter",), ("fusion",)]


def test_what_is_live_is_tried_too_made_anew():
    assert recipes(live=("memory", "fusion"), questions=30) == [("memory", "fusion")]
    assert recipes(live=("memory",), questions=30) == [("memory",), ("memory", "fusion")]


def test_a_rung_says_what_it_still_needs():
    assert {need.rung: need.summary for need in needs(39)}["query_adapter"] == "61 more labelled questions"
