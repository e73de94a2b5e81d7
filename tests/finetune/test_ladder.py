"""Which candidates a training tries."""

from finetune.ladder import needs, steps


def recipes(*asked, live=(), questions=1000, lacks=None):
    return [step.recipe for step in steps(asked, live, questions=questions, lacks=lacks)]


def test_without_a_wish_each_step_adds_a_rung_to_the_last():
    assert recipes() == [
        ("memory",),
        ("memory", "query_adapter"),
        ("memory", "query_adapter", "fusion"),
        ("memory", "query_adapter", "fusion", "ranking"),
        ("embedder", "memory", "query_adapter", "fusion", "ranking"),
        ("memory", "reranker"),
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
    above = ("memory", "query_adapter", "fusion")
    assert recipes(live=("memory", "fusion"), questions=100) == [("memory", "fusion"), above]
    assert recipes(live=("memory",), questions=30) == [("memory",), ("memory", "fusion")]


def test_a_rung_says_what_it_still_needs():
    lacks = {"reranker": "a cross-encoder"}
    said = {need.rung: need.summary for need in needs(255, lacks)}
    assert said["query_adapter"] == "open"
    assert said["embedder"] == "245 more labelled questions"
    assert said["reranker"] == "1 more labelled question; a cross-encoder"
    assert {need.rung: need.summary for need in needs(256, lacks)}["reranker"] == "a cross-encoder"


def test_a_rung_that_lacks_something_is_passed_over():
    assert ("memory", "reranker") not in recipes(lacks={"reranker": "a cross-encoder"})
    assert recipes("reranker", lacks={"reranker": "a cross-encoder"}) == []


def test_a_reranker_is_tried_with_what_is_live_and_with_memory():
    assert recipes("reranker", live=("embedder", "fusion")) == [("embedder", "fusion", "reranker")]
    assert recipes(questions=256)[-1] == ("memory", "reranker")
    assert recipes("memory", live=("reranker",)) == [("memory", "reranker")]
