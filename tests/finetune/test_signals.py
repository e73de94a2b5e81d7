"""Which labels follow from what people say about an answer and do with it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from finetune.resolve import anchor_of
from finetune.signals import (
    Gap,
    gap_of,
    labels_of_feedback,
    labels_of_readings,
    labels_of_reformulation,
    succeeded,
    teaches,
)
from finetune.types import Anchor
from retrieval.types import Answer, Chunk, Citation, Feedback, Interaction, Passage, Reading, Turn

AT = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)


def passage(key, document=None, text=None):
    chunk = Chunk(key, document or f"doc-{key}", f"rev-{key}", 0, 0, 4, text or f"Text of {key}.", "", (), 3)
    return Passage(chunk, "default", "T", f"file:///{key}", 1.0)


PASSAGES = tuple(passage(key) for key in "abcdef")


def asked(cited="abc", passages=PASSAGES, **more):
    by_id = {p.chunk.id: p for p in passages}
    citations = tuple(
        Citation(n, by_id[key].chunk.document_id, f"rev-{key}", key, "T", "file:///t", (), None, None, 0, 4, "Text")
        for n, key in enumerate(cited, start=1)
    )
    answer = Answer("It is so.", not cited, 0.9, citations)
    given = {"id": "i1", "question": "How many days of leave do I get?", "history": (), "collection": None}
    given |= {"principal_id": "u:ann", "answer": answer, "passages": passages, "timings_ms": {}, "asked_at": AT}
    return Interaction(**(given | more))


def said(**more):
    return Feedback(**({"id": "f1", "interaction_id": "i1", "principal_id": "u:ann", "given_at": AT} | more))


def nothing(*_):
    return None


def votes(labels, passages=PASSAGES):
    """Chunk id -> label times weight."""
    keys = {anchor_of(p.chunk.document_id, p.chunk.text): p.chunk.id for p in passages}
    return {keys.get(one.anchor, one.anchor.document_id): round(one.label * one.weight, 4) for one in labels}


def concluded(said, asked, nearest=nothing, **more):
    return votes(labels_of_feedback(asked, said, nearest=nearest, **more), asked.passages)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        # .5 shared among the three that are cited.
        ({"verdict": "up"}, {"a": 0.1667, "b": 0.1667, "c": 0.1667}),
        ({"verdict": "down", "reasons": ("wrong_source",)}, {"a": -0.7, "b": -0.7, "c": -0.7}),
        ({"verdict": "down", "reasons": ("unclear",)}, {}),
        ({"verdict": "down"}, {}),
        ({"reasons": ("wrong_source",)}, {}),
        # A better source than those cited, though it stood further down.
        ({"verdict": "down", "right_chunks": ("e",)}, {"e": 1.0, "a": -1.0, "b": -1.0, "c": -1.0}),
        ({"right_chunks": ("a",)}, {"a": 1.0, "b": -1.0, "c": -1.0}),
        # Who praises the answer and knows a better source blames no other.
        ({"verdict": "up", "right_chunks": ("e",)}, {"a": 0.1667, "b": 0.1667, "c": 0.1667, "e": 1.0}),
        ({"verdict": "up", "wrong_chunks": ("b",)}, {"a": 0.1667, "b": -0.7, "c": 0.1667}),
        ({"wrong_chunks": ("f",)}, {"f": -0.7}),
        ({"wrong_documents": ("doc-c",)}, {"c": -0.7}),
        ({"verdict": "down", "reasons": ("wrong_source",), "wrong_documents": ("doc-c",)}, {"c": -0.7}),
        ({"right_documents": ("doc-d",)}, {"d": 1.0, "a": -1.0, "b": -1.0, "c": -1.0}),
        ({"evidence": " text  OF\ne. "}, {"e": 1.0, "a": -1.0, "b": -1.0, "c": -1.0}),
        # Of the corrected answer, what it still cites.
        ({"answer": "It is 27. [2]"}, {"b": 0.8, "a": -0.8, "c": -0.8}),
        ({"answer": "It is 27."}, {}),
        ({"answer": "See [9] of the law."}, {}),
        ({"right_chunks": ("nowhere",)}, {}),
    ],
)
def test_feedback_says_which_chunks_answer_the_question(what, expected):
    assert concluded(said(**what), asked()) == expected


def test_a_document_with_several_passages_shares_what_is_said_of_it():
    both = (passage("a"), passage("x", "doc-x"), passage("y", "doc-x"))
    assert concluded(said(right_documents=("doc-x",)), asked("a", both)) == {"x": 0.5, "y": 0.5, "a": -1.0}
    # Unless the evidence says which of them it is.
    told = said(right_documents=("doc-x",), evidence="text of y")
    assert concluded(told, asked("a", both)) == {"y": 1.0, "a": -1.0}


def test_a_right_document_that_was_not_found_is_asked_for_its_nearest_chunk():
    looked_up = []

    def nearest(document_id, words):
        looked_up.append((document_id, words))
        return Anchor(document_id, "0" * 64) if document_id == "doc-far" else None

    told = said(right_documents=("doc-far", "doc-gone"), evidence="27 days", verdict="down")
    assert concluded(told, asked("a"), nearest) == {"doc-far": 1.0, "a": -1.0}
    assert looked_up == [("doc-far", "27 days"), ("doc-gone", "27 days")]


def test_who_is_trusted_and_what_is_approved_is_told_apart():
    for told, trusted, expected in (
        (said(verdict="up"), (), False),
        (said(verdict="up", approved_by="u:clerk"), (), True),
        (said(verdict="up"), ("u:ann",), True),
    ):
        (label,) = labels_of_feedback(asked("a"), told, nearest=nothing, trusted=trusted)
        assert (label.trusted, label.giver, label.asker, label.source_id) == (expected, "u:ann", "u:ann", "f1")


def test_the_question_is_the_one_that_was_searched_for():
    followed = asked("a", question="And there?", history=(Turn("user", "Leave?"),), searched="How much leave in Rome?")
    (label,) = labels_of_feedback(followed, said(verdict="up"), nearest=nothing)
    assert label.question == "How much leave in Rome?"


def test_a_question_that_leans_on_a_conversation_teaches_nothing():
    leaning = asked("a", question="And in Rome?", history=(Turn("user", "How much leave do I get?"),))
    assert not teaches(leaning)
    assert labels_of_feedback(leaning, said(verdict="up"), nearest=nothing) == []
    assert labels_of_readings(leaning, [read("a")]) == []
    # Alone it would be what it says.
    assert teaches(replace(leaning, history=()))


def test_an_answer_without_citations_gives_no_label():
    assert concluded(said(verdict="up"), asked("")) == {}
    assert concluded(said(verdict="down", reasons=("wrong_source",)), asked("")) == {}


def test_what_no_source_is_blamed_for_is_a_gap():
    gap = Gap("i1", ("not_answered",))
    assert gap_of(asked(""), said(verdict="down", reasons=("not_answered",))) == gap
    assert gap_of(asked(), said(verdict="down", reasons=("wrong_source",))) is None
    assert gap_of(asked(), said(verdict="down", right_documents=("d",))) is None
    assert gap_of(asked(), said(verdict="up")) is None


def read(key, seconds=30.0, kind="opened", person="u:ann", n=1):
    return Reading(f"r-{key}-{n}", "i1", person, key, kind, "abcdef".index(key) + 1, seconds, AT)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([read("a")], {"a": 0.3}),
        ([read("a", 19.9)], {}),
        # Opened twice, 20 seconds together.
        ([read("a", 10.0), read("a", 10.0, n=2)], {"a": 0.3}),
        ([read("a", 0.0, "copied")], {"a": 0.3}),
        # At position 2 it is looked at half as often: .3 * 2. The one above, cited too, was passed over.
        ([read("b")], {"b": 0.6, "a": -0.2}),
        # Position 6 would count six times; four is the most, and 1 the most of all. d and e were not cited.
        ([read("f")], {"f": 1.0, "a": -0.2, "b": -0.2, "c": -0.2}),
        # What was opened for a moment was not passed over.
        ([read("a", 3.0), read("c")], {"c": 0.9, "b": -0.2}),
        ([], {}),
    ],
)
def test_what_was_read_counts_and_what_was_passed_over_a_little_against(readings, expected):
    assert votes(labels_of_readings(asked(), readings)) == expected


def test_each_persons_readings_are_looked_at_by_themselves():
    labels = labels_of_readings(
        asked(), [read("a", 10.0), read("a", 10.0, person="u:clerk"), read("b", person="u:clerk")]
    )
    assert {(one.giver, one.signal, one.label) for one in labels} == {("u:clerk", "opened", 1)}


def test_what_satisfied_the_second_question_would_have_answered_the_first():
    first = asked("a", id="i0", question="Holiday allowance of employees?", conversation_id="c1")
    labels = labels_of_feedback(asked("bc", id="i1"), said(verdict="up"), nearest=nothing)
    made = labels_of_reformulation(first, succeeded(labels))
    assert votes(made) == {"b": 0.25, "c": 0.25}
    assert {(one.question, one.signal, one.source_id, one.conversation) for one in made} == {
        ("Holiday allowance of employees?", "reformulated", "f1", "c1")
    }


def test_blame_is_no_success():
    labels = labels_of_feedback(asked("a"), said(verdict="down", right_chunks=("b",)), nearest=nothing)
    assert succeeded(labels) == ()
