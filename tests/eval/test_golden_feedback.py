"""Approved feedback becomes golden questions, about documents that may be named."""

from datetime import UTC, datetime, timedelta

from eval.golden_feedback import questions_from_feedback
from retrieval.types import Answer, Chunk, Feedback, Interaction, Passage, Turn

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def an_interaction(question="How many?", history=(), collection=None):
    text = "27 days a year. More text."
    chunk = Chunk("c1", "d1", "r1", 0, 0, len(text), text, "", (), 1)
    passage = Passage(chunk, "default", "Leave", "file:///leave.md", 1.0)
    answer = Answer("No.", True, 0.0, ())
    return Interaction("i1", question, history, collection, "u:ann", answer, (passage,), {}, NOW)


def said(key="f1", **more):
    return Feedback(key, "i1", "u:ann", more.pop("given_at", NOW), **{"approved_by": "u:boss"} | more)


def test_an_approved_correction_becomes_a_question():
    history = (Turn("user", "Leave?"),)
    pairs = [
        (
            said(answer="27", evidence="27 days a year.", right_documents=("d1",)),
            an_interaction("How many?", history, "hr"),
        )
    ]
    (question,) = questions_from_feedback(pairs).questions
    assert (question.id, question.text, question.history) == ("feedback-f1", "How many?", history)
    assert (question.answer, question.evidence) == ("27", "27 days a year.")
    assert question.relevant == {"file:///leave.md": 1.0}
    assert question.tags == {"source": "feedback", "collection": "hr"}
    assert not question.draft


def test_only_approved_corrections_count():
    pairs = [
        (said("f1", answer="27", approved_by=None), an_interaction("a")),
        (said("f2", verdict="down", wrong_documents=("d1",)), an_interaction("b")),
    ]
    made = questions_from_feedback(pairs)
    assert made.questions == ()
    nothing = "feedback without a right answer, evidence or document"
    assert made.skipped == {"feedback that is not approved": 1, nothing: 1}


def test_a_right_document_goes_by_its_uri_of_then_or_its_id():
    pairs = [(said(right_documents=("d1", "d2")), an_interaction())]
    assert set(questions_from_feedback(pairs).questions[0].relevant) == {"file:///leave.md", "d2"}


HIDDEN = "right documents that are gone or that you may not read"


def test_only_documents_that_may_be_named_now_are_named():
    # d1 is what the answer found; it was deleted since, or is not for this administrator.
    pairs = [(said(answer="27", right_documents=("d1", "d2", "d3")), an_interaction())]
    made = questions_from_feedback(pairs, {"d2": "file:///other.md"})
    assert made.questions[0].relevant == {"file:///other.md": 1.0}
    assert made.skipped == {HIDDEN: 2}
    moved = questions_from_feedback(pairs, {"d1": "file:///moved.md"})
    assert moved.questions[0].relevant == {"file:///moved.md": 1.0}


def test_evidence_names_no_document_that_may_not_be_named():
    made = questions_from_feedback([(said(evidence="27 days a year."), an_interaction())], {})
    assert made.questions[0].relevant == {}
    assert made.skipped == {HIDDEN: 1}
    nothing_left = questions_from_feedback([(said(right_documents=("d1",)), an_interaction())], {})
    assert nothing_left.questions == ()


def test_evidence_alone_names_the_document_it_stands_in():
    pairs = [(said(evidence="27 days a year."), an_interaction())]
    assert questions_from_feedback(pairs).questions[0].relevant == {"file:///leave.md": 1.0}


def test_of_two_corrections_of_one_question_the_later_counts():
    pairs = [
        (said("new", answer="28", given_at=NOW + timedelta(days=1)), an_interaction("how  many?")),
        (said("old", answer="27"), an_interaction("How many?")),
        (said("other", answer="5"), an_interaction("How many?", (Turn("user", "Sick days?"),))),
    ]
    made = questions_from_feedback(pairs)
    assert sorted(question.answer for question in made.questions) == ["28", "5"]
    assert made.skipped == {"corrections that a later one replaces": 1}
