"""Which citations were opened: kept for the reader, counted for nobody else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.feedback import FeedbackLog
from retrieval.guard_types import Mask
from retrieval.interactions import InteractionLog
from retrieval.readings import MAX_READ_S, MAX_READINGS, Asking, Readings
from retrieval.types import Answer, Chunk, Citation, Feedback, Interaction, Passage, Principal, Reading

AT = datetime(2026, 11, 3, 12, 30, 15, 123456, tzinfo=UTC)
ANN, BOB = Principal("u:ann"), Principal("u:bob")
CLERK = Principal("u:clerk", administrator=True)
NOBODIES = (Principal("", frozenset()), Principal("\x00", frozenset()), Principal("", frozenset(), administrator=True))


def passage(key, text="Some text."):
    chunk = Chunk(key, f"doc-{key}", f"rev-{key}", 0, 0, len(text), text, "", (), 3)
    return Passage(chunk, "default", "T", "file:///t", 1.0)


def asked(key, principal_id="u:ann", minute=0, cited="ab", passages="abcd"):
    citations = tuple(
        Citation(n, f"doc-{c}", f"rev-{c}", c, "T", "file:///t", (), None, None, 0, 4, "Some")
        for n, c in enumerate(cited, 1)
    )
    answer = Answer("So.", False, 0.9, citations)
    at = AT + timedelta(minutes=minute)
    found = tuple(map(passage, passages))
    return Interaction(key, f"What is {key}?", (), None, principal_id, answer, found, {"total": 1.0}, at)


def reading(key="r1", about="i1", chunk="b", **more):
    return Reading(**({"id": key, "interaction_id": about, "principal_id": "", "chunk_id": chunk, "at": AT}
                      | {"kind": "opened", "position": 0, "seconds": 30.0} | more))  # fmt: skip


@pytest.fixture
def questions(engine):
    log = InteractionLog(engine)
    for one in (asked("i1"), asked("i2", minute=1), asked("b1", "u:bob", 2)):
        log.record(one)
    return log


@pytest.fixture
def log(questions):
    return Readings(questions.engine)


def test_a_reading_is_kept_with_its_reader_and_its_place_in_the_answer(log):
    kept = log.record(reading(principal_id="u:bob", position=9), principal=ANN)
    assert kept == reading(principal_id="u:ann", position=2)
    assert log.of_interaction("i1", principal=ANN) == [kept]
    assert log.of_interaction("i1", principal=CLERK) == [kept]
    assert log.of_interaction("i1", principal=BOB) == []


def test_nobody_reads_for_hours_and_a_copy_takes_no_time(log):
    assert log.record(reading(seconds=1e6), principal=ANN).seconds == MAX_READ_S
    assert log.record(reading("r2", kind="copied"), principal=ANN).seconds == 0


@pytest.mark.parametrize("chunk", ["c", "nothing", "", "\x00"])
def test_only_what_an_answer_cites_is_read(log, chunk):
    with pytest.raises(InvalidInputError):
        log.record(reading(chunk=chunk), principal=ANN)


def test_missing_and_foreign_answers_are_one_error(log):
    texts = []
    for about, principal in (("i1", BOB), ("i9", BOB), ("\x00", ANN), *(("i1", nobody) for nobody in NOBODIES)):
        with pytest.raises(NotFoundError) as caught:
            log.record(reading(about=about), principal=principal)
        texts.append(str(caught.value).replace(about, "ID"))
    assert len(set(texts)) == 1


def test_of_one_answer_the_newest_are_kept(log):
    for n in range(MAX_READINGS + 5):
        log.record(reading(f"r{n:03}", at=AT + timedelta(seconds=n)), principal=ANN)
    log.record(reading("other"), principal=CLERK)
    kept = [one.id for one in log.of_interaction("i1", principal=ANN)]
    assert (len(kept), kept[0], kept[-1]) == (MAX_READINGS, "r005", "r204")


def test_answers_come_with_all_that_was_said_and_done(log):
    said = FeedbackLog(log.engine).record(Feedback("f1", "i2", "", AT, "up"), principal=ANN)
    FeedbackLog(log.engine).approve("f1", by=CLERK)
    done = log.record(reading(about="b1"), principal=BOB)
    found = {one.asked.id: (one.said, one.readings) for one in log.signalled()}
    assert found == {"b1": ((), (done,)), "i2": ((replace(said, approved_by="u:clerk"),), ())}


def test_passages_that_were_widened_for_a_model_are_as_they_were_found(log, questions, shelf):
    revision = shelf.publish("file:///a", "first line\nsecond line")
    key = shelf.catalog.chunk_ids(revision.id)[0]
    wide = replace(passage(key, "first line\nsecond line"))
    questions.record(replace(asked("i3"), passages=(wide, passage("gone"))))
    FeedbackLog(log.engine).record(Feedback("f1", "i3", "", AT, "up"), principal=ANN)
    (found,) = log.signalled()
    assert [p.chunk.text for p in found.asked.passages] == ["first line", "Some text."]


def test_what_nobody_is_shown_of_a_widened_passage_is_not_shown_of_it_as_it_was_found(log, questions, shelf):
    revision = shelf.publish("file:///a", "first line\nsecond line")
    key = shelf.catalog.chunk_ids(revision.id)[1]
    hidden = (Mask(0, 5, "names", "[name]"), Mask(11, 17, "names", "[name]"))
    wide = replace(passage(key, "first line\nsecond line"), masks=hidden)
    assert wide.shown() == "[name] line\n[name] line"
    questions.record(replace(asked("i3"), passages=(wide,)))
    FeedbackLog(log.engine).record(Feedback("f1", "i3", "", AT, "up"), principal=ANN)
    (heard,), (found,) = log.signalled(), log.interactions(["i3"])
    assert heard.asked == found
    assert [p.shown() for p in found.passages] == ["[name] line"]


def test_what_people_asked_comes_by_time(log):
    found = log.asked_by(["u:ann", "u:nobody", "\x00"])
    assert found == [Asking("i1", "u:ann", AT), Asking("i2", "u:ann", AT + timedelta(minutes=1))]
    assert [one.id for one in log.interactions(["i2", "gone", "i1"])] == ["i1", "i2"]


def test_a_reader_and_a_document_are_forgotten(log, questions):
    log.record(reading("r1"), principal=ANN)
    log.record(reading("r2", chunk="a"), principal=CLERK)
    assert log.forget_reader("u:clerk") == 1
    assert [one.id for one in log.of_interaction("i1", principal=CLERK)] == ["r1"]
    assert log.forget_chunks(["b", "x"]) == 1
    log.record(reading("r3"), principal=ANN)
    questions.forget_asker("u:ann")
    assert list(log.signalled()) == []
