"""Labels of other systems are kept once, and forgotten with whoever gave them and what they are about."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.erasure_rows import ErasureRows
from finetune.given import GivenLabel, GivenLabels, Imported
from finetune.types import Anchor
from retrieval.errors import InvalidInputError
from retrieval.types import Principal

AT = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)
CLERK = Principal("u:clerk", administrator=True)


def label(n=0, **more):
    given = {"source": "helpdesk", "question": f"Question {n}?", "anchor": Anchor(f"doc-{n}", "0" * 64), "label": 1.0}
    return GivenLabel(**(given | {"giver": "given:helpdesk", "given_at": AT} | more))


@pytest.fixture
def log(engine):
    return GivenLabels(engine)


def test_labels_come_back_for_learning(log):
    log.add([label(1, label=-0.5, giver="u:ann"), label(2)], by=CLERK)
    found = {one.question: one for one in log.labels()}
    wrong, right = found["Question 1?"], found["Question 2?"]
    assert (wrong.label, wrong.weight, wrong.giver, wrong.trusted) == (-1, 0.5, "u:ann", False)
    assert (right.label, right.weight, right.trusted, right.given_at) == (1, 1.0, True, AT)
    assert (right.kind, right.signal, right.anchor, right.asker) == ("given", "given", Anchor("doc-2", "0" * 64), None)


def test_importing_again_replaces(log):
    assert log.add([label(1), label(2)], by=CLERK) == Imported(added=2, replaced=0)
    assert log.add([label(2, question=" question  2? ", label=-1.0), label(3)], by=CLERK) == Imported(1, 1)
    assert {(one.anchor.document_id, one.label) for one in log.labels()} == {("doc-1", 1), ("doc-2", -1), ("doc-3", 1)}
    assert log.counts() == {"helpdesk": 3}


def test_the_same_label_twice_in_one_import_is_one(log):
    assert log.add([label(1), label(1, label=0.5)], by=CLERK).added == 1
    assert [one.weight for one in log.labels()] == [0.5]


def test_another_giver_source_or_passage_is_another_label(log):
    others = [label(giver="u:ann"), label(source="desk"), label(anchor=Anchor("doc-0", "1" * 64))]
    assert log.add([label(), *others], by=CLERK) == Imported(4, 0)


def test_a_label_that_says_nothing_is_kept_and_teaches_nothing(log):
    log.add([label(label=0.0)], by=CLERK)
    assert list(log.labels()) == []
    assert log.counts() == {"helpdesk": 1}


@pytest.mark.parametrize(
    "more",
    [
        {"label": 1.1},
        {"label": float("nan")},
        {"question": "  "},
        {"question": "a\x00"},
        {"question": "\udc80"},
        {"giver": ""},
        {"source": ""},
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_with_it_kept(log, more):
    with pytest.raises(InvalidInputError):
        log.add([label(1), label(**more)], by=CLERK)
    assert log.counts() == {}


def test_thousands_come_back_page_by_page(log):
    log.add([label(n) for n in range(2500)], by=CLERK)
    assert len({one.source_id for one in log.labels()}) == 2500


def test_givers_and_documents_are_forgotten(log):
    log.add([label(1, giver="u:ann"), label(2), label(4)], by=CLERK)
    assert log.forget_giver("u:ann") == 1
    assert log.forget_document("doc-2") == 1
    assert log.forget_giver("\x00") == 0
    assert [one.question for one in log.labels()] == ["Question 4?"]


def test_who_imported_is_forgotten_and_what_they_imported_stays(log, engine):
    log.add([label(giver="u:ann")], by=CLERK)
    rows = ErasureRows(engine)
    rows.forget_key("u:clerk")
    rows.forget_key("u:ann")
    assert rows.mentions(["u:clerk"]) == {}
    # What somebody gave is removed by its store; until then it stays theirs, to be found again.
    assert [one.giver for one in log.labels()] == ["u:ann"]


def test_ids_do_not_depend_on_the_spelling_of_a_question():
    assert label(question="A  b").id == label(question="a B ").id
    assert replace(label(), label=0.1, given_at=datetime.now(UTC)).id == label().id
