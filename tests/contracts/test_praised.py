"""Which questions two people found well answered, and which headings somebody may read, on every database."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.suggesting import Suggestions, Wanted
from retrieval.feedback import FeedbackLog
from retrieval.guard import UNGUARDED
from retrieval.guard_types import GuardDecision
from retrieval.headings import HeadingsOfDocuments
from retrieval.interactions import InteractionLog
from retrieval.praised import PraisedQuestions
from retrieval.types import Answer, Citation, Feedback, Interaction, Passage, Principal, Turn

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAY = date(2026, 11, 3)
ANN, BOB, EVE = Principal("u:ann"), Principal("u:bob"), Principal("u:eve")
CHIEF = Principal("u:chief", administrator=True)


@pytest.fixture
def suggestions(engine, catalog):
    return Suggestions(catalog, HeadingsOfDocuments(engine), PraisedQuestions(engine))


@pytest.fixture
def document(shelf):
    return shelf.publish("file:///leave", "ten days\nmore days")


@pytest.fixture
def praised(engine, document, shelf):
    """Record an answer of somebody's, with thumbs; gives the feedback log."""
    log, feedback, count = InteractionLog(engine), FeedbackLog(engine), [0]

    def praised(question, asker, *givers, verdict="up", revision=document, history=(), **answer):
        count[0] += 1
        key = f"i{count[0]}"
        cited = Citation(1, revision.document_id, revision.id, "c", "T", "u", (), 1, None, 0, 3, "ten")
        told = Answer(**({"text": "Ten.", "abstained": False, "confidence": 1.0, "citations": (cited,)} | answer))
        passages = (Passage(shelf.chunks(revision)[0], "default", "T", "u", 1.0),)
        log.record(Interaction(key, question, history, None, asker.id, told, passages, {}, AT))
        for giver in givers:
            said = Feedback(f"{key}-{giver.id}", key, giver.id, AT + timedelta(minutes=count[0]), verdict)
            feedback.record(said, principal=giver)
        return feedback

    return praised


def asked(suggestions, principal=EVE, collection=None):
    found = suggestions.of(Wanted(principal, collection, UNGUARDED, (), DAY), limit=12)
    return [one.question for one in found if one.origin == "asked"]


def test_what_two_people_asked_and_praised_is_suggested_to_a_third(suggestions, praised):
    praised("How long is leave?", ANN, ANN)
    assert asked(suggestions) == []
    praised("how long is  leave", BOB, BOB)
    suggestions._at_s = 0.0  # a minute later
    (question,) = asked(suggestions)
    assert question.casefold().split()[:3] == ["how", "long", "is"]
    assert asked(suggestions, ANN) == asked(suggestions, BOB) == []  # they know


def test_a_thumb_that_was_refused_counts_no_more(suggestions, praised):
    praised("How long is leave?", ANN, ANN)
    feedback = praised("How long is leave?", BOB, BOB)
    suggestions._at_s = 0.0
    assert asked(suggestions) == ["How long is leave?"]
    feedback.refuse("i2-u:bob", by=CHIEF)
    suggestions._at_s = 0.0  # a minute later
    assert asked(suggestions) == []


def test_one_persons_thumbs_on_many_answers_are_one_persons(suggestions, praised):
    for _ in range(3):
        praised("How long is leave?", ANN, ANN)
    assert asked(suggestions) == []


@pytest.mark.parametrize(
    "more",
    [
        {"verdict": "down"},
        {"abstained": True, "citations": ()},
        {"history": (Turn("user", "Leave?"),)},
        {"guards": (GuardDecision("masked", "email", "question", 1),)},
    ],
)
def test_what_was_not_answered_alone_or_not_praised_is_not(suggestions, praised, more):
    praised("How long is leave?", ANN, ANN, CHIEF, **more)
    assert asked(suggestions) == []


def test_what_holds_personal_data_is_not(suggestions, praised):
    praised("Is ann.berg@example.com on leave?", ANN, ANN, CHIEF)
    praised("How long is leave?", ANN, ANN, CHIEF)
    assert asked(suggestions) == ["How long is leave?"]


def test_nobody_is_suggested_what_stands_on_what_they_may_not_read(suggestions, praised, shelf, document):
    hidden = shelf.publish("file:///pay", "paid twice", acl=frozenset({"u:ann", "u:bob"}))
    praised("Who is paid twice?", ANN, ANN, CHIEF, revision=hidden)
    assert asked(suggestions) == []
    assert asked(suggestions, BOB) == ["Who is paid twice?"]
    # A thumb on an answer that one may not read counts for nothing with what one may.
    praised("Is leave paid?", ANN, ANN)
    praised("Is leave paid?", CHIEF, CHIEF, revision=hidden)
    suggestions._at_s = 0.0
    assert asked(suggestions) == []
    shelf.publish("file:///leave", document.text, acl=frozenset({"u:ann"}))
    assert asked(suggestions, BOB) == ["Who is paid twice?"]


def test_only_what_stands_on_the_collection_is_suggested_for_it(suggestions, praised, catalog):
    praised("How long is leave?", ANN, ANN, CHIEF)
    catalog.create_collection("other")
    assert asked(suggestions, collection="default") == ["How long is leave?"]
    assert asked(suggestions, collection="other") == []


def test_what_is_taken_back_or_forgotten_is_suggested_no_more_at_once(suggestions, praised):
    feedback = praised("How long is leave?", ANN, ANN, CHIEF)
    assert asked(suggestions) == ["How long is leave?"]
    feedback.withdraw("i1", principal=ANN)
    assert asked(suggestions) == []


def test_headings_are_read_through_the_gate_and_go_on_behind_the_last(shelf, engine, document):
    shelf.publish("file:///pay", "paid", acl=frozenset({"u:ann"}))
    shelf.publish("answer:1", "approved")
    kept = HeadingsOfDocuments(engine)
    (one,) = kept.some("", principal=EVE, limit=9)
    assert (one.document_id, one.title, one.language) == (document.document_id, "A title", "unknown")
    assert one.sections == (("Part “one”", "Line 0"), ("Part “one”", "Line 1"))
    assert [h.document_id for h in kept.some("f" * 33, principal=EVE, limit=9)] == [document.document_id]
    assert len(kept.some("", principal=ANN, limit=9)) == 2
    assert kept.some("", principal=Principal("", frozenset()), limit=9) == []
    assert kept.some("", principal=ANN, collection="nothing", limit=9) == []


def test_what_was_drawn_goes_with_the_right_to_read_it(suggestions, shelf, document):
    def documents():
        found = suggestions.of(Wanted(EVE, None, UNGUARDED, (), DAY), limit=12)
        return {one.document_id for one in found}

    assert documents() == documents() == {document.document_id}
    shelf.catalog.set_document_access(document.document_id, {"u:ann"}, by="u:ann", version=None)
    assert documents() == set()
