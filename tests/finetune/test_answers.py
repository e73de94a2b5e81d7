"""Approved corrections are found like documents, by who may read what they stand on, and go with it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eval.golden import GoldenDocument
from eval.knobs import Knobs
from eval.workbench import Workbench, open_workbench
from finetune.answers import ApprovedAnswers, stands_on
from ingestion.blobs import Blobs
from ingestion.publish import Publisher
from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path
from retrieval.errors import InvalidInputError
from retrieval.types import EVERYONE, Answer, Citation, Feedback, Filters, Interaction, Principal

ANN = Principal("u:ann", frozenset({EVERYONE, "g:hr"}))
BOB = Principal("u:bob")
AT = datetime(2026, 11, 3, tzinfo=UTC)
QUESTION = "How many days of annual leave are there?"
RIGHT = "There are 27 days of annual leave since January, part-timers have their share."


@pytest.fixture(scope="module")
def embedder():
    return SentenceTransformerEmbedder(bundled_model_path(), device="cpu")


class House:
    def __init__(self, bench: Workbench, root):
        self.bench = bench
        bench.add_texts([
            GoldenDocument("leave", "Leave", "There are 25 days of annual leave in every year of work."),
            GoldenDocument("travel", "Travel", "Trains are booked by the office, and flights need a reason."),
        ])
        publisher = Publisher(bench.catalog, bench.index, bench.embedder)
        self.blobs = Blobs(root / "blobs")
        self.answers = ApprovedAnswers(
            publisher, self.blobs, None, 254, "recipe", lambda text: text.replace("ann@example.org", "[email]")
        )
        self.ids = {bench.names[d.uri]: d.id for d in bench.catalog.every_document(principal=ANN)}

    def found(self, principal, **narrowed):
        return [
            (p.title, p.chunk.text) for p in self.bench.retriever.retrieve(QUESTION, principal=principal, **narrowed)
        ]

    def asked(self, *cited):
        found = self.bench.retriever.retrieve(QUESTION, principal=ANN, limit=5)
        passages = tuple(p for p in found if p.chunk.document_id in {self.ids[name] for name in cited})
        return Interaction("i", QUESTION, (), None, "u:ann", Answer("25", False, 0.9, ()), passages, {}, AT)

    def cited(self, *names):
        asked = self.asked(*names)
        passages = sorted(asked.passages, key=lambda p: names.index(self.bench.names[p.uri]))
        citations = tuple(
            Citation(
                number=number,
                document_id=p.chunk.document_id,
                revision_id=p.chunk.revision_id,
                chunk_id=p.chunk.id,
                title=p.title,
                uri=p.uri,
                section=(),
                page=None,
                box=None,
                quote=p.chunk.text,
                start=0,
                end=len(p.chunk.text),
            )
            for number, p in enumerate(passages, 1)
        )
        return replace(asked, answer=replace(asked.answer, citations=citations), passages=tuple(passages))


@pytest.fixture
def house(embedder, tmp_path):
    with open_workbench(embedder, knobs=Knobs()) as bench:
        yield House(bench, tmp_path)


def said(**more):
    return Feedback("f1", "i", "u:ann", AT, **({"answer": RIGHT, "approved_by": "u:clerk"} | more))


def correct(house, **more):
    return house.answers.keep(said(right_documents=(house.ids["leave"],), **more), house.asked("leave"))


def test_an_approved_answer_is_found_first_and_word_for_word(house):
    assert correct(house) == "answer:f1"
    assert house.found(BOB)[0] == (QUESTION, RIGHT)
    narrowed = Filters(metadata=(("kind", "approved answer"),))
    assert house.found(BOB, filters=narrowed, collection="evaluation") == [(QUESTION, RIGHT)]


def test_it_is_read_by_who_may_read_what_it_stands_on_from_the_next_request(house):
    correct(house)
    house.bench.catalog.set_document_access(house.ids["leave"], {"g:hr"}, by="u:clerk", version=None)
    assert (QUESTION, RIGHT) not in house.found(BOB)
    assert (QUESTION, RIGHT) in house.found(ANN)
    house.answers.publisher.relabel()
    assert (QUESTION, RIGHT) not in house.found(BOB)
    assert (QUESTION, RIGHT) in house.found(ANN)


def test_it_goes_with_its_last_document_and_leaves_no_bytes(house):
    correct(house)
    publisher = replace(house.answers.publisher, originals=_Originals(house.blobs))
    publisher.delete(house.ids["leave"])
    assert [title for title, _ in house.found(ANN)] == ["Travel"]
    assert house.answers.kept(["f1"]) == {}
    assert list(house.blobs) == []


class _Originals:
    """Drops what it is told to: nothing else refers to it here."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs

    def drop(self, content_sha256):
        for sha256 in content_sha256:
            self.blobs.delete(sha256)


def test_it_is_withdrawn_with_the_feedback_it_came_from(house):
    correct(house)
    assert house.answers.withdraw(["f2"]) == 0
    assert house.answers.withdraw(["f1", "f2"]) == 1
    assert (QUESTION, RIGHT) not in house.found(ANN)
    assert house.answers.withdraw(["f1"]) == 0


def test_keeping_it_again_keeps_one(house):
    correct(house)
    correct(house)
    assert len(house.answers.kept(["f1"])) == 1
    assert [title for title, _ in house.found(ANN)].count(QUESTION) == 1


@pytest.mark.parametrize("more", [{"approved_by": None}, {"answer": None, "evidence": "25 days"}])
def test_what_is_not_approved_or_gives_no_answer_is_not_kept(house, more):
    assert correct(house, **more) is None
    assert house.answers.kept(["f1"]) == {}


def test_an_answer_whose_documents_are_gone_is_not_kept(house):
    assert house.answers.keep(said(right_documents=("gone",)), house.asked("leave")) is None


def test_an_answer_that_shows_nothing_is_refused(house):
    with pytest.raises(InvalidInputError, match="cannot be kept"):
        correct(house, answer="\u200b\u200b")


def test_personal_data_in_the_question_is_no_title(house):
    asked = replace(house.asked("leave"), question=f"I am ann@example.org. {QUESTION}")
    house.answers.keep(said(right_documents=(house.ids["leave"],)), asked)
    assert house.found(BOB)[0][0] == f"I am [email]. {QUESTION}"


def test_markup_in_an_answer_stays_words(house):
    correct(house, answer="# 27 days\n\n<b>and</b> [more](http://example.org)")
    text = house.found(ANN)[0][1]
    assert text.startswith("# 27 days")
    assert "[more](http://example.org)" in text


def test_a_correction_stands_on_what_it_names_or_quotes_else_on_all_that_was_cited(house):
    asked = house.asked("leave", "travel")
    leave, travel = house.ids["leave"], house.ids["travel"]
    of_leave = next(p.chunk.id for p in asked.passages if p.chunk.document_id == leave)
    assert stands_on(said(right_documents=(travel,)), asked) == [travel]
    assert stands_on(said(right_chunks=(of_leave,)), asked) == [leave]
    assert stands_on(said(evidence="25 Days of  annual leave"), asked) == [leave]
    assert stands_on(said(), asked) == []


def test_what_an_answer_repeats_or_cites_counts_whatever_it_names(house):
    asked, travel, leave = house.cited("leave", "travel"), house.ids["travel"], house.ids["leave"]
    both = sorted((travel, leave))
    repeats = "Trains are booked by the office, and flights need a reason, says the handbook."
    assert stands_on(said(right_documents=(leave,), answer=repeats), asked) == both
    assert stands_on(said(right_documents=(travel,), answer="27 days [1]"), asked) == both
    assert stands_on(said(answer="27 days [2]"), asked) == [travel]


def test_to_call_everything_wrong_opens_an_answer_to_nobody_else(house):
    asked, travel, leave = house.cited("leave", "travel"), house.ids["travel"], house.ids["leave"]
    assert stands_on(said(wrong_documents=(travel,)), asked) == [leave]
    assert stands_on(said(wrong_documents=(travel, leave)), asked) == sorted((travel, leave))


def test_an_answer_that_stands_on_nothing_is_not_kept(house):
    assert house.answers.keep(said(), house.asked("leave")) is None
    assert house.answers.kept(["f1"]) == {}


def test_nobody_counts_the_words_of_an_answer_before_it_has_its_list(house, monkeypatch):
    told = []
    upsert = house.bench.index.upsert
    monkeypatch.setattr(house.bench.index, "upsert", lambda points: told.extend(points) or upsert(points))
    correct(house)
    assert [point.acl for point in told] == [frozenset()]
    assert house.found(BOB)[0] == (QUESTION, RIGHT)
