"""The interaction log keeps what was asked and answered, for the one who asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.interactions import InteractionLog
from retrieval.types import Answer, Box, Chunk, Citation, Interaction, Passage, Place, Principal, Turn

ASKED_AT = datetime(2026, 11, 3, 12, 30, 15, 123456, tzinfo=UTC)
ANN, BOB = Principal("u:ann"), Principal("u:bob")


def an_interaction(key: str = "i1", principal_id: str = "u:ann", asked_at: datetime = ASKED_AT) -> Interaction:
    box = Box(72.25, 1 / 3, 500.0, 14.5)
    places = (Place(3, 9, 2, box), Place(9, 12))
    chunk = Chunk("c1", "d1", "r1", 0, 3, 12, "some text", "Title", ("A", "B “b”"), 2, places)
    citation = Citation(1, "d1", "r1", "c1", "Title", "file:///ä", ("A",), 2, box, 3, 7, "some")
    return Interaction(
        id=key,
        question="What is ünder %_?",
        history=(Turn("user", "Hello"), Turn("assistant", "Hello?")),
        collection=None,
        principal_id=principal_id,
        answer=Answer("Some [1].", False, 1.0, (citation,), (replace(citation, page=None, box=None),), True, "llm"),
        passages=(Passage(chunk, "default", "Title", "file:///ä", 1.5, None, 2.0),),
        timings_ms={"retrieve": 3.0, "total": 4.25},
        asked_at=asked_at,
        versions={"embedder": "abc", "pool": 100, "nested": {"list": [1, 2]}},
    )


@pytest.fixture
def log(engine):
    return InteractionLog(engine)


def test_an_interaction_comes_back_as_it_was_recorded(log):
    log.record(an_interaction())
    assert log.get("i1", principal=ANN) == an_interaction()


def test_an_interaction_with_nothing_in_it_comes_back(log):
    bare = replace(an_interaction(), history=(), collection="default", passages=(), timings_ms={}, versions={})
    bare = replace(bare, answer=Answer("No.", True, 0.0, ()))
    log.record(bare)
    assert log.get("i1", principal=ANN) == bare


def test_a_moment_in_another_zone_is_the_same_moment(log):
    abroad = ASKED_AT.astimezone(timezone(timedelta(hours=5)))
    log.record(an_interaction(asked_at=abroad))
    assert log.get("i1", principal=ANN).asked_at == ASKED_AT


def test_only_its_asker_and_an_administrator_may_open_an_interaction(log):
    log.record(an_interaction())
    said = []
    for key, principal in (("i1", BOB), ("i2", BOB), ("i1", Principal("", frozenset())), ("\x00", ANN)):
        with pytest.raises(NotFoundError) as caught:
            log.get(key, principal=principal)
        said.append(str(caught.value).replace(key, "ID"))
    assert len(set(said)) == 1
    assert log.get("i1", principal=replace(BOB, administrator=True)) == an_interaction()
    with pytest.raises(NotFoundError):
        log.get("i1", principal=Principal("", frozenset(), administrator=True))


def test_recent_gives_the_asker_the_newest_of_their_own(log):
    for n in range(5):
        log.record(an_interaction(f"a{n}", asked_at=ASKED_AT + timedelta(seconds=n)))
        log.record(an_interaction(f"b{n}", "u:bob", ASKED_AT + timedelta(seconds=n)))
    assert [i.id for i in log.recent(principal=ANN, limit=3)] == ["a4", "a3", "a2"]
    assert [i.id for i in log.recent(principal=replace(BOB, administrator=True))] == ["b4", "b3", "b2", "b1", "b0"]
    assert log.recent(principal=Principal("", frozenset())) == []


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_limit_out_of_range_is_refused(log, limit):
    with pytest.raises(InvalidInputError):
        log.recent(principal=ANN, limit=limit)


def test_an_interaction_is_recorded_once(log):
    log.record(an_interaction())
    with pytest.raises(ConflictError):
        log.record(an_interaction())


def test_a_question_that_is_no_text_is_kept_all_the_same(log):
    odd = replace(an_interaction(), question="a\x00b\ud800c")
    log.record(odd)
    assert log.get("i1", principal=ANN) == odd
