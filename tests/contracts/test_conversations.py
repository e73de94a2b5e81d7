"""A conversation is seen by whoever led it, goes on at its end, and shows nothing that may not be read any more."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.conversations import Conversations
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.interactions import InteractionLog
from retrieval.types import Answer, Citation, Interaction, Passage, Principal, Turn
from retrieval.withhold import WITHHELD

AT = datetime(2026, 11, 3, 12, 30, 15, 123456, tzinfo=UTC)
ANN, BOB = Principal("u:ann"), Principal("u:bob")
CLERK = Principal("u:clerk", administrator=True)
NOBODY = Principal("", frozenset(), administrator=True)


@pytest.fixture
def log(engine):
    return InteractionLog(engine)


@pytest.fixture
def kept(catalog):
    return Conversations(catalog)


def an_answer(*citations, nearest=()):
    return Answer("Ten days. [1]" if citations else "No.", not citations, 0.9, citations, nearest)


@pytest.fixture
def ask(log, kept):
    """Record a question and append it to a conversation; gives its id."""
    asked: list[str] = []

    def ask(conversation, question="How long?", *, principal=ANN, answer=None, passages=()):
        key = f"i{len(asked):03}"
        asked.append(key)
        at = AT + timedelta(minutes=len(asked))
        said = answer or an_answer()
        log.record(Interaction(key, question, (Turn("user", "Hm"),), None, principal.id, said, passages, {}, at))
        kept.append(conversation.id, key, principal=principal)
        return key

    return ask


def test_a_conversation_keeps_its_interactions_in_order(kept, ask):
    made = kept.create(principal=ANN)
    keys = [ask(made, f"Question {n}") for n in range(3)]
    assert [i.id for i in kept.interactions(made.id, principal=ANN)] == keys
    assert [i.id for i in kept.interactions(made.id, principal=ANN, limit=2)] == keys[1:]
    assert [i.id for i in kept.interactions(made.id, principal=ANN, before=keys[2], limit=1)] == [keys[1]]
    assert kept.interactions(made.id, principal=ANN, before=keys[0]) == []


def test_a_place_in_a_conversation_that_does_not_exist_has_nothing_before_it(kept, ask):
    made, other = kept.create(principal=ANN), kept.create(principal=ANN)
    ask(made)
    elsewhere = ask(other)
    for before in (elsewhere, "nothing", "\x00"):
        assert kept.interactions(made.id, principal=ANN, before=before) == []


def test_the_first_question_is_the_title_until_there_is_another(kept, ask):
    made = kept.create(principal=ANN)
    ask(made, "How \n long is " + "the leave " * 20)
    ask(made, "And then?")
    title = kept.get(made.id, principal=ANN).title
    assert title.startswith("How long is the leave")
    assert title.endswith("…")
    assert len(title) <= 80
    assert kept.rename(made.id, " Leave\x00 ", principal=ANN).title == "Leave"
    named = kept.create(principal=ANN, title="Named")
    ask(named)
    assert kept.get(named.id, principal=ANN).title == "Named"


@pytest.mark.parametrize("title", ["", " \n", "x" * 201])
def test_a_title_that_is_none_is_refused(kept, title):
    made = kept.create(principal=ANN)
    with pytest.raises(InvalidInputError):
        kept.rename(made.id, title, principal=ANN)


def test_what_was_added_to_last_is_listed_first_page_by_page(kept, ask):
    made = [kept.create(principal=ANN, title=f"c{n}") for n in range(5)]
    kept.create(principal=BOB, title="not Ann's")
    ask(made[1])
    found = kept.page(principal=ANN, limit=2)
    assert [c.title for c in found] == ["c1", "c4"]
    rest = kept.page(principal=ANN, after=found[-1])
    assert [c.title for c in rest] == ["c3", "c2", "c0"]


def test_conversations_are_found_by_title_and_by_what_was_asked(kept, ask):
    made = kept.create(principal=ANN, title="Über Urlaub")
    ask(made, "How many days, 100% paid?")
    kept.create(principal=ANN, title="another")
    others = kept.create(principal=BOB, title="Über Urlaub")
    ask(others, "paid?", principal=BOB)
    for words in ("über", "URLAUB", "100% PAID"):
        assert [c.id for c in kept.page(principal=ANN, words=words)] == [made.id]
    for words in ("1_0", "%", "nothing", "\x00"):
        assert [c.id for c in kept.page(principal=ANN, words=words)] == ([made.id] if words == "%" else [])


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_limit_out_of_range_is_refused(kept, limit):
    with pytest.raises(InvalidInputError):
        kept.page(principal=ANN, limit=limit)
    with pytest.raises(InvalidInputError):
        kept.interactions(kept.create(principal=ANN).id, principal=ANN, limit=limit)


def test_nobody_else_learns_that_there_is_a_conversation(kept, ask):
    made = kept.create(principal=ANN)
    key = ask(made)
    said = set()
    for conversation, principal in (
        (made.id, BOB),
        (made.id, CLERK),
        (made.id, NOBODY),
        ("missing", ANN),
        ("\x00", ANN),
    ):
        for attempt in (
            lambda c, p: kept.get(c, principal=p),
            lambda c, p: kept.interactions(c, principal=p),
            lambda c, p: kept.history(c, principal=p),
            lambda c, p: kept.append(c, key, principal=p),
            lambda c, p: kept.rename(c, "Mine", principal=p),
            lambda c, p: kept.delete(c, principal=p),
        ):
            with pytest.raises(NotFoundError) as caught:
                attempt(conversation, principal)
            said.add(str(caught.value).replace(conversation, "ID"))
    assert said == {"no conversation ID"}
    assert kept.get(made.id, principal=ANN).title == "How long?"


def test_nobody_begins_a_conversation_without_being_somebody(kept):
    with pytest.raises(InvalidInputError):
        kept.create(principal=NOBODY)
    assert kept.page(principal=NOBODY) == []


def test_only_an_own_interaction_is_added_and_only_once(kept, ask):
    made, other = kept.create(principal=ANN), kept.create(principal=BOB)
    anns = ask(made)
    for conversation, key, principal in ((other, anns, BOB), (made, anns, ANN), (made, "missing", ANN)):
        with pytest.raises(NotFoundError, match="no interaction"):
            kept.append(conversation.id, key, principal=principal)
    assert kept.interactions(other.id, principal=BOB) == []


def test_two_questions_that_are_added_at_once_are_both_kept(kept, log):
    made = kept.create(principal=ANN)
    keys = [f"k{n}" for n in range(8)]
    for key in keys:
        log.record(Interaction(key, key, (), None, "u:ann", an_answer(), (), {}, AT))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: kept.append(made.id, key, principal=ANN), keys))
    assert [i.id for i in kept.interactions(made.id, principal=ANN)] == keys
    assert kept.get(made.id, principal=ANN).title in keys


def test_an_answer_takes_the_place_of_another_and_of_all_that_came_after_it(kept, ask, log):
    made = kept.create(principal=ANN)
    keys = [ask(made, f"Question {n}") for n in range(4)]
    log.record(Interaction("new", "Question 1 again", (), None, "u:ann", an_answer(), (), {}, AT))
    assert [turn.text for turn in kept.history(made.id, principal=ANN, before=keys[1])] == ["Question 0", "No."]
    kept.append(made.id, "new", principal=ANN, replaces=keys[1])
    assert {i.id for i in kept.interactions(made.id, principal=ANN)} == {keys[0], "new"}
    assert log.get(keys[2], principal=ANN).question == "Question 2"
    assert kept.get(made.id, principal=ANN).title == "Question 0"


@pytest.mark.parametrize(("title", "after"), [("", "How short?"), ("Named", "Named")])
def test_a_title_that_the_first_question_gave_goes_with_it(kept, ask, log, title, after):
    made = kept.create(principal=ANN, title=title)
    first = ask(made)
    ask(made, "And then?")
    log.record(Interaction("new", "How short?", (), None, "u:ann", an_answer(), (), {}, AT))
    kept.append(made.id, "new", principal=ANN, replaces=first)
    assert [i.id for i in kept.interactions(made.id, principal=ANN)] == ["new"]
    assert kept.get(made.id, principal=ANN).title == after


def test_what_does_not_stand_in_the_conversation_is_not_replaced(kept, ask, log):
    made, other = kept.create(principal=ANN), kept.create(principal=ANN)
    key, elsewhere = ask(made), ask(other)
    log.record(Interaction("new", "Again?", (), None, "u:ann", an_answer(), (), {}, AT))
    for replaced in (elsewhere, "missing", "\x00"):
        for attempt in (
            lambda r: kept.append(made.id, "new", principal=ANN, replaces=r),
            lambda r: kept.history(made.id, principal=ANN, before=r),
        ):
            with pytest.raises(NotFoundError, match="in this conversation"):
                attempt(replaced)
    assert [i.id for i in kept.interactions(made.id, principal=ANN)] == [key]
    assert [i.id for i in kept.interactions(other.id, principal=ANN)] == [elsewhere]


def test_a_deleted_conversation_leaves_the_record_of_what_was_answered(kept, ask, log):
    made = kept.create(principal=ANN)
    key = ask(made)
    kept.delete(made.id, principal=ANN)
    assert kept.page(principal=ANN) == []
    with pytest.raises(NotFoundError):
        kept.interactions(made.id, principal=ANN)
    assert log.get(key, principal=ANN).question == "How long?"


def test_the_history_is_the_last_turns_with_the_question_first(kept, ask):
    made = kept.create(principal=ANN)
    for n in range(205):
        ask(made, f"Question {n}")
    turns = kept.history(made.id, principal=ANN)
    assert [turn.role for turn in turns] == ["user", "assistant"] * 3
    assert [turn.text for turn in turns[::2]] == ["Question 202", "Question 203", "Question 204"]
    assert kept.history(kept.create(principal=ANN).id, principal=ANN) == ()


def cited(revision, title="Leave"):
    where = (("Part",), 2, None, 0, len(revision.text), revision.text)
    return Citation(1, revision.document_id, revision.id, f"{revision.id}-0", title, "file:///leave", *where)


def test_what_may_still_be_read_is_shown_as_it_was_said(kept, ask, shelf):
    revision = shelf.publish("file:///leave", "ten days")
    passages = (Passage(shelf.chunks(revision)[0], "default", "Leave", "file:///leave", 1.0),)
    made = kept.create(principal=ANN)
    ask(made, answer=an_answer(cited(revision)), passages=passages)
    shelf.publish("file:///leave", "eleven days")
    (shown,) = kept.interactions(made.id, principal=ANN)
    assert (shown.answer, shown.passages) == (an_answer(cited(revision)), passages)


@pytest.mark.parametrize("how", ["deleted", "revoked"])
def test_an_answer_on_what_may_not_be_read_any_more_is_withheld(kept, ask, shelf, how):
    revision, open_one = shelf.publish("file:///leave", "ten days"), shelf.publish("file:///b", "open")
    passages = (Passage(shelf.chunks(revision)[0], "default", "Leave", "file:///leave", 1.0),)
    made = kept.create(principal=ANN)
    ask(made, answer=an_answer(cited(revision), cited(open_one, "Open")), passages=passages)
    ask(made, answer=an_answer(nearest=(cited(revision),)))
    if how == "deleted":
        shelf.catalog.tombstone(revision.document_id)
    else:
        shelf.publish("file:///leave", "ten days more", acl=frozenset({"u:bob"}))
    first, second = kept.interactions(made.id, principal=ANN)
    assert (first.answer.text, first.passages) == (WITHHELD, ())
    assert [c.title for c in first.answer.citations] == ["", "Open"]
    assert second.answer.text == "No."
    assert "days" not in repr(first) + repr(second)
    assert "Leave" not in repr(first) + repr(second)
    assert [turn.text for turn in kept.history(made.id, principal=ANN)] == ["How long?", "How long?", "No."]


@pytest.mark.parametrize(("generator", "told"), [("local", WITHHELD), ("extractive", "Ten days. [1]")])
def test_what_a_model_read_counts_as_what_it_cites(kept, ask, shelf, generator, told):
    cites, reads = shelf.publish("file:///a", "ten days"), shelf.publish("file:///b", "paid twice")
    passages = [Passage(shelf.chunks(one)[0], "default", "A", "file:///a", 1.0) for one in (cites, reads)]
    made = kept.create(principal=ANN)
    ask(made, answer=replace(an_answer(cited(cites)), generator=generator), passages=tuple(passages))
    shelf.publish("file:///b", "paid twice or more", acl=frozenset({"u:bob"}))
    assert [shown.answer.text for shown in kept.interactions(made.id, principal=ANN)] == [told]
